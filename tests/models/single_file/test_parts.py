"""Parts are found where people keep them; what is missing is said, with where it was looked for."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from studio.core.errors import ModelError
from studio.models.probe.header import Header, Tensor
from studio.models.probe.rule import DENOISER
from studio.models.single_file import shelves
from studio.models.single_file.layout import answer_of, layout_of
from studio.models.single_file.parts import Located, check, located, parts_in
from tests.cli.conftest import Run, run  # noqa: F401
from tests.models.probe import files
from tests.models.probe.stubs import STUBS


def stub(name: str, path: Path) -> Path:
    """The header of one of the table's files."""
    path.parent.mkdir(parents=True, exist_ok=True)
    header = next(each.header for each in STUBS if each.name == name)
    return files.write(path, header)


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """ComfyUI's folder, with a denoiser of SDXL; nobody's own models are found."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    monkeypatch.setattr(shelves, "user_data", lambda name: tmp_path / "own" / name)
    monkeypatch.setattr(shelves, "PACKAGES", ())
    models = tmp_path / "ComfyUI" / "models"
    stub("xl-unet-only.safetensors", models / "unet" / "xl-unet-only.safetensors")
    return models


def found(models: Path) -> dict[str, Located]:
    path = models / "unet" / "xl-unet-only.safetensors"
    return {each.part: each for each in parts_in(path)}


def vocabulary(folder: Path, words: int = shelves.CLIP_WORDS) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    pieces = ["<|startoftext|>", *(str(number) for number in range(words - 1))]
    (folder / "vocab.json").write_text(json.dumps({p: n for n, p in enumerate(pieces)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")


def test_nothing_but_the_denoiser_is_there(models: Path) -> None:
    parts = found(models)
    assert [name for name, part in parts.items() if part.path] == ["unet"]
    assert set(parts) == {
        "unet",
        "text_encoder",
        "text_encoder_2",
        "tokenizer",
        "tokenizer_2",
        "vae",
    }
    with pytest.raises(ModelError) as error:
        check(models / "x", parts.values())
    said = str(error.value)
    assert "needs CLIP-L (text_encoder)" in said and "--with clip_l=PATH" in said
    assert str(models / "unet") in said and "\n" not in said


def test_parts_in_the_folders_of_comfyui(models: Path) -> None:
    stub("clip_l.safetensors", models / "text_encoders" / "clip_l.safetensors")
    stub("clip_g.safetensors", models / "clip" / "clip_g.safetensors")
    stub("t5xxl_fp16.safetensors", models / "clip" / "a_t5.safetensors")
    stub("vae-ft-mse-840000-ema-pruned.safetensors", models / "vae" / "vae-ft-mse.safetensors")
    stub("ae.safetensors", models / "vae" / "ae.safetensors")
    assert found(models)["vae"].path is None  # neither is SDXL's
    stub("sdxl_vae.safetensors", models / "vae" / "sdxl_vae.safetensors")
    (models / "vae" / "damaged.safetensors").write_bytes(b"no header")
    vocabulary(models.parent / "comfy" / "sd1_tokenizer")
    parts = found(models)
    check(models, parts.values())
    assert parts["text_encoder"].path == models / "text_encoders" / "clip_l.safetensors"
    assert parts["text_encoder_2"].path == models / "clip" / "clip_g.safetensors"
    assert parts["vae"].path == models / "vae" / "sdxl_vae.safetensors"
    assert parts["vae"].source == f"in {models}"
    assert parts["tokenizer_2"].path == models.parent / "comfy" / "sd1_tokenizer"


def test_what_lies_beside_the_file_comes_first(models: Path) -> None:
    stub("clip_l.safetensors", models / "clip" / "clip_l.safetensors")
    beside = stub("clip_l.safetensors", models / "unet" / "mine.safetensors")
    vocabulary(models / "unet")
    vocabulary(models.parent / "comfy" / "sd1_tokenizer")
    parts = found(models)
    assert (parts["text_encoder"].path, parts["text_encoder"].source) == (beside, "beside the file")
    assert parts["tokenizer"].path == models / "unet"


@pytest.mark.parametrize(
    "place",
    ["cache/hub/models--openai--clip-vit-large-patch14/snapshots/0a1b",
     "cache/hub/models--runwayml--sd/snapshots/0a1b/tokenizer",
     "ComfyUI/backend/huggingface/runwayml/stable-diffusion-v1-5/tokenizer",
     "ComfyUI/models/unet/tokenizer"],
)  # fmt: skip
def test_vocabularies_are_known_by_their_words(models: Path, tmp_path: Path, place: str) -> None:
    vocabulary(tmp_path / place, 50257)  # not CLIP's
    assert found(models)["tokenizer"].path is None
    shutil.rmtree(tmp_path / place)
    vocabulary(tmp_path / place)
    assert found(models)["tokenizer"].path == tmp_path / place


def test_a_package_that_carries_the_vocabulary(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found without importing it."""
    package = tmp_path / "packages" / "clip_stand_in"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise AssertionError('imported')\n")
    (package / shelves.PACKED).write_bytes(b"")
    monkeypatch.syspath_prepend(str(package.parent))
    monkeypatch.setattr(shelves, "PACKAGES", ("clip_stand_in",))
    assert found(models)["tokenizer"].path == package / shelves.PACKED


