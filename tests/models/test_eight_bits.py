"""Weights in eight bits: torchao's own, put in place while loading; and what works beside them."""

from __future__ import annotations

import importlib.util
from copy import deepcopy
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

pytest.importorskip("torchao")

from diffusers import ModelMixin
from torchao.quantization import Float8WeightOnlyConfig, Int8WeightOnlyConfig, quantize_
from torchao.utils import TorchAOBaseTensor

from studio.core.addons import LORA, AddOn
from studio.core.device import Device
from studio.core.errors import ModelError, UsageError
from studio.core.generating import Generate
from studio.core.settings import Settings
from studio.core.sizes import Size
from studio.diffusion.noise import NoiseStream
from studio.engine.worker import Worker, open_from_disk, run_now
from studio.models import eight_bits, placement, registry
from studio.models.checkpoint import Checkpoint
from studio.models.eight_bits import BESIDE, bytes_held, packed_bytes
from studio.models.memory import Fit, need_of
from studio.models.placement import Readers
from studio.models.plan import Plan
from tests.models.families import flow_pipelines, pipelines, readers
from tests.models.single_file.files import written

CONFIGS: dict[str, Any] = {"int8": Int8WeightOnlyConfig, "fp8": Float8WeightOnlyConfig}
SIDE = 64
#: Latents' distance from those of full weights, relative; measured on sd1 and flux-dev: int8
#: 0.0013 and 0.0029, fp8 0.0064 and 0.0174.
FAR = {"int8": 0.01, "fp8": 0.05}
SAVED = {
    **dict.fromkeys(pipelines.PIPELINES, pipelines.saved),
    **dict.fromkeys(flow_pipelines.PIPELINES, flow_pipelines.saved),
    **{name: lambda name, folder: pipelines.written(readers.READERS[name](), folder)
       for name in readers.READERS},
}  # fmt: skip


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    place = tmp_path_factory.mktemp("kept")
    _, sd1, file = written("sd1", place)
    flow_pipelines.saved("flux-dev", place / "flux-dev")
    return {"sd1": sd1, "file": file, "flux-dev": place / "flux-dev"}


def opened(path: Path, kind: str = "", precision: str = "float32", mapped: bool = True) -> Any:
    name = f"{path}|weights={kind}" if kind else str(path)
    return registry.open_model(name, precision=precision, mapped=mapped)


def networks_of(model: Checkpoint) -> dict[str, nn.Module]:
    parts = model.adapter.networks | {"vae": model.autoencoder}
    return {name: each for name, each in parts.items() if isinstance(each, nn.Module)}


def is_packed(network: nn.Module) -> bool:
    return any(isinstance(each, TorchAOBaseTensor) for each in network.parameters())


