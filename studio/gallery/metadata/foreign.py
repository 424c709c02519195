"""What another studio wrote, in its own words, and the nearest of our settings to it.

One place clamps, replaces and tells about it, for every format.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

from studio.core.settings import MAX_CLIP_SKIP, MAX_GUIDANCE, MAX_SEED, MAX_STEPS, SHIFTS, Settings
from studio.core.sizes import Size
from studio.core.specs import Option, Options
from studio.diffusion import samplers
from studio.diffusion.schedules import SCHEDULES as OUR_SCHEDULES
from studio.diffusion.schedules import all_schedules
from studio.gallery.metadata.found import Found, Texts, clean
from studio.gallery.metadata.names import SAMPLERS, SCHEDULES, Match, sampler_and_schedule

N = TypeVar("N", int, float)
DEFAULT = Settings("")
#: Our names that most studios have too.
COMMON = {name: name for name in ("prompt", "sampler", "steps", "seed", "width", "height")}
SIZES = (1, 2**16)  # pixels a side
MOST_CHARACTERS = 20_000  # of a prompt
MOST_NOTES = 30
MOST_NOTED = 60  # characters of another studio's words in a note
_NOT_OURS = re.compile(  # of what other studios know in prompts
    r"\)(?:-{1,5}|\+{1,5}|\d\.\d)|\{{2,9}[^{}]{1,200}\}{2,9}|\[[^\[\]|]{0,200}\|[^\[\]]{0,200}\]"
    r"|\bembedding:[\w.-]{1,99}|\bBREAK\b"
)
LABELS = {  # of the settings that stay the person's own where nothing is found
    "prompt": "prompt",
    "negative": "negative prompt",
    "sampler": "sampler",
    "schedule": "schedule",
    "steps": "steps",
    "guidance": "guidance",
    "seed": "seed",
    "shift": "shift",
}


@dataclass(frozen=True)
class Lost:
    """A value that comes from a place not known here; `where` is its name in that studio."""

    where: str


@dataclass(frozen=True)
class Foreign:
    """Values as found, of whatever type, or Lost; None or "" where nothing was said.

    An empty prompt is one that was said; one not said is None. `options` belong to the sampler
    under our names; `rescale` is the phi of rescaled guidance; `strength` how much of a picture it
    started from was drawn anew; `left_out` names what has no place here; `notes` are sentences;
    `source` is the studio where it is another than the format's.
    """

    prompt: object = None
    negative: object = ""
    sampler: object = ""
    schedule: object = ""
    steps: object = None
    guidance: object = None
    seed: object = None
    width: object = None
    height: object = None
    model: object = ""
    shift: object = None
    clip_skip: object = None
    rescale: object = None
    variation: object = None
    variation_seed: object = None
    strength: object = None
    options: tuple[tuple[str, object], ...] = ()
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    source: str = ""

    @classmethod
    def of(cls, values: Mapping[str, object], names: Mapping[str, str], **others: Any) -> Foreign:
        """What is there of `names`, which go from ours to the other studio's; and `others`."""
        there: dict[str, Any] = {
            ours: values[theirs] for ours, theirs in names.items() if theirs in values
        }
        return cls(**(there | others))


@dataclass(frozen=True)
class Format:
    """One studio's way. `read(texts)` is None where the picture has none of it and raises DataError
    where it is damaged; formats of lower `rank` are asked first."""

    source: str
    rank: int
    read: Callable[[Texts], Foreign | Found | None]

    def find(self, texts: Texts, models: Collection[str]) -> Found | None:
        """What `read` finds, as settings for one of the `models`. Raises DataError."""
        read = self.read(texts)
        return nearest(read, models, self.source) if isinstance(read, Foreign) else read


