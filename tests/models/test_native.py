"""The native bundle: what opens, what it makes, and every way a file can be wrong."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from studio.core.errors import Cancelled, ModelError, UsageError
from studio.core.sizes import Size
from studio.models.latent_diffusion import PROMPTS_KEPT, LatentDiffusion
from studio.models.registry import open_autoencoder, open_model, open_network
from studio.models.weights import finite
from tests import tiny

SHARD = "weights-1-of-1.safetensors"


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.bundle(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def model(pristine: Path) -> LatentDiffusion:
    return opened(pristine)


def opened(path: Path, precision: str = "float32") -> LatentDiffusion:
    found = open_model(str(path), precision=precision)
    assert isinstance(found, LatentDiffusion)
    return found


def noise(count: int = 1) -> torch.Tensor:
    return torch.randn(count, 4, 4, 4, generator=torch.Generator().manual_seed(3))


def test_it_says_what_it_is(model: LatentDiffusion, pristine: Path) -> None:
    assert (model.info.name, model.info.kind, model.info.format) == ("tiny", "generator", "native")
    assert model.info.path == pristine
    assert model.info.trained == tiny.ABOUT
    networks = (model.networks.text, model.networks.denoiser, model.networks.autoencoder)
    assert model.info.parameters == sum(p.numel() for n in networks for p in n.parameters())
    assert model.device == "cpu"
    assert model.latent_shape(tiny.SIZE) == (4, 4, 4)
    with pytest.raises(UsageError, match=f"choose size {tiny.SIZE}"):
        model.latent_shape(Size.square(256))


def test_prompts_of_any_length_stand_side_by_side(model: LatentDiffusion) -> None:
    prompts = ["", "a red bear", "two " * 100, "a\ud800 🧸\0"]
    features = model.condition(prompts)
    assert features.tokens.shape[:2] == features.mask.shape
    assert features.pooled.shape == (4, 12)
    answer = model.denoiser(features)(noise(4), 0.5, 0.5)
    alone = model.denoiser(model.condition(prompts[1:2]))(noise(4)[1:2], 0.5, 0.5)
    torch.testing.assert_close(answer.x0[1:2], alone.x0, atol=1e-5, rtol=1e-5)


def test_a_weight_of_one_changes_nothing_and_another_does(model: LatentDiffusion) -> None:
    def answer(prompt: str) -> torch.Tensor:
        condition = model.condition([prompt]).joined(model.condition(["a bear"]))
        return model.denoiser(condition)(noise(2), 0.5, 0.5).x0

    plain = answer("a red bear")
    assert torch.equal(answer("a (red:1.0) (bear:1)"), plain)
    weaker, stronger = answer("a (red:0.5) bear"), answer("a (red:2) bear")
    assert not torch.equal(weaker[0], plain[0]) and not torch.equal(stronger[0], plain[0])
    torch.testing.assert_close(weaker[1], plain[1], atol=1e-5, rtol=1e-5)  # the other picture


def test_a_weight_multiplies_what_a_word_says_not_where_it_is_heard(
    model: LatentDiffusion,
) -> None:
    plain, weighed = (
        model.networks.denoiser.prompt(model.networks.features(text))
        for text in ("a red bear", "a (red:3) bear")
    )
    weights = torch.tensor([1.0, 1.0, 3.0, 1.0, 1.0])[:, None]  # [CLS] a red bear [SEP]
    for (keys, values, places), (keys3, values3, places3) in zip(
        plain.answers, weighed.answers, strict=True
    ):
        torch.testing.assert_close(keys3, keys, atol=1e-6, rtol=1e-5)
        torch.testing.assert_close(places3, places, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(values3, values * weights, atol=1e-6, rtol=1e-5)


def test_only_the_last_prompts_are_remembered(model: LatentDiffusion) -> None:
    for number in range(2 * PROMPTS_KEPT):
        model.condition([str(number)])
    assert len(model._known) == PROMPTS_KEPT
    assert str(2 * PROMPTS_KEPT - 1) in model._known


def test_the_denoiser_answers_in_fp32_whatever_its_precision(pristine: Path) -> None:
    half = opened(pristine, "bfloat16")
    whole = opened(pristine)
    assert half.networks.denoiser.embed.weight.dtype == torch.bfloat16
    assert half.networks.denoiser.cos.dtype == torch.float32
    assert half.networks.autoencoder.latent_std.dtype == torch.float32
    with torch.inference_mode():
        answers = [m.denoiser(m.condition(["a bear"]))(noise(), 0.5, 0.5).x0 for m in (half, whole)]
    assert answers[0].dtype == torch.float32
    difference = (answers[0] - answers[1]).norm() / answers[1].norm()
    assert 0 < difference < 0.03


def test_decoding_denormalises_and_rounds(model: LatentDiffusion) -> None:
    autoencoder = model.networks.autoencoder
    pictures = model.decode(noise(2))
    assert pictures.shape == (2, tiny.SIDE, tiny.SIDE, 3)
    assert pictures.dtype == np.uint8
    with torch.inference_mode():
        decoded = autoencoder.decode(autoencoder.denormalised(noise(2)))
    exact = (decoded.clamp(-1, 1) * 127.5 + 127.5).permute(0, 2, 3, 1).numpy()
    assert np.abs(pictures - exact).max() <= 0.51
    assert np.array_equal(model.decode(noise(2)[1:]), pictures[1:])


def test_the_preview_is_the_bundles_linear_map(model: LatentDiffusion, tmp_path: Path) -> None:
    pictures = model.preview(noise(2))
    assert pictures.shape == (2, 4, 4, 3)
    red = (0.5 + 0.1 * noise(2).sum(1)).clamp(0, 1) * 255
    assert np.abs(pictures[..., 0] - red.numpy()).max() <= 0.51
    without = opened(tiny.bundle(tmp_path / "tiny", preview=False))
    assert np.array_equal(without.preview(noise()), without.decode(noise()))


def test_single_networks_open_too(pristine: Path) -> None:
    autoencoder = open_autoencoder(str(pristine))
    assert not autoencoder.training
    assert open_autoencoder(str(pristine / "autoencoder")).config == tiny.AUTOENCODER
    assert open_network(str(pristine), "text").config == tiny.TEXT
    with pytest.raises(ModelError, match="'denoiser', not 'autoencoder'"):
        open_autoencoder(str(pristine / "denoiser"))
    with pytest.raises(ModelError, match="choose a generator"):
        open_model(str(pristine / "autoencoder"))


def test_loading_can_be_cancelled_between_networks(pristine: Path) -> None:
    for allowed in range(4):
        calls = iter(range(allowed))

        def check(calls: Any = calls) -> None:
            if next(calls, None) is None:
                raise Cancelled

        with pytest.raises(Cancelled):
            open_model(str(pristine), check=check)


def edit(part: str, change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], Any]:
    """A change to a part's model.json."""

    def apply(bundle: Path) -> None:
        path = bundle / part / "model.json"
        document = json.loads(path.read_text())
        change(document)
        path.write_text(json.dumps(document))

    return apply


