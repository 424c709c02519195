"""`embed` and `describe`: what fits what, in JSON and for people; what cannot be read is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from studio.cli.verbs.embed import fitting
from studio.core import installation
from studio.core.language import Embedded
from studio.dataset.catalogue import Catalogue
from studio.models import encoders, registry
from studio.models.encoders import Encoders
from tests import tiny
from tests.cli.conftest import Run


@pytest.fixture(scope="module")
def assets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.encoders(tmp_path_factory.mktemp("assets"))


@pytest.fixture(autouse=True)
def installed(assets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (installation, registry):
        monkeypatch.setattr(module, "ASSETS", assets)


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / name for name in ("one.png", "two.png")]
    for seed, path in enumerate(paths):
        pixels = np.random.default_rng(seed).integers(0, 256, (30, 20, 3), np.uint8)
        Image.fromarray(pixels).save(path)
    return paths


@pytest.mark.parametrize("encoder", ["", "clip"])
def test_a_row_a_picture_a_column_a_text(run: Run, photos: list[Path], encoder: str) -> None:
    texts = ["a red apple", "two bears", "--", ""]
    options = [option for text in texts for option in (f"--text={text}",)]
    chosen = ("--encoder", encoder) if encoder else ()
    document = run("embed", *photos, *options, *chosen, "--json").document
    assert document["images"] == [str(path) for path in photos]
    assert document["texts"] == texts
    ours = Encoders("cpu")
    pictures = [np.asarray(Image.open(path)) for path in photos]
    cosines = ours.pictures(pictures, encoder) @ ours.texts(texts, encoder).T
    assert np.array(document["similarity"]) == pytest.approx(cosines.numpy(), abs=1e-5)
    for row, labels in zip(document["similarity"], document["labels"], strict=True):
        assert [each["similarity"] for each in labels] == sorted(row, reverse=True)
        if encoder == "clip":
            assert sum(each["probability"] for each in labels) == pytest.approx(1)


def test_without_texts_the_datasets_labels(run: Run, photos: list[Path]) -> None:
    document = run("embed", *photos, "--json").document
    known = {concept.label for concept in Catalogue().concepts}
    for labels, row in zip(document["labels"], document["similarity"], strict=True):
        assert len({each["label"] for each in labels} & known) == 5
        assert max(row) == labels[0]["similarity"]
    named = {each["label"] for labels in document["labels"] for each in labels}
    assert set(document["texts"]) == named
    lines = run("embed", photos[0]).out.splitlines()
    assert lines[0].split() == ["picture", "text", "similarity", "probability"] and len(lines) == 6


def test_probabilities_are_what_the_pair_learnt() -> None:
    cosines = np.array([[0.5, 0.1], [0.0, 0.0]])
    nothing = np.zeros((0, 4), np.float32)
    softmax = fitting(cosines, Embedded(0, nothing, nothing, 10.0, 0.0, "clip", ""))
    assert softmax == pytest.approx(np.array([[0.98201379, 0.01798621], [0.5, 0.5]]))
    sigmoid = fitting(cosines, Embedded(0, nothing, nothing, 10.0, -5.0, "siglip", ""))
    assert sigmoid == pytest.approx(np.array([[0.5, 0.01798621], [0.00669285, 0.00669285]]))


def test_a_prompt_for_each_picture(run: Run, photos: list[Path]) -> None:
    document = run("describe", *photos, "--json").document
    assert [each["image"] for each in document["images"]] == [str(path) for path in photos]
    for each in document["images"]:
        assert {"prompt": each["prompt"], "score": each["score"]} == each["prompts"][0]
    lines = run("describe", *photos).out.splitlines()
    assert lines[0].split() == ["picture", "prompt", "score"]
    assert [line.split()[0] for line in lines[1:]] == ["one.png", "two.png"]


@pytest.mark.parametrize("verb", ["embed", "describe"])
@pytest.mark.parametrize("content", [None, b"", b"not a picture", b"GIF89a"])
def test_a_picture_that_cannot_be_read_is_one_line(
    run: Run, photos: list[Path], tmp_path: Path, verb: str, content: bytes | None
) -> None:
    odd = tmp_path / "odd.png"
    if content is not None:
        odd.write_bytes(content)
    ran = run(verb, photos[0], odd, "--json")
    assert ran.code == 1 and "odd.png" in ran.error


@pytest.mark.parametrize(
    ("options", "code", "word"),
    [
        (("--encoder", "siglop"), 1, "did you mean"),
        (("--encoder", "vit"), 1, "choose a pair of towers"),
        (("--text",), 2, "--text"),
    ],
)
def test_wrong_usage_is_one_line(
    run: Run, photos: list[Path], options: tuple[str, ...], code: int, word: str
) -> None:
    ran = run("embed", photos[0], *options)
    assert ran.code == code and word in ran.error


@pytest.mark.parametrize("verb", ["embed", "describe"])
def test_a_device_is_taken_or_refused(
    run: Run, photos: list[Path], monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    opened: list[str] = []
    usual = Encoders.__init__

    def noted(self: Encoders, device: str) -> None:
        opened.append(device)
        usual(self, device)

    monkeypatch.setattr(Encoders, "__init__", noted)
    encoders._of.cache_clear()
    here = run(verb, photos[0], "--device", "cpu", "--json").document
    assert opened == ["cpu"]
    assert run(verb, photos[0], "--json").document == here and opened == ["cpu"]
    if not torch.cuda.is_available():
        ran = run(verb, photos[0], "--device", "cuda")
        assert ran.code == 2 and "cuda" in ran.error.lower()
    assert run(verb, photos[0], "--device", "abacus").code == 2


def test_the_encoders_are_listed(run: Run) -> None:
    kinds = {each["name"]: each["kind"] for each in run("models", "--json").document["models"]}
    expected = {"vit": "vision", "dino": "vision", "clip": "towers", "captioner": "decoder"}
    assert expected.items() <= kinds.items()