def nearest(foreign: Foreign, models: Collection[str], source: str) -> Found:
    """Valid settings, and a note on everything that is not as it was."""
    ledger = _Ledger(list(foreign.notes))
    foreign = _without_lost(foreign, ledger)
    settings = Settings(
        prompt=ledger.text("prompt", foreign.prompt),
        negative=ledger.text("negative", foreign.negative),
        steps=ledger.number("steps", foreign.steps, DEFAULT.steps, 1, MAX_STEPS),
        guidance=ledger.number("guidance", foreign.guidance, DEFAULT.guidance, 0, MAX_GUIDANCE),
        seed=ledger.number("seed", foreign.seed, DEFAULT.seed, 0, MAX_SEED),
        shift=ledger.number("shift", foreign.shift, DEFAULT.shift, *SHIFTS),
        clip_skip=ledger.number("clip skip", foreign.clip_skip, 1, 1, MAX_CLIP_SKIP),
    )
    settings = _varied(settings, foreign, ledger)
    settings = _sampled(settings, foreign, ledger)
    settings = _rescaled(settings, foreign, ledger)
    settings = _of_model(settings, foreign, models, ledger)
    _tell_what_is_missing(settings, foreign, ledger)
    settings.check()
    notes = list(dict.fromkeys(ledger.notes))
    if len(notes) > MOST_NOTES:
        notes[MOST_NOTES:] = [f"{len(notes) - MOST_NOTES} more notes are not shown."]
    return Found(settings, foreign.source or source, tuple(notes), frozenset(ledger.missing))


def _without_lost(foreign: Foreign, ledger: _Ledger) -> Foreign:
    """Nothing Lost in it, what is missing noted down."""
    values = {each.name: getattr(foreign, each.name) for each in fields(Foreign)}
    lost = {name: value for name, value in values.items() if isinstance(value, Lost)}
    for name, value in lost.items():
        if name in LABELS:
            ledger.missing.add(name)
            comes, stays = ("come", "are kept") if name == "steps" else ("comes", "is kept")
            ledger.notes.append(
                f"The {LABELS[name]} {comes} from '{quoted(value.where)}', which is not known here;"
                f" yours {stays}."
            )
    unsaid = [n for n in ("sampler", "steps", "guidance", "seed") if values[n] in (None, "")]
    unsaid += ["prompt"] * (foreign.prompt is None)
    if unsaid:
        ledger.missing.update(unsaid)
        verb = "is kept" if len(unsaid) == 1 else "are kept"
        ledger.notes.append(f"It does not say the {listed(unsaid)}; yours {verb}.")
    options = tuple(each for each in foreign.options if not isinstance(each[1], Lost))
    empty = {name: getattr(Foreign, name) for name in lost}
    return replace(foreign, **empty, options=options)


def quoted(words: object) -> str:
    """Another studio's words on one short line of clean text, for a note."""
    line = " ".join(clean(str(words)[: 4 * MOST_NOTED]).split())
    return line if len(line) <= MOST_NOTED else line[: MOST_NOTED - 1] + "…"


def listed(names: Iterable[str]) -> str:
    """ "a, b and c", at most eight of them."""
    once = list(dict.fromkeys(names))
    short = [quoted(name) for name in once[:8]]
    if len(once) > 8:
        short.append(f"{len(once) - 8} more")
    return " and ".join(filter(None, [", ".join(short[:-1]), short[-1]]))


def loras(names: Iterable[object]) -> tuple[str, ...]:
    """A note on each."""
    return tuple(f"LoRA '{quoted(name)}' was left out." for name in names if name)


@dataclass
class _Ledger:
    """Reads values and keeps account of what became of them."""

    notes: list[str] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)

    def text(self, name: str, value: object) -> str:
        """Clean text that is not endless."""
        if not isinstance(value, str):
            return ""
        if len(value) > MOST_CHARACTERS:
            self.notes.append(f"The {LABELS[name]} was cut after {MOST_CHARACTERS} characters.")
        return clean(value[:MOST_CHARACTERS]).strip()

    def number(self, name: str, value: object, default: N, low: float, high: float) -> N:
        """A number of `default`'s kind within the bounds, as near to `value` as they allow;
        `default` if it is none. Whole numbers keep all their digits."""
        if value is None or value == "":
            return default
        read = number(value)
        if read is None:
            if name in LABELS:
                self.missing.add(name)
            became = "yours is kept" if name in LABELS else f"it became {default:g}"
            self.notes.append(f"The {name} {quoted(value)} is no number; {became}.")
            return default
        kept = type(default)(min(max(read, low), high))
        if kept != read:
            shown = f"{kept:g}" if isinstance(kept, float) else str(kept)
            self.notes.append(f"The {name} {quoted(value)} became {shown}.")
        return kept


