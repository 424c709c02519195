"""The Interpolate workspace: a strip made, scrubbed, played, exported; then a grid of four ends."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from studio.bench.probes.stage import Stage

FRAMES, STEPS, MOVES = 17, 4, 400


def work(stage: Stage) -> None:
    panel = stage.panel("interpolate")
    column, course, player = panel.column, panel.course, panel.player

    def idle() -> bool:
        return course.job is None

    def scrubbed() -> Callable[[], bool]:
        """A move at every turn of the event loop."""
        left = iter(range(MOVES))

        def next_move() -> bool:
            at = next(left, None)
            if at is not None:
                player.slider.setValue(at * 37 % 1001)
            return at is None

        return next_move

    stage.session.steps.set(STEPS)
    column.frames.set_value(3 if stage.quick else FRAMES)
    column.cards[0].prompt.setPlainText("a red apple")
    column.cards[1].prompt.setPlainText("a green pear")
    stage.worked("a strip made", panel.run, idle)
    stage.timed("scrubbed", lambda: None, scrubbed())
    stage.timed("played", player.toggle, stage.rested(3))
    player.pause()
    for form in (".webp",) if stage.quick else (".webp", ".gif", ".mp4", ""):
        export = partial(panel._export, form, bool(form))
        stage.timed(f"exported as {form or 'frames'}", export, lambda: not panel.exports.busy)
    if not stage.quick:
        column.ends.choose("4")
        column.cards[2].prompt.setPlainText("a yellow lemon")
        column.cards[3].prompt.setPlainText("a blue car")
        stage.worked("a grid made", panel.run, idle)
        stage.timed("the grid scrubbed", lambda: None, scrubbed())


if __name__ == "__main__":
    Stage().run(work)
