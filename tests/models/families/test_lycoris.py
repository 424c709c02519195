"""LoHa and LoKr: the products written out, and latents as with weights that they are added to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

pytest.importorskip("peft")

from studio.core.addons import AddOn
from studio.core.settings import Settings
from studio.engine.devices import Device
from studio.engine.worker import Worker, open_from_disk
from studio.models import registry
from studio.models.checkpoint import Checkpoint
from studio.models.lycoris import Change, change
from studio.models.plan import Plan
from tests.models.families import test_readers as readers
from tests.models.families.pipelines import saved
from tests.models.families.test_dressing import Tensors, apart, asked, kohya, said, written
from tests.models.families.test_flow import open_one
from tests.models.families.test_flow_dressing import layers as flow_layers
from tests.models.families.test_flow_dressing import small as small
from tests.models.families.test_readers import plain as plain
from tests.models.families.test_stable_diffusion import ours, theirs
from tests.models.single_file.files import unet_names
from tests.models.single_file.originals import FLUX, FLUX2

RANK, ALPHA = 3, 2.0
Draw = Callable[..., Tensor]


def halves(n: int) -> tuple[int, int]:
    """Two numbers whose product it is."""
    first = next(d for d in (4, 3, 2, 1) if n % d == 0)
    return first, n // first


def drawn(seed: int) -> Draw:
    generator = torch.Generator().manual_seed(seed)
    return lambda *shape: torch.randn(shape, generator=generator) / 3


def lokr(draw: Draw, outputs: int, inputs: int, *window: int, form: str = "narrow") -> Tensors:
    """A layer's factors: both whole, both of low rank, or the second's window in a core."""
    (a, c), (b, d) = halves(outputs), halves(inputs)
    match form:
        case "whole":
            return {"lokr_w1": draw(a, b), "lokr_w2": draw(c, d, *window)}
        case "core":
            return {"lokr_w1": draw(a, b), "lokr_w2_a": draw(RANK, c), "lokr_w2_b": draw(RANK, d),
                    "lokr_t2": draw(RANK, RANK, *window)}  # fmt: skip
    flat = d * int(torch.tensor(window).prod())
    return {"lokr_w1_a": draw(a, RANK), "lokr_w1_b": draw(RANK, b),
            "lokr_w2_a": draw(c, RANK), "lokr_w2_b": draw(RANK, flat)}  # fmt: skip


def loha(draw: Draw, outputs: int, inputs: int, *window: int, form: str = "narrow") -> Tensors:
    if form == "core":
        return {name: draw(*shape) for n in "12" for name, shape in
                ((f"hada_w{n}_a", (RANK, outputs)), (f"hada_w{n}_b", (RANK, inputs)),
                 (f"hada_t{n}", (RANK, RANK, *window)))}  # fmt: skip
    flat = inputs * int(torch.tensor(window).prod())
    return {name: draw(*shape) for n in "12" for name, shape in
            ((f"hada_w{n}_a", (outputs, RANK)), (f"hada_w{n}_b", (RANK, flat)))}  # fmt: skip


def written_out(factors: Mapping[str, Tensor], shape: tuple[int, ...]) -> Tensor:
    """Number by number, with alpha / rank where there is a rank."""
    factors = {name: tensor.double() for name, tensor in factors.items()}

    def matrix(name: str) -> Tensor:
        if name in factors:
            return factors[name]
        a, b, core = factors[f"{name}_a"], factors[f"{name}_b"], name.replace("_w", "_t")
        if core in factors:
            terms = (a[i, :, None, None, None] * b[j, None, :, None, None] * factors[core][i, j]
                     for i in range(RANK) for j in range(RANK))  # fmt: skip
            return sum(terms, torch.zeros(()))
        return sum((a[:, r, None] * b[r] for r in range(RANK)), torch.zeros(()))

    scale = 1.0 if {"lokr_w1", "lokr_w2"} <= factors.keys() else ALPHA / RANK
    if "hada_w1_a" in factors:
        return scale * (matrix("hada_w1") * matrix("hada_w2")).reshape(shape).float()
    first, second = matrix("lokr_w1"), matrix("lokr_w2")
    second = second.reshape(*second.shape[:2], -1)
    rows = [torch.cat([w * second for w in line], 1) for line in first]
    return scale * torch.cat(rows).reshape(shape).float()


FORMS = [(lokr, "whole"), (lokr, "narrow"), (lokr, "core"), (loha, "narrow"), (loha, "core")]


@pytest.mark.parametrize(("kind", "form"), FORMS)
@pytest.mark.parametrize("window", [(), (3, 3)])
def test_the_products_are_what_they_are_written_out(
    kind: Callable[..., Tensors], form: str, window: tuple[int, ...]
) -> None:
    if form == "core" and not window:
        return
    factors = kind(drawn(1), 8, 6, *window, form=form)
    narrow = not {"lokr_w1", "lokr_w2"} <= factors.keys()
    found = change(factors) * (ALPHA / RANK if narrow else 1.0)
    expected = written_out(factors, (8, 6, *window))
    assert found.shape[:1] == (8,) and torch.allclose(
        found.reshape(8, 6, *window), expected, atol=1e-5
    )


def test_a_kronecker_product_by_hand() -> None:
    factors = {
        "lokr_w1": torch.tensor([[1.0, 2.0]]),
        "lokr_w2": torch.tensor([[3.0, 4.0], [5.0, 6.0]]),
    }
    assert change(factors).tolist() == [[3, 4, 6, 8], [5, 6, 10, 12]]


@pytest.mark.parametrize("rows", [[2, 3], [2, 3, 0, 1]])
def test_a_layer_is_given_its_rows(rows: list[int]) -> None:
    """A run of what is fused, or halves that change places."""
    factors = lokr(drawn(1), 4, 6)
    own = torch.nn.ParameterDict({name: torch.nn.Parameter(each) for name, each in factors.items()})
    layer, x = Change(own, torch.tensor(rows), torch.nn.Linear(6, len(rows))), drawn(2)(5, 6)
    assert torch.equal(layer(x), torch.nn.functional.linear(x, change(factors)[rows]))


@contextmanager
def added(changes: Mapping[str, Tensor], network: Any, weight: float) -> Iterator[None]:
    """The network with its weights changed so."""
    before = {name: network.get_submodule(name).weight.data for name in changes}
    for name, each in changes.items():
        network.get_submodule(name).weight.data = before[name] + weight * each
    yield
    for name, each in before.items():
        network.get_submodule(name).weight.data = each


def made(
    network: Any, names: Mapping[str, str], kind: Callable[..., Tensors], seed: int
) -> tuple[Tensors, Tensors]:
    """A file's tensors, in all forms in turn, and what each adds; `names` of layers in the file."""
    draw, file, changes = drawn(seed), {}, {}
    for number, (name, stem) in enumerate(names.items()):
        shape = tuple(network.get_submodule(name).weight.shape)
        forms = ["whole", "narrow"] if kind is lokr else ["narrow"]
        forms += ["core"] if len(shape) == 4 else []
        own = kind(draw, *shape, form=forms[number % len(forms)])
        changes[name] = written_out(own, shape)
        file |= {f"{stem}.{factor}": tensor for factor, tensor in own.items()}
        file[f"{stem}.alpha"] = torch.tensor(ALPHA)
    return file, changes


