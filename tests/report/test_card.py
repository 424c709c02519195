"""The card on a perfect generator (it returns real pictures), on noise, and on disk."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studio.core.errors import Cancelled, OutputError
from studio.dataset.catalogue import BUNDLED, Catalogue
from studio.dataset.scenes import WHITE, Scene, compose
from studio.dataset.wording import noun
from studio.metrics.features import GradientJudge
from studio.report import composition, order
from studio.report.card import Card, CardSettings, Subject, evaluate, markdown, write
from studio.report.evaluation import Evaluation
from studio.report.pairs import APART, COVERED
from studio.report.prompts import PAIR_PROMPTS, PROMPTS
from studio.report.styles import STYLES
from studio.report.subject import Errors

SMALL = CardSettings(scenes=3, retrieved=30, unseen=6, composed=18, paired=8, worded=6, styled=6,
                     varied=3, seeds=2)  # fmt: skip


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """Every sixth concept of the bundled catalogue, the same pictures."""
    folder = tmp_path_factory.mktemp("dataset")
    index = json.loads((BUNDLED / "concepts.json").read_text(encoding="utf-8"))
    index["concepts"] = index["concepts"][::6]
    (folder / "concepts.json").write_text(json.dumps(index), encoding="utf-8")
    for archive in (*BUNDLED.glob("*.zip"), BUNDLED / "words.json"):
        (folder / archive.name).symlink_to(archive)
    return Catalogue(folder)


class Oracle:
    """Returns the real picture that each of the card's prompts asks for."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        subject = Subject("oracle", self)
        run = Evaluation(subject, catalogue, GradientJudge(), SMALL, lambda _: None, lambda: False)
        codes = catalogue.codes(SMALL.style)
        self.scenes = {run.prompt(code): run.alone(code, WHITE) for code in codes}
        for word, owners in catalogue.unsaid.items():
            if owners[0] in codes:
                words = run.named(noun(word).singular)
                self.scenes.setdefault(words, run.alone(owners[0], WHITE))
        for style in STYLES:
            for code in catalogue.codes(style):
                words = f"{noun(catalogue.by_code[code].label).singular}, "
                words += catalogue.style(style).caption
                self.scenes[words] = run.alone(code, WHITE, style)

    def __call__(self, prompts: Sequence[str], seeds: Sequence[int]) -> np.ndarray:
        blank = Scene(SMALL.style, WHITE, ())
        scenes = [self.scenes.get(prompt, blank) for prompt in prompts]
        return np.stack([compose(scene, self.catalogue) for scene in scenes])

    def explains(self, pictures: np.ndarray) -> Errors:
        def errors(prompts: Sequence[str], seeds: Sequence[int]) -> np.ndarray:
            return np.square(pictures.astype(float) - self(prompts, seeds)).mean((1, 2, 3))

        return errors


@pytest.fixture(scope="module")
def perfect(catalogue: Catalogue) -> Iterator[Card]:
    oracle, plain = Oracle(catalogue), composition.prompt

    def remembered(run: Evaluation, scene: Scene) -> str:
        words = plain(run, scene)
        oracle.scenes[words] = scene
        return words

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(composition, "prompt", remembered)
        subject = Subject("oracle", oracle, lambda pictures: pictures, oracle.explains)
        yield evaluate(subject, catalogue, SMALL, lambda _: None, judge=GradientJudge())


@pytest.fixture(scope="module")
def clueless(catalogue: Catalogue) -> Card:
    def noise(prompts: Sequence[str], seeds: Sequence[int]) -> np.ndarray:
        return np.stack(
            [
                np.random.default_rng(seed).integers(0, 256, (256, 256, 3)).astype(np.uint8)
                for seed in seeds
            ]
        )

    return evaluate(
        Subject("noise", noise), catalogue, SMALL, lambda _: None, judge=GradientJudge()
    )


SEEN, UNSEEN = "retrieval, concepts seen in training", "retrieval, concepts held out of training"


def test_real_pictures_are_found(perfect: Card) -> None:
    for section in (SEEN, UNSEEN):
        assert perfect.find(section, "R@1").value == 1.0
        assert perfect.find(section, "R@5").value == 1.0
        assert (perfect.find(section, "R@1").ceiling or 0) >= 0.9


def test_real_pictures_hold_their_composition(perfect: Card) -> None:
    for name in ("ground colour", "count", "side"):
        figure = perfect.find("composition", name)
        assert figure.value == figure.ceiling
        assert figure.value >= 0.95
        assert (figure.chance or 0) < 0.6
    chance = perfect.find("composition", "side").chance
    assert chance == pytest.approx(0.25, abs=0.15)


PAIRED = tuple(f"pairs, {name}" for name in (*APART, *COVERED))


def test_real_pictures_show_both_things(perfect: Card) -> None:
    for section in PAIRED:
        for name in ("both right", "each alone"):
            figure = perfect.find(section, name)
            assert figure.value >= 0.85
            assert (figure.ceiling or 0) >= 0.85
            assert (figure.chance or 0) < 0.5


def test_pairs_the_other_way_round_are_not_right(catalogue: Catalogue) -> None:
    """A generator that mixes up left and right, or leaves a thing out, is found out."""
    oracle, plain = Oracle(catalogue), composition.prompt
    mirrored = {"left of": "right of", "right of": "left of", "above": "below", "below": "above"}

    def swapped(run: Evaluation, scene: Scene) -> str:
        words = plain(run, scene)
        oracle.scenes[words] = order.exchanged(scene)
        if scene.relation not in mirrored and scene.relation != "next to":
            oracle.scenes[words] = replace(scene, objects=scene.objects[:1])
        return words

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(composition, "prompt", swapped)
        settings = replace(SMALL, rows=("pairs",))
        card = evaluate(
            Subject("swapped", oracle), catalogue, settings, lambda _: None, judge=GradientJudge()
        )
    for name in ("to the left or right of", "above or below"):
        assert card.find(f"pairs, {name}", "each alone").value < 0.2
    assert card.find("pairs, next to", "both right").value >= 0.85, "in any order"
    for name in COVERED:
        assert card.find(f"pairs, {name}", "both right").value < 0.5
    assert {figure.section for figure in card.figures} == set(PAIRED)
    assert list(card.sheets) == ["pairs"]


