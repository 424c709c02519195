"""Files of other people's that change what a checkpoint draws: LoRA, textual inversions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from studio.core.errors import UsageError

LORA, EMBEDDING = "LoRA", "embedding"
ADDONS = "addons"  # what a model says to have that takes them
WEIGHTS = (-4.0, 4.0)


class AddOn(NamedTuple):
    """A file by its path, or by a name to be looked for; the first digits of its SHA-256 and its
    kind, both "" until it has been read. The weight is a LoRA's."""

    file: str
    digest: str = ""
    weight: float = 1.0
    kind: str = ""

    def __str__(self) -> str:
        return self.name if self.kind == EMBEDDING else f"{self.name} {self.weight:g}"

    @property
    def name(self) -> str:
        """As people say it: an embedding's is its word in prompts."""
        last = self.file.replace("\\", "/").rsplit("/", 1)[-1]
        return last.removesuffix(".safetensors")


def check(addons: Iterable[AddOn]) -> None:
    """Raises UsageError with a sentence that says what to change."""
    seen = set[str]()
    for each in addons:
        if not WEIGHTS[0] <= each.weight <= WEIGHTS[1]:
            raise UsageError(
                f"the weight of {each.name} must be {WEIGHTS[0]:g} to {WEIGHTS[1]:g},"
                f" not {each.weight:g}."
            )
        if {each.file, each.digest} & seen:
            raise UsageError(f"{each.name} is given twice; give it one weight.")
        seen |= {each.file, each.digest} - {""}