UNET = re.compile(r"(attn\d\.to_[qkv]|to_out\.0|ff\.net\.[02](\.proj)?|conv[12]|conv_shortcut)$")


def stems(pipeline: Any) -> dict[str, str]:
    """As kohya's trainer names a U-Net's: SD 1's as diffusers does, SDXL's as its makers."""
    names = [name for name, _ in pipeline.unet.named_modules() if UNET.search(name)]
    table = {name: name for name in pipeline.unet.state_dict()}
    if hasattr(pipeline, "text_encoder_2"):
        table = unet_names([*table], pipeline.unet.config.layers_per_block)
    found = {name: table[f"{name}.weight"].removesuffix(".weight") for name in names
             if f"{name}.weight" in table}  # fmt: skip
    return {name: f"lora_unet_{stem.replace('.', '_')}" for name, stem in found.items()}


@pytest.mark.parametrize(("name", "kind"), [("sd1", lokr), ("sd1", loha), ("sdxl", lokr)])
def test_latents_are_those_of_the_weights_with_it_added(
    name: str, kind: Callable[..., Tensors], tmp_path: Path
) -> None:
    """Of the U-Net and a text encoder, beside a LoRA, and then nothing: bit for bit as before."""
    pipeline = saved(name, tmp_path / name)
    model = registry.open_model(str(tmp_path / name))
    assert isinstance(model, Checkpoint)
    te = "lora_te1_" if name == "sdxl" else "lora_te_"
    layer = next(n for n, _ in pipeline.text_encoder.named_modules() if n.endswith("1.mlp.fc1"))
    stem = te + "text_model_" + layer.removeprefix("text_model.").replace(".", "_")
    file, unet = made(pipeline.unet, stems(pipeline), kind, 1)
    if kind is loha:  # under LyCORIS' own names
        file = {key.replace("lora_unet_", "lycoris_"): each for key, each in file.items()}
    more, text = made(pipeline.text_encoder, {layer: stem}, kind, 2)
    path = written(tmp_path / "style.safetensors", file | more)
    ink = written(tmp_path / "ink.safetensors", kohya(pipeline, 3, "unet"))
    bare = asked(model)
    before = ours(pipeline, model, bare)
    with added(unet, pipeline.unet, -0.3), added(text, pipeline.text_encoder, -0.3):
        found = ours(pipeline, model, asked(model, AddOn(str(path), weight=-0.3)))
        expected = theirs(pipeline, bare)
        assert apart(before, expected) > 1e-2 and apart(found, expected) < 1e-5
        pipeline.load_lora_weights(str(ink), adapter_name="ink")
        both = asked(model, AddOn(str(ink)), AddOn(str(path), weight=-0.3))
        assert apart(ours(pipeline, model, both), theirs(pipeline, bare)) < 1e-5
        pipeline.unload_lora_weights()
    assert torch.equal(ours(pipeline, model, bare), before)
    keys = sum(not key.endswith("alpha") for key in file | more)
    assert model.notes[0] == f"style: {keys} of its {keys} keys fit {name}."


