"""Runs requests where it is called: the engine's thread and the headless commands share it.

torch is imported when the first request runs, not with this module. Must not import Qt.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from studio.core.accidents import noted
from studio.core.autoencoding import Probe, Reconstruct
from studio.core.comparing import Compare
from studio.core.device import Device
from studio.core.errors import Cancelled, StudioError
from studio.core.generating import Decode, Generate, Picture
from studio.core.laboratory import Lab
from studio.core.learning import Train
from studio.core.messages import Event, Finished, Loading, LoadModel, Ready, Request, Started
from studio.core.walks import Walk
from studio.engine import devices
from studio.engine.autoencoders import (
    Autoencoders,
    OpenAutoencoder,
    open_autoencoder_from_disk,
)

if TYPE_CHECKING:
    from studio.models.model import Model

Check = Callable[[], None]
#: open_model(name or path, device, check): `check` raises Cancelled when the load should stop.
OpenModel = Callable[[str, Device, Check], "Model"]


def open_from_disk(name: str, device: Device, check: Check) -> Model:
    """The usual `open_model`: what `studio.models.registry` finds. Raises ModelError."""
    from studio.models.registry import open_model

    return open_model(name, device.name, device.precision, check)


def never() -> None:
    """The check of work that nobody cancels."""


class Worker:
    """Owns a device, the model and the autoencoders used last. For one thread at a time."""

    def __init__(
        self,
        device: str = "auto",
        open_model: OpenModel = open_from_disk,
        open_autoencoder: OpenAutoencoder = open_autoencoder_from_disk,
        precision: str = "auto",
    ) -> None:
        """Names of a device and a precision, else UsageError; looked for when first needed."""
        devices.check_names(device, precision)
        self._asked, self._device = (device, precision), None  # type: tuple[str, str], Device | None
        self._open_model = open_model
        self._name, self._model = "", None  # type: str, Model | None
        self._open_autoencoder = open_autoencoder
        self._autoencoders: Autoencoders | None = None

    @property
    def autoencoders(self) -> Autoencoders:
        """Those opened last. Raises UsageError when this machine lacks the device."""
        if self._autoencoders is None:
            exact = self._asked[1] == "auto"  # figures are true in fp32 only
            device = replace(self.device, precision="float32") if exact else self.device
            self._autoencoders = Autoencoders(device, self._open_autoencoder)
        return self._autoencoders

    @property
    def device(self) -> Device:
        """The device and its precision. Raises UsageError when this machine lacks it."""
        if self._device is None:
            self._device = devices.choose(*self._asked)
        return self._device

    def run(self, request: Request, check: Check = never, job: int = 0) -> Iterator[Event]:
        """Does the work; yields [Loading, Ready], Started, ..., Finished as they happen.

        Raises UsageError, ModelError, Cancelled (from `check`), and whatever goes wrong.
        """
        request.check()
        began = time.perf_counter()
        name = request.needs
        check()
        if name is not None and (self._model is None or self._name != name):
            yield Loading(job, name)
            yield self._ready(job, name, began, check)
        elif isinstance(request, LoadModel):
            yield self._ready(job, request.model, began, check)
        if not isinstance(request, LoadModel):
            yield Started(job)
            yield from self._made(request, check, job)
        yield Finished(job, time.perf_counter() - began)

    def model(self, name: str, check: Check = never) -> Model:
        """The model, loaded if it is not the one at hand. Raises ModelError, Cancelled."""
        if self._model is None or self._name != name:
            self._name, self._model = "", None  # never two at once
            device = self.device
            check()
            self._model = self._open_model(name, device, check)
            self._name = name
        return self._model

    def forget(self) -> None:
        """Drops the models and gives memory back."""
        self._name, self._model = "", None
        self._autoencoders = None
        if self._device is not None:
            devices.free_memory(self._device.name)

    def _ready(self, job: int, name: str, began: float, check: Check) -> Ready:
        model = self.model(name, check)
        seconds = time.perf_counter() - began
        device = self.device
        words = device.label, device.precision
        return Ready(job, name, *words, seconds, model.size, model.classes, model.has)

    def _made(self, request: Request, check: Check, job: int) -> Iterator[Event]:
        match request:
            case Walk(ends=ends):
                from studio.engine.walk import walk

                yield from walk(self.model(ends[0].settings.model), request, check, job)
            case Generate(settings=settings):
                from studio.engine.generate import generate

                yield from generate(self.model(settings.model), request, check, job)
            case Compare(cells=cells):
                from studio.engine.compare import compare

                yield from compare(self.model(cells[0].model), request, check, job)
            case Decode(model=model):
                from studio.engine.decode import decode

                yield from decode(self.model(model), request, check, job)
            case Lab():
                from studio.engine.lab import lab

                yield from lab(request, check, job)
            case _:
                yield from self._autoencoding(request, check, job)

    def _autoencoding(self, request: Request, check: Check, job: int) -> Iterator[Event]:
        autoencoders = self.autoencoders
        match request:
            case Reconstruct():
                from studio.engine.reconstruct import reconstruct

                yield from reconstruct(autoencoders, request, check, job)
            case Probe(autoencoder=name):
                import torch

                from studio.engine.probes import probe

                @torch.inference_mode()
                def looking() -> Iterator[Event]:
                    yield from probe(autoencoders.get(name), request, check, job)

                yield from looking()
            case Train():
                from studio.engine.train import train

                autoencoders.forget()  # one of them may be made anew
                device = devices.choose(*self._asked, training=True)
                yield from train(request, device, check, job)
                autoencoders.forget()


def run_now(
    request: Request,
    worker: Worker | None = None,
    listener: Callable[[Event], None] = lambda event: None,
) -> list[Picture]:
    """Runs a request in this thread and returns its pictures; for commands without a window.

    Pass one `worker` to several calls to load the model once. `listener` gets every event.
    Raises UsageError, ModelError, or StudioError when memory runs out.
    """
    worker = worker or Worker()
    pictures = []
    try:
        for event in worker.run(request):
            listener(event)
            if isinstance(event, Picture):
                pictures.append(event)
    except Exception as error:
        if isinstance(error, StudioError | Cancelled) or not devices.is_out_of_memory(error):
            raise
        raise StudioError(sentence(error)) from error
    return pictures


def sentence(error: BaseException) -> str:
    """One sentence for the user about a failure of any kind; see `noted` for the unforeseen."""
    if isinstance(error, StudioError):
        return str(error)
    if devices.is_out_of_memory(error):
        return "Memory ran out; make fewer or smaller pictures, or close other programs."
    return noted(error)
