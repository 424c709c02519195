"""What was measured is kept: a JSON file for every kind of machine, and the table of them all."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from studio.bench.machine import Machine
from studio.core.errors import DataError, OutputError
from studio.core.files import save_text

Document = dict[str, Any]

TABLE = "performance.md"
BEGIN, END = "<!-- made by `bench --out docs` -->", "<!-- end of what is made -->"
HEAD = "# How fast the studio is\n"


def keep(folder: Path, machine: Machine, results: Sequence[Document]) -> tuple[Path, Path]:
    """Puts the results into the folder's file of this kind of machine (others of its benches stay)
    and makes the table in `performance.md` anew. Raises DataError, OutputError."""
    file, page = folder / "performance" / f"{machine.kind}.json", folder / TABLE
    before = _read(file)["benches"] if file.exists() else []
    benches = {each["name"]: each for each in (*before, *results)}
    document = {
        "machine": {**asdict(machine), "kind": machine.kind},
        "benches": [benches[name] for name in sorted(benches)],
    }
    try:
        save_text(file, json.dumps(document, indent=1) + "\n")
        every = [_read(each) for each in sorted(file.parent.glob("*.json"))]
        text = page.read_text(encoding="utf-8") if page.exists() else HEAD
        save_text(page, _with_table(text, markdown(every)))
    except OSError as error:
        raise OutputError(f"{error.filename} cannot be read ({error.strerror}).") from None
    return file, page


def _read(path: Path) -> Document:
    try:
        found: Document = json.loads(path.read_text(encoding="utf-8"))
        assert {"machine", "benches"} <= found.keys()
    except (OSError, ValueError, AssertionError, AttributeError) as error:
        raise DataError(f"{path} is not what `bench --out` writes; move it away.") from error
    return found


def _with_table(text: str, table: str) -> str:
    """`text` with what lies between the marks replaced; the marks at the end if it has none."""
    made = f"{BEGIN}\n\n{table}\n{END}\n"
    before, found, rest = text.partition(BEGIN)
    if not found:
        return f"{text.rstrip()}\n\n{made}"
    return before + made + rest.partition(END)[2].removeprefix("\n")


def markdown(machines: Sequence[Document]) -> str:
    """A line for each machine, then a table with a column for each: bold where a goal is missed."""
    lines = [f"- **{letter(i)}**: {described(each['machine'])}" for i, each in enumerate(machines)]
    lines += ["", f"| | goal | {' | '.join(letter(i) for i in range(len(machines)))} |"]
    lines.append("|---|---|" + "---|" * len(machines))
    found = [{each["name"]: each for each in machine["benches"]} for machine in machines]
    for name in sorted({name for each in found for name in each}):
        lines += _section(name, [each.get(name) for each in found])
    return "\n".join([*lines, ""])


def _section(name: str, columns: Sequence[Document | None]) -> Iterable[str]:
    """A bench: its precisions, then its rows in their order, of whichever machine has them."""
    summary = next(each["summary"] for each in columns if each is not None)
    precisions = (f"*{each['precision']}*" if each else "" for each in columns)
    yield f"| **{name}**: {summary} | | {' | '.join(precisions)} |"
    rows = [{row["name"]: row for row in each["rows"]} if each else {} for each in columns]
    for what in dict.fromkeys(row for each in rows for row in each):
        cells = [each.get(what) for each in rows]
        goal = next(shown_goal(cell) for cell in cells if cell)
        yield f"| {what} | {goal} | {' | '.join(_cell(cell) for cell in cells)} |"


def _cell(row: Document | None) -> str:
    if row is None:
        return ""
    figure = shown(row["figure"], row["unit"])
    return f"**{figure}**" if row["met"] is False else figure


def shown(figure: float, unit: str) -> str:
    """Three figures, plainly: "1.48", "0.0123", "12300"."""
    text = f"{figure:.3g}" if abs(figure) < 1000 else f"{figure:.0f}"
    return f"{text} {unit}".strip() if unit != "x" else text


def shown_goal(row: Document) -> str:
    if row["goal"] is None:
        return ""
    return ("≥ " if row["at_least"] else "≤ ") + shown(row["goal"], row["unit"])


def described(machine: Document) -> str:
    """In words: what `bench` prints first."""
    best = ", ".join(machine["instructions"]) or "no special instructions"
    masked = " (the processor has more, masked)" if machine["masked"] else ""
    return (
        f"{machine['processor']}, {machine['cores']} cores, {machine['threads']} threads,"
        f" {best}{masked}; {machine['device']}; {machine['system']}, torch {machine['torch']}"
    )


def letter(number: int) -> str:
    return chr(ord("A") + number)
