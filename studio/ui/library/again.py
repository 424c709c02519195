"""The settings of an old picture, used again: restored, or varied by one thing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields, replace
from pathlib import Path

from studio.core.addons import AddOn
from studio.core.settings import MAX_GUIDANCE, MAX_SEED, MAX_STEPS, Settings
from studio.gallery.history.difference import differences
from studio.ui.session import Session

BEGINNING = ("source", "mask", "strength")


@dataclass(frozen=True)
class Variant:
    """Settings with one thing changed, and which."""

    id: str
    text: str
    settings: Settings


def restore(
    session: Session, settings: Settings, but: Collection[str] = (), picture: Path | None = None
) -> tuple[str, ...]:
    """Takes a picture's settings over into Generate, those named in `but` apart; sentences on what
    it could not take.

    A picture that they began with is looked for there; if it is gone, Generate says so.
    """
    session.use_all(settings, but, picture)
    return tuple(
        f"The {each.label} {shown(each.before)} was not applied; it is {shown(each.after)} here."
        for each in differences(settings, session.settings())
        if each.name not in (*BEGINNING, *but)
        and not (isinstance(each.before, str) and each.before.strip() == each.after)
    )


def notes(session: Session, settings: Settings) -> tuple[str, ...]:
    """What making a picture again would meet, in sentences."""
    loaded, said = session.model.get(), []
    if settings.model != loaded:
        said.append(f"It was made with {settings.model}; {loaded} is loaded.")
    if settings.sampler not in session.samplers:
        said.append(f"The sampler {settings.sampler} is not known here.")
    if settings.source:
        said.append(
            "It began with another picture, which is kept on this machine, not in the file."
        )
    return tuple(said)


def variants(settings: Settings) -> tuple[Variant, ...]:
    """What can be changed with one click, within the bounds."""
    w = settings.guidance
    changed = (
        ("seed", "Next seed", replace(settings, seed=min(settings.seed + 1, MAX_SEED))),
        ("steps", "Twice the steps", replace(settings, steps=min(2 * settings.steps, MAX_STEPS))),
        ("fewer", "Half the steps", replace(settings, steps=max(1, settings.steps // 2))),
        ("guidance", "Guidance + 1", replace(settings, guidance=min(w + 1, MAX_GUIDANCE))),
        ("weaker", "Guidance − 1", replace(settings, guidance=max(0.0, w - 1))),
    )
    return tuple(Variant(*each) for each in changed if each[2] != settings)


def table(settings: Settings) -> tuple[tuple[str, str], ...]:
    """Every setting that says something: its name in words and its value."""
    default = Settings("")
    always = {"prompt", "model", "sampler", "steps", "guidance", "seed", "size"}
    return tuple(
        (field.name.replace("_", " "), shown(value))
        for field in fields(Settings)
        if (value := getattr(settings, field.name)) != getattr(default, field.name)
        or field.name in always
    )


def shown(value: object) -> str:
    """A setting's value as people read it."""
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, tuple):
        if all(isinstance(each, AddOn) for each in value):
            return ", ".join(map(str, value)) or "none"
        if all(isinstance(each, tuple) for each in value):
            return ", ".join(f"{name} = {shown(chosen)}" for name, chosen in value)
        return " to ".join(shown(each) for each in value)
    return str(value) or "none"
