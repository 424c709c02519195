"""A real (tiny) model through the worker: seeds, batches, samplers, precision, cost of the loop."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from studio.core.device import DEVICES
from studio.core.errors import ModelError, StudioError, UsageError
from studio.core.generating import Decode, Generate, Picture, Preview
from studio.core.messages import Event, Finished
from studio.core.settings import Settings
from studio.diffusion.samplers import all_samplers
from studio.engine import devices
from studio.engine.batches import MOST_AT_ONCE, Clock
from studio.engine.decode import decode
from studio.engine.generate import generate
from studio.engine.worker import Worker, open_from_disk, run_now
from studio.models.model import Model
from tests import tiny

from .fake import FakeModel, OverflowingModel, request

EXACT = devices.Device("cpu", "float32", "CPU")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.bundle(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def model(bundle: Path) -> Model:
    return open_from_disk(str(bundle), EXACT, lambda: None)


def settings(**changes: object) -> Settings:
    return replace(Settings("a red bear", model="tiny", steps=3, size=tiny.SIZE), **changes)


def pictures(model: Model, given: Settings, count: int = 1) -> list[Picture]:
    found = generate(model, Generate(given, count, preview_every=0))
    return [event for event in found if isinstance(event, Picture)]


def far(a: np.ndarray, b: np.ndarray) -> int:
    return int(np.abs(a.astype(int) - b.astype(int)).max())


@pytest.mark.parametrize("sampler", [s.name for s in all_samplers() if not s.needs])
def test_every_sampler_makes_pictures_that_a_batch_does_not_change(
    model: Model, sampler: str
) -> None:
    given = settings(sampler=sampler, seed=5)
    together = pictures(model, given, MOST_AT_ONCE + 1)
    for index in (0, MOST_AT_ONCE - 1, MOST_AT_ONCE):
        alone = pictures(model, replace(given, seed=5 + index))[0]
        assert far(alone.image, together[index].image) <= 1  # rounding of an 8-bit step
        assert alone.settings == together[index].settings
        assert alone.nfe == together[index].nfe
    assert far(together[0].image, together[1].image) > 5


@pytest.mark.parametrize(
    "change",
    [
        {"prompt": "two blue apple"},
        {"negative": "blue"},
        {"guidance": 2.0},
        {"guidance_interval": (0.5, 1.0)},
        {"seed": 1},
        {"steps": 4},
        {"sampler": "ddpm"},
    ],
)
def test_every_setting_changes_the_picture(model: Model, change: dict[str, object]) -> None:
    before, after = pictures(model, settings())[0], pictures(model, settings(**change))[0]
    assert far(before.image, after.image) > 0


def test_the_same_settings_make_the_same_picture(model: Model) -> None:
    images = [pictures(model, settings())[0].image for _ in range(2)]
    assert np.array_equal(images[0], images[1])


def test_a_precision_of_16_bits_stays_close(bundle: Path, model: Model) -> None:
    half = open_from_disk(str(bundle), devices.Device("cpu", "bfloat16", "CPU"), lambda: None)
    a, b = pictures(half, settings(guidance=1.0))[0], pictures(model, settings(guidance=1.0))[0]
    assert np.abs(a.image.astype(int) - b.image).mean() < 4


def test_the_sampling_is_left_outside_of_inference_mode(model: Model) -> None:
    for _ in generate(model, Generate(settings(), preview_every=1)):
        assert not torch.is_inference_mode_enabled()


def test_run_now_makes_pictures_here(bundle: Path) -> None:
    heard: list[Event] = []
    worker = Worker("cpu")
    made = run_now(Generate(settings(model=str(bundle)), count=2), worker, heard.append)
    assert [picture.settings.seed for picture in made] == [0, 1]
    assert isinstance(heard[-1], Finished)
    kept = worker.model(str(bundle))
    assert worker.model(str(bundle)) is kept
    worker.forget()
    assert worker.model(str(bundle)) is not kept


def test_run_now_raises_what_is_wrong(bundle: Path) -> None:
    with pytest.raises(UsageError, match="steps"):
        run_now(Generate(settings(steps=0)))
    with pytest.raises(UsageError, match="tpu"):
        Worker("tpu")
    with pytest.raises(ModelError):
        run_now(Generate(settings(model=str(bundle / "none"))))

    def full() -> None:
        raise MemoryError

    worker = Worker("cpu", open_model=lambda *_: FakeModel(on_call=full))
    with pytest.raises(StudioError, match="Memory ran out"):
        run_now(request(), worker)


def test_the_device_is_the_worker_s_choice() -> None:
    assert Worker("cpu").device.name == "cpu"
    assert Worker().device.name in DEVICES[1:]
    for name, there in (("cuda", torch.cuda.is_available()), ("mps", devices._has_mps())):
        if not there:
            with pytest.raises(UsageError, match="this machine has no"):
                devices.choose(name)


def test_bfloat16_needs_instructions_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices.platform, "machine", lambda: "x86_64")
    for mask in devices.MASKS:
        monkeypatch.delenv(mask, raising=False)
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: True)
    for capabilities, expected in (
        ({"avx512_bf16": True, "amx_bf16": False}, True),
        ({"avx512_bf16": False, "amx_bf16": True}, True),
        ({"avx512_bf16": False, "avx2": True}, False),
    ):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda c=capabilities: c, raising=False)
        assert devices.cpu_multiplies_bfloat16() is expected
        assert devices.choose("cpu").precision == ("bfloat16" if expected else "float32")
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True, raising=False)
    assert devices.cpu_multiplies_bfloat16() is True
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "avx512_core_bf16")
    assert devices.cpu_multiplies_bfloat16() is True
    for name, value in (("ONEDNN_MAX_CPU_ISA", "AVX2"), ("ATEN_CPU_CAPABILITY", "avx2")):
        monkeypatch.setenv(name, value)
        assert devices.masks()[name] == value
        assert devices.cpu_multiplies_bfloat16() is False
        monkeypatch.delenv(name)


def test_one_decision_for_pictures_and_for_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "cpu_multiplies_bfloat16", lambda: True)
    assert [devices.choose("cpu", training=t).precision for t in (False, True)] == ["bfloat16"] * 2
    assert devices.choose("cpu", "float32").precision == "float32"
    assert devices.choose("cpu", "float16").precision == "float16"
    assert devices.choose("cpu", "float32", training=True).precision == "float32"
    with pytest.raises(UsageError, match="float16 loses small gradients"):
        devices.choose("cpu", "float16", training=True)
    with pytest.raises(UsageError, match="no precision 'half'"):
        Worker("cpu", precision="half")
    monkeypatch.setattr(devices, "cpu_multiplies_bfloat16", lambda: False)
    assert [devices.choose("cpu", training=t).precision for t in (False, True)] == ["float32"] * 2
    monkeypatch.setattr(devices, "_has_mps", lambda: True)  # float16 for pictures only
    assert [devices.choose("mps", training=t).precision for t in (False, True)] == [
        "float16",
        "float32",
    ]


def test_the_time_left_adds_up(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    clock = Clock(80, decodes=8)  # two batches of four pictures, ten steps each
    clock.begin()
    now[0] = 4.0  # a step takes 2 s; the first decode is taken to last as long
    assert clock.seconds_left(2 * 4) == pytest.approx(8 * 2 + 2 + 10 * 2 + 2)
    now[0] = 20.0
    clock.seconds_left(10 * 4)
    now[0] = 26.0
    assert clock.decoded(4) == 26.0
    clock.begin()
    now[0] = 28.0
    assert clock.seconds_left(11 * 4) == pytest.approx(9 * 2 + 6)


@pytest.mark.parametrize(("first", "others", "shown"), [(10.0, 0.01, 19), (0.01, 0.3, 7)])
def test_previews_take_little_time_and_a_slow_first_keeps_no_other_away(
    monkeypatch: pytest.MonkeyPatch, first: float, others: float, shown: int
) -> None:
    """Of 39 steps of a second every second one, while the others take under 5 %."""
    now, costs = [0.0], [first]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])

    class Model(FakeModel):
        def preview(self, x0: torch.Tensor) -> np.ndarray:
            now[0] += costs.pop() if costs else others
            return super().preview(x0)

    def step() -> None:
        now[0] += 1.0

    model, asked = Model(on_call=step), request(steps=39, preview_every=2, guidance=1.0)
    heard = list(generate(model, asked))
    assert sum(isinstance(event, Preview) for event in heard) == shown


def test_the_loop_does_little_beside_the_denoiser() -> None:
    """56 calls of functions a step when this was written; `bench` has the time."""

    def calls(steps: int) -> int:
        kinds: list[str] = []
        sys.setprofile(lambda _, kind, __: kinds.append(kind))
        try:
            list(generate(FakeModel(), request(steps=steps, preview_every=1)))
        finally:
            sys.setprofile(None)
        return kinds.count("call") + kinds.count("c_call")

    calls(20)  # what is done once
    assert calls(150) - calls(50) < 100 * 80


def test_a_picture_whose_numbers_ran_over_is_named_and_the_others_are_made() -> None:
    model = OverflowingModel(call=3)
    asked = replace(request(), count=3, trajectories=True)
    asked = replace(asked, settings=replace(asked.settings, guidance=1.0, sampler="flow-euler"))
    heard: list[Event] = []
    with pytest.raises(StudioError, match=r"^Picture 2 was lost: .* step 3 of 4 \(flow-euler\)"):
        heard.extend(generate(model, asked))
    whole = [event for event in heard if isinstance(event, Picture)]
    assert [each.picture for each in whole] == [0, 2]
    assert [each.settings.seed for each in whole] == [asked.settings.seed, asked.settings.seed + 2]
    sound = [e for e in generate(FakeModel(), asked) if isinstance(e, Picture)]
    for mine, theirs in ((whole[0], sound[0]), (whole[1], sound[2])):
        assert np.array_equal(mine.image, theirs.image)
        assert mine.trajectory is not None and theirs.trajectory is not None
        assert np.array_equal(mine.trajectory.x, theirs.trajectory.x)


def test_a_latent_that_is_no_number_is_never_a_black_picture(model: Model) -> None:
    _, height, width = model.latent_shape(tiny.SIZE)
    latents = np.zeros((1, model.latent_shape(tiny.SIZE)[0], height, width), np.float32)
    latents[0, 0, 0, 0] = np.nan
    with pytest.raises(StudioError, match="not numbers"):
        list(decode(model, Decode("tiny", latents)))
    with pytest.raises(ModelError, match="not finite"):
        model.decode(torch.from_numpy(latents))
