"""Other people's generators: a file a family, which says how its networks are asked.

A module's FAMILY is an `Adapter`; `adapters` knows it by its diffusers pipelines.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from studio.models.families.adapter import Adapter


@cache
def adapters() -> dict[str, type[Adapter]]:
    """By the name of the pipeline. Imports neither torch nor diffusers."""
    names = [f"{__name__}.{found.name}" for found in pkgutil.iter_modules(__path__)]
    modules = [importlib.import_module(name) for name in names]
    families = [m.FAMILY for m in modules if hasattr(m, "FAMILY")]
    return {pipeline: family for family in families for pipeline in family.pipelines}
