"""Runs requests where it is called: the engine's thread and the headless commands share it.

torch is imported when the first request runs, not with this module.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from studio.core import prompts
from studio.core.accidents import noted
from studio.core.autoencoding import Probe, Reconstruct
from studio.core.comparing import Compare
from studio.core.device import Device
from studio.core.errors import Cancelled, ModelError, StudioError, UsageError, is_out_of_memory
from studio.core.generating import Decode, Generate, Picture
from studio.core.laboratory import Lab
from studio.core.language import Describe, Embed, Known, Look, Read, Scatter, Tokenize
from studio.core.learning import Train
from studio.core.messages import Event, Finished, Loading, LoadModel, Note, Ready, Request, Started
from studio.core.prompts import Phrase
from studio.core.tokens import Counted
from studio.core.tour import Measure
from studio.core.walks import Walk
from studio.core.word_maps import MapWords
from studio.engine import devices
from studio.engine.autoencoders import Autoencoders, OpenAutoencoder, open_autoencoder_from_disk
from studio.engine.loading import fit_of, stored, watched
from studio.models.chosen import split
from studio.models.eight_bits import kind_of
from studio.models.format import Check
from studio.models.model import Model

if TYPE_CHECKING:
    from studio.models.encoders import Encoders
    from studio.models.memory import Fit

SHOWN = 60  # characters of what is not read
#: Does a request: handler(worker, request, check, job) -> its events.
Handler = Callable[["Worker", Any, Check, int], Iterator[Event]]
#: open_model(name or path, device, check): `check` raises Cancelled when the load should stop.
OpenModel = Callable[[str, Device, Check], Model]


def open_from_disk(name: str, device: Device, check: Check) -> Model:
    """The usual `open_model`: what `studio.models.registry` finds. Raises ModelError."""
    from studio.models.registry import open_model

    if device.offload == "sequential" and kind_of(split(name)[1])[0]:
        raise UsageError("weights in 8 bits do not go block by block; choose --offload encoders,"
                         " or full weights.")  # fmt: skip
    moves = device.offload in ("encoders", "sequential")
    home = "cpu" if moves else device.name
    model = open_model(name, home, device.precision, check, device.mapped)
    if moves or device.compiled:
        from studio.models.checkpoint import Checkpoint
        from studio.models.placement import compile_blocks, place

        if isinstance(model, Checkpoint):  # the studio's own are small
            if moves:
                place(model, device, partial(devices.free_bytes, device.name))
            if device.compiled:
                compile_blocks(model)
    return model


class Worker:
    """Owns a device, the model and the autoencoders used last. For one thread at a time."""

    def __init__(
        self,
        device: str = "auto",
        open_model: OpenModel = open_from_disk,
        open_autoencoder: OpenAutoencoder = open_autoencoder_from_disk,
        precision: str = "auto",
        offload: str = "auto",
        compiled: bool = False,
        mapped: bool = True,
    ) -> None:
        """Names of a device, a precision and a way to offload, else UsageError; looked for when
        first needed."""
        devices.check_names(device, precision, offload)
        self._how: dict[str, Any] = {"offload": offload, "compiled": compiled, "mapped": mapped}
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
        return replace(self._device, **self._how)

    @property
    def training_device(self) -> Device:
        """The device, in a precision that it can learn in. Raises UsageError."""
        return devices.choose(*self._asked, training=True)

    def run(
        self, request: Request, check: Check = lambda: None, job: int = 0,
        hear: Callable[[Event], None] = lambda _: None,
    ) -> Iterator[Event]:  # fmt: skip
        """Does the work; yields [Loading, Ready], Started, ..., Finished as they happen. `hear`
        hears how far the loading is while it lasts.

        Raises UsageError, ModelError, Cancelled (from `check`), and whatever goes wrong.
        """
        request.check()
        began = time.perf_counter()
        name = request.needs
        check()
        loading = isinstance(request, LoadModel)
        if isinstance(request, LoadModel):
            self._how = {name: getattr(request, name) for name in self._how}
            if request.anew:
                self._drop()
        ready = self._model is not None and self._name == name
        watching = check
        if name is not None and not ready:
            begin = Loading(job, name, stored(name))
            yield begin
            watching = watched(check, begin, hear)
        if name is not None and (loading or not ready):
            yield self._ready(job, name, began, watching)
            yield from self._notes(job)
        if not loading:
            yield Started(job)
            yield from self._unread(request, job)
            for event in HANDLERS[type(request)](self, request, check, job):
                yield event
                yield from self._notes(job)
        yield Finished(job, time.perf_counter() - began)

    def model(self, name: str, check: Check = lambda: None) -> Model:
        """The model, loaded if it is not the one at hand. Raises ModelError, Cancelled."""
        if self._model is None or self._name != name:
            device, fit = self.device, None
            with suppress(ModelError):  # what is wrong with it, opening says
                fit = self.weigh(name)
            if fit is not None and fit.refused:
                raise ModelError(f"{name} {fit.words}")
            check()
            if self._model is not None:  # never two at once
                self._drop()
            device = replace(device, offload=fit.offload if fit is not None else "none")
            self._model = self._open_model(name, device, check)
            self._name = name
            if fit is not None and fit.tight:
                self._model.notes.append(f"{self._model.info.name} {fit.words}")
        return self._model

    def counting(self, name: str) -> Callable[[Phrase], Counted] | None:
        """How the model of that name counts tokens, if it is the one at hand; in any thread."""
        model = self._model
        return model.counted if model is not None and self._name == name else None

    @property
    def encoders(self) -> Encoders:
        """Those of words and pictures; small, so on the CPU unless another device was named. Raises
        UsageError when this machine lacks it."""
        from studio.models.encoders import shared

        return shared("cpu" if self._asked[0] == "auto" else self.device.name)

    def weigh(self, model: str) -> Fit:
        """At once, in any thread: what a model needs here, and what is free for it once the one at
        hand is gone. Raises ModelError, UsageError."""
        held = fit_of(self._name, self.device).need.weights if self._name else 0
        return fit_of(model, self.device, held)

    def forget(self, but_model: bool = False) -> None:
        """Drops what is loaded, perhaps `but_model`, and gives memory back."""
        self._autoencoders = None
        self._drop(but_model)

    def _drop(self, but_model: bool = False) -> None:
        if not but_model:
            self._name, self._model = "", None
        if self._device is not None:
            devices.free_memory(self._device.name)

    def _notes(self, job: int) -> Iterator[Note]:
        while self._model is not None and self._model.notes:
            yield Note(job, self._model.notes.pop(0))

    def _unread(self, request: Request, job: int) -> Iterator[Note]:
        """What the model cannot read of the prompts is said before it is left out; and which
        brackets are only brackets."""
        for prompt in dict.fromkeys(request.texts if request.needs else ()):
            reading = prompts.read(prompt)
            for at in reading.unmatched[:1]:
                yield Note(
                    job, f"Nothing closes the {prompt[at]} at character {at + 1}; it is text."
                )
            for text in dict.fromkeys(phrase.text for phrase in reading.phrases()):
                if rest := self.model(request.needs or "").unread(text):
                    shown = rest if len(rest) <= SHOWN else f"{rest[:SHOWN].rstrip()}…"
                    yield Note(job, f"The prompt is too long for the model: “{shown}” is not read.")

    def _ready(self, job: int, name: str, began: float, check: Check) -> Ready:
        model = self.model(name, check)
        seconds = time.perf_counter() - began
        device = self.device
        words, own = (device.label, device.precision), (model.info.defaults, model.guidance)
        return Ready(job, name, *words, seconds, model.sizes, model.classes, model.has, *own)


def _late(module: str, function: str, given: Callable[[Worker, Any], tuple[Any, ...]]) -> Handler:
    """A function of an engine's module, imported when it is first asked for, because of torch."""

    def handle(worker: Worker, request: Request, check: Check, job: int) -> Iterator[Event]:
        found = getattr(import_module(f"studio.engine.{module}"), function)
        yield from found(*given(worker, request), check, job)

    return handle


