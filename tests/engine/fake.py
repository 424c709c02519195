"""A model without networks, whose every step a test can watch and hold; and a listener."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from studio.core.addons import AddOn
from studio.core.errors import UsageError
from studio.core.generating import Generate
from studio.core.messages import CancelledAt, Event, Failed, Finished
from studio.core.prompts import Phrase
from studio.core.settings import Settings
from studio.core.sizes import Size, Sizes
from studio.core.tokens import Counted
from studio.diffusion.denoiser import Denoised
from studio.engine.engine import Engine
from studio.models.model import ModelInfo

PATIENCE = 20.0  # seconds a test waits for what should happen at once
SIDE = 8
SIZE = Size.square(SIDE)

AnyEvent = TypeVar("AnyEvent", bound=Event)


@dataclass
class FakeModel:
    """Its pictures are the sign of the noise; `on_call` runs inside every evaluation."""

    on_call: Callable[[], None] = lambda: None
    on_decode: Callable[[], None] = lambda: None
    preview_seconds: float = 0.0
    calls: int = 0
    prompts: list[str] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)

    device = "cpu"
    sizes = Sizes(SIZE)
    info = ModelInfo("fake", "generator", "fake", 0, Path(), {})

    noisiest = 1.0
    guidance = "two calls"

    def own_schedule(self, size: Size) -> None:
        return None

    def latent_shape(self, size: Size) -> tuple[int, int, int]:
        if size != SIZE:
            raise UsageError(f"size must be {SIDE}.")
        return 3, SIDE, SIDE

    def condition(self, prompts: Sequence[str], negative: bool = False) -> Any:
        if prompts[0]:  # not the negative one
            self.prompts.append(prompts[0])
            self.batches.append(len(prompts))
        return tuple(prompts)

    def dressed(
        self, addons: tuple[AddOn, ...], clip_skip: int = 1, cache: float = 0.0
    ) -> FakeModel:
        raise UsageError("it takes none.")

    def aligned(self, conditions: Sequence[Any]) -> Sequence[Any]:
        return conditions

    notes: tuple[str, ...] = ()

    def counted(self, phrase: Phrase) -> Counted:
        words = [found.span() for found in re.finditer(r"\S+", phrase.text)]
        return Counted.of(phrase, words, 32)

    def unread(self, prompt: str) -> str:
        return " ".join(prompt.split()[32:])

    def denoiser(
        self, condition: Any, guidance: float | None = None
    ) -> Callable[[Tensor, float, float], Denoised]:
        def denoise(x: Tensor, alpha: float, sigma: float) -> Denoised:
            self.calls += 1
            self.on_call()
            x0 = torch.sign(x)
            return Denoised(x0, (x - alpha * x0) / max(sigma, 1e-6), nfe=1)

        return denoise

    def weak_denoiser(self, condition: Any) -> Callable[[Tensor, float, float], Denoised]:
        return self.denoiser(condition)

    def turbo_denoiser(self, condition: Any) -> Callable[[Tensor, float, float], Denoised]:
        return self.denoiser(condition)

    classes: tuple[str, ...] = ()
    has: tuple[str, ...] = ()

    def log_probability(self, label: str) -> Callable[[Tensor, float, float], Tensor]:
        raise UsageError(f"there is no class {label!r}.")

    def encode(self, pictures: np.ndarray) -> Tensor:
        return torch.tensor(pictures).permute(0, 3, 1, 2) / 127.5 - 1

    def mixed(
        self, conditions: Sequence[Any], weights: Sequence[float], normalised: bool = True
    ) -> Any:
        return conditions[max(range(len(weights)), key=lambda k: weights[k])]

    def decode(self, latents: Tensor) -> np.ndarray:
        self.on_decode()
        return (latents.clamp(-1, 1) * 127.5 + 127.5).byte().permute(0, 2, 3, 1).numpy()

    def preview(self, x0: Tensor) -> np.ndarray:
        time.sleep(self.preview_seconds)
        return self.decode(x0)


@dataclass
class OverflowingModel(FakeModel):
    """Its denoiser's answer for one picture of a batch is no number from one call on."""

    picture: int = 1
    call: int = 2

    def denoiser(
        self, condition: Any, guidance: float | None = None
    ) -> Callable[[Tensor, float, float], Denoised]:
        sound = super().denoiser(condition)

        def denoise(x: Tensor, alpha: float, sigma: float) -> Denoised:
            here = sound(x, alpha, sigma)
            if self.calls >= self.call:
                here.x0[self.picture % len(x)] = float("nan")
            return here

        return denoise


class Listener:
    """Collects events; `wait` blocks until one that fits has arrived."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._arrived = threading.Condition()

    def __call__(self, event: Event) -> None:
        with self._arrived:
            self.events.append(event)
            self._arrived.notify_all()

    def wait(
        self, kind: type[AnyEvent], fits: Callable[[AnyEvent], bool] = lambda event: True
    ) -> AnyEvent:
        def found() -> AnyEvent | None:
            return next((e for e in self.events if isinstance(e, kind) and fits(e)), None)

        with self._arrived:
            event = self._arrived.wait_for(found, PATIENCE)
        assert event is not None, f"no {kind.__name__} among {self.events}"
        return event

    def end_of(self, job: int) -> Finished | CancelledAt | Failed:
        """Waits for the job's last event."""
        return self.wait(Finished | CancelledAt | Failed, lambda event: event.job == job)

    def of(self, job: int, kind: type[AnyEvent] = Event) -> list[AnyEvent]:
        return [e for e in self.events if isinstance(e, kind) and e.job == job]


@dataclass
class Gate:
    """Holds the engine inside a step (or a load) until the test lets it go on."""

    entered: threading.Event = field(default_factory=threading.Event)
    opened: threading.Event = field(default_factory=threading.Event)

    def __call__(self) -> None:
        self.entered.set()
        assert self.opened.wait(PATIENCE)

    def wait_until_entered(self) -> None:
        assert self.entered.wait(PATIENCE)


@contextmanager
def running(model: FakeModel | Exception | None = None) -> Iterator[tuple[Engine, Listener]]:
    """An engine whose every model name opens `model`; closed, and its thread gone, at the end."""
    model = model or FakeModel()

    def opened(name: str, device: object, check: Callable[[], None]) -> FakeModel:
        check()
        if isinstance(model, Exception):
            raise model
        return model

    listener = Listener()
    engine = Engine(listener, open_model=opened, device="cpu")
    try:
        yield engine, listener
    finally:
        engine.close(PATIENCE)
        assert not [each for each in threading.enumerate() if each.name == "engine"]


def request(prompt: str = "a bear", **changes: Any) -> Generate:
    count, every = changes.pop("count", 1), changes.pop("preview_every", 0)
    settled = {"model": "fake", "sampler": "flow-euler", "steps": 4, "size": SIZE, "guidance": 1.0}
    values = settled | changes
    return Generate(Settings(prompt, **values), count, every)
