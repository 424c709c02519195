"""What is asked of the engine and what it says: the base of both, and what every job has.

The requests and events of a subject lie beside each other in a module of their own. All are plain
values and NumPy arrays. A new one is a subclass; nothing lists them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from studio.core.guided import TWO_CALLS
from studio.core.settings import Defaults
from studio.core.sizes import Sizes


@dataclass(frozen=True)
class Request:
    """Something asked of the engine."""

    def check(self) -> None:
        """Raises UsageError for what makes no sense, with a sentence that says what to change."""

    @property
    def needs(self) -> str | None:
        """The name of the model that it needs; None for none."""
        return None

    @property
    def texts(self) -> Iterable[str]:
        """The prompts that the model is to read."""
        return ()


@dataclass(frozen=True)
class Event:
    """Something that the engine says about a job."""

    job: int


@dataclass(frozen=True)
class LoadModel(Request):
    """Loads (or warms) a model ahead of the first picture; `anew`, also if it is at hand. The rest
    is as of a Device."""

    model: str
    anew: bool = False
    offload: str = "auto"
    compiled: bool = False
    mapped: bool = True

    @property
    def needs(self) -> str:
        return self.model


@dataclass(frozen=True)
class Queued(Event):
    """A job waits; `ahead` jobs come before it."""

    ahead: int


@dataclass(frozen=True)
class Loading(Event):
    """A job waits for a model to load, of whose `bytes` of weights (0: not known) so many are
    `read`; `seconds_left` is 0 while nobody knows."""

    model: str
    bytes: int = 0
    read: int = 0
    seconds_left: float = 0.0


@dataclass(frozen=True)
class Started(Event):
    """A job has begun."""


@dataclass(frozen=True)
class Note(Event):
    """Something that the user should know of a job which goes on; `message` is one sentence."""

    message: str


@dataclass(frozen=True)
class Progress(Event):
    """`picture` of `pictures`, and the `together` - 1 after it, are at `step` of `steps`;
    `seconds_left` for the whole job."""

    picture: int
    pictures: int
    step: int
    steps: int
    seconds_left: float
    together: int = 1


@dataclass(frozen=True)
class Finished(Event):
    seconds: float


@dataclass(frozen=True)
class CancelledAt(Event):
    """Stopped as asked, after `step` steps of the picture it was on."""

    step: int


@dataclass(frozen=True)
class Failed(Event):
    """`message` is one sentence for the user."""

    message: str


@dataclass(frozen=True)
class Ready(Event):
    """A model is loaded; `device` and `precision` in words. `sizes` are those it makes, `classes`
    those its noise-aware classifier knows; `needs` what rules and samplers may need of it: "weak",
    "classifier", "turbo"; `guided` one of `core.guided`."""

    model: str
    device: str
    precision: str
    seconds: float
    sizes: Sizes
    classes: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    defaults: Defaults = field(default_factory=Defaults)
    guided: str = TWO_CALLS