def _train(worker: Worker, request: Train, check: Check, job: int) -> Iterator[Event]:
    from studio.engine.train import train

    worker.autoencoders.forget()  # one of them may be made anew
    yield from train(request, worker.training_device, check, job)
    worker.autoencoders.forget()


def _probe(worker: Worker, request: Probe, check: Check, job: int) -> Iterator[Event]:
    import torch

    from studio.engine.probes import find, probe

    own = find(request.probe).own
    opened = None if own else worker.autoencoders.get(request.autoencoder)
    yield from torch.inference_mode()(probe)(opened, request, check, job)


def _measure(worker: Worker, request: Measure, check: Check, job: int) -> Iterator[Event]:
    from studio.engine.measures import measure

    yield from measure(worker, request, check, job)


def _model(worker: Worker, request: Request) -> tuple[Any, ...]:
    return worker.model(request.needs or ""), request


def _language(function: str) -> Handler:
    return _late("language", function, lambda worker, request: (worker, request))


TRAIN = _late("train", "train", lambda worker, request: (request, worker.training_device))
PROBE = _late(
    "probes", "probe", lambda worker, asked: (worker.autoencoders.get(asked.autoencoder), asked)
)
#: What does each kind of request.
HANDLERS: Mapping[type[Request], Handler] = {
    Generate: _late("generate", "generate", _model),
    Compare: _late("compare", "compare", _model),
    Decode: _late("decode", "decode", _model),
    Walk: _late("walk", "walk", _model),
    MapWords: _late("word_maps", "map_words", _model),
    Lab: _late("lab", "lab", lambda worker, request: (request,)),
    Reconstruct: _late("reconstruct", "reconstruct", lambda w, request: (w.autoencoders, request)),
    Probe: _probe,
    Measure: _measure,
    Train: _train,
    Tokenize: _language("tokenize"),
    Embed: _language("embed"),
    Known: _language("known"),
    Scatter: _language("scatter"),
    Look: _language("look"),
    Read: _language("read"),
    Describe: _language("describe"),
}


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
        for event in worker.run(request, hear=listener):
            listener(event)
            if isinstance(event, Picture):
                pictures.append(event)
    except Exception as error:
        if isinstance(error, StudioError | Cancelled) or not is_out_of_memory(error):
            raise
        raise StudioError(sentence(error)) from error
    return pictures


def sentence(error: BaseException) -> str:
    """One sentence for the user about a failure of any kind; see `noted` for the unforeseen."""
    if isinstance(error, StudioError):
        return str(error)
    if is_out_of_memory(error):
        return "Memory ran out; make fewer or smaller pictures, or close other programs."
    return noted(error)
