"""A1111's `parameters`, which Forge, SD.Next and others write too: prompt lines, lines of the
negative prompt, then "Steps: 20, Sampler: Euler a, ...". Must not import Qt or torch.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import replace

from studio.core.errors import DataError
from studio.diffusion import samplers
from studio.gallery.metadata.foreign import Foreign, nearest, quoted
from studio.gallery.metadata.found import Format, Found, Texts
from studio.gallery.metadata.texts import PARAMETERS

SOURCE = "A1111"
NEGATIVE = "Negative prompt:"
OURS = "Latent Studio"  # the Version of what we write ourselves
SAMPLER_ID, SCHEDULE_ID = "Sampler id", "Schedule id"  # ours, beside the names A1111 knows
MOST_OF_VALUES = 2**16  # characters
_PAIR = re.compile(r'([^\W\d_][^:,"\n]{0,60}):[ \t]*("(?:[^"\\\n]|\\.)*"|[^,\n]*)(?:,|$)', re.M)
_EXTRA = re.compile(r"<(\w{1,20}):([^:<>]{1,200})(?::[^<>]{0,100})?>")
_OPTIONS = {
    "Eta": "eta",
    "Eta DDIM": "eta",
    "Sigma churn": "s_churn",
    "Sigma tmin": "s_min",
    "Sigma tmax": "s_max",
    "Sigma noise": "s_noise",
}
_CARRIED = {
    *("Steps", "Sampler", "Schedule type", "CFG scale", "Seed", "Size", "Model"),
    *("Variation seed", "Variation seed strength", "Denoising strength"),
    *(SAMPLER_ID, SCHEDULE_ID, *_OPTIONS),
}
_OF_NO_EFFECT = {  # on what is drawn: checksums, versions, where in a batch
    *("Model hash", "VAE hash", "Hashes", "Lora hashes", "TI hashes", "Version", "User"),
    *("Batch size", "Batch pos", "Size-1", "Size-2", "RNG", "ENSD", "Seed resize from"),
    *("Init image hash", "Created Date"),
}


def find(texts: Texts, models: Collection[str]) -> Found | None:
    """From the chunk or the EXIF comment. Raises DataError where these hold something else."""
    return read_text(texts[PARAMETERS], models) if PARAMETERS in texts else None


def read_text(text: str, models: Collection[str]) -> Found:
    """From the text itself, as people paste it. Raises DataError if it has no line of values."""
    prompt, negative, values = _parts(text)
    prompt, extras = _without_extras(prompt)
    width, _, height = values.get("Size", "").partition("x")
    foreign = Foreign(
        prompt=prompt,
        negative=negative,
        sampler=_ours(values.get(SAMPLER_ID, "")) or values.get("Sampler", ""),
        schedule=values.get(SCHEDULE_ID) or values.get("Schedule type", ""),
        steps=values.get("Steps"),
        guidance=values.get("CFG scale"),
        seed=values.get("Seed"),
        width=width,
        height=height,
        model=values.get("Model", ""),
        variation=values.get("Variation seed strength"),
        variation_seed=values.get("Variation seed"),
        options=tuple((o, values[name]) for name, o in _OPTIONS.items() if name in values),
        left_out=tuple(name for name in values if name not in _CARRIED | _OF_NO_EFFECT),
        notes=extras,
    )
    if not any(name.startswith("Hires") for name in values):  # whose strength it is, else
        foreign = replace(foreign, strength=values.get("Denoising strength"))
    settings, notes = nearest(foreign, models)
    return Found(settings, OURS if values.get("Version") == OURS else SOURCE, notes)


def _parts(text: str) -> tuple[str, str, Mapping[str, str]]:
    """(prompt, negative prompt, values by name). Raises DataError."""
    lines = text.replace("\r\n", "\n").strip().split("\n")
    starts = [i for i, line in enumerate(lines) if re.match(r"\s*Steps:\s*\d", line)]
    if not starts:
        raise DataError("Its parameters have no line that begins with Steps.")
    words, rest = lines[: starts[-1]], "\n".join(lines[starts[-1] :])[:MOST_OF_VALUES]
    prompt: list[str] = []
    negative: list[str] = []
    part = prompt
    for line in words:
        if line.strip().startswith(NEGATIVE):
            part, line = negative, line.strip().removeprefix(NEGATIVE)
        part.append(line.strip())
    values: dict[str, str] = {}
    for name, value in _PAIR.findall(rest):
        values.setdefault(name.strip(), _unquoted(value.strip()))
    return "\n".join(prompt).strip(), "\n".join(negative).strip(), values


def _unquoted(value: str) -> str:
    """A1111 writes values with commas, colons or newlines as JSON strings."""
    if not value.startswith('"'):
        return value
    try:
        read = json.loads(value)
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


FORMAT = Format(SOURCE, 2, find)
