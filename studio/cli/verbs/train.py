"""`train`: runs a recipe; unchanged under torchrun, where only the first process reports."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from studio.cli import table
from studio.cli.outputs import folder_at
from studio.cli.preparation import Preparation
from studio.cli.sharing import again
from studio.cli.verb import Document, Verb, add_device, add_out
from studio.core.errors import StudioError, UsageError
from studio.core.installation import bundled
from studio.core.settings import MAX_SEED
from studio.core.world import World
from studio.dataset.catalogue import BUNDLED
from studio.training import recipe as recipes

if TYPE_CHECKING:
    from studio.training.loop import Outcome


def configure(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("recipe", nargs="?", metavar="RECIPE", help="a recipe's name or TOML file")
    add("--list", action="store_true", help="list the recipes and stop")
    add("--data", type=Path, default=BUNDLED, metavar="FOLDER", help="a dataset")
    add("--steps", type=int, help="how many steps (default: the recipe's)")
    add("--minutes", type=float, help="stop after this many minutes, rate decayed")
    add("--resume", action="store_true", help="continue the run in --out")
    add(
        "--start",
        type=bundled,
        metavar="FOLDER",
        help="begin from the weights in this folder, or bundled ones (studio-256/denoiser)",
    )
    add("--seed", type=int, help="of the batches and the initial weights")
    add_device(parser)
    add_out(parser, "the run's folder (default: runs/RECIPE)")


def run(arguments: Namespace) -> Document:
    if arguments.list:
        return {"recipes": [_listed(name) for name in recipes.available()]}
    if arguments.recipe is None:
        raise UsageError(f"which recipe? There are {', '.join(recipes.available())}.")
    recipe = recipe_from(arguments)
    if arguments.minutes is not None and not arguments.minutes > 0:
        raise UsageError(f"minutes must be more than 0, not {arguments.minutes:g}.")
    out = folder_at(arguments.out or f"runs/{recipe.name}", "a run")
    world = World.here()
    begun = (out / "checkpoint.pt").is_file
    resume = arguments.resume or (world.restarted and begun())
    try:
        outcome = _train(recipe, out, arguments, resume)
    except RuntimeError as error:
        from studio.training.distributed import lost_a_peer

        if not lost_a_peer(error):
            raise
        raise _lost(world, begun()) from None
    return {
        "recipe": recipe.name,
        "steps": outcome.steps,
        "samples": outcome.samples,
        "seconds": round(outcome.seconds, 3),
        "loss": outcome.loss,
        "checkpoint": str(outcome.checkpoint),
    }


def _lost(world: World, begun: bool) -> StudioError:
    """What the processes that are left say."""
    if not world.last:
        return StudioError("a training process died; torchrun restarts them all.")
    command = again(*(["--resume"] if begun else []), processes=world.size)
    return StudioError(f"a training process died. Resume with: {command}")


def recipe_from(arguments: Namespace) -> recipes.Recipe:
    """The recipe with what the options change. Raises UsageError, DataError."""
    recipe = recipes.load(arguments.recipe)
    run = recipe.run
    if arguments.steps is not None:
        if arguments.steps < 1:
            raise UsageError(f"steps must be 1 or more, not {arguments.steps}.")
        run = replace(run, steps=arguments.steps)
    if arguments.seed is not None:
        if not 0 <= arguments.seed <= MAX_SEED:
            raise UsageError(f"the seed must be 0 to {MAX_SEED}, not {arguments.seed}.")
        run = replace(run, seed=arguments.seed)
    return replace(recipe, run=run, dataset=arguments.data)


def _train(recipe: recipes.Recipe, out: Path, arguments: Namespace, resume: bool) -> Outcome:
    import torch

    from studio.engine import devices
    from studio.training import loop, tasks
    from studio.training.hardware import Hardware, keep_freed_memory

    keep_freed_memory()
    device = devices.choose(arguments.device, arguments.precision, training=True)
    report = partial(print, file=sys.stderr, flush=True)
    torch.manual_seed(recipe.run.seed)  # of the initial weights: a task builds its network
    task = tasks.made(recipe)
    with Preparation(report, silent=World.here().rank > 0) as preparation:
        return loop.train(
            task,
            recipe,
            out,
            Hardware.named(device.name, device.precision),
            resume=resume,
            start=arguments.start,
            minutes=arguments.minutes,
            report=report,
            watch=preparation.saw,
        )


def _listed(name: str) -> Document:
    recipe = recipes.load(name)
    run = recipe.run
    return {"name": name, "task": recipe.task, "steps": run.steps, "batch": run.batch}


def describe(document: Document) -> Iterator[str]:
    if "recipes" in document:
        cells = [tuple(recipe.values()) for recipe in document["recipes"]]
        yield from table.rows(("recipe", "task", "steps", "batch"), cells)
        return
    yield (
        f"{document['recipe']}: {document['steps']} steps, {document['samples']} samples,"
        f" {document['seconds']:.0f} s, loss {document['loss']:.4g}"
    )
    yield document["checkpoint"]


VERB = Verb("train", "run a training recipe", configure, run, describe)