def number(value: object) -> int | float | None:
    """A finite number, whole ones exactly; None for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str):
        value = value.strip()[:400]
        try:
            return int(value)
        except ValueError:
            pass
    try:
        found = float(value)
    except ValueError:
        return None
    except OverflowError:  # a whole number beyond any float
        return value if isinstance(value, int) else None
    if not math.isfinite(found):
        return None
    return value if isinstance(value, int) else found


def _sampled(settings: Settings, foreign: Foreign, ledger: _Ledger) -> Settings:
    sampler, written = str(foreign.sampler or ""), str(foreign.schedule or "")
    name, schedule, guided = sampler_and_schedule(sampler, written)
    match = _our_sampler(sampler) or SAMPLERS.get(name)
    if match is None and sampler:
        match = Match(DEFAULT.sampler, exact=False)
    match = match or Match(DEFAULT.sampler)
    spec = samplers.find(match.name).spec
    if not match.exact:
        ledger.notes.append(
            f"The sampler '{quoted(sampler)}' is not here; {spec.label} is the nearest."
        )
    if guided:  # others give the weight itself
        settings = replace(settings, rule="cfg++", rule_options=(("full", 1.0),))
    return replace(
        settings,
        sampler=spec.name,
        options=_options(spec.name, (*match.options, *foreign.options), ledger),
        schedule=_schedule(written or schedule, schedule, ledger),
    )


def _our_sampler(name: str) -> Match | None:
    name = samplers.known_as(name)
    return Match(name) if name in {spec.name for spec in samplers.all_samplers()} else None


def _options(sampler: str, wanted: Iterable[tuple[str, object]], ledger: _Ledger) -> Options:
    """Those the sampler has, clamped, without those at their default."""
    known = {parameter.name: parameter for parameter in samplers.find(sampler).spec.parameters}
    chosen: dict[str, Option] = {}
    for name, value in wanted:
        if (parameter := known.get(name)) and isinstance(parameter.default, float):
            bounds = (parameter.default, parameter.low, parameter.high)
            chosen[name] = ledger.number(f"option {name}", value, *bounds)
    return tuple(sorted((n, v) for n, v in chosen.items() if v != known[n].default))


def _schedule(written: str, plain: str, ledger: _Ledger) -> str:
    if not plain:
        return DEFAULT.schedule
    if written in OUR_SCHEDULES:
        return written
    match = SCHEDULES.get(plain)
    if match is None:
        ledger.notes.append(
            f"The schedule '{quoted(written)}' is not here; the sampler's own is used."
        )
        return DEFAULT.schedule
    if not match.exact:
        label = {spec.name: spec.label for spec in all_schedules()}[match.name]
        ledger.notes.append(
            f"The schedule '{quoted(written)}' is not here; {label} is the nearest."
        )
    return match.name


def _rescaled(settings: Settings, foreign: Foreign, ledger: _Ledger) -> Settings:
    phi = ledger.number("guidance rescale", foreign.rescale, 0.0, 0.0, 1.0)
    if phi == 0.0 or settings.rule != DEFAULT.rule:
        return settings
    return replace(settings, rule="rescale", rule_options=(("phi", phi),))


def _varied(settings: Settings, foreign: Foreign, ledger: _Ledger) -> Settings:
    variation = ledger.number("variation", foreign.variation, 0.0, 0.0, 1.0)
    if variation == 0.0:
        return settings
    seed = ledger.number("variation's seed", foreign.variation_seed, 0, 0, MAX_SEED)
    return replace(settings, variation=variation, variation_seed=seed)


def _of_model(
    settings: Settings, foreign: Foreign, models: Collection[str], ledger: _Ledger
) -> Settings:
    """With the model if it is here, and the size."""
    model = foreign.model if isinstance(foreign.model, str) else ""
    if model in models:
        settings = replace(settings, model=model)
    elif model:
        ledger.notes.append(
            f"The model '{quoted(model)}' is not here; {DEFAULT.model} takes its place."
        )
    if number(foreign.width) is None or number(foreign.height) is None:
        ledger.missing.add("size")
        return settings
    sides = ("width", foreign.width), ("height", foreign.height)
    return replace(settings, size=Size(*(ledger.number(*side, 1, *SIZES) for side in sides)))


def _tell_what_is_missing(settings: Settings, foreign: Foreign, ledger: _Ledger) -> None:
    strength = number(foreign.strength)
    if strength is not None and strength != 1:
        ledger.notes.append(
            f"It started from another picture, at a strength of {quoted(foreign.strength)},"
            " which is not inside."
        )
    if strange := _NOT_OURS.search(f"{settings.prompt}\n{settings.negative}"):
        ledger.notes.append(f"What '{quoted(strange[0])}' means elsewhere is not known here.")
    if foreign.left_out:
        verb = "was" if len(set(foreign.left_out)) == 1 else "were"
        ledger.notes.append(f"{listed(foreign.left_out)} {verb} left out.")
