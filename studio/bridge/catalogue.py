"""The models in people's folders, for the window. All of it may wait for disks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import NamedTuple

from studio.core.errors import Cancelled, DataError, StudioError
from studio.core.wording import capitalised
from studio.gallery import png
from studio.models import catalogue, known
from studio.models.catalogue import CHOSEN, Found, places, refusal
from studio.models.chosen import joined
from studio.models.eight_bits import BESIDE, WEIGHTS
from studio.models.inventory import inventory
from studio.models.known import TOPICS, place_of
from studio.models.memory import Fit
from studio.models.probe.rule import CHECKPOINT, DENOISER
from studio.models.single_file.parts import Located

__all__ = ["BESIDE", "CHECKPOINT", "CHOSEN", "DENOISER", "TOPICS", "WEIGHTS", "Found", "Located",
           "digested", "inventory", "joined", "opening", "place_of", "places", "refusal", "scan",
           "whereabouts"]  # fmt: skip

Weigh = Callable[[str], Fit]  # of a model: what it needs, and what is free


def scan(roots: tuple[Path, ...], stop: Event, hear: catalogue.Hear) -> bool:
    """Whether `hear` was told of every model: it may be stopped. Raises DataError."""
    with suppress(Cancelled):
        catalogue.scan(roots, _check(stop), hear)
    return not stop.is_set()


def digested(
    path: Path, stop: Event, hear: Callable[[int, int], None], choice: tuple[str, str] | None = None
) -> Found | None:
    """With its digest, and after a choice of topic and value for these weights; None if it was
    stopped, or is gone. Raises ModelError."""
    with suppress(Cancelled):
        digest = known.read_digest(path, _check(stop), hear)
        if choice is not None:
            known.choose(path, digest, *choice)
        return catalogue.look(path)
    return None


def whereabouts(model: str, picture: Path | None) -> str:
    """What opens the model that a picture's settings name; "" where it is not known."""
    digest = ""
    with suppress(DataError):
        digest = png.read_record(picture).model_hash if picture else ""
    return catalogue.whereabouts(model, digest)


class Outlook(NamedTuple):
    """Why the studio cannot draw with a model, "" where it can; what it then takes of memory, in a
    sentence, and in torch's words of which device, as far as that is known."""

    refusal: str
    needs: str = ""
    device: str = ""


def opening(path: Path, chosen: Mapping[str, str], weigh: Weigh | None) -> Outlook:
    """Of a model with what is chosen for it."""
    if said := refusal(path) or _missing(path, chosen):
        return Outlook(said)
    with suppress(StudioError):
        if weigh is not None:
            fit = weigh(joined(str(path), chosen.items()))
            return Outlook("", capitalised(fit.words), fit.device.name)
    return Outlook("")


def _missing(path: Path, chosen: Mapping[str, str]) -> str:
    """Which of its parts have to be pointed to, in a sentence; "" where none is missing."""
    with suppress(StudioError):  # what is wrong with it, opening says
        parts = [each for each in inventory(path, chosen) if each.path is None]
        words = ", ".join(dict.fromkeys(each.words for each in parts if not each.optional))
        return f"missing: {words}. Point to it below the list." if words else ""
    return ""


def _check(stop: Event) -> Callable[[], None]:
    def check() -> None:
        if stop.is_set():
            raise Cancelled

    return check