def weights(part: str, change: Callable[[dict[str, torch.Tensor]], Any]) -> Callable[[Path], Any]:
    """A change to a part's only shard."""

    def apply(bundle: Path) -> None:
        path = bundle / part / SHARD
        state = load_file(path)
        change(state)
        save_file(state, path)

    return apply


def cut(file: str, size: int) -> Callable[[Path], Any]:
    return lambda bundle: (bundle / file).write_bytes((bundle / file).read_bytes()[:size])


def flipped_header(bundle: Path) -> None:
    path = bundle / "denoiser" / SHARD
    content = bytearray(path.read_bytes())
    content[:8] = b"\xff" * 8
    path.write_bytes(content)


DAMAGES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "no manifest": (lambda b: (b / "denoiser/model.json").unlink(), "denoiser.model.json is miss"),
    "no part": (lambda b: shutil.rmtree(b / "autoencoder"), "autoencoder.model.json is missing"),
    "no tokenizer": (lambda b: (b / "text/tokenizer.json").unlink(), "tokenizer.json is missing"),
    "cut tokenizer": (cut("text/tokenizer.json", 60), "tokenizer.json"),
    "cut manifest": (cut("text/model.json", 30), "text.model.json cannot be read"),
    "manifest of bytes": (
        lambda b: (b / "text/model.json").write_bytes(b"\xff\xfe\x00"),
        "text.model.json cannot be read",
    ),
    "manifest is a list": (lambda b: (b / "text/model.json").write_text("[]"), "is damaged"),
    "no weights named": (edit("text", lambda d: d.update(weights=[])), "names no weights"),
    "no kind": (edit("text", lambda d: d.pop("kind")), "no valid 'kind'"),
    "another kind": (edit("text", lambda d: d.update(kind="denoiser")), "not a 'text'"),
    "unknown key": (edit("text", lambda d: d.update(pickle="x")), "says 'pickle'"),
    "unknown setting": (edit("text", lambda d: d["config"].update(x=1)), "configures 'x'"),
    "setting of words": (
        edit("text", lambda d: d["config"].update(width="w")),
        "'w'; it must be",
    ),
    "negative setting": (
        edit("text", lambda d: d["config"].update(width=-1)),
        "number from 1 to",
    ),
    "huge setting": (edit("text", lambda d: d["config"].update(width=10**9)), "width is 10000"),
    "another width": (edit("text", lambda d: d["config"].update(width=32)), r"not \(32,\)"),
    "no heads": (edit("denoiser", lambda d: d["config"].update(heads=0)), "impossible config"),
    "unknown path": (edit("denoiser", lambda d: d.update(path="x")), "does not exist"),
    "unknown prediction": (edit("denoiser", lambda d: d.update(prediction="x")), "not exist"),
    "bad preview": (edit("autoencoder", lambda d: d.update(preview={})), "makes no sense"),
    "odd preview": (
        edit("autoencoder", lambda d: d["preview"].update(matrix=[[1, 2, 3]])),
        "does not fit",
    ),
    "preview of words": (
        edit("autoencoder", lambda d: d["preview"].update(bias="abc")),
        "makes no sense",
    ),
    "path out of the folder": (
        edit("text", lambda d: d.update(weights=["../denoiser/" + SHARD])),
        "not safetensors beside it",
    ),
    "pickled weights": (edit("text", lambda d: d.update(weights=["a.pt"])), "not safetensors"),
    "shard is missing": (lambda b: (b / "denoiser" / SHARD).unlink(), f"denoiser.{SHARD} is miss"),
    "shard is empty": (cut(f"denoiser/{SHARD}", 0), f"{SHARD} is damaged"),
    "shard ends early": (cut(f"denoiser/{SHARD}", 20_000), f"{SHARD} is damaged"),
    "shard's header": (flipped_header, f"{SHARD} is damaged"),
    "not a number": (
        weights("denoiser", lambda s: s["embed.weight"].__setitem__((0, 0), float("nan"))),
        "denoiser.*'embed.weight' contains values that are not numbers",
    ),
    "infinite": (
        weights("autoencoder", lambda s: s["latent_mean"].fill_(float("inf"))),
        "autoencoder.*'latent_mean' contains values that are not numbers",
    ),
    "a tensor too few": (weights("text", lambda s: s.pop("norm.bias")), "lacks .*norm.bias"),
    "a tensor too many": (
        weights("text", lambda s: s.update(extra=torch.zeros(1))),
        "'extra', which this network does not have",
    ),
    "another shape": (
        weights("text", lambda s: s.update({"norm.bias": torch.zeros(3)})),
        r"'norm.bias' as \(3,\), not \(16,\)",
    ),
    "one tensor twice": (
        edit("text", lambda d: d.update(weights=[SHARD, SHARD])),
        "another file holds already",
    ),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_one_sentence_that_names_the_file(
    name: str, pristine: Path, tmp_path: Path
) -> None:
    damage, words = DAMAGES[name]
    bundle = tmp_path / "bundle"
    shutil.copytree(pristine, bundle)
    damage(bundle)
    with pytest.raises(ModelError, match=words) as info:
        open_model(str(bundle))
    assert "\n" not in str(info.value)


