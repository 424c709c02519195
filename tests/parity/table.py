"""Writes docs/samplers.md: `python -m tests.parity.table`, where diffusers is installed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import diffusers

from studio.diffusion.samplers import all_samplers
from tests.parity.cases import CASES
from tests.parity.harness import Case, compare

PAGE = Path(__file__).parents[2] / "docs" / "samplers.md"
INTRO = """\
# Samplers beside diffusers

Every sampler that diffusers {version} has too, run beside theirs in float32: the same network,
grid, first noise and later noises. The number is the largest difference after any step, as a share
of the largest value of x there, both brought to the scale alpha^2 + sigma^2 = 1. Analytic: the
network is the exact answer for a mixture of three normal distributions in 12 dimensions. Tiny: a
random `UNet2DModel`, asked for epsilon (v where it says so), or for the velocity on flows. Ours
goes through `NetworkDenoiser`. `pytest tests/parity` holds all of them below 1e-5, and the pictures
of whole pipelines (DDIMPipeline, DDPMPipeline) too. `tests/parity/test_guided.py` does so with
classifier-free guidance on both sides, on a random `UNet2DConditionModel` and a random
`SD3Transformer2DModel`. Where a row is not theirs as shipped and in float32, its
note says so, and what the difference is as shipped. No row clips x0 (clip_sample=False).

This page is written by `python -m tests.parity.table`.
"""
HEADER = """\
| ours | theirs | steps | grid | analytic | tiny | note |
| --- | --- | --- | --- | --- | --- | --- |
"""

#: Theirs that come near one of ours, and what sets them apart.
NEAR = {
    "sde-euler": "their ScoreSdeVpScheduler takes steps even in t, ours even in lambda",
    "sde-pc": "their ScoreSdeVeScheduler is on the VE path and takes a Langevin step's size from "
    "norms measured over the batch; ours is on the VP path, with the norms' expected values",
    "flow-sde": "their LTXEulerAncestralRFScheduler steps too far down and adds noise back; ours "
    "integrates the SDE",
}


def shown(settings: tuple[tuple[str, object], ...]) -> str:
    """`a=1, b=x`; a function by its name, the grid's settings left out."""
    left_out = ("timestep_spacing", "use_karras_sigmas", "clip_sample", "shift")
    return ", ".join(
        f"{name}={getattr(value, '__name__', value)}"
        for name, value in settings
        if name not in left_out
    )


def as_shipped(case: Case) -> Case | None:
    """The case with nothing of theirs mended; None where nothing is. (c_noise is not a time.)"""
    if case.theirs == "ThirdOrderSde":
        return replace(case, theirs="DPMSolverMultistepScheduler")
    if case.double or (case.at_sigma and not case.theirs.startswith("EDM")):
        return replace(case, double=False, at_sigma=False)
    return None


def row(case: Case) -> str:
    ours = f"{case.ours}" + (f" ({shown(case.options)})" if case.options else "")
    settings = shown((*case.settings, *case.step_options))
    theirs = case.theirs + (f" ({settings})" if settings else "")
    analytic, tiny = compare(case, tiny=False), compare(case, tiny=True)
    note, shipped = case.note, as_shipped(case)
    if shipped is not None:
        gaps = (compare(shipped, tiny=False), compare(shipped, tiny=True))
        note += f"; as shipped **{gaps[0]:.0e}** (analytic) and **{gaps[1]:.0e}** (tiny)"
    cells = (ours, theirs, case.steps, case.grid, f"{analytic:.0e}", f"{tiny:.0e}", note)
    return "| " + " | ".join(str(cell) for cell in cells) + " |\n"


def others() -> str:
    """Our samplers that no case names, with their sources."""
    known = {case.ours for case in CASES}
    lines = []
    for spec in all_samplers():
        if spec.name not in known:
            near = f" ({NEAR[spec.name]})" if spec.name in NEAR else ""
            lines.append(f"- {spec.name}: {spec.source}{near}\n")
    return "".join(lines)


def main() -> None:
    page = INTRO.format(version=diffusers.__version__) + "\n" + HEADER
    page += "".join(row(case) for case in CASES)
    page += "\n## Ours that diffusers does not have\n\n" + others()
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
