"""Words and pictures in one space, by tiny random networks: shapes, sums, what is said."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
import torch

from studio.core import installation
from studio.core.errors import Cancelled, UsageError
from studio.core.language import (
    Describe,
    Described,
    Embed,
    Embedded,
    Known,
    KnownVectors,
    Look,
    Looked,
    Read,
    ReadText,
    Scatter,
    Scattered,
    Tokenize,
    Tokenized,
)
from studio.core.messages import Event, Request
from studio.dataset.catalogue import Catalogue
from studio.engine import language
from studio.engine.language import DENSE
from studio.engine.worker import Worker, run_now
from studio.networks.tokenizers import KINDS
from tests import tiny

BUNDLED = installation.ASSETS
Kind = TypeVar("Kind", bound=Event)
SIDE = 8 // 4 * DENSE  # patches of the tiny encoders


@pytest.fixture(scope="module")
def assets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.encoders(tmp_path_factory.mktemp("assets"))


@pytest.fixture
def worker(assets: Path, monkeypatch: pytest.MonkeyPatch) -> Worker:
    monkeypatch.setattr(installation, "ASSETS", assets)
    return Worker("cpu")


def answered(worker: Worker, request: Request, kind: type[Kind]) -> Kind:
    """The last event of a kind that a request brings."""
    request.check()
    found: list[Event] = []
    run_now(request, worker, found.append)
    return [event for event in found if isinstance(event, kind)][-1]


def picture(seed: int = 0, height: int = 30, width: int = 20) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def test_texts_and_pictures_need_no_generator(worker: Worker) -> None:
    found = answered(worker, Embed(("a (red apple", ""), (picture(), picture(1, 9, 9))), Embedded)
    assert found.texts.shape == found.pictures.shape == (2, tiny.TEXT.output)
    assert (found.loss, found.scale) == ("siglip", pytest.approx(10, rel=1e-2))


@pytest.mark.parametrize("encoder", ["vit", "dino", "clip", "siglip"])
def test_a_picture_is_looked_at_more_finely_than_its_patches(worker: Worker, encoder: str) -> None:
    found = answered(worker, Look(picture(), encoder), Looked)
    assert found.components.shape == (SIDE, SIDE, 3) and found.components.max() == 255
    assert found.patches.shape == (SIDE, SIDE, 12)
    assert found.attention.shape == (2, 2, SIDE, SIDE)
    sums = found.attention.sum((-1, -2))
    assert (sums > 0).all() and (sums < 1).all()  # the rest is for [CLS] itself
    assert len(found.labels) == (5 if encoder == "vit" else 0)
    shares = [share for _, share in found.labels]
    assert shares == sorted(shares, reverse=True) and sum(shares) <= 1


def test_the_moved_looks_lie_in_each_others_gaps(worker: Worker) -> None:
    """One dark half: the patches that differ lie where it is."""
    image = np.full((8, 8, 3), 255, np.uint8)
    image[:, 4:] = 0
    patches = answered(worker, Look(image, "dino"), Looked).patches
    plain = worker.encoders.vision("dino")(worker.encoders.prepared([image], 8)).patches[0]
    assert patches[::DENSE, ::DENSE].reshape(4, 12) == pytest.approx(plain.numpy(), abs=1e-5)
    assert np.abs(patches[:, 2] - patches[:, 0]).max() > 1e-3


def test_a_text_is_read_layer_by_layer(worker: Worker) -> None:
    found = answered(worker, Read("a red apple"), ReadText)
    assert found.pieces == ("[CLS]", "a", "red", "apple", "[SEP]")
    assert found.attention.shape == (tiny.TEXT.depth, tiny.TEXT.heads, 5, 5)
    assert found.attention.sum(-1) == pytest.approx(1, abs=1e-5)
    assert found.positions.shape == found.sinusoids.shape == (tiny.TEXT.length, tiny.TEXT.width)
    assert found.sinusoids[0].tolist() == [0, 1] * (tiny.TEXT.width // 2)


@pytest.mark.parametrize(("text", "length"), [("", 2), ("apple " * 10_000, 32), ("\ud800\0", 3)])
def test_any_text_is_read_as_far_as_it_goes(worker: Worker, text: str, length: int) -> None:
    found = answered(worker, Read(text), ReadText)
    assert len(found.pieces) == found.attention.shape[-1]
    assert len(found.pieces) == length and found.pieces[-1] == "[SEP]"


def test_a_picture_is_described_alike_each_time_the_best_first(worker: Worker) -> None:
    found = answered(worker, Describe(picture()), Described)
    assert 1 < len(found.prompts) == len(found.scores) == len(set(found.prompts))
    assert all(prompt.strip() for prompt in found.prompts)
    assert list(found.scores) == sorted(found.scores, reverse=True)
    again = answered(worker, Describe(picture()), Described)
    assert (again.prompts, again.scores) == (found.prompts, found.scores)
    texts = worker.encoders.texts(found.prompts[:1])
    cosine = float(texts[0] @ worker.encoders.pictures([picture()])[0])
    assert found.scores[0] == pytest.approx(cosine, abs=1e-5)


def test_every_tokenizer_says_how_it_cuts(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "ASSETS", BUNDLED)
    found = answered(worker, Tokenize("a red 🦊"), Tokenized)
    assert [row.tokenizer for row in found.rows] == [*KINDS, "teacher"]
    for row in found.rows:
        assert len(row.pieces) == len(row.ids) <= row.size
        assert any("🦊" in part for part in row.unknown)
    empty = answered(worker, Tokenize(""), Tokenized)
    assert all(not row.ids and not row.unknown for row in empty.rows)


def test_the_dataset_is_read_once(
    worker: Worker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    catalogue = Catalogue()
    few = catalogue.codes("fluent-3d")[:3]
    monkeypatch.setattr(Catalogue, "codes", lambda self, style: few)
    monkeypatch.setattr(language, "user_cache", lambda name: tmp_path)
    found = answered(worker, Known(), KnownVectors)
    assert found.codes == few and found.pictures.shape == (3, tiny.TEXT.output)
    assert np.linalg.norm(found.pictures, axis=1) == pytest.approx(1, abs=1e-5)
    assert found.labels[0] in found.words and found.groups[0] == catalogue.by_code[few[0]].group
    assert found.word_vectors.shape == (len(found.words), tiny.TEXT.output)
    kept = list(tmp_path.iterdir())
    monkeypatch.setattr(Catalogue, "picture", None)  # nothing is drawn again
    again = answered(worker, Known(), KnownVectors)
    assert (again.pictures == found.pictures).all() and len(kept) == 1
    assert answered(worker, Embed(), Embedded).weights in kept[0].name


def test_a_map_moves_and_can_be_cancelled(worker: Worker) -> None:
    vectors = np.random.default_rng(0).normal(size=(12, 5)).astype(np.float32)
    found: list[Event] = []
    run_now(Scatter(vectors, 3.0), worker, found.append)
    moves = [event for event in found if isinstance(event, Scattered)]
    assert len(moves) > 10 and [each.done for each in moves].index(True) == len(moves) - 1
    assert all(each.points.shape == (12, 2) for each in moves)
    calls = iter(range(5))

    def check() -> None:
        if next(calls, None) is None:
            raise Cancelled

    with pytest.raises(Cancelled):
        list(worker.run(Scatter(vectors), check))
    with pytest.raises(UsageError, match="3 to"):
        Scatter(vectors[:2]).check()
    with pytest.raises(UsageError, match="at most 512 texts"):
        Embed(("a",) * 513).check()


def test_components_are_stretched_and_those_of_nothing_are_nothing() -> None:
    made = torch.from_numpy(np.random.default_rng(0).normal(size=(5, 6, 9)))
    found = language.components(made)
    assert found.shape == (5, 6, 3) and found.min() == 0 and found.max() == 255
    assert not language.components(torch.ones(2, 2, 4)).any()
