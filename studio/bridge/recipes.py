"""The recipes of autoencoders as the window shows them: their weights and what they teach; and the
runs that were made of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

from studio.models.registry import AUTOENCODERS, is_begun, user_folder
from studio.training import recipe

__all__ = ["AutoencoderRecipe", "autoencoder_recipes", "free_name", "is_begun"]

NAMES = (
    "vae-refined", "ae", "vae-l2", "vae-collapsed", "vae-lpips", "vae-checkerboard", "vae-critic",
)  # fmt: skip
WEIGHTS = ("reconstruction", "kl", "perceptual", "adversarial")


@dataclass(frozen=True)
class AutoencoderRecipe:
    """`summary` is the TOML's first comment; the rest are its settings."""

    name: str
    summary: str
    reconstruction: float
    kl: float
    perceptual: float
    adversarial: float
    norm: str
    size: int
    variational: bool


def autoencoder_recipes() -> tuple[AutoencoderRecipe, ...]:
    """Those of the zoo, the best first."""
    return tuple(_read(name) for name in NAMES)


def free_name(name: str) -> str:
    """`name` with the next number that neither an autoencoder nor a run has."""
    stem = name.rstrip("0123456789").rstrip("-")
    names = (f"{stem or 'run'}-{number}" for number in count(2))
    kept = user_folder() / AUTOENCODERS
    return next(each for each in names if not ((kept / each).exists() or is_begun(each)))


def _read(name: str) -> AutoencoderRecipe:
    text = (recipe.RECIPES / f"{name}.toml").read_text(encoding="utf-8")
    comment = text[: text.index("task")].replace("#", " ")
    found = recipe.load(name)
    settings = found.settings
    return AutoencoderRecipe(
        name=name,
        summary=" ".join(comment.split()),
        **{each: float(settings[each]) for each in WEIGHTS},
        norm=str(settings["norm"]),
        size=int(settings["size"]),
        variational=bool(found.network.get("variational", True)),
    )
