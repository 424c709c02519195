"""Autoguidance: away from a weaker network. Must not import torch at run time."""

from __future__ import annotations

from dataclasses import dataclass

from studio.core.specs import GuidanceSpec
from studio.diffusion.guidance.cfg import ClassifierFree

GUIDANCE = GuidanceSpec(
    name="autoguidance",
    label="Autoguidance",
    summary="Goes on from what a weaker version of the model draws of the prompt to what the model"
    " draws of it, and beyond.",
    source="Karras et al. 2024, arXiv:2406.02507",
    needs="weak",
)


@dataclass(frozen=True)
class Autoguided(ClassifierFree):
    """epsilon = epsilon_weak + w (epsilon_strong - epsilon_weak), both under the same condition.

    `conditional` is the model, `unconditional` a weaker one (smaller, or trained less) with the
    same prompt: what guidance then pulls away from is the weak one's mistakes, not other pictures.
    """


guide = Autoguided
