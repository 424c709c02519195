"""Goes to every workspace, and in each loads a model anew and makes a picture with it."""

from __future__ import annotations

from functools import partial
from itertools import cycle

from studio.bench.probes.stage import Stage
from studio.core.generating import Generate
from studio.models.registry import find
from studio.ui.workspaces import WORKSPACES


def work(stage: Stage) -> None:
    stage.session.prompt.set("a teddy bear")
    path = find(stage.wanted["model"]).path
    names = cycle((str(path), f"{path.parent}/./{path.name}"))  # two names: it is loaded each time
    for name in tuple(WORKSPACES)[: 2 if stage.quick else None]:
        stage.panel(name)
        stage.session.model.set(next(names))
        submit = partial(stage.jobs.submit, Generate(stage.session.settings()))
        stage.worked(f"{name}, loading and generating", submit, stage.idle)


if __name__ == "__main__":
    Stage().run(work)