def test_the_order_is_heard_or_not(perfect: Card, catalogue: Catalogue) -> None:
    """A denoiser whose answer is the same for both prompts earns one half."""
    for name in order.ROWS:
        figure = perfect.find("order of two things, heard", name)
        assert figure.value == figure.ceiling == 1.0
        assert 0 <= (figure.chance or 0) < 1
    deaf = Subject(
        "deaf", Oracle(catalogue), explains=lambda seen: lambda words, seeds: np.ones(len(seen))
    )
    settings = replace(SMALL, rows=("order",))
    card = evaluate(deaf, catalogue, settings, lambda _: None, judge=GradientJudge())
    assert [figure.value for figure in card.figures] == [0.5, 0.5]
    assert card.pictures == 0


def test_real_pictures_of_words_and_styles(perfect: Card) -> None:
    for name in ("hit@1", "hit@5"):
        figure = perfect.find("words that no caption uses", name)
        assert figure.value == 1.0
        assert (figure.chance or 0) < 0.1
    assert perfect.find("style", "flat or 3d, as asked").value == 1.0


def test_real_pictures_are_copies_without_variety(perfect: Card) -> None:
    ratio = perfect.find("memorisation", "NN1/NN2, prompts seen")
    assert ratio.value < 0.1 < (ratio.chance or 0) < (ratio.ceiling or 0)
    held_out = perfect.find("memorisation", "NN1/NN2, prompts held out")
    assert held_out.value > 0.7
    assert perfect.find("diversity", "between seeds").value < 1e-3
    kernel = perfect.find("likeness of the set", "kernel distance")
    assert kernel.value == pytest.approx(kernel.ceiling or 0, abs=0.02)


def test_a_perfect_autoencoder(perfect: Card) -> None:
    for kind in ("composed scenes", "single pictures"):
        for where in ("full frame", "inside the mask"):
            ratio = perfect.find(f"reconstruction, {kind}", f"PSNR, {where}")
            assert ratio.value == ratio.ceiling == pytest.approx(100)
            assert (ratio.chance or 0) < 25
            assert perfect.find(f"reconstruction, {kind}", f"SSIM, {where}").value == pytest.approx(
                1
            )


def test_noise_earns_chance(clueless: Card) -> None:
    for section in (SEEN, UNSEEN):
        assert clueless.find(section, "R@5").value <= 0.2
    for name, most in (("ground colour", 0.3), ("count", 0.6), ("side", 0.55)):
        figure = clueless.find("composition", name)
        assert abs(figure.value - (figure.chance or 0)) < 0.3
        assert figure.value <= most
    for section in PAIRED:
        assert clueless.find(section, "both right").value <= 0.25
    assert clueless.find("words that no caption uses", "hit@5").value <= 0.35
    assert clueless.find("style", "flat or 3d, as asked").value == pytest.approx(0.5, abs=0.01)
    kernel = clueless.find("likeness of the set", "kernel distance")
    assert kernel.value > 10 * max(kernel.chance or 0, kernel.ceiling or 0)
    assert not [f for f in clueless.figures if f.section.startswith("reconstruction")]


def test_every_figure_has_its_levels(perfect: Card) -> None:
    assert perfect.judge == "pixels and gradients"
    assert perfect.pictures == 30 + 6 + 3 * 18 + 5 * 8 + 6 + 2 * 6 + 3 * 2 + len(
        PROMPTS + PAIR_PROMPTS
    )
    for figure in perfect.figures:
        levels = (figure.value, figure.chance, figure.ceiling)
        assert all(level is not None and np.isfinite(level) for level in levels), figure
        assert figure.note
        assert "FID" not in figure.name


def test_writing(perfect: Card, tmp_path: Path) -> None:
    report, text, *sheets = write(perfect, tmp_path / "card")
    document = json.loads(report.read_text(encoding="utf-8"))
    assert len(document["figures"]) == len(perfect.figures)
    assert document["judge"] == "pixels and gradients"
    words = text.read_text(encoding="utf-8")
    assert words == markdown(perfect)
    assert "| R@1 | 100.0 % |" in words
    assert [path.stem for path in sheets] == ["sheet", "pairs"] == list(perfect.sheets)
    for path in sheets:
        sheet = perfect.sheets[path.stem]
        assert Image.open(path).size == (sheet.shape[1], sheet.shape[0])
        assert f"]({path.name})" in words


def test_a_folder_that_cannot_be_written(perfect: Card, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(OutputError, match="could not be written"):
        write(perfect, tmp_path / "file")


def test_cancelling_stops_before_the_next_batch(catalogue: Catalogue) -> None:
    asked: list[int] = []

    def generate(prompts: Sequence[str], seeds: Sequence[int]) -> np.ndarray:
        asked.append(len(prompts))
        return np.zeros((len(prompts), 256, 256, 3), np.uint8)

    with pytest.raises(Cancelled):
        evaluate(
            Subject("x", generate), catalogue, SMALL, lambda _: None,
            lambda: len(asked) >= 2, GradientJudge(),
        )  # fmt: skip
    assert asked == [8, 8]
