"""Words that no caption uses: aligned with the nearest thing's, learnt, the rest left as it was."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from studio.core.errors import DataError, UsageError
from studio.dataset.wording import noun
from studio.models.network_folder import read_manifest
from studio.models.registry import open_network
from studio.training import recipe as recipes
from studio.training import tasks
from studio.training.hardware import Hardware
from studio.training.tasks import nearest
from tests.training import learning
from tests.training.test_text_tasks import random_teacher, small_batches

ON = Hardware(torch.device("cpu"))
WORDS = ("whelp", "barn", "zyzzyva", "wigwam", "cottage", "fireplace", "jeans")
TEXTS = st.lists(st.integers(0, 3), min_size=1, max_size=9)


@given(TEXTS, TEXTS)
def test_every_token_stands_for_one_text_of_tokens(a: list[int], b: list[int]) -> None:
    ways = nearest.alignment(a, b)
    assert ways.shape == (len(a), len(b))
    assert torch.allclose(ways.sum(1), torch.ones(len(a)))
    assert torch.equal(nearest.alignment(a, a), torch.eye(len(a)))


def test_what_is_alike_at_both_ends_stays() -> None:
    split = nearest.alignment([1, 5, 9, 2], [1, 7, 2])  # "billed cap" for "hat"
    assert split.argmax(1).tolist() == [0, 1, 1, 2]
    joined = nearest.alignment([1, 5, 2], [1, 7, 8, 2])  # "plush" for "teddy bear"
    assert joined[1].tolist() == [0, 0.5, 0.5, 0]
    added = nearest.alignment([1, 5, 9, 2], [1, 9, 2])  # "toy poodle" for "poodle"
    assert added.argmax(1).tolist() == [0, 1, 1, 2]


def test_a_slot_is_filled_by_article_and_number() -> None:
    assert nearest.filled("{a} beside a dog", noun("owl")) == "an owl beside a dog"
    assert nearest.filled("two {p}, 3d", noun("mouse")) == "two mice, 3d"
    assert nearest.filled("{p}, 3d", noun("bread")) == "bread, 3d", "it has no plural"


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> nearest.NearestTask:
    """Prepared, with a few words and a teacher of random weights."""
    lexicon = tmp_path_factory.mktemp("dict")
    entries = [f"000{i:05d} 05 n 01 {word} 0 000 | a thing\n" for i, word in enumerate(WORDS)]
    for part in ("noun", "verb", "adj", "adv"):
        lines = entries if part == "noun" else []
        (lexicon / f"data.{part}").write_text("".join(lines), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LATENT_STUDIO_WORDNET", str(lexicon))
        patch.setattr(nearest, "Teacher", lambda weights: random_teacher())
        patch.setattr(nearest, "read_weights", dict)
        patch.setattr(nearest, "PLACES", 8)
        patch.setattr(nearest, "UNSEEN", 3)
        made = nearest.NearestTask(small_batches("text-nearest", 12, likeness=0.0))
        list(made.prepare(ON))
    return made


def test_neither_labels_nor_held_out_words_are_taught(task: nearest.NearestTask) -> None:
    taught = {word for word, _ in (*task.near, *task.unseen)}
    assert taught == set(WORDS) - {"jeans", "fireplace"}
    assert not {word for word, _ in task.near} & {word for word, _ in task.unseen}
    assert {word for word, _ in task.common} == {"barn", "cottage"}, "the rest is in pieces"


def test_it_begins_as_it_was_and_learns(task: nearest.NearestTask, tmp_path: Path) -> None:
    batch = task.batch(3, 0, 1)
    assert torch.equal(task.batch(3, 0, 1).target, batch.target)
    assert int(batch.known.sum()) == 6
    with torch.no_grad():
        begun = task.losses(task.network, batch, 0)
    assert float(begun["known"]) < 1e-6 < 0.1 < float(begun["near"])

    losses = learning.losses(task, batch, steps=8, rate=1e-3)
    assert losses[-1] < 0.8 * losses[0]

    assert set(task.validate(task.network.eval())) == {"nearest", "unseen"}
    task.export(task.network, tmp_path / "text", {"recipe": "test"})
    assert (tmp_path / "text/tokenizer.json").is_file()
    assert read_manifest(tmp_path / "text").trained["begun"], "what the tower was before"
    opened = open_network(str(tmp_path / "text"), "text")
    expected = task.network(batch.ids, batch.mask).pooled.detach()
    torch.testing.assert_close(opened(batch.ids, batch.mask).pooled, expected, atol=2e-3, rtol=0)


def test_without_wordnet_it_says_what_to_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LATENT_STUDIO_WORDNET", raising=False)
    task = nearest.NearestTask(recipes.load("text-nearest"))
    with pytest.raises(DataError, match="LATENT_STUDIO_WORDNET must name"):
        list(task.prepare(ON))


def test_words_all_too_far_are_an_error() -> None:
    strict = nearest.NearestTask(small_batches("text-nearest", 12, likeness=1.0))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nearest.NearestTask, "_candidates", lambda self: ["whelp"])
        patch.setattr(nearest, "Teacher", lambda weights: random_teacher())
        patch.setattr(nearest, "read_weights", dict)
        with pytest.raises(UsageError, match="lower the recipe's `likeness`"):
            list(strict.prepare(ON))


def test_the_recipe_names_its_task() -> None:
    assert tasks.find(recipes.load("text-nearest").task) is nearest.NearestTask