@pytest.mark.parametrize(
    ("part", "change", "words"),
    [
        ("autoencoder", {"latent_channels": 8}, "denoiser and autoencoder do not fit"),
        ("denoiser", {"pooled_width": 16}, "denoiser and text tower do not fit"),
    ],
)
def test_networks_of_different_bundles_do_not_mix(
    part: str, change: dict[str, int], words: str, pristine: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip

    constant = part.upper()
    monkeypatch.setattr(tiny, constant, replace(getattr(tiny, constant), **change))
    other = tiny.bundle(tmp_path / "other", preview=False)
    shutil.copytree(pristine, tmp_path / "mixed")
    shutil.rmtree(tmp_path / "mixed" / part)
    shutil.copytree(other / part, tmp_path / "mixed" / part)
    with pytest.raises(ModelError, match=words):
        open_model(str(tmp_path / "mixed"))


def test_a_tokenizer_with_more_words_than_the_tower_is_an_error(
    pristine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(pristine, tmp_path / "bundle")
    monkeypatch.setattr(tiny, "WORDS", (*tiny.WORDS, "green"))
    tiny.tokenizer().save(str(tmp_path / "bundle" / "text" / "tokenizer.json"))
    with pytest.raises(ModelError, match=r"tokenizer\.json is damaged"):
        opened(tmp_path / "bundle").condition(["green"])


def test_opening_does_not_draw_random_weights_nor_import_a_compiler(pristine: Path) -> None:
    code = f"""
import sys, torch
before = torch.get_rng_state()
from studio.models.registry import open_model
open_model({str(pristine)!r})
print(torch.equal(before, torch.get_rng_state()), "torch._dynamo" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]


def test_weights_too_large_for_a_precision_are_no_damage(tmp_path: Path) -> None:
    large = torch.tensor([1.0, 1e6])
    assert finite(tmp_path, "w", large).equal(large)
    with pytest.raises(ModelError, match="'w' is too large for float16; use precision float32"):
        finite(tmp_path, "w", large, torch.float16)
