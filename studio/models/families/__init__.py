"""Other people's generators: a file a family, which says how its networks are asked.

A module's FAMILY is an `Adapter`; `adapters` knows it by its diffusers pipelines.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from typing import Any

from studio.models.families.adapter import Adapter


@cache
def adapters() -> dict[str, type[Adapter]]:
    """By the name of the pipeline. Imports neither torch nor diffusers."""
    names = [f"{__name__}.{found.name}" for found in pkgutil.iter_modules(__path__)]
    modules = [importlib.import_module(name) for name in names]
    families = [m.FAMILY for m in modules if hasattr(m, "FAMILY")]
    return {pipeline: family for family in families for pipeline in family.pipelines}


def family_of(index: Mapping[str, Any]) -> type[Adapter] | None:
    """By the pipeline's name in a model_index.json; where the denoiser is another family's, that
    one: Chroma's own folder names FLUX's pipeline."""
    named = adapters().get(str(index.get("_class_name")))
    if named is None or _denoises(named, index):
        return named
    return next((each for each in adapters().values() if _denoises(each, index)), named)


def _denoises(family: type[Adapter], index: Mapping[str, Any]) -> bool:
    part = family.parts[family.asked]
    return index.get(family.asked) in [[part.library, kind] for kind in part.classes]
