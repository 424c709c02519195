"""What can be chosen and how: the specs that registries hold and that panels and the CLI list."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from studio.core import prompts
from studio.core.errors import UsageError

if TYPE_CHECKING:
    from studio.core.settings import Settings

Option = float | bool | str
#: Chosen values by name, sorted, without those at their default: hashable, so settings may hold it.
Options = tuple[tuple[str, Option], ...]


@dataclass(frozen=True)
class Parameter:
    """One option of a sampler or a guidance rule; its control is built from this.

    The default's type is the option's: bool, int, float (within low..high) or str (of `choices`).
    """

    name: str
    label: str
    default: Option
    summary: str
    low: float = -math.inf
    high: float = math.inf
    choices: tuple[str, ...] = ()

    def checked(self, value: object) -> Option:
        """`value`, or text that spells it, in the default's type. Raises UsageError."""
        if self.choices:
            if value not in self.choices:
                raise self._wrong(value, f"one of {', '.join(self.choices)}")
            return str(value)
        if isinstance(self.default, bool):
            words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
            word = str(value).lower()
            if word not in words:
                raise self._wrong(value, "yes or no")
            return words[word]
        try:
            number = float(str(value))
        except ValueError:
            number = math.nan
        whole = isinstance(self.default, int)
        if not self.low <= number <= self.high or (whole and not number.is_integer()):
            kind = "a whole number" if whole else "a number"
            raise self._wrong(value, f"{kind} from {self.low:g} to {self.high:g}")
        return int(number) if whole else number

    def _wrong(self, value: object, wanted: str) -> UsageError:
        return UsageError(f"{self.name} must be {wanted}, not {value}.")


@dataclass(frozen=True)
class SamplerSpec:
    """A sampler as the user meets it.

    `order` is the order of convergence, path by path where noise is added (which is additive here,
    so that Euler-Maruyama's is 1). `nfe_per_step` counts denoiser evaluations without guidance;
    None where no step costs what another does (adaptive solvers, restarts). `family` is one of
    "ddpm", "sde", "flow". `is_family_default` marks the sampler that the bare family name means.
    `aliases` are names that mean this sampler too: the same solver written in other variables.
    `twin` names another whose step this is: on one schedule both make the same picture. It is kept
    where the field knows both names and their own schedules differ. `needs` names a network that
    it runs on in place of the model's denoiser ("": none), which fixes steps and guidance.
    """

    name: str
    label: str
    family: str
    order: float
    stochastic: bool
    nfe_per_step: int | None
    default_steps: int
    summary: str
    source: str
    is_family_default: bool = False
    parameters: tuple[Parameter, ...] = ()
    aliases: tuple[str, ...] = ()
    twin: str = ""
    needs: str = ""

    @property
    def adaptive(self) -> bool:
        """Whether it chooses its own steps, to keep to a tolerance."""
        return any(parameter.name == "tolerance" for parameter in self.parameters)

    @property
    def cost(self) -> str:
        """Network calls a step without guidance, in a word."""
        if self.nfe_per_step is not None:
            return str(self.nfe_per_step)
        return "adaptive" if self.adaptive else "varies"

    def evaluations(self, settings: Settings, unknown: int = 0) -> int:
        """Of the denoiser for a picture, roughly: guidance asks it for the negative prompt too, and
        for each prompt that AND joins. A step that costs no fixed number counts `unknown`."""
        joined = len(prompts.read(settings.prompt).parts)
        if self.needs:
            return settings.steps * (self.nfe_per_step or unknown)
        asked = 1 if settings.guidance in (0.0, 1.0) and joined == 1 else joined + 1
        return settings.steps * (self.nfe_per_step or unknown) * asked

    @property
    def likeness(self) -> tuple[str, ...]:
        """Sentences on the names that mean this sampler, and on its twin."""
        alike = [f"{name} means {self.name}: the same in other variables." for name in self.aliases]
        if self.twin:
            alike.append(f"On one schedule {self.name} and {self.twin} make the same picture.")
        return tuple(alike)

    @property
    def invertible(self) -> bool:
        """Whether each of its steps is a function of the last sample alone: no noise, no memory. A
        method of order n that keeps nothing needs n evaluations a step at least."""
        solves = not self.stochastic and not self.needs
        return solves and 0 < self.order <= (self.nfe_per_step or 0)


@dataclass(frozen=True)
class GuidanceSpec:
    """A guidance rule as the user meets it. `needs` names what it uses beyond the model and two
    prompts: "" nothing, "weak" a weaker denoiser, "classifier" a noise-aware classifier."""

    name: str
    label: str
    summary: str
    source: str
    needs: str = ""
    parameters: tuple[Parameter, ...] = ()


@dataclass(frozen=True)
class ScheduleSpec:
    """Where a sampler's steps lie, as the user meets it."""

    name: str
    label: str
    summary: str
    source: str


def one_name(name: str, samplers: Iterable[SamplerSpec]) -> str:
    """The name that an alias stands for; any other name as it is."""
    return next((spec.name for spec in samplers if name in spec.aliases), name)


def checked_options(
    owner: str, parameters: tuple[Parameter, ...], options: Iterable[tuple[str, object]]
) -> Options:
    """The options in their types, sorted, those at their default left out.

    Raises UsageError for a name that `owner` does not have or a value out of range.
    """
    known = {parameter.name: parameter for parameter in parameters}
    chosen: dict[str, Option] = {}
    for name, value in options:
        if name not in known:
            have = f"it has {', '.join(known)}" if known else "it has none"
            raise UsageError(f"{owner} has no option {name!r}; {have}.")
        chosen[name] = known[name].checked(value)
    return tuple(sorted((n, v) for n, v in chosen.items() if v != known[n].default))


FAMILIES = {"ddpm": "DDPM", "sde": "SDE", "flow": "Flow"}
