"""Settings as text to share: the lines that A1111 and its kin read, and our own command line."""

from __future__ import annotations

import json
import shlex
from dataclasses import fields
from pathlib import Path
from typing import Any

from studio.core.addons import EMBEDDING, LORA, AddOn
from studio.core.installation import PROGRAM
from studio.core.settings import Settings
from studio.core.sizes import Size
from studio.core.wildcards import escaped
from studio.diffusion import samplers
from studio.gallery.metadata.found import clean
from studio.gallery.metadata.names import A1111_SAMPLERS, A1111_SCHEDULES

_APART = {"prompt", "seed", "steps", "classifier_scale", "source", "mask", "strength"}


def parameters(settings: Settings) -> str:
    """As A1111 writes them: prompt, negative prompt, then one line of values.

    Samplers and schedules go by its names where it has them, with our own beside them.
    """
    sampler = A1111_SAMPLERS.get(settings.sampler, settings.sampler)
    schedule = A1111_SCHEDULES.get(settings.schedule, settings.schedule)
    values: dict[str, object] = {"Steps": settings.steps, "Sampler": sampler}
    if schedule:
        values["Schedule type"] = schedule
    values |= {
        "CFG scale": settings.guidance,
        "Seed": settings.seed,
        "Size": settings.size,
        "Model": settings.model,
    }
    if settings.variation:
        values["Variation seed"] = settings.variation_seed
        values["Variation seed strength"] = settings.variation
    if settings.clip_skip > 1:
        values["Clip skip"] = settings.clip_skip
    if settings.source:
        values["Denoising strength"] = settings.strength
    if sampler != settings.sampler:
        values["Sampler id"] = settings.sampler
    if schedule != settings.schedule:
        values["Schedule id"] = settings.schedule
    loras = [each for each in settings.addons if each.kind == LORA]
    if loras:
        values["Lora hashes"] = ", ".join(f"{each.name}: {each.digest}" for each in loras)
    values["Version"] = "Latent Studio"
    lines = [settings.prompt + "".join(f" <lora:{e.name}:{e.weight:g}>" for e in loras)]
    if settings.negative:
        lines.append(f"Negative prompt: {settings.negative}")
    lines.append(", ".join(f"{name}: {_quoted(value)}" for name, value in values.items()))
    return clean("\n".join(lines))


def command(settings: Settings, inputs: Path | None = None) -> str:
    """The command that makes the picture again, `python3 main.py generate ...` or
    `latent-studio generate ...`, for a POSIX shell.

    Only what differs from the defaults, and the seed. What no command line can hold is replaced:
    NUL by a space, half surrogate pairs by question marks. A picture to start from and a mask are
    in it if `inputs` is the folder that keeps them under their digests.
    """
    default = Settings("")
    words = [*PROGRAM, "generate"]
    last = settings.prompt.startswith("-")
    if not last:
        words.append(escaped(settings.prompt))
    words += _option("seed", settings.seed)
    if settings.steps != _default_steps(settings.sampler):
        words += _option("steps", settings.steps)
    for field in fields(Settings):
        value = getattr(settings, field.name)
        if field.name not in _APART and value != getattr(default, field.name):
            words += _option(field.name, value.stored if isinstance(value, Size) else value)
    if inputs is not None and settings.source:
        words += _start(settings, inputs)
    if settings.classifier:
        words += _option("classifier_scale", settings.classifier_scale)
    if last:
        words += ["--", escaped(settings.prompt)]
    return shlex.join(clean(word) for word in words)


def _start(settings: Settings, inputs: Path) -> list[str]:
    words = ["--image", str(inputs / f"{settings.source}.png")]
    if settings.mask:
        words += ["--mask", str(inputs / f"{settings.mask}.png")]
    return [*words, *_option("strength", settings.strength)]


def _option(name: str, value: Any) -> list[str]:
    """The words of one option; options of samplers and rules come one by one."""
    if name in ("options", "rule_options"):
        flag = f"--{name.replace('_', '-').removesuffix('s')}"
        return [word for key, chosen in value for word in (flag, f"{key}={chosen}")]
    if name == "addons":
        return [word for each in value for word in _addon(each)]
    flag = f"--{name.replace('_', '-')}"
    if isinstance(value, tuple):
        return [flag, *(str(each) for each in value)]
    text = "-- " if value == "--" else str(value)  # argparse takes a bare -- for its own
    return [f"{flag}={text}"] if text.startswith("-") else [flag, text]


def _addon(addon: AddOn) -> list[str]:
    if addon.kind == EMBEDDING:
        return ["--embedding", addon.file]
    return ["--lora", f"{addon.file}:{addon.weight}"]


def _default_steps(sampler: str) -> int | None:
    """None for a sampler that is not here."""
    known = {spec.name: spec.default_steps for spec in samplers.all_samplers()}
    return known.get(sampler)


def _quoted(value: object) -> str:
    """As A1111: what would end a value early is written as a JSON string."""
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if set(text) & set(',:\n"') else text
