"""How fast a history of many pictures answers, on rows without files.

    python tests/bench/history.py [--pictures 50000] [--repeats 5] [--json]

Prints, for each question, what the first answer took and the median and slowest of the next ones,
in milliseconds; with --json one document. Prompts are 4 to 30 words, as people write them.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from studio.core.requests import Settings  # noqa: E402
from studio.gallery.history import rows  # noqa: E402
from studio.gallery.history.files import Picture, Stamp  # noqa: E402
from studio.gallery.history.index import History  # noqa: E402
from studio.gallery.history.marks import Marks  # noqa: E402
from studio.gallery.history.query import Query  # noqa: E402
from studio.gallery.png import Record  # noqa: E402

COMMON = (
    "a",
    "an",
    "the",
    "of",
    "on",
    "in",
    "with",
    "red",
    "blue",
    "green",
    "car",
    "bear",
    "cat",
    "house",
    "tree",
    "apple",
    "3d",
    "flat",
    "light",
)
SYLLABLES = (
    "ka",
    "lo",
    "mi",
    "ser",
    "tan",
    "ver",
    "qu",
    "el",
    "dra",
    "no",
    "pi",
    "stu",
    "zam",
    "or",
    "ith",
    "bel",
)
SAMPLERS = ("flow-heun", "flow-euler", "ddim", "ddpm", "dpm-2m", "unipc", "sde-em", "sde-heun")
TAGS = tuple(f"tag {number}" for number in range(30))
FIRST_DAY = 1_700_000_000
PAGE = 100


@dataclass(frozen=True)
class Timing:
    """In milliseconds."""

    question: str
    found: int
    first: float
    median: float
    slowest: float


def pictures(count: int) -> Iterator[tuple[str, Stamp, Picture, Marks]]:
    """Made up, but always the same."""
    dice = random.Random(0)
    rare = ["".join(dice.choices(SYLLABLES, k=dice.randint(2, 4))) for _ in range(4000)]
    for number in range(count):
        words = [
            dice.choice(COMMON if dice.random() < 0.6 else rare) for _ in range(dice.randint(4, 30))
        ]
        settings = Settings(
            " ".join(words),
            negative=dice.choice(("", "", "blurry, low quality, text")),
            model=dice.choice(("studio-256", "sd15", "sdxl")),
            sampler=dice.choice(SAMPLERS),
            seed=dice.randint(0, 2**40),
            steps=dice.randint(5, 50),
        )
        seconds = FIRST_DAY + number * 37
        created = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(seconds))
        record = Record(settings, nfe=40, seconds=dice.random(), created=created)
        marks = Marks(
            dice.random() < 0.05,
            dice.choice((0, 0, 0, 0, 1, 2, 3, 4, 5)),
            tuple(sorted(dice.sample(TAGS, dice.choice((0, 0, 0, 1, 2))))),
        )
        picture = Picture(record, f"{number:032x}", 256, 256)
        yield (
            f"2026/{number:06d} {' '.join(words)[:60]}.png",
            Stamp(seconds, 90_000),
            picture,
            marks,
        )


def filled(folder: Path, count: int) -> tuple[History, float]:
    """A history of made-up pictures, opened anew, and the seconds that filling it took."""
    history = History(folder / "history.sqlite", folder / "pictures")
    begun = time.perf_counter()
    with history._store.writing() as connection:
        for path, stamp, picture, marks in pictures(count):
            rows.put(connection, path, stamp, picture, marks)
    took = time.perf_counter() - begun
    history.close()
    return History(folder / "history.sqlite", folder / "pictures"), took


def queries(count: int) -> dict[str, Query]:
    half = (FIRST_DAY + count * 37 // 2) * 1000
    return {
        "everything": Query(),
        "everything, oldest": Query(order="oldest"),
        "everything, by rating": Query(order="rating"),
        "text, 1 letter": Query(text="z"),
        "text, 1 letter that nothing has": Query(text="ж"),
        "text, 2 letters": Query(text="qu"),
        "text, 2 letters, frequent": Query(text="ca"),
        "text, 3 letters, frequent": Query(text="car"),
        "text, 3 letters": Query(text="zam"),
        "text, a rare word": Query(text="zamverith"),
        "text, nothing found": Query(text="xylophone"),
        "text, three words": Query(text="red car zam"),
        "text, by rating": Query(text="bear", order="rating"),
        "text and sampler": Query(text="bear", sampler="ddim"),
        "sampler": Query(sampler="ddim"),
        "model": Query(model="sdxl"),
        "model and sampler": Query(model="sdxl", sampler="unipc"),
        "seed": Query(seed=12345),
        "since": Query(since=half),
        "since and until": Query(since=half, until=half + 86_400_000),
        "at least 4 stars": Query(least_rating=4),
        "at least 4 stars, by rating": Query(least_rating=4, order="rating"),
        "favourites": Query(favourite=True),
        "not favourites": Query(favourite=False),
        "tag": Query(tag="tag 7"),
        "all at once": Query("bear", "ddim", "sdxl", None, 0, half, 1, None, "", "rating"),
    }


def timed(question: str, ask: Callable[[], int], repeats: int) -> Timing:
    """`ask` returns how many it found."""
    times = []
    for _ in range(repeats + 1):
        begun = time.perf_counter()
        found = ask()
        times.append((time.perf_counter() - begun) * 1000)
    first, *others = times
    return Timing(question, found, first, statistics.median(others), max(others))


def measured(history: History, count: int, repeats: int) -> Iterator[Timing]:
    for name, query in queries(count).items():
        yield timed(f"{name}: first page", lambda q=query: len(history.search(q, 0, PAGE)), repeats)
        yield timed(f"{name}: count", lambda q=query: history.count(q), repeats)
        last = max(0, history.count(query) - PAGE)
        yield timed(
            f"{name}: last page", lambda q=query, at=last: len(history.search(q, at, PAGE)), repeats
        )
        yield timed(f"{name}: all ids", lambda q=query: len(history.ids(q)), repeats)
    ids = history.ids(Query())
    middle = ids[len(ids) // 2 :][:PAGE]
    yield timed("a page by its ids", lambda: len(history.items(middle)), repeats)
    yield timed("facets", lambda: len(history.facets().samplers), repeats)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=50_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        history, filling = filled(Path(folder), chosen.pictures)
        size = (Path(folder) / "history.sqlite").stat().st_size
        timings = tuple(measured(history, chosen.pictures, chosen.repeats))
        history.close()
    if chosen.json:
        print(
            json.dumps({"filling_s": filling, "bytes": size, "timings": [vars(t) for t in timings]})
        )
        return
    print(f"{chosen.pictures} pictures put in {filling:.1f} s, {size / 2**20:.0f} MiB")
    for each in timings:
        print(
            f"{each.question:50} {each.found:7d} found"
            f"  first {each.first:6.1f}  median {each.median:6.1f}  slowest {each.slowest:6.1f} ms"
        )
    print(
        f"median of all {statistics.median(each.median for each in timings):.1f} ms,"
        f" slowest first answer {max(each.first for each in timings):.1f} ms,"
        f" slowest later {max(each.slowest for each in timings):.1f} ms"
    )


if __name__ == "__main__":
    main()
