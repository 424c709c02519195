"""The Compare workspace: a comparison made, scrubbed, looked at in its other views."""

from __future__ import annotations

from functools import partial

from studio.bench.probes.stage import Stage
from studio.core.grid import Axis, Grid

SAMPLERS, STEPS = ("ddim", "flow-euler", "flow-heun"), (4, 8, 12)


def work(stage: Stage) -> None:
    panel = stage.panel("compare")
    comparison, quick = panel.comparison, stage.quick
    stage.session.prompt.set("a teddy bear")
    axes = Axis("steps", (1, 2) if quick else STEPS), Axis("sampler", SAMPLERS[: 1 if quick else 3])
    panel.column.axes.set_grid(Grid(*axes))
    stage.worked("a comparison made", panel.run, lambda: comparison.job is None)
    stage.timed("another cell selected", lambda: comparison.select(1), stage.rested(0.3))
    for name in ("convergence", "guidance", "lab", "pictures"):
        stage.timed(f"the view {name!r}", partial(panel.show_view, name), stage.rested(0.5))


if __name__ == "__main__":
    Stage().run(work)