def test_it_acts_block_by_block_too(tmp_path: Path) -> None:
    """Where blocks come to the device one after another: here by diffusers' hooks on the CPU."""
    pipeline = saved("sd1", tmp_path / "sd1")
    device = Device("cpu", "float32", "CPU", "sequential")
    exact = registry.open_model(str(tmp_path / "sd1"))
    model = open_from_disk(str(tmp_path / "sd1"), device, lambda: None)
    assert isinstance(exact, Checkpoint) and isinstance(model, Checkpoint)
    path = written(tmp_path / "style.safetensors", made(pipeline.unet, stems(pipeline), lokr, 1)[0])
    addons = Plan.of(asked(exact, AddOn(str(path)))).settings.addons
    condition, x = exact.condition(["a bear"]), torch.randn(1, 4, 32, 32)
    with torch.inference_mode():
        bare, found, expected = (
            each.predict(x, torch.full((1,), 0.5), condition, None)
            for each in (exact, model.dressed(addons), exact.dressed(addons))
        )
    assert torch.equal(found, expected) and apart(bare, expected) > 1e-2


def fused(pipeline: Any, table: Any) -> dict[str, dict[str, str]]:
    """The makers' names of a transformer's layers -> those that are parts of each, by mark."""
    found: dict[str, dict[str, str]] = {}
    for part, name, _ in flow_layers(pipeline):
        key = f"{name}."
        for pattern, replacement in table if part == "transformer" else ():
            key = re.sub(pattern, replacement, key)
        if part == "transformer":
            mark = match[1] if (match := re.search("#(.)", key)) else ""
            found.setdefault(re.sub("#.", "", key).strip("."), {})[mark] = name
    return found


@pytest.mark.parametrize(("prefix", "dot"), [("lora_unet_", "_"), ("diffusion_model.", ".")])
def test_what_is_fused_in_the_file_is_parted(tmp_path: Path, prefix: str, dot: str) -> None:
    """Kohya's and ComfyUI's names of FLUX.1: query, key, value and more are one there."""
    opened = open_one("flux-dev", tmp_path)
    network, draw, file, changes = opened.pipeline.transformer, drawn(1), Tensors(), Tensors()
    for stem, parts in fused(opened.pipeline, FLUX).items():
        own = [network.get_submodule(parts[mark]).weight for mark in sorted(parts)]
        outputs, inputs = sum(map(len, own)), own[0].shape[1]
        factors = lokr(draw, outputs, inputs)
        key = prefix + stem.replace(".", dot)
        file |= {f"{key}.{name}": each for name, each in factors.items()}
        file[f"{key}.alpha"] = torch.tensor(ALPHA)
        rows = written_out(factors, (outputs, inputs)).split([len(each) for each in own])
        changes |= {parts[mark]: each for mark, each in zip(sorted(parts), rows, strict=True)}
    path = written(tmp_path / "style.safetensors", file)
    bare = opened.settings(guidance=4.0)
    before = opened.theirs(bare)
    with added(changes, network, 0.2):
        expected = opened.theirs(bare)
    found = opened.ours(replace(bare, addons=(AddOn(str(path), weight=0.2),)))
    assert apart(before, expected) > 1e-3 and apart(found, expected) < 1e-5
    keys = sum(not key.endswith("alpha") for key in file)
    assert opened.model.notes == [f"style: {keys} of its {keys} keys fit flux-dev."]


