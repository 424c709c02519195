"""LoRA and embeddings on tiny pipelines: the latents are diffusers' own, and nothing stays on."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from studio.core import prompts
from studio.core.addons import EMBEDDING, LORA, AddOn
from studio.core.comparing import Cell, Compare
from studio.core.errors import ModelError, StudioError, UsageError
from studio.core.generating import Generate
from studio.core.messages import Event, Note
from studio.core.settings import Settings
from studio.core.walks import End, Walk
from studio.engine.worker import Worker, run_now
from studio.models import registry
from studio.models.checkpoint import Checkpoint
from studio.models.plan import Plan
from tests.models.families.pipelines import PIPELINES, WIDTH, saved
from tests.models.families.test_stable_diffusion import SQUARE, STEPS, ours, theirs

pytest.importorskip("peft")
Tensors = dict[str, Tensor]
PROMPT = "a red bear"


@pytest.fixture(scope="module", params=PIPELINES)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """diffusers' pipeline, and its folder."""
    folder = tmp_path_factory.mktemp("dressing") / request.param
    return saved(request.param, folder), folder


@pytest.fixture(scope="module")
def sd1(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sd1") / "sd1"
    saved("sd1", folder)
    return folder


@pytest.fixture
def pair(made: Any) -> Iterator[tuple[Any, Checkpoint]]:
    """diffusers' pipeline with nothing on, and ours."""
    pipeline, folder = made
    yield pipeline, registry.open_model(str(folder))  # type: ignore[misc]
    pipeline.unload_lora_weights()


def factors(module: torch.nn.Module, rank: int, draw: torch.Generator) -> tuple[Tensor, Tensor]:
    """A LoRA's down and up of a layer."""
    weight = module.weight
    assert isinstance(weight, Tensor)
    outputs, inputs, *window = weight.shape
    ones = [1] * len(window)
    down = torch.randn(rank, inputs, *window, generator=draw) / inputs**0.5
    return down, torch.randn(outputs, rank, *ones, generator=draw) / 8 / rank**0.5


def parts(pipeline: Any) -> dict[str, torch.nn.Module]:
    names = ("unet", "text_encoder", "text_encoder_2")
    return {name: part for name in names if (part := getattr(pipeline, name, None)) is not None}


def layers(pipeline: Any) -> Iterator[tuple[str, str, torch.nn.Module]]:
    """Those that people train LoRA of."""
    ends = r"(to_[qkv]|to_out\.0|ff\.net\.[02](\.proj)?|proj_in|[qkv]_proj|out_proj|fc[12])$"
    for part, network in parts(pipeline).items():
        for name, module in network.named_modules():
            if re.search(ends, name) and hasattr(module, "weight"):
                yield part, name, module


def kohya(pipeline: Any, seed: int, only: str = "", rank: int = 4) -> Tensors:
    """As kohya's trainer names them, with its alpha."""
    draw, found = torch.Generator().manual_seed(seed), {}
    two = hasattr(pipeline, "text_encoder_2")
    first = {"unet": "lora_unet", "text_encoder": f"lora_te{1 if two else ''}"}
    for part, name, module in layers(pipeline):
        if only and part != only:
            continue
        if part != "unet" and not name.startswith("text_model."):
            name = f"text_model.{name}"  # as trainers know it
        key = f"{first.get(part, 'lora_te2')}_{name.replace('.', '_')}"
        down, up = factors(module, rank, draw)
        found |= {f"{key}.lora_down.weight": down, f"{key}.lora_up.weight": up}
        found[f"{key}.alpha"] = torch.tensor(rank / 2)
    return found


def peft(pipeline: Any, seed: int, only: str = "", rank: int = 3) -> Tensors:
    """As diffusers' own trainers name them."""
    draw, found = torch.Generator().manual_seed(seed), {}
    for part, name, module in layers(pipeline):
        if not only or part == only:
            down, up = factors(module, rank, draw)
            found |= {f"{part}.{name}.lora_A.weight": down, f"{part}.{name}.lora_B.weight": up}
    return found


DIALECTS = {"kohya": kohya, "peft": peft}


def written(path: Path, tensors: Mapping[str, Tensor]) -> Path:
    save_file({name: tensor.clone().contiguous() for name, tensor in tensors.items()}, path)
    return path


def asked(model: Checkpoint, *addons: AddOn, prompt: str = PROMPT, negative: str = "") -> Settings:
    return Settings(
        prompt, negative, model=str(model.info.path), sampler="ddim", steps=STEPS, guidance=5.0,
        size=SQUARE, addons=addons,
    )  # fmt: skip


def apart(ours: Tensor, theirs: Tensor) -> float:
    return float((ours - theirs).abs().max() / theirs.abs().max())


@pytest.mark.parametrize("dialect", DIALECTS)
def test_latents_with_lora_are_those_of_diffusers(
    pair: tuple[Any, Checkpoint], tmp_path: Path, dialect: str
) -> None:
    """One, then two with other weights, then none: bit for bit what it was."""
    pipeline, model = pair
    one = written(tmp_path / "one.safetensors", DIALECTS[dialect](pipeline, 1))
    two = written(tmp_path / "two.safetensors", DIALECTS[dialect](pipeline, 2, "unet"))
    plain = asked(model)
    before, bare = ours(pipeline, model, plain), theirs(pipeline, plain)
    names = {part: set(network.state_dict()) for part, network in model.adapter.networks.items()
             if "tokenizer" not in part}  # fmt: skip
    pipeline.load_lora_weights(str(one), adapter_name="one")
    pipeline.load_lora_weights(str(two), adapter_name="two")
    for weights in ({one: 0.7}, {one: -1.5, two: 2.0}, {two: 0.5}):
        pipeline.set_adapters([path.stem for path in weights], [*weights.values()])
        settings = asked(model, *(AddOn(str(path), weight=w) for path, w in weights.items()))
        expected = theirs(pipeline, settings)
        assert apart(expected, bare) > 1e-2
        assert apart(ours(pipeline, model, settings), expected) < 1e-5
    assert torch.equal(ours(pipeline, model, plain), before)
    for part, keys in names.items():
        assert set(model.adapter.networks[part].state_dict()) == keys


def test_a_text_encoders_lora_alone_acts_and_prompts_are_read_anew(
    pair: tuple[Any, Checkpoint], tmp_path: Path
) -> None:
    pipeline, model = pair
    path = written(tmp_path / "words.safetensors", kohya(pipeline, 3, "text_encoder"))
    addons = Plan.of(asked(model, AddOn(str(path)))).settings.addons
    plain = model.condition([PROMPT]).tokens
    dressed = model.dressed(addons).condition([PROMPT]).tokens
    assert not torch.allclose(plain, dressed)
    assert torch.equal(model.condition([PROMPT]).tokens, plain)
    weaker = model.dressed((addons[0]._replace(weight=0.1),)).condition([PROMPT]).tokens
    assert apart(weaker, plain) < apart(dressed, plain)


VECTORS = torch.randn(3, WIDTH, generator=torch.Generator().manual_seed(4)) / 4


def embedding(pipeline: Any, n: int = 3) -> Tensors:
    if hasattr(pipeline, "text_encoder_2"):
        return {"clip_l": VECTORS[:n], "clip_g": VECTORS[:n].flip(0)}
    return {"emb_params": VECTORS[:n]}


@pytest.mark.parametrize("count", [1, 3])
def test_latents_with_an_embedding_are_those_of_diffusers(
    made: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    _, folder = made
    pipeline = saved(folder.name, tmp_path / folder.name)
    model = registry.open_model(str(folder))
    assert isinstance(model, Checkpoint)
    tensors = embedding(pipeline, count)
    path = written(tmp_path / "softred.safetensors", tensors)
    settings = asked(
        model, AddOn(str(path), kind=EMBEDDING), prompt="a softred bear", negative="no softred"
    )
    plain = model.condition(["a softred bear"]).tokens
    monkeypatch.setattr(registry, "user_folder", lambda: tmp_path / "none")
    found = ours(pipeline, model, settings)
    if hasattr(pipeline, "tokenizer_2"):  # the tiny one's encoders share theirs
        pipeline.tokenizer_2 = deepcopy(pipeline.tokenizer)
    for end, key in (("", "clip_l"), ("_2", "clip_g")):
        if (encoder := getattr(pipeline, f"text_encoder{end}", None)) is not None:
            given = {"softred": tensors.get(key, tensors.get("emb_params"))}
            words = getattr(pipeline, f"tokenizer{end}")
            pipeline.load_textual_inversion(given, tokenizer=words, text_encoder=encoder)
    expected = theirs(pipeline, settings)
    assert apart(found, expected) < 1e-5
    assert torch.equal(model.condition(["a softred bear"]).tokens, plain)


def lora(folder: Path, path: Path, seed: int = 1, only: str = "") -> Path:
    """A LoRA file for the tiny Stable Diffusion in `folder`."""
    return written(path, kohya(saved("sd1", path.with_suffix("") / folder.name), seed, only))


def run(request: Any, worker: Worker) -> list[Event]:
    heard = list[Event]()
    run_now(request, worker, heard.append)
    return heard


def test_a_grid_of_several_loras_has_what_each_alone_makes(sd1: Path, tmp_path: Path) -> None:
    """The words' one and the picture's one, both, none: one after another on one model."""
    words = AddOn(str(lora(sd1, tmp_path / "words.safetensors", 5, "text_encoder")))
    style = AddOn(str(lora(sd1, tmp_path / "style.safetensors", 6, "unet")), weight=-0.5)
    plain = Settings(PROMPT, model=str(sd1), sampler="ddim", steps=2, size=SQUARE, seed=3)
    cells = tuple(
        replace(plain, addons=each) for each in ((), (words,), (style,), (words, style), ())
    )
    worker = Worker("cpu", precision="float32")
    heard = run(Compare(cells, trajectories=False, distances=False), worker)
    made = {event.index: event for event in heard if isinstance(event, Cell)}
    for index, settings in enumerate(cells):
        (alone,) = run_now(Generate(settings), Worker("cpu", precision="float32"))
        assert np.array_equal(made[index].image, alone.image)
    assert len({made[index].image.tobytes() for index in range(4)}) == 4
    said = [event.message for event in heard if isinstance(event, Note)]
    assert any(re.match(r"words: 36 of its 36 keys fit sd1\.", each) for each in said)
    kept = made[3].settings.addons
    assert [each.kind for each in kept] == [LORA, LORA] and kept[1].weight == -0.5
    assert kept[0].digest == hashlib.sha256(Path(words.file).read_bytes()).hexdigest()[:16]
    assert run_now(Generate(made[3].settings), worker)[0].settings.addons == kept


def test_a_walk_takes_a_lora_all_the_way(sd1: Path, tmp_path: Path) -> None:
    style = AddOn(str(lora(sd1, tmp_path / "style.safetensors", 6)))
    one = Settings(PROMPT, model=str(sd1), sampler="ddim", steps=2, size=SQUARE, addons=(style,))
    ends = one, replace(one, prompt="a blue bear")
    frames = run(Walk(tuple(End(each) for each in ends), columns=3), worker := Worker("cpu"))
    images = {e.index: e.image for e in frames if hasattr(e, "place")}
    for index, settings in ((0, ends[0]), (2, ends[1])):
        assert np.array_equal(images[index], run_now(Generate(settings), worker)[0].image)
    tagged = replace(one, prompt="a bear <lora:style>", addons=())
    mixed = Walk((End(replace(one, addons=())), End(tagged)), columns=3)
    lora(sd1, sd1.parent / "style.safetensors").rename(folder(sd1, "loras") / "style.safetensors")
    with pytest.raises(UsageError, match="same LoRA"):
        run(mixed, worker)


def folder(model: Path, name: str) -> Path:
    """Beside a model, where its files are looked for."""
    made = model.parent / name
    made.mkdir(exist_ok=True)
    return made


def test_files_beside_the_model_go_by_their_names(sd1: Path, tmp_path: Path) -> None:
    lora(sd1, folder(sd1, "loras") / "old ink.safetensors")
    written(folder(sd1, "embeddings") / "Soft-Red v2.safetensors", {"emb_params": VECTORS})
    typed = "a <lora:old ink:0.25> soft-red V2, bear", "unsoft"
    settings = Plan.of(Settings(*typed, model=str(sd1), size=SQUARE)).settings
    assert (settings.prompt, settings.negative) == ("a soft-red V2, bear", "unsoft")
    told = [(each.name, each.weight, each.kind) for each in settings.addons]
    assert told == [("old ink", 0.25, LORA), ("Soft-Red v2", 1.0, EMBEDDING)]
    assert Plan.of(settings).settings == settings
    named = Settings("x", model=str(sd1), addons=(AddOn("old ink.safetensors"),))
    assert Plan.of(named).settings.addons[0].file == settings.addons[0].file
    elsewhere = settings.addons[0]._replace(file="C:\\models\\old ink.safetensors")
    assert Plan.of(replace(settings, addons=(elsewhere,))).settings.addons[0] == settings.addons[0]
    with pytest.raises(ModelError, match="there is no file 'new ink'; give its path, or put it"):
        Plan.of(Settings("<lora:new ink:1>", model=str(sd1)))


def test_an_embedding_counts_its_vectors_and_weighs_as_words_do(sd1: Path, tmp_path: Path) -> None:
    path = written(tmp_path / "soft.safetensors", {"emb_params": VECTORS})
    model = registry.open_model(str(sd1))
    addons = Plan.of(Settings("x", model=str(sd1), addons=(AddOn(str(path)),))).settings.addons
    view = model.dressed(addons)
    plain, more = (view.condition([text]).tokens for text in ("a soft bear", "a (soft:1.5) bear"))
    share = more / plain
    first = [t for t in range(77) if not torch.allclose(share[0, t], share[0, 0], atol=1e-3)]
    assert first == [2, 3, 4]  # behind the beginning and "a"
    counts = [view.counted(prompts.plain("soft " * n)) for n in (25, 26)]
    assert [(each.count, len(each.begins)) for each in counts] == [(75, 0), (78, 1)]
    assert torch.equal(view.condition(["softly"]).tokens, model.condition(["softly"]).tokens)


def test_an_embedding_may_not_be_called_as_a_piece_of_words(sd1: Path, tmp_path: Path) -> None:
    path = written(tmp_path / "re.safetensors", {"emb_params": VECTORS})  # as in "r e"
    said(sd1, path, "'re' is a word of the model's; rename the file")


def spoilt(path: Path, how: str) -> Path:
    data = path.read_bytes()
    match how:
        case "truncated":
            path.write_bytes(data[:-10])
        case "empty":
            path.write_bytes(b"")
        case "a pickle":
            return path.rename(path.with_suffix(".pt"))
        case "a picture":
            path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
        case "no numbers":
            path.write_bytes(data[:-400] + b"\xff" * 400)
    return path


@pytest.mark.parametrize("how", ["truncated", "empty", "a pickle", "a picture", "no numbers"])
def test_a_damaged_file_is_one_line(sd1: Path, tmp_path: Path, how: str) -> None:
    path = spoilt(lora(sd1, tmp_path / "bad.safetensors"), how)
    said(sd1, path, re.escape(str(path)))


def said(model: Path, path: Path, pattern: str, worker: Worker | None = None) -> None:
    """The one line about a file, and what the model makes afterwards as before."""
    worker, plain = (
        worker or Worker("cpu"),
        Settings(PROMPT, model=str(model), steps=1, size=SQUARE),
    )
    (before,) = run_now(Generate(plain), worker)
    with pytest.raises(StudioError, match=pattern) as error:
        run_now(Generate(replace(plain, addons=(AddOn(str(path)),))), worker)
    assert "\n" not in str(error.value) and len(str(error.value)) < 500
    assert np.array_equal(run_now(Generate(plain), worker)[0].image, before.image)


def test_what_does_not_fit_is_said_and_leaves_nothing(sd1: Path, tmp_path: Path) -> None:
    worker, good = Worker("cpu"), kohya(saved("sd1", tmp_path / "x" / "sd1"), 1)
    strange = {name.replace("_blocks_", "_blobs_").replace("te_text", "te_test").replace(
        "_block_", "_blob_"): t for name, t in good.items() if "unet" in name}  # fmt: skip
    wide = {
        n: torch.cat([t, t], 1) if "attn1" in n and "lora_down" in n else t for n, t in good.items()
    }
    loha = {n.replace("lora_down.weight", "hada_w1_a").replace("lora_up.weight", "hada_w1_b"): t
            for n, t in good.items()}  # fmt: skip
    lokr = {n.replace("lora_down.weight", "lokr_w1").replace("lora_up.weight", "lokr_w2"): t
            for n, t in good.items()}  # fmt: skip
    dora = good | {n.replace("alpha", "dora_scale"): torch.ones(4, 1) for n in good if "alpha" in n}
    for name, tensors, pattern in (
        ("strange", strange, "does not fit sd1: "),
        ("wide", wide, "does not fit sd1: .*size"),
        ("loha", loha, "does not fit sd1: .*belong together"),
        ("lokr", lokr, "does not fit sd1: .*another size"),
        ("dora", dora, "is a DoRA"),
        ("vectors", {"emb_params": torch.ones(2, 7)}, "no LoRA and no embedding|vectors are 2x7"),
        ("weights", {"conv.weight": torch.ones(2, 7, 3, 3)}, "no LoRA and no embedding"),
    ):
        said(sd1, written(tmp_path / f"{name}.safetensors", tensors), pattern, worker)


def test_keys_that_are_not_known_are_counted(sd1: Path, tmp_path: Path) -> None:
    tensors = peft(saved("sd1", tmp_path / "x" / "sd1"), 1, "unet")
    more = {n.replace("down_blocks.1", "down_blocks.7"): t for n, t in tensors.items()}
    path = written(tmp_path / "more.safetensors", more | tensors)
    settings = Settings("x", model=str(sd1), steps=1, size=SQUARE, addons=(AddOn(str(path)),))
    notes = [e.message for e in run(Generate(settings), Worker("cpu")) if isinstance(e, Note)]
    left = len(more | tensors) - len(tensors)
    assert left > 0 and notes == [
        f"more: {len(tensors)} of its {len(more | tensors)} keys fit sd1; the other {left} are"
        " left out."
    ]


def test_a_lora_of_another_family_is_refused_with_both_names(
    sd1: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k"
    tensors = {f"{name}.lora_down.weight": torch.ones(4, 2048), f"{name}.alpha": torch.tensor(4.0)}
    tensors[f"{name}.lora_up.weight"] = torch.ones(640, 4)
    path, find = written(tmp_path / "xl.safetensors", tensors), registry.find
    monkeypatch.setattr(
        registry, "find", lambda model: replace(find(model), trained={"family": "SD 1.x"})
    )
    with pytest.raises(ModelError, match=r"made for SDXL, and .* is SD 1\.x"):
        Plan.of(Settings("x", model=str(sd1), addons=(AddOn(str(path)),)))
    beside = folder(sd1, "embeddings") / "apple.safetensors"
    written(beside, {"emb_params": torch.ones(2, 1024)})  # for SD 2.x, and not asked for
    assert Plan.of(Settings("an apple", model=str(sd1))).settings.addons == ()
    with pytest.raises(ModelError, match=r"made for SD 2\.x, and .* is SD 1\.x"):
        Plan.of(Settings("an apple", model=str(sd1), addons=(AddOn("apple"),)))


def test_the_studio_s_own_model_says_that_it_takes_none(tmp_path: Path) -> None:
    path = written(tmp_path / "any.safetensors", {"emb_params": VECTORS})
    with pytest.raises(UsageError, match="takes no LoRA or embedding files"):
        Plan.of(Settings("x", addons=(AddOn(str(path)),)))
    tagged = Settings("a bear <lora:style:0.8>")
    assert Plan.of(tagged).settings == tagged  # only words there


def test_weights_and_files_are_checked(sd1: Path, tmp_path: Path) -> None:
    path = lora(sd1, tmp_path / "ink.safetensors")
    copy = written(tmp_path / "copy.safetensors", kohya(saved("sd1", tmp_path / "y" / "sd1"), 1))
    copy.write_bytes(path.read_bytes())
    one = AddOn(str(path))
    for addons, pattern in (
        ((one._replace(weight=5.0),), "must be -4 to 4"),
        ((one._replace(weight=float("nan")),), "must be -4 to 4"),
        ((one, one), "ink is given twice"),
        ((one, AddOn(str(copy))), "copy is given twice"),
        ((one._replace(digest="0" * 16),), "is not the file that these settings name"),
        ((one._replace(kind=EMBEDDING),), "is of the kind LoRA, not embedding"),
    ):
        with pytest.raises(StudioError, match=pattern):
            Plan.of(Settings("x", model=str(sd1), addons=addons))


def test_half_precision_takes_lora_in_its_own(sd1: Path, tmp_path: Path) -> None:
    model = registry.open_model(str(sd1), precision="bfloat16")
    path = lora(sd1, tmp_path / "ink.safetensors")
    addons = Plan.of(Settings("x", model=str(sd1), addons=(AddOn(str(path)),))).settings.addons
    view = model.dressed(addons)
    tokens = view.condition([PROMPT]).tokens
    assert tokens.dtype == torch.bfloat16 and tokens.isfinite().all()
    assert {p.dtype for p in view.adapter.networks["text_encoder"].parameters()} == {torch.bfloat16}
    assert not any(p.requires_grad for p in view.adapter.denoiser.parameters())
