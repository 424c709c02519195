"""The memory plan of other people's models: what they need is known before, loading tells how far
it is and can be stopped at every tensor, and what does not fit is made smaller, not lost."""

from __future__ import annotations

import gc
import shutil
import weakref
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from torch import Tensor, nn

pytest.importorskip("transformers")

from diffusers import ModelMixin

from studio.core.errors import Cancelled, ModelError
from studio.core.generating import Generate
from studio.core.messages import Event, Loading, LoadModel, Note, Ready
from studio.core.settings import Settings
from studio.core.sizes import Size
from studio.engine import devices, loading
from studio.engine.worker import Worker, open_from_disk
from studio.models import registry, room
from studio.models.checkpoint import Checkpoint
from studio.models.memory import Fit, need_of
from studio.models.placement import Readers
from tests.models.families import flow_pipelines, pipelines
from tests.models.single_file.files import written

SIDE = 64
FULL = RuntimeError("DefaultCPUAllocator: can't allocate memory")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    place = tmp_path_factory.mktemp("kept")
    _, sd1, file = written("sd1", place)
    pipelines.saved("sdxl", place / "sdxl")
    flow_pipelines.saved("flux-dev", place / "flux-dev")
    return {"sd1": sd1, "file": file, "sdxl": place / "sdxl", "flux-dev": place / "flux-dev"}


def opened(path: Path, precision: str = "float32") -> Checkpoint:
    model = registry.open_model(str(path), precision=precision)
    assert isinstance(model, Checkpoint)
    return model


def settings(path: Path, **more: Any) -> Settings:
    return Settings("a bear", model=str(path), steps=2, size=Size.square(SIDE), **more)


def heard(worker: Worker, request: Any, check: Any = lambda: None) -> list[Event]:
    told: list[Event] = []
    for event in worker.run(request, check, hear=told.append):
        told.append(event)
    return told


def held(network: Any) -> int:
    return sum(each.nbytes for each in network.parameters())


@pytest.mark.parametrize(
    ("name", "precision"),
    [("sd1", "float32"), ("file", "float16"), ("sdxl", "bfloat16"), ("flux-dev", "float16")],
)
def test_the_need_is_what_is_held(kept: dict[str, Path], name: str, precision: str) -> None:
    """Of each part, to the byte; its files are counted once."""
    need, model = need_of(str(kept[name]), precision), opened(kept[name], precision)
    networks = {n: p for n, p in model.adapter.networks.items() if isinstance(p, nn.Module)}
    assert need.parts == {n: held(p) for n, p in {**networks, "vae": model.autoencoder}.items()}
    files = [kept[name]] if name == "file" else kept[name].glob("*/*.safetensors")
    assert need.stored == sum(file.stat().st_size for file in files)
    assert 0 < need.encoders < need.weights < need.total


@pytest.mark.parametrize("name", ["sd1", "file"])
def test_a_chosen_part_counts_in_the_place_of_the_own(kept: dict[str, Path], name: str) -> None:
    other = need_of(f"{kept[name]}|vae={kept['flux-dev'] / 'vae'}", "float32").parts
    own, flux = (need_of(str(kept[each]), "float32").parts for each in (name, "flux-dev"))
    assert other == {**own, "vae": flux["vae"]}


def fit(path: Path, free: int, precision: str = "float32") -> Fit:
    device = devices.Device("cpu", precision, "CPU")
    return Fit("x", need_of(str(path), precision), free, device)


def test_a_fit_says_what_to_do(kept: dict[str, Path]) -> None:
    need = need_of(str(kept["sd1"]), "float32")
    assert fit(kept["sd1"], 18 * 10**9).words.endswith(", 18.0 GB are free.")
    assert fit(kept["sd1"], 0).words.startswith("needs about ") and not fit(kept["sd1"], 0).tight
    tight = fit(kept["sd1"], need.total - 1)
    assert tight.tight and not tight.refused and "make smaller pictures" in tight.words
    refused = fit(kept["sd1"], need.weights - 1)
    assert refused.refused and "bfloat16 takes half as much" in refused.words
    half = fit(kept["sd1"], 1, "bfloat16")
    assert half.refused and "bfloat16" not in half.words and "close other programs" in half.words


