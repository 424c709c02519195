"""`evaluate`: what it measures with, what it hands on, what it refuses."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from studio.core.parts import Parts
from studio.dataset.catalogue import Catalogue
from studio.report import card
from studio.report.card import Card, CardSettings, Figure, Subject
from tests.cli.conftest import Run
from tests.tiny import SIDE

FIGURE = Figure("retrieval", "R@1", 0.25, 0.01, 1.0, 4, "share", "of four")


class Measured:
    """Stands where the measuring does: it takes minutes and has tests of its own."""

    def __call__(
        self,
        subject: Subject,
        catalogue: Catalogue,
        settings: CardSettings,
        report: Callable[[str], None],
        parts: Parts | None = None,
    ) -> Card:
        self.subject, self.settings = subject, settings
        report("one of one")
        sheet = subject.generate(["a bear"], [1])[0]
        return Card(subject.name, "a judge", settings, (FIGURE,), 1, 0.5, {"sheet": sheet})


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Measured:
    instead = Measured()
    monkeypatch.setattr(card, "evaluate", instead)
    return instead


@pytest.fixture
def options(tiny: Path) -> tuple[object, ...]:
    return ("--model", tiny, "--size", SIDE, "--device", "cpu")


def test_the_card_is_printed_and_written(
    run: Run, measured: Measured, options: tuple[object, ...], tmp_path: Path
) -> None:
    out = tmp_path / "card"
    more = ("--rows", "pairs, words", "--seed", 9)
    ran = run("evaluate", *options, "--quick", *more, "--out", out, "--json")
    document = ran.document
    assert ran.err == "one of one\n"
    assert measured.settings.seed == 9
    assert measured.settings.rows == ("pairs", "words")
    assert measured.settings.retrieved == CardSettings.quick().retrieved
    (figure,) = document["figures"]
    assert (figure["value"], figure["chance"], figure["ceiling"]) == (0.25, 0.01, 1.0)
    assert sorted(document["files"]) == sorted(str(path) for path in out.iterdir())


def test_the_card_as_a_table(run: Run, measured: Measured, options: tuple[object, ...]) -> None:
    ran = run("evaluate", *options, "--sampler", "ddpm", "--steps", 3, "--guidance", 1.5)
    assert measured.subject.name == "tiny (ddpm, 3 steps, guidance 1.5)"
    (line,) = [line for line in ran.out.splitlines() if "R@1" in line]
    assert line.split() == ["retrieval", "R@1", "25.0", "%", "1.0", "%", "100.0", "%", "4"]


def test_the_subject_is_the_model(
    run: Run, measured: Measured, options: tuple[object, ...]
) -> None:
    run("evaluate", *options)
    subject = measured.subject
    pictures = subject.generate(["a bear", "a red apple"], [1, 2])
    assert pictures.shape == (2, SIDE, SIDE, 3)
    assert subject.reconstruct is not None
    assert subject.reconstruct(np.zeros((1, 32, 32, 3), np.uint8)).shape == (1, 32, 32, 3)


@pytest.mark.parametrize(
    ("wrong", "code", "word"),
    [
        (("--steps", 0), 2, "steps"),
        (("--seed", -2), 2, "seed"),
        (("--rows", "pairs,hats"), 2, "no rows 'hats'; choose from reconstruction"),
        (("--out", "card.json"), 2, "folder"),
        (("--out", "main.py/card"), 1, "not a folder"),
        (("--model", "nothing"), 1, "nothing"),
    ],
)
def test_wrong_cards(run: Run, wrong: tuple[object, ...], code: int, word: str) -> None:
    ran = run("evaluate", *wrong)
    assert ran.code == code
    assert word in ran.error