def latents(model: Checkpoint, path: Path, *addons: AddOn) -> Tensor:
    sampler = "flow-euler" if model.adapter.asked == "transformer" else "ddim"
    settings = Settings(
        "a bear", model=str(path), sampler=sampler, steps=3, guidance=3.5, addons=addons,
        size=Size.square(SIDE),
    )  # fmt: skip
    noise = torch.randn(1, 4, SIDE // 2, SIDE // 2, generator=torch.Generator().manual_seed(3))
    plan = Plan.of(settings).on(model)
    with torch.inference_mode():
        return list(plan.states(plan.guided(model), noise, NoiseStream((0,))))[-1].x


def distance(found: Tensor, exact: Tensor) -> float:
    return float((found - exact).norm() / exact.norm())


@pytest.mark.parametrize("kind", BESIDE)
@pytest.mark.parametrize("name", ["sd1", "file", "flux-dev"])
def test_weights_are_what_torchao_makes_of_the_whole_network(
    kept: dict[str, Path], name: str, kind: str
) -> None:
    """Bit for bit, in folders and in files; the autoencoder is left as it is."""
    exact, found = opened(kept[name]), networks_of(opened(kept[name], kind))
    for part, network in networks_of(exact).items():
        expected = deepcopy(network)
        if part != "vae":
            quantize_(expected, CONFIGS[kind](set_inductor_config=False))
        assert is_packed(expected) == is_packed(found[part]) == (part != "vae")
        ours = dict(found[part].named_parameters())
        for key, theirs in expected.named_parameters():
            assert type(ours[key].data) is type(theirs.data), key
            names = theirs.__tensor_flatten__()[0] if isinstance(theirs, TorchAOBaseTensor) else ()
            pairs = [(getattr(ours[key], n), getattr(theirs, n)) for n in names]
            assert all(torch.equal(*pair) for pair in pairs or [(ours[key], theirs)]), key


@pytest.mark.parametrize("kind", BESIDE)
@pytest.mark.parametrize("name", SAVED)
def test_the_need_is_what_is_held(tmp_path: Path, name: str, kind: str) -> None:
    """Of every family, to the byte, before anything is read."""
    SAVED[name](name, tmp_path / name)
    model = f"{tmp_path / name}|weights={kind}"
    need, networks = need_of(model, "bfloat16").parts, networks_of(opened(tmp_path / name, kind,
                                                                          "bfloat16"))  # fmt: skip
    kept = {part: bytes_held(network) for part, network in networks.items()}
    if name.startswith("sd3"):  # whose table of places is a buffer
        kept["transformer"] += networks["transformer"].pos_embed.pos_embed.nbytes  # type: ignore
    assert need == kept
    full = need_of(str(tmp_path / name), "bfloat16").parts
    assert need["vae"] == full["vae"]
    assert all(need[part] < 0.85 * full[part] for part in need.keys() - {"vae"})


def test_the_need_of_a_file(kept: dict[str, Path]) -> None:
    need = need_of(f"{kept['file']}|weights=int8", "float32").parts
    networks = networks_of(opened(kept["file"], "int8"))
    assert need == {part: bytes_held(network) for part, network in networks.items()}


@pytest.mark.parametrize("kind", BESIDE)
def test_of_flux_at_full_size_half_is_left_of_bfloat16(kind: str) -> None:
    from accelerate import init_empty_weights
    from diffusers import FluxTransformer2DModel

    with init_empty_weights():
        network = FluxTransformer2DModel(guidance_embeds=True)
    shapes = {name: tuple(each.shape) for name, each in network.named_parameters()}
    full = sum(2 * each.numel() for each in network.parameters())
    small = sum(
        packed_bytes(name, shape, kind) or 2 * network.get_parameter(name).numel()
        for name, shape in shapes.items()
    )
    assert full > 23e9 and 0.5 < small / full < 0.502


@pytest.mark.parametrize("kind", BESIDE)
@pytest.mark.parametrize("name", ["sd1", "flux-dev"])
def test_latents_are_near_and_not_the_same(kept: dict[str, Path], name: str, kind: str) -> None:
    path = kept[name]
    exact, found = latents(opened(path), path), latents(opened(path, kind), path)
    assert 1e-4 < distance(found, exact) < FAR[kind]


@pytest.mark.parametrize("kind", BESIDE)
def test_a_picture_says_how_its_weights_were_kept(kept: dict[str, Path], kind: str) -> None:
    """In its model's name, by which it is made again; another name is another picture."""
    worker = Worker("cpu", precision="float32")
    usual = Settings("a bear", model=str(kept["sd1"]), steps=2, size=Size.square(SIDE), seed=4)
    asked = Settings(**(vars(usual) | {"model": f"{kept['sd1']}|weights={kind}"}))
    first, again = (run_now(Generate(asked), worker)[0] for _ in range(2))
    full = run_now(Generate(usual), worker)[0]
    assert first.settings.model == asked.model
    assert (first.image == again.image).all() and (first.image != full.image).any()


@pytest.mark.parametrize("kind", BESIDE)
@pytest.mark.parametrize("name", ["sd1", "flux-dev"])
def test_a_lora_goes_on_and_off(
    kept: dict[str, Path], tmp_path: Path, name: str, kind: str
) -> None:
    """Beside the weights, in full: it does what it does to full weights, and leaves no trace."""
    exact, model = opened(kept[name]), opened(kept[name], kind)
    denoiser = exact.adapter.asked
    names = [name for name, _ in exact.adapter.denoiser.named_modules()]
    layers = [name for name in names if name.endswith(("attn.to_v", "attn1.to_v"))]
    state, generator = dict[str, Tensor](), torch.Generator().manual_seed(5)
    for each in layers:
        layer = exact.adapter.denoiser.get_submodule(each)
        for half, shape in (("A", (2, layer.in_features)), ("B", (layer.out_features, 2))):
            state[f"{denoiser}.{each}.lora_{half}.weight"] = torch.randn(shape, generator=generator)
    save_file(state, tmp_path / "ink.safetensors")
    lora = AddOn(str(tmp_path / "ink.safetensors"), weight=1.0, kind=LORA)
    path = kept[name]
    bare, worn = latents(model, path), latents(model, path, lora)
    full = latents(exact, path, lora)
    assert layers and distance(worn, bare) > 2 * distance(worn, full)
    assert torch.equal(latents(model, path), bare)


def test_they_do_not_go_block_by_block(kept: dict[str, Path]) -> None:
    """Within inference mode torchao's weights forget where they are. Refused in a line, and never
    chosen by itself."""
    device = Device("cuda", "float32", "A GPU", "sequential")
    model = f"{kept['flux-dev']}|weights=int8"
    with pytest.raises(UsageError, match="choose --offload encoders"):
        open_from_disk(model, device, lambda: None)
    free = need_of(model, "float32").parts["vae"]
    fits = [Fit("x", need_of(name, "float32"), free, replace(device, offload="auto"))
            for name in (str(kept["flux-dev"]), model)]  # fmt: skip
    assert [(each.offload, each.refused) for each in fits] == [
        ("sequential", False),
        ("encoders", True),
    ]


@pytest.mark.parametrize("kind", BESIDE)
def test_text_encoders_come_and_go(kept: dict[str, Path], kind: str) -> None:
    """Between the CPU and itself: here is nothing else. Prompts are read in inference mode."""
    device = Device("cpu", "float32", "CPU", "encoders")
    model = open_from_disk(f"{kept['flux-dev']}|weights={kind}", device, lambda: None)
    assert isinstance(model, Checkpoint) and isinstance(model.reading, Readers)
    expected = latents(opened(kept["flux-dev"], kind), kept["flux-dev"])
    assert torch.equal(latents(model, kept["flux-dev"]), expected)


def test_text_encoders_leave_by_what_they_hold(
    kept: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where they fit as they are kept, though not in full, the denoiser stays."""
    model, moved = opened(kept["flux-dev"], "int8"), list[tuple[str, str]]()
    sizes = {name: bytes_held(each) for name, each in networks_of(model).items()}
    room = sizes["text_encoder"] + sizes["text_encoder_2"]
    for name in ("text_encoder", "text_encoder_2", "transformer"):
        network = model.adapter.networks[name]
        monkeypatch.setattr(network, "to", partial(lambda n, place: moved.append((n, place)), name))
    with Readers(model, Device("gpu", "float32", "A GPU", "encoders"), lambda: room)():
        pass
    assert moved == [(n, p) for p in ("gpu", "cpu") for n in ("text_encoder", "text_encoder_2")]


@pytest.mark.parametrize("kind", BESIDE)
@pytest.mark.parametrize("name", ["sd1", "flux-dev"])
def test_blocks_are_compiled(
    kept: dict[str, Path], name: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Traced whole by torch's compiler, without the C++ at its end."""
    torch._dynamo.reset()
    real, path = ModelMixin.compile_repeated_blocks, kept[name]
    monkeypatch.setattr(ModelMixin, "compile_repeated_blocks",
                        lambda self: real(self, backend="aot_eager", fullgraph=True))  # fmt: skip
    monkeypatch.setattr(placement.shutil, "which", lambda name: f"/bin/{name}")
    device = Device("cpu", "float32", "CPU", "none", compiled=True)
    model = open_from_disk(f"{path}|weights={kind}", device, lambda: None)
    assert isinstance(model, Checkpoint) and "is compiled" in model.notes[0]
    assert distance(latents(model, path), latents(opened(path, kind), path)) < 1e-5
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] > 0


@pytest.mark.parametrize(
    ("kind", "device", "precision", "said"),
    [("int8", "cpu", "float16", "choose fp8 weights"), ("fp8", "mps", "float32", "choose int8")],
)
def test_what_cannot_be_computed_is_refused(
    kept: dict[str, Path], kind: str, device: str, precision: str, said: str
) -> None:
    for path in (kept["sd1"], kept["file"]):
        with pytest.raises(ModelError, match=said) as error:
            registry.open_model(f"{path}|weights={kind}", device, precision)
        assert "\n" not in str(error.value)


def test_other_kinds_are_refused(kept: dict[str, Path]) -> None:
    with pytest.raises(UsageError, match="choose int8 or fp8"):
        opened(kept["sd1"], "int3")
    with pytest.raises(UsageError, match="studio-256 keeps its own parts"):
        registry.open_model("studio-256|weights=int8")


@pytest.mark.parametrize("name", ["sd1", "file"])
def test_without_torchao_a_line_says_what_to_install(
    kept: dict[str, Path], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(eight_bits, "find_spec", lambda n: None if n == "torchao" else real(n))
    with pytest.raises(ModelError, match=r"needs the package torchao; install it with: pip"):
        opened(kept[name], "int8")
    assert need_of(f"{kept[name]}|weights=int8", "float32").weights > 0


@pytest.mark.parametrize("precision", ["float32", "float16"])
@pytest.mark.parametrize("name", SAVED)
def test_without_a_map_a_folder_gives_the_same(tmp_path: Path, name: str, precision: str) -> None:
    """Every tensor that diffusers and transformers load from it, in the same precision."""
    SAVED[name](name, tmp_path / name)
    exact, found = (opened(tmp_path / name, "", precision, mapped) for mapped in (True, False))
    for part, network in networks_of(exact).items():
        ours, theirs = (each.state_dict() for each in (networks_of(found)[part], network))
        assert ours.keys() == theirs.keys()
        for key, tensor in theirs.items():
            assert ours[key].dtype == tensor.dtype and torch.equal(ours[key], tensor), key
        hidden = dict(networks_of(found)[part].named_buffers())
        for key, buffer in network.named_buffers():  # Gemma's one is put into its weights' kind
            assert torch.equal(hidden[key].to(buffer.dtype), buffer), key


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="only Linux tells the maps")
def test_without_a_map_none_is_held(kept: dict[str, Path], tmp_path: Path) -> None:
    """Of a folder and of a .ckpt; of other single files none ever is."""
    from safetensors.torch import load_file

    old = tmp_path / "file" / "sd1.ckpt"
    old.parent.mkdir()
    torch.save(load_file(kept["file"]), old)
    (tmp_path / "file" / "sd1").symlink_to(kept["file"].with_suffix(""))
    for path in (kept["sd1"], kept["file"], old):
        for mapped in (False, True):
            model = opened(path, mapped=mapped)
            held = [line for line in Path("/proc/self/maps").read_text().splitlines()
                    if str(path) in line]  # fmt: skip
            assert bool(held) == (mapped and path == kept["sd1"]), held
            del model
