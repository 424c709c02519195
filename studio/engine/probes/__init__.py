"""Ways to look inside a latent: every module here with a PROBE and a `look` is one; what takes long
before that is its `prepare`.

A module's top level must not import torch: listing must not need it.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache
from typing import Any

from studio.core.autoencoding import Probe, Probed, ProbeSpec
from studio.core.errors import UsageError, pick
from studio.core.learning import Preparing
from studio.core.specs import checked_options
from studio.models.format import Check
from studio.models.model import ImageAutoencoder

ORDER = (
    "posterior", "samples", "noise", "quantise", "channels", "walk", "prior", "interpolate",
    "step", "paste", "frequencies", "no-picture", "bound",
)  # fmt: skip


@cache
def _modules() -> dict[str, Any]:
    names = (found.name for found in pkgutil.iter_modules(__path__))
    modules = (importlib.import_module(f"{__name__}.{name}") for name in names)
    found = {module.PROBE.name: module for module in modules if hasattr(module, "PROBE")}
    known = [name for name in ORDER if name in found]
    return {name: found[name] for name in [*known, *sorted(set(found) - set(known))]}


def all_probes() -> tuple[ProbeSpec, ...]:
    """Every probe, in the order to show them."""
    return tuple(module.PROBE for module in _modules().values())


def find(name: str) -> ProbeSpec:
    """Raises UsageError for an unknown name."""
    spec: ProbeSpec = pick("probe", name, _modules()).PROBE
    return spec


def probe(
    autoencoder: ImageAutoencoder | None, request: Probe, check: Check = lambda: None, job: int = 0
) -> Iterator[Preparing | Probed]:
    """Looks; `check`, before everything that is decoded, may raise Cancelled. None stands for the
    autoencoder of a probe that brings its own.

    Raises UsageError for an unknown probe or option, or too few pictures.
    """
    spec = find(request.probe)
    if len(request.pictures) < spec.pictures:
        wanted = "two pictures" if spec.pictures == 2 else "a picture"
        raise UsageError(f"{spec.label} needs {wanted}; open {wanted} first.")
    chosen = checked_options(spec.label, spec.parameters, request.options)
    options = {each.name: each.default for each in spec.parameters} | dict(chosen)

    from studio.engine.probes.study import Study

    study = Study(autoencoder, request, options, spec.pictures, check, job)
    module = _modules()[request.probe]
    if hasattr(module, "prepare"):
        yield from module.prepare(study)
    yield module.look(study)