def test_what_is_inside_or_chosen_is_not_looked_for(models: Path) -> None:
    path = stub("v1-5-pruned-emaonly.safetensors", models / "checkpoints" / "v1.safetensors")
    own = {each.part: each for each in parts_in(path)}
    assert own["text_encoder"].path == own["vae"].path == path
    assert own["vae"].source == "in the file" and not own["vae"].looked
    answer = answer_of(path)
    chosen = {"vae": "/other", "clip_l": "/l"}
    given = located(path, ["vae.decoder.conv_in.weight"], layout_of(path, answer), chosen)
    assert {e.choice: e.path for e in given if e.choice in chosen} == {
        name: Path(value) for name, value in chosen.items()
    }


def test_it_is_said_by_the_command_line(models: Path, run: Run) -> None:  # noqa: F811
    path = models / "unet" / "xl-unet-only.safetensors"
    (place,) = [
        each
        for each in run("models", "--probe", str(path), "--json").document["probe"]["places"]
        if each["part"] == "vae"
    ]
    assert (place["path"], place["words"]) == ("", "autoencoder")
    assert str(models / "unet") in place["looked"]
    assert (
        f"vae: autoencoder, missing in {models / 'unet'}" in run("models", "--probe", str(path)).out
    )
    failed = run("generate", "a bear", "--model", str(path), "--vae", "/nowhere")
    assert failed.code == 1 and "--with clip_l=PATH" in failed.error
    assert run("generate", "a bear", "--model", str(path), "--with", "x").code == 2


def test_files_of_other_kinds_have_no_parts(tmp_path: Path) -> None:
    assert parts_in(stub("clip_l.safetensors", tmp_path / "clip_l.safetensors")) == ()
    assert parts_in(stub("krea2.safetensors", tmp_path / "krea2.safetensors")) == ()
    assert parts_in(stub("cosxl.safetensors", tmp_path / "cosxl.safetensors")) == ()
    odd = files.write(tmp_path / "odd.safetensors", Header({"x": Tensor("F32", (2,))}))
    assert parts_in(odd) == () and answer_of(odd).kind != DENOISER


def settings(folder: Path, said: str) -> Path:
    """A tokenizer's folder, by what its settings say."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tokenizer_config.json").write_text(said)
    return folder


T5, UMT5 = '"<extra_id_99>"', '"<extra_id_99>" "<extra_id_100>"'


def test_parts_of_a_transformer_are_found_where_comfyui_has_them(models: Path) -> None:
    path = stub("flux1-dev-Q4_K_S.gguf", models / "unet" / "flux1-dev-Q4_K_S.gguf")
    clip = stub("clip_l.safetensors", models / "clip" / "clip_l.safetensors")
    packed = stub("t5-v1_1-xxl-encoder-Q5_K_M.gguf", models / "clip" / "a.gguf")
    stub("ae.safetensors", models / "vae" / "sd3_vae.safetensors")  # whose latents are others
    vocabulary(models.parent / "comfy" / "sd1_tokenizer")
    reading = models.parent / "comfy" / "text_encoders"
    settings(reading / "umt5_tokenizer", UMT5)
    settings(reading / "qwen25_tokenizer", '{"tokenizer_class": "Qwen2Tokenizer"}')

    def found() -> dict[str, Located]:
        return {each.choice or each.part: each for each in parts_in(path)}

    assert [*found()] == ["transformer", "clip_l", "tokenizer", "t5_xxl", "tokenizer_2", "vae"]
    assert (found()["clip_l"].path, found()["t5_xxl"].path) == (clip, packed)
    assert found()["vae"].path is None and found()["tokenizer_2"].path is None
    missing = r"needs T5.s vocabulary .*, autoencoder .*: --with tokenizer_2=PATH --with vae=PATH"
    with pytest.raises(ModelError, match=missing):
        check(path, found().values())
    whole = stub("t5xxl_fp16.safetensors", models / "clip" / "t5xxl_fp16.safetensors")
    words = settings(reading / "t5_tokenizer", T5)
    vae = stub("ae.safetensors", models / "vae" / "ae.sft")
    check(path, found().values())
    assert found()["t5_xxl"].path == whole  # not packed
    assert (found()["tokenizer_2"].path, found()["vae"].path) == (words, vae)


def test_sd3_opens_without_t5_and_not_without_its_words(models: Path) -> None:
    path = stub("sd3.5_medium.safetensors", models / "checkpoints" / "sd3.5_medium.safetensors")
    for name in ("clip_l", "clip_g"):
        stub(f"{name}.safetensors", models / "clip" / f"{name}.safetensors")
    vocabulary(models.parent / "comfy" / "sd1_tokenizer")
    check(path, parts_in(path))
    assert [each.part for each in parts_in(path) if each.path is None] == [
        "text_encoder_3",
        "tokenizer_3",
    ]
    stub("t5xxl_fp16.safetensors", models / "clip" / "t5xxl_fp16.safetensors")
    with pytest.raises(ModelError, match="--with tokenizer_3=PATH"):
        check(path, parts_in(path))
    settings(models / "checkpoints" / "t5_tokenizer", T5)
    check(path, parts_in(path))


@pytest.mark.parametrize(
    ("name", "said"),
    [("flux2-dev", "[SYSTEM_PROMPT]"), ("lumina_2", '"GemmaTokenizerFast"'),
     ("z_image_turbo_bf16", '"Qwen2TokenizerFast"')],
)  # fmt: skip
def test_language_models_tokenizers_are_known_by_their_settings(
    models: Path, tmp_path: Path, name: str, said: str
) -> None:
    path = stub(f"{name}.safetensors", models / "unet" / f"{name}.safetensors")
    hub = tmp_path / "cache" / "hub" / "models--a--b" / "snapshots" / "0a1b"
    words = settings(hub / "tokenizer", said)
    assert {each.part: each.path for each in parts_in(path)}["tokenizer"] == words