def test_flux_2s_are_as_diffusers_reads_them(tmp_path: Path) -> None:
    """Its makers' names; diffusers fuses the network's layers for them, and here they stay."""
    opened = open_one("flux2-klein", tmp_path)
    network, draw, file = opened.pipeline.transformer, drawn(1), Tensors()
    for stem, parts in fused(opened.pipeline, FLUX2).items():
        own = [network.get_submodule(each).weight for each in parts.values()]
        outputs, inputs = sum(map(len, own)), own[0].shape[1]
        draws = {"lokr_w1": draw(2, 2), "lokr_w2": draw(outputs // 2, inputs // 2)}
        file |= {f"diffusion_model.{stem}.{name}": each for name, each in draws.items()}
    path = written(tmp_path / "style.safetensors", file)
    bare = opened.settings(guidance=1.0)
    before, plain = opened.theirs(bare), opened.ours(bare)
    names = {*opened.model.adapter.denoiser.state_dict()}
    opened.pipeline.load_lora_weights(str(path), adapter_name="style")
    opened.pipeline.set_adapters(["style"], [0.2])
    expected = opened.theirs(bare)
    found = opened.ours(replace(bare, addons=(AddOn(str(path), weight=0.2),)))
    assert apart(before, expected) > 1e-3 and apart(found, expected) < 1e-5
    assert torch.equal(opened.ours(bare), plain)
    assert {*opened.model.adapter.denoiser.state_dict()} == names


@pytest.mark.usefixtures("plain")
def test_z_images_are_as_diffusers_reads_them(tmp_path: Path) -> None:
    pipeline, model = readers.opened_from("z-image", tmp_path / "z-image")
    names = {name: f"diffusion_model.{name}" for part, name, _ in flow_layers(pipeline)
             if part == "transformer" and "attention" in name}  # fmt: skip
    draw = drawn(1)
    file = {f"{stem}.{factor}": each for stem in names.values() for factor, each in
            (("lokr_w1", draw(4, 4)), ("lokr_w2_a", draw(8, 2)), ("lokr_w2_b", draw(2, 8)),
             ("alpha", torch.tensor(ALPHA)))}  # fmt: skip
    path = written(tmp_path / "style.safetensors", file)
    settings = Settings(
        "a red bear", model=str(model.info.path), sampler="ddim", steps=readers.STEPS,
        guidance=3.0, size=readers.SQUARE, addons=(AddOn(str(path), weight=0.5),),
    )  # fmt: skip
    before = readers.theirs("z-image", pipeline, settings)
    pipeline.load_lora_weights(str(path), adapter_name="style")
    pipeline.set_adapters(["style"], [0.5])
    expected = readers.theirs("z-image", pipeline, settings)
    found = readers.ours(model.dressed(Plan.of(settings).settings.addons), settings)
    assert apart(before, expected) > 1e-3 and apart(found, expected) < 1e-5


def test_what_does_not_fit_is_said_and_what_is_unknown_counted(tmp_path: Path) -> None:
    pipeline, worker = saved("sd1", tmp_path / "sd1"), Worker("cpu")
    file, _ = made(pipeline.unet, stems(pipeline), lokr, 1)
    first = next(iter(file)).partition(".")[0]
    wide = {n: torch.cat([t, t]) if n == f"{first}.lokr_w1" else t for n, t in file.items()}
    less = {n: t for n, t in file.items() if not n.endswith("lokr_w2_b")}
    strange = {n.replace("_attentions_", "_blobs_").replace("_resnets_", "_blobs_"): t
               for n, t in file.items()}  # fmt: skip
    for name, tensors, words in (
        ("wide", wide, "does not fit sd1: .*another size"),
        ("less", less, "does not fit sd1: the factors of .* belong together"),
        ("strange", strange, "does not fit sd1: none of its"),
    ):
        said(tmp_path / "sd1", written(tmp_path / f"{name}.safetensors", tensors), words, worker)
    path = written(tmp_path / "more.safetensors", file | {"lora_unet_x.diff": torch.ones(2)})
    model = registry.open_model(str(tmp_path / "sd1"), precision="bfloat16")
    assert isinstance(model, Checkpoint)
    view = model.dressed(Plan.of(asked(model, AddOn(str(path)))).settings.addons)
    tokens = view.condition(["a bear"])
    x = torch.randn(1, 4, 32, 32)
    assert view.predict(x, torch.tensor([500.0]), tokens, None).isfinite().all()
    kept = {p.dtype for p in view.adapter.denoiser.parameters()}
    keys = sum(not key.endswith("alpha") for key in file)
    assert kept == {torch.bfloat16}
    assert model.notes[-1].endswith(
        f"{keys} of its {keys + 1} keys fit sd1; the other 1 are left out."
    )
