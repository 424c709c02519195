"""The report card: every figure beside its chance level and what real pictures reach.

Depends on a Subject (two callables), not on any engine.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from itertools import groupby
from pathlib import Path

import numpy as np

from studio.core.files import save_picture, save_text
from studio.core.parts import Parts
from studio.dataset.catalogue import Catalogue
from studio.metrics.features import Judge, load_judge
from studio.pictures.sheet import contact_sheet
from studio.report import (
    composition,
    order,
    pairs,
    reconstruction,
    retrieval,
    styles,
    variety,
    words,
)
from studio.report.evaluation import Evaluation
from studio.report.figures import Card, CardSettings, Figure
from studio.report.prompts import PAIR_PROMPTS, PROMPTS
from studio.report.subject import Subject

__all__ = ["Card", "CardSettings", "Figure", "Subject", "evaluate", "write"]


def evaluate(
    subject: Subject,
    catalogue: Catalogue,
    settings: CardSettings,
    report: Callable[[str], None] = print,
    cancelled: Callable[[], bool] = lambda: False,
    judge: Judge | None = None,
    parts: Parts | None = None,
) -> Card:
    """Measures a model. `report` gets lines of progress; several processes meet in `parts`.

    Raises:
        Cancelled: `cancelled()` said so, asked before every batch.
        DataError: the catalogue lacks the style, or a picture.
    """
    began = time.monotonic()
    run = Evaluation(
        subject, catalogue, judge or load_judge(), settings, report, cancelled, parts=parts
    )
    wanted = {name: SECTIONS[name] for name in settings.rows or SECTIONS}
    figures = tuple(figure for section in wanted.values() for figure in section(run))
    sheets = _sheets(run)
    seconds = time.monotonic() - began
    return Card(subject.name, run.judge.name, settings, figures, sum(run.made), seconds, sheets)


SECTIONS: dict[str, Callable[[Evaluation], tuple[Figure, ...]]] = {
    "reconstruction": reconstruction.figures,
    "retrieval": retrieval.figures,
    "composition": composition.figures,
    "pairs": pairs.figures,
    "order": order.figures,
    "words": words.figures,
    "styles": styles.figures,
    "variety": variety.figures,
}
# Which sections a sheet goes with: the one with single things, the other with what is composed.
SHEETS = {
    "sheet": (PROMPTS, {"retrieval"}),
    "pairs": (PAIR_PROMPTS, {"composition", "pairs", "words", "styles"}),
}


def _sheets(run: Evaluation) -> dict[str, np.ndarray]:
    rows, seed = set(run.settings.rows or SECTIONS), run.settings.seed
    title = f"{run.subject.name}: fixed prompts, first and only tries"
    return {
        name: contact_sheet(
            run.generate(prompts, range(seed, seed + len(prompts)), f"contact {name}"),
            prompts,
            title,
        )
        for name, (prompts, sections) in SHEETS.items()
        if rows & sections
    }


def document(card: Card) -> dict[str, object]:
    """What report.json holds."""
    return {
        "model": card.model,
        "judge": card.judge,
        "settings": asdict(card.settings),
        "pictures": card.pictures,
        "seconds": round(card.seconds, 1),
        "figures": [asdict(figure) for figure in card.figures],
    }


def markdown(card: Card) -> str:
    """What report.md holds: a table a section, notes under it."""
    lines = [
        f"# Report card: {card.model}",
        "",
        f"{card.pictures} pictures generated, {card.seconds:.0f} s; judged by {card.judge}."
        " Chance and ceiling were measured in the same run.",
    ]
    for section, group in groupby(card.figures, key=lambda figure: figure.section):
        rows = list(group)
        lines += ["", f"## {section[0].upper()}{section[1:]}", ""]
        lines += ["| | value | chance | ceiling | pictures |", "|---|---|---|---|---|"]
        for row in rows:
            cells = (shown(value, row.unit) for value in (row.value, row.chance, row.ceiling))
            lines.append(f"| {row.name} | {' | '.join(cells)} | {row.n} |")
        lines += ["", *(f"{note}." for note in dict.fromkeys(row.note for row in rows))]
    for name in card.sheets:
        lines += ["", f"![fixed prompts]({name}.png)"]
    return "\n".join([*lines, ""])


def shown(value: float | None, unit: str) -> str:
    """A number as the card prints it: shares in percent, dB with one decimal."""
    if value is None:
        return "–"
    if unit == "share":
        return f"{100 * value:.1f} %"
    return f"{value:.1f} dB" if unit == "dB" else f"{value:.3f}"


def write(card: Card, out: Path) -> tuple[Path, ...]:
    """Writes report.json, report.md and the sheets into the folder `out`; returns their paths.

    Raises:
        OutputError: the folder cannot be written.
    """
    paths = (out / "report.json", out / "report.md", *(out / f"{n}.png" for n in card.sheets))
    save_text(paths[0], json.dumps(document(card), indent=2) + "\n")
    save_text(paths[1], markdown(card))
    for path, sheet in zip(paths[2:], card.sheets.values(), strict=True):
        save_picture(path, sheet, small=True)
    return paths
