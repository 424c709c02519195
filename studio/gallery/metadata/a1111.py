"""A1111's `parameters`, which Forge, SD.Next and others write too: prompt lines, lines of the
negative prompt, then "Steps: 20, Sampler: Euler a, ...".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from studio.core.errors import DataError
from studio.diffusion import samplers
from studio.gallery.metadata.foreign import Foreign, Format, quoted
from studio.gallery.metadata.found import Texts, object_in, unused
from studio.gallery.metadata.texts import PARAMETERS

NEGATIVE = "Negative prompt:"
OURS = "Latent Studio"  # the Version of what we write ourselves
SAMPLER_ID, SCHEDULE_ID = "Sampler id", "Schedule id"  # ours, beside the names A1111 knows
MOST_OF_VALUES = 2**16  # characters
_NAME = re.compile(r'([^\W\d_][^:,"\n]{0,60}):[ \t]*')
_CLOSING = re.compile(r'(?<!\\)(?:\\\\)*"(?=[ \t]*(?:,|$))', re.M)
_VALUE_END = re.compile(r"(?=,|$)", re.M)
_BEGINNING = re.compile(r"\s*Steps:\s*\d")
_INSIDE = re.compile(r"(?<=[\s.,;])Steps:\s*\d{1,5}\s*[,|]\s*[A-Z][\w ]{1,40}:")  # of a line
_OF_VALUES = re.compile(
    r"(?=.*\b(?:Version|Pipeline|App|Seed|Size|Sampler|CFG scale): )"
    r"\s*(?:[A-Z][\w ]{0,40}: [^,:\n]{0,200},\s*)+"
)
_PIPE = re.compile(r"\s\|\s(?=[A-Z][\w ]{0,40}:)")
_PIPED = re.compile(r"^\s*Steps:[^,|\n]{1,20}\|", re.M)  # SD.Next
_TEMPLATES = re.compile(r'^(?:Negative )?Template: (?!").*', re.M | re.S)  # to the end, as it is
_EXTRA = re.compile(r"<(\w{1,20}):([^:<>]{1,200})(?::[^<>]{0,100})?>")
_OPTIONS = {
    "Eta": "eta",
    "Eta DDIM": "eta",
    "Sigma churn": "s_churn",
    "Sigma tmin": "s_min",
    "Sigma tmax": "s_max",
    "Sigma noise": "s_noise",
}
_NAMES = {"steps": "Steps", "guidance": "CFG scale", "seed": "Seed", "model": "Model"}
_NAMES |= {"clip_skip": "Clip skip"}
_NAMES |= {"variation": "Variation seed strength", "variation_seed": "Variation seed"}
_OF_NO_EFFECT = {  # checksums, versions, where in a batch; or read in another way
    *("Sampler", "Schedule type", SAMPLER_ID, SCHEDULE_ID, "Size", "Denoising strength"),
    *("Model hash", "VAE hash", "Hashes", "Lora hashes", "TI hashes", "Version", "User"),
    *("Batch size", "Batch pos", "Size-1", "Size-2", "RNG", "ENSD", "Seed resize from"),
    *("Init image hash", "Created Date"),
}


def read(texts: Texts) -> Foreign | None:
    """From the chunk or the EXIF comment. Raises DataError where these hold something else."""
    if PARAMETERS not in texts:
        return None
    prompt, negative, values = _parts(texts[PARAMETERS])
    prompt, extras = _without_extras(prompt)
    width, _, height = values.get("Size", "").partition("x")
    hires = any(name.startswith("Hires") for name in values)  # then the strength is that of hires
    return Foreign.of(
        values,
        _NAMES,
        source=OURS if values.get("Version") == OURS else "",
        prompt=prompt,
        negative=negative,
        sampler=_ours(values.get(SAMPLER_ID, "")) or values.get("Sampler", ""),
        schedule=values.get(SCHEDULE_ID) or values.get("Schedule type", ""),
        width=width,
        height=height,
        strength=None if hires else values.get("Denoising strength"),
        options=tuple((o, values[name]) for name, o in _OPTIONS.items() if name in values),
        left_out=unused(values, _NAMES.values(), _OPTIONS, _OF_NO_EFFECT),
        notes=extras,
    )


def _parts(text: str) -> tuple[str, str, Mapping[str, str]]:
    """(prompt, negative prompt, values by name). Raises DataError."""
    text = text.replace("\r\n", "\n").strip()
    lines = text.split("\n")
    starts = [i for i, line in enumerate(lines) if _BEGINNING.match(line)]
    if not starts:
        return _of_one_line(text)
    start = starts[-1]
    while start and _OF_VALUES.fullmatch(lines[start - 1]):  # SD.Next's other values
        start -= 1
    words, rest = lines[:start], "\n".join(lines[start:])
    prompt: list[str] = []
    negative: list[str] = []
    part = prompt
    for line in words:
        if line.strip().startswith(NEGATIVE):
            part, line = negative, line.strip().removeprefix(NEGATIVE)
        part.append(line.strip())
    return "\n".join(prompt).strip(), "\n".join(negative).strip(), _values(rest)


def _of_one_line(text: str) -> tuple[str, str, Mapping[str, str]]:
    """As _parts, where a converter or a web page took the line breaks away. Raises DataError."""
    starts = [found.start() for found in _INSIDE.finditer(text)]
    if not starts:
        if object_in({PARAMETERS: text}, PARAMETERS):
            raise DataError("Its parameters are JSON of a studio that is not known here.")
        raise DataError("Its parameters have no line that begins with Steps.")
    prompt, _, negative = text[: starts[-1]].partition(NEGATIVE)
    return prompt.strip(), negative.strip(), _values(text[starts[-1] :])


def _values(text: str) -> Mapping[str, str]:
    """'Steps: 20, Model: "a, b"' by name; the first of each. Quoted values may hold anything."""
    text = _TEMPLATES.sub("", text[:MOST_OF_VALUES])
    if _PIPED.search(text):
        text = _PIPE.sub(", ", text)
    values: dict[str, str] = {}
    at, closed = 0, True
    while name := _NAME.search(text, at):
        start, end = name.end(), None
        if closed and text.startswith('"', start):
            end = _CLOSING.search(text, start + 1)
            closed = end is not None  # or else no quotation mark closes anything further on
        at = end.end() if end else _VALUE_END.search(text, start).end()  # type: ignore[union-attr]
        values.setdefault(name[1].strip(), _unquoted(text[start:at].strip()))
        if not end and text.startswith("\n", at) and not _NAME.match(text, at + 1):
            at = text.find("\n", at + 1) + 1 or len(text)  # the value itself went on
    return values


def _unquoted(value: str) -> str:
    """A1111 writes values with commas, colons or newlines as JSON strings."""
    if not value.startswith('"'):
        return value
    try:
        read = json.loads(value, strict=False)
    except ValueError:
        return value
    return read if isinstance(read, str) else value


def _without_extras(prompt: str) -> tuple[str, tuple[str, ...]]:
    """The prompt without <lora:name:0.8> and its kin, and a note on each."""
    kinds = {"lora": "LoRA", "lyco": "LyCORIS", "hypernet": "hypernetwork"}
    found = {
        f"{kinds.get(kind.lower(), kind)} '{quoted(name)}'": None
        for kind, name in _EXTRA.findall(prompt)
    }
    lines = (line.rstrip() for line in _EXTRA.sub("", prompt).split("\n"))
    return "\n".join(lines), tuple(f"{one} was left out." for one in found)


def _ours(name: str) -> str:
    return name if samplers.known_as(name) in {s.name for s in samplers.all_samplers()} else ""


FORMAT = Format("A1111", 4, read)
