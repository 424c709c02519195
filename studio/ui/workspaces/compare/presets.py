"""Comparisons worth making: under a button of the column, and as examples to begin with."""

from __future__ import annotations

from dataclasses import dataclass

from studio.core.grid import Axis, Grid
from studio.core.specs import SamplerSpec
from studio.ui.widgets.welcome import Example, Welcome

QUICK = ("dpmpp-2m", "flow-heun", "flow-euler")
HINT = "Choose what to compare and press Ctrl+Enter, or start with one of these."


@dataclass(frozen=True)
class Preset:
    """`example` says what it does with a `prompt`."""

    id: str
    text: str
    tip: str
    example: str
    prompt: str
    grid: Grid


def presets(samplers: dict[str, SamplerSpec]) -> tuple[Preset, ...]:
    """Made of the samplers that there are."""
    families = tuple(name for name, spec in samplers.items() if spec.is_family_default)
    quick = tuple(name for name in QUICK if name in samplers) or families
    # fmt: off
    return (
        Preset("families", "Families",
            "DDPM, SDE and flow from the same noise, each family's own sampler",
            "Three families draw a snowman", "a snowman",
            Grid(Axis("sampler", families))),
        Preset("steps", "Steps",
            "How few steps do: second-order solvers against Euler",
            "A rocket in 5, 10, 20 and 40 steps", "a rocket",
            Grid(Axis("steps", (5, 10, 20, 40)), Axis("sampler", quick))),
        Preset("guidance", "Guidance",
            "One noise, the guidance w swept from 0 (no prompt) to 8",
            "A red apple, guided ever more strongly", "a red apple on a blue background",
            Grid(Axis("guidance", (0.0, 1.0, 2.0, 4.0, 8.0)))),
    )
    # fmt: on


def welcome(known: tuple[Preset, ...]) -> Welcome:
    """What is shown before the first comparison; its examples begin with a preset."""
    rows = [[Example(f"compareExample-{p.id}", p.example, p.tip, p)] for p in known]
    return Welcome("compareWelcome", "From the same noise, side by side", HINT, rows)
