"""The registry of guidance: denoisers made of denoisers. Every module here with a GUIDANCE is one.

Adding a rule is adding a file: a GuidanceSpec and, as `guide`, what makes the denoiser. Negative
prompts, a guidance interval and one network call for both denoisers come with every rule. Importing
this package, and any rule in it, does not import torch.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from studio.core.errors import UsageError, pick
from studio.core.specs import GuidanceSpec, Options, checked_options
from studio.diffusion.denoised import Denoiser
from studio.diffusion.guidance.cfg import ClassifierFree
from studio.diffusion.guidance.classifier import ClassifierGuided, LogProbability
from studio.diffusion.guidance.guided import Watch

__all__ = [
    "ClassifierFree",
    "ClassifierGuided",
    "LogProbability",
    "Rule",
    "Watch",
    "all_rules",
    "find",
]

#: guide(conditional, unconditional, scale, interval, watch, **options) -> the guided denoiser.
#: options: keywords, one for each of the spec's parameters, with the same default.
GuideFunction = Callable[..., Denoiser]


@dataclass(frozen=True)
class Rule:
    """A rule that mixes two denoisers; `make` is None for the classifier's, which wraps one."""

    spec: GuidanceSpec
    make: GuideFunction | None

    def guide(
        self,
        conditional: Denoiser,
        unconditional: Denoiser,
        scale: float,
        interval: tuple[float, float] = (0.0, 1.0),
        options: Options = (),
        watch: Watch | None = None,
    ) -> Denoiser:
        """The guided denoiser of one run, with checked options. Raises UsageError.

        `unconditional` is a weaker denoiser with the same condition where the rule needs "weak".
        """
        if self.make is None:
            raise UsageError(
                f"{self.spec.name} guidance goes on top of another rule: choose a rule for the"
                " prompt, then a class and the classifier's scale."
            )
        chosen = dict(checked_options(self.spec.name, self.spec.parameters, options))
        return self.make(conditional, unconditional, scale, interval, watch, **chosen)


@cache
def _registry() -> dict[str, Rule]:
    names = [f"{__name__}.{found.name}" for found in pkgutil.iter_modules(__path__)]
    modules = [importlib.import_module(name) for name in names]
    rules = [
        Rule(module.GUIDANCE, getattr(module, "guide", None))
        for module in modules
        if hasattr(module, "GUIDANCE")
    ]
    rules.sort(key=lambda r: (r.spec.needs != "", len(r.spec.parameters), r.spec.name))
    return {rule.spec.name: rule for rule in rules}


def all_rules() -> tuple[GuidanceSpec, ...]:
    """Every rule's spec: what needs nothing more first, then the plainest first."""
    return tuple(rule.spec for rule in _registry().values())


def find(name: str) -> Rule:
    """The rule of that name. Raises UsageError."""
    return pick("guidance rule", name, _registry())
