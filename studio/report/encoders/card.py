"""The tables of `evaluate --encoders`, and its sheets."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path

import numpy as np

from studio.core.files import save_picture, save_text
from studio.dataset.catalogue import Catalogue
from studio.report.contrastive_costs import Cost, costs
from studio.report.encoders import sheets
from studio.report.encoders.measures import (
    SIDE,
    Measured,
    Pictures,
    Shown,
    captions,
    nearest,
    retrieval,
    synonyms,
    zero_shot,
)
from studio.report.encoders.subjects import Subjects
from studio.training.neighbours import Neighbours

BATCHES = 256, 1024, 4096, 16384


@dataclass(frozen=True, eq=False)
class EncoderCard:
    rows: tuple[Measured, ...]
    costs: tuple[Cost, ...]
    sheets: dict[str, np.ndarray]


def compare(
    subjects: Subjects,
    catalogue: Catalogue,
    report: Callable[[str], None] = print,
    more: Catalogue | None = None,
    batches: Sequence[int] = BATCHES,
    count: int = 400,
) -> EncoderCard:
    """Measures encoders. Styles that only `more` has were seen by none of them.

    `batches`: of the contrastive losses, whose memory and time are measured too. `count` scenes.
    """
    report("composing pictures")
    pictures = Pictures(catalogue, more)
    among = Neighbours(pictures, SIDE, count=count)
    scenes, rows, found = Shown(among.scenes, among.shown), list[Measured](), dict[str, list[int]]()
    for pair in subjects.pairs:
        report(f"words and pictures: {pair.name}")
        rows += zero_shot(pair, pictures)
        rows += retrieval(pair, pictures, scenes) + synonyms(pair, pictures)
    for name, embed in subjects.vision.items():
        report(f"neighbours: {name}")
        new, found[name] = nearest(name, embed, among, subjects.read)
        rows += new
    for name, say in subjects.captioners.items():
        report(f"captions: {name}")
        rows += captions(name, say, pictures, subjects.read)
    spent = costs(batches, report=report)
    drawn = {
        "words": sheets.words(subjects, pictures),
        "neighbours": sheets.neighbours(among, found),
    }
    return EncoderCard(tuple(rows), tuple(spent), drawn)


def markdown(card: EncoderCard) -> str:
    """A table a section, a column an encoder: value, then its ceiling."""
    lines = list[str]()
    sections = dict.fromkeys(row.section for row in card.rows)
    for section in sections:
        rows = [row for row in card.rows if row.section == section]
        encoders = list(dict.fromkeys(row.encoder for row in rows))
        lines += [f"**{section[0].upper()}{section[1:]}**", ""]
        lines += [f"| | queries | chance | {' | '.join(encoders)} |"]
        lines += ["|---|---|---|" + "---|" * len(encoders)]
        for name in dict.fromkeys(row.name for row in rows):
            alike = {row.encoder: row for row in rows if row.name == name}
            first = next(iter(alike.values()))
            cells = [
                f"{_percent(alike[e].value)} / {_percent(alike[e].ceiling)}" if e in alike else "–"
                for e in encoders
            ]
            chance = f"{100 * first.chance:.1f} %"
            lines.append(f"| {name} | {first.n} | {chance} | {' | '.join(cells)} |")
        lines.append("")
    return "\n".join([*lines, *_costs(card.costs)])


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share in (0, 1) else f"{100 * share:.1f} %"


def _costs(found: Sequence[Cost]) -> list[str]:
    """A line a batch: MiB and seconds of each loss, whole and in blocks."""
    kinds = list(dict.fromkeys((each.kind, each.block) for each in found))
    heads = [f"{kind}, {f'blocks of {block}' if block else 'whole'}" for kind, block in kinds]
    lines = ["**Memory and time of one loss and its gradient**", ""]
    lines += [f"| pairs | {' | '.join(heads)} |", "|---|" + "---|" * len(heads)]
    for batch, group in groupby(found, key=lambda each: each.batch):
        by_kind = {(each.kind, each.block): each for each in group}
        lines.append(f"| {batch:,} | {' | '.join(_spent(by_kind[kind]) for kind in kinds)} |")
    return [*lines, ""]


def _spent(cost: Cost) -> str:
    size = f"{cost.peak / 2**20:,.0f} MiB"
    return f"{size}, {cost.seconds:.3g} s" if cost.seconds else f"{size}, not run"


def document(card: EncoderCard) -> dict[str, object]:
    """What encoders.json holds."""
    rows = [asdict(row) for row in card.rows]
    return {"figures": rows, "costs": [asdict(cost) for cost in card.costs]}


def write(card: EncoderCard, out: Path) -> tuple[Path, ...]:
    """Writes table.md, encoders.json and the sheets into `out`. Raises OutputError."""
    paths = (out / "table.md", out / "encoders.json", *(out / f"{n}.png" for n in card.sheets))
    save_text(paths[0], markdown(card))
    save_text(paths[1], json.dumps(document(card), indent=2) + "\n")
    for path, sheet in zip(paths[2:], card.sheets.values(), strict=True):
        save_picture(path, sheet, small=True)
    return paths
