"""How fast a history of 50,000 pictures answers, on rows without files."""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from studio.bench.bench import Bench, Conditions, Row
from studio.core.settings import Settings
from studio.gallery.history import rows
from studio.gallery.history.files import Picture, Stamp
from studio.gallery.history.index import History
from studio.gallery.history.marks import Marks
from studio.gallery.history.query import Query
from studio.gallery.png import Record

COMMON = (
    "a", "an", "the", "of", "on", "in", "with", "red", "blue", "green", "car", "bear", "cat",
    "house", "tree", "apple", "3d", "flat", "light",
)  # fmt: skip
SYLLABLES = (
    "ka", "lo", "mi", "ser", "tan", "ver", "qu", "el", "dra", "no", "pi", "stu", "zam", "or",
    "ith", "bel",
)  # fmt: skip
SAMPLERS = ("flow-heun", "flow-euler", "ddim", "ddpm", "dpm-2m", "unipc", "sde-em", "sde-heun")
TAGS = tuple(f"tag {number}" for number in range(30))
FIRST_DAY, BETWEEN = 1_700_000_000, 37  # seconds
PICTURES, QUICK = 50_000, 500
PAGE, REPEATS = 100, 5
MEDIAN, SLOWEST = 16.0, 100.0  # milliseconds: a frame; what still feels like at once


def measure(conditions: Conditions) -> Iterator[Row]:
    count = QUICK if conditions.quick else PICTURES
    with tempfile.TemporaryDirectory() as folder:
        history, filling = filled(Path(folder), count)
        size = (Path(folder) / "history.sqlite").stat().st_size
        answers = [
            [conditions.seconds(ask) * 1000 for _ in range(1 + conditions.repeats(REPEATS))]
            for ask in questions(history, count)
        ]
        history.close()
    later = [time for first, *others in answers for time in others]
    yield Row(f"{count:,} pictures: the median answer", statistics.median(later), "ms", MEDIAN)
    yield Row("the slowest first answer", max(first for first, *_ in answers), "ms", SLOWEST)
    yield Row("the slowest later answer", max(later), "ms", SLOWEST)
    yield Row("filling it", filling, "s")
    yield Row("its file", size / 1e6, "MB")


def pictures(count: int) -> Iterator[tuple[str, Stamp, Picture, Marks]]:
    """Made up, but always the same: prompts of 4 to 30 words, as people write them."""
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
        when = FIRST_DAY + number * BETWEEN
        created = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(when))
        picture = Picture(Record(settings, 40, dice.random(), created), f"{number:032x}", 256, 256)
        stars, tags = dice.choice((0, 0, 0, 0, 1, 2, 3, 4, 5)), dice.choice((0, 0, 0, 1, 2))
        marks = Marks(dice.random() < 0.05, stars, tuple(sorted(dice.sample(TAGS, tags))))
        path = f"2026/{number:06d} {settings.prompt[:60]}.png"
        yield path, Stamp(when, 90_000), picture, marks


def filled(folder: Path, count: int) -> tuple[History, float]:
    """A history of made-up pictures, opened anew, and the seconds that filling it took."""
    history = History(folder / "history.sqlite", folder / "pictures")
    began = time.perf_counter()
    with history._store.writing() as connection:
        for path, stamp, picture, marks in pictures(count):
            rows.put(connection, path, stamp, picture, marks)
    took = time.perf_counter() - began
    history.close()
    return History(folder / "history.sqlite", folder / "pictures"), took


def queries(count: int) -> tuple[Query, ...]:
    half = (FIRST_DAY + count * BETWEEN // 2) * 1000
    texts = ("z", "ж", "qu", "ca", "car", "zam", "zamverith", "xylophone", "red car zam")
    return (
        *(Query(order=order) for order in ("newest", "oldest", "rating")),
        *(Query(text=text) for text in texts),
        Query(text="bear", order="rating"),
        Query(text="bear", sampler="ddim"),
        Query(sampler="ddim"),
        Query(model="sdxl", sampler="unipc"),
        Query(seed=12345),
        Query(since=half),
        Query(since=half, until=half + 86_400_000),
        Query(least_rating=4, order="rating"),
        Query(favourite=True),
        Query(favourite=False),
        Query(tag="tag 7"),
        Query("bear", "ddim", "sdxl", None, 0, half, 1, None, "", "rating"),
    )


def questions(history: History, count: int) -> Iterator[Callable[[], object]]:
    """What the window asks: the first and the last page, how many, all ids; facets."""
    for query in queries(count):
        yield partial(history.search, query, 0, PAGE)
        yield partial(history.count, query)
        last = max(0, history.count(query) - PAGE)
        yield partial(history.search, query, last, PAGE)
        yield partial(history.ids, query)
    ids = history.ids(Query())
    middle = ids[len(ids) // 2 :][:PAGE]
    yield partial(history.items, middle)
    yield history.facets


BENCH = Bench("history", "how fast a history of 50,000 pictures answers", measure)