def test_what_cannot_fit_is_refused_and_the_model_before_stays(
    kept: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = Worker("cpu", precision="float32")
    heard(worker, LoadModel(str(kept["sd1"])))
    before = worker.model(str(kept["sd1"]))
    monkeypatch.setattr(devices, "free_bytes", lambda name: 10)
    with pytest.raises(ModelError, match=r"needs about .+ but only .+ are free; .+"):
        heard(worker, LoadModel(str(kept["sdxl"])))
    assert worker.model(str(kept["sd1"])) is before


def test_what_is_tight_is_loaded_with_a_note(
    kept: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = Worker("cpu", precision="float32")
    need = need_of(str(kept["sd1"]), "float32")
    monkeypatch.setattr(devices, "free_bytes", lambda name: need.total - 1)
    notes = [each for each in heard(worker, LoadModel(str(kept["sd1"]))) if isinstance(each, Note)]
    assert len(notes) == 1 and "but only" in notes[0].message


@pytest.mark.parametrize("name", ["sdxl", "file"])
def test_loading_tells_bytes_and_time(
    kept: dict[str, Path], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "EVERY", 0.0)
    told = heard(Worker("cpu", precision="float32"), LoadModel(str(kept[name])))
    loads = [each for each in told if isinstance(each, Loading)]
    read = [each.read for each in loads]
    assert len(read) > 100 and read == sorted(read) and read[0] == 0
    assert {each.bytes for each in loads} == {need_of(str(kept[name]), "float32").stored}
    assert 0.9 * loads[0].bytes < read[-1] <= loads[0].bytes
    assert all(each.seconds_left > 0 for each in loads[1:100]) and isinstance(told[-2], Ready)


@pytest.mark.parametrize("name", ["sd1", "flux-dev", "file"])
def test_loading_stops_within_a_tensor(
    kept: dict[str, Path], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever it is at; nothing is left of it, and the next load is whole."""
    monkeypatch.setattr(loading, "EVERY", 0.0)
    worker, told = Worker("cpu", precision="float32"), list[Event]()

    def stop() -> None:
        if len(told) > 5:
            raise Cancelled

    request = LoadModel(str(kept[name]))
    with pytest.raises(Cancelled):
        told.extend(worker.run(request, stop, hear=told.append))
    assert len(told) == 6 and worker._model is None
    assert isinstance(heard(worker, request)[-2], Ready)


def test_switching_frees_the_last_one(kept: dict[str, Path]) -> None:
    """Every network of it, once a picture was made with it."""
    worker = Worker("cpu", precision="float32")
    heard(worker, Generate(settings(kept["sd1"])))
    model = worker.model(str(kept["sd1"]))
    assert isinstance(model, Checkpoint)
    parts = [*model.adapter.networks.values(), model.autoencoder]
    last = [weakref.ref(each) for each in parts if isinstance(each, nn.Module)]
    del model, parts
    heard(worker, Generate(settings(kept["flux-dev"], sampler="flow-euler")))
    gc.collect()
    assert len(last) == 3 and not any(each() for each in last)


def failing(monkeypatch: pytest.MonkeyPatch, target: Any, name: str, most: int) -> list[int]:
    """Its calls with more numbers than `most` find no memory; how many each call was given."""
    real, calls = getattr(target, name), list[int]()

    def call(x: Tensor, *args: Any, **kwargs: Any) -> Any:
        calls.append(x.numel())
        if x.numel() > most:
            raise FULL
        return real(x, *args, **kwargs)

    monkeypatch.setattr(target, name, call)
    return calls


def test_predictions_are_asked_one_by_one_where_memory_runs_out(
    kept: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three pictures, guided: the same pictures, no step made twice, and a note."""
    worker = Worker("cpu", precision="float32")
    request = Generate(settings(kept["sd1"], guidance=5.0), count=3)
    expected = [each.image for each in heard(worker, request) if hasattr(each, "nfe")]
    model: Any = worker.model(str(kept["sd1"]))
    one = 4 * (SIDE // 2) ** 2
    calls = failing(monkeypatch, model.adapter.denoiser, "forward", one)
    told = heard(worker, request)
    images = [each.image for each in told if hasattr(each, "nfe")]
    for ours, theirs in zip(images, expected, strict=True):
        assert np.abs(ours.astype(int) - theirs).max() <= 1
    assert calls[0] == 6 * one and calls[1:] == [one] * (len(calls) - 1)
    notes = [each.message for each in told if isinstance(each, Note)]
    assert len(notes) == 1 and "one prediction after another" in notes[0]
    assert worker.model(str(kept["sd1"])) is model


def test_memory_that_is_too_small_for_one_is_an_error_and_the_model_stays(
    kept: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = opened(kept["sd1"])
    condition = model.condition(["a bear"])
    x, t = torch.zeros(1, 4, 32, 32), torch.ones(1)
    with monkeypatch.context() as patch:
        failing(patch, model.adapter.denoiser, "forward", 10)
        with pytest.raises(RuntimeError, match="can't allocate"):
            model.predict(x, t, condition, None)
    with torch.inference_mode():
        assert model.predict(x, t, condition, None).isfinite().all()


@pytest.mark.parametrize("way", ["decode", "encode"])
def test_the_autoencoder_goes_on_in_less_room(
    kept: dict[str, Path], monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """Picture by picture exactly; in tiles, nearly (its norms see a tile, not the whole)."""
    monkeypatch.setattr(room, "WAYS", ((0, 64), (1, 64), (1, 32)))
    model, generator = opened(kept["sd1"]), torch.Generator().manual_seed(0)
    latents = torch.randn(2, 4, 24, 32, generator=generator)
    pictures = model.decode(latents)
    given: Any = latents if way == "decode" else pictures
    expected = torch.as_tensor(getattr(model, way)(given)).float()
    numbers = latents[0].numel() if way == "decode" else pictures[0].size
    for most in (numbers, numbers - 1):
        with monkeypatch.context() as patch:
            failing(patch, model.autoencoder, way, most)
            found = torch.as_tensor(getattr(model, way)(given)).float()
        error = (found - expected).abs()
        if most == numbers:
            assert error.max() <= 1e-4 * expected.abs().max() + (way == "decode")
        else:
            assert error.mean() < 0.1 * expected.std()
    assert ["picture by picture" in note for note in model.notes] == [True, True]


def test_an_autoencoder_that_overflows_computes_in_float32(kept: dict[str, Path]) -> None:
    """Said once; the pictures are those of the same numbers in fp32."""
    model, exact = opened(kept["sd1"]), opened(kept["sd1"])
    for each in (model, exact):
        coder: Any = each.autoencoder
        coder.network.decoder.conv_in.weight.data *= 2**18  # a norm undoes it later
        coder.half()
    exact.autoencoder.float()  # type: ignore[attr-defined]
    latents = torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(0))
    expected = exact.decode(latents).astype(int)
    for _ in range(2):
        assert np.abs(model.decode(latents) - expected).max() <= 1
        assert len(model.notes) == 1 and "computes in float32 now" in model.notes[0]


def on_cuda(path: Path, free: int, offload: str = "auto") -> Fit:
    device = devices.Device("cuda", "bfloat16", "A GPU", offload)
    return Fit("x", need_of(str(path), "bfloat16"), free, device)


def test_on_a_gpu_as_little_leaves_as_has_to(kept: dict[str, Path]) -> None:
    path = kept["flux-dev"]
    need = need_of(str(path), "bfloat16")
    assert on_cuda(path, 0).offload == on_cuda(path, need.total).offload == "none"
    encoders = on_cuda(path, need.total - need.encoders)
    assert (
        encoders.offload == "encoders" and not encoders.tight and "encoders leave" in encoders.words
    )
    blocks = on_cuda(path, need.working + need.parts["vae"])
    assert blocks.offload == "sequential" and not blocks.tight and "block by block" in blocks.words
    assert on_cuda(path, 1).refused and on_cuda(path, need.encoders, "none").refused
    assert fit(path, need.encoders).offload == "none"  # on the CPU


class Moves:
    """Instead of moving networks, writes down who would go where; `free` follows."""

    def __init__(self, model: Checkpoint, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
        self.seen: list[tuple[str, str]] = []
        self._room, self._there = room, dict[str, int]()
        for name in ("text_encoder", "text_encoder_2", "transformer"):
            network = model.adapter.networks[name]
            move = partial(self._move, name, held(network))
            monkeypatch.setattr(network, "to", move)

    def _move(self, name: str, size: int, device: object) -> None:
        self.seen.append((name, str(device)))
        self._there[name] = size if str(device) == "gpu" else 0

    def free(self) -> int:
        return self._room - sum(self._there.values())


def test_encoders_leave_once_they_have_read(
    kept: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside the denoiser where there is room, in its place where not, else on the CPU; once for
    each prompt, and also where reading fails."""
    model = opened(kept["flux-dev"])
    sizes = {name: held(model.adapter.networks[name]) for name in ("transformer", "text_encoder")}
    encoders = sizes["text_encoder"] + held(model.adapter.networks["text_encoder_2"])
    expected = model.condition(["a bear"]).tokens
    both = ("text_encoder", "text_encoder_2")
    come, go = ([(name, place) for name in both] for place in ("gpu", "cpu"))
    out, back = [("transformer", "cpu")], [("transformer", "gpu")]
    whole = sizes["transformer"]
    for there, order in (
        (whole + encoders, [*come, *go]),
        (max(whole, encoders), [*out, *come, *go, *back]),
        (encoders - 1, [*out, *go, *back]),
    ):
        with monkeypatch.context() as patch:
            moves = Moves(model, patch, there)
            moves._there["transformer"] = whole
            device = devices.Device("gpu", "float32", "A GPU", "encoders")
            model.reading = Readers(model, device, moves.free)
            model._known.clear()
            for _ in range(2):
                assert torch.equal(model.condition(["a bear"]).tokens, expected)
            assert moves.seen == order
            moves.seen.clear()
            patch.setattr(model.adapter, "features", Mock(side_effect=ModelError("no")))
            with pytest.raises(ModelError):
                model.condition(["another"])
            assert moves.seen == order


@pytest.mark.parametrize("name", ["sd1", "flux-dev"])
def test_block_by_block_gives_the_same(kept: dict[str, Path], name: str) -> None:
    """diffusers' hooks, between the CPU and itself: here is nothing else."""
    device = devices.Device("cpu", "float32", "CPU", "sequential")
    exact, model = opened(kept[name]), open_from_disk(str(kept[name]), device, lambda: None)
    assert isinstance(model, Checkpoint) and hasattr(model.adapter.denoiser, "_diffusers_hook")
    condition = exact.condition(["a bear"])
    x = torch.randn(1, 4, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        found, expected = (
            each.predict(x, torch.full((1,), 0.5), condition, 3.5) for each in (model, exact)
        )
    assert torch.equal(found, expected) and model.device == "cpu"


def test_blocks_are_compiled_where_that_is_possible(
    kept: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compiling itself is torch's; what it costs, or why it cannot be, is said."""
    device, compiled = devices.Device("cpu", "float32", "CPU", "none", True), Mock()
    monkeypatch.setattr(ModelMixin, "compile_repeated_blocks", compiled)
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}")
    model = open_from_disk(str(kept["sd1"]), device, lambda: None)
    assert compiled.call_count == 1 and "first picture" in model.notes[0]
    monkeypatch.setattr(shutil, "which", lambda name: None)
    model = open_from_disk(str(kept["sd1"]), device, lambda: None)
    assert compiled.call_count == 1 and "takes a C++ compiler" in model.notes[0]
