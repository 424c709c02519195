"""What can be trained: every module here with a TASK, named as recipes name it (task = "...").

Adding a task is adding a file. Finding one imports that module only.
"""

from __future__ import annotations

import importlib
import logging
import pkgutil
from collections.abc import Callable
from typing import cast

from studio.core.errors import UsageError
from studio.training.recipe import Recipe
from studio.training.task import Task

log = logging.getLogger(__name__)


def find(name: str) -> Callable[[Recipe], Task]:
    """The task of that name, to be made from a recipe. Raises UsageError."""
    names = sorted(found.name for found in pkgutil.iter_modules(__path__))
    if name not in names:
        raise UsageError(f"there is no task {name!r}; choose one of {', '.join(names)}.")
    module = importlib.import_module(f"{__name__}.{name}")
    return cast(Callable[[Recipe], Task], module.TASK)


def made(recipe: Recipe) -> Task:
    """The recipe's task. Raises UsageError, also where its values fit singly and no network
    together."""
    task = find(recipe.task)
    try:
        return task(recipe)
    except (ArithmeticError, AssertionError, MemoryError, RuntimeError, ValueError) as error:
        log.debug("%s", recipe.name, exc_info=error)
        raise UsageError(
            f"{recipe.name} [network] describes no network that can be built; change its widths,"
            " heads or patches."
        ) from error
