"""Opens the studio, waits for its model, and makes pictures: one by one, then four at once."""

from __future__ import annotations

from studio.bench.probes.stage import Stage


def work(stage: Stage) -> None:
    stage.session.prompt.set("a teddy bear")
    for what, count in (("generating", 1), ("generating again", 1), ("generating four", 4)):
        stage.session.count.set(count)
        stage.worked(what, lambda: stage.click("generate"), stage.idle)
        if stage.quick:
            break


if __name__ == "__main__":
    Stage().run(work)
