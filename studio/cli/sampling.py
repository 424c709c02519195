"""The options that decide how pictures are sampled, and the settings they make. No torch."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from studio.cli.verb import add_device
from studio.core.errors import UsageError
from studio.core.requests import Settings
from studio.diffusion import samplers

DEFAULT = Settings("")


def add_sampling(parser: ArgumentParser) -> None:
    """Everything in Settings but prompt and seed, and --device."""
    parser.add_argument("--negative", default="", metavar="TEXT", help="what to stay away from")
    parser.add_argument(
        "--sampler", default=DEFAULT.sampler, metavar="NAME", help="a sampler, or a family's name"
    )
    parser.add_argument("--steps", type=int, help="how many steps (default: the sampler's)")
    parser.add_argument(
        "--guidance",
        type=float,
        default=DEFAULT.guidance,
        help="0: none, 1: as trained, more: closer to the prompt (default %(default)g)",
    )
    parser.add_argument(
        "--guidance-interval",
        type=float,
        nargs=2,
        metavar=("LOW", "HIGH"),
        default=DEFAULT.guidance_interval,
        help="guide only between these times (0 clean, 1 noise)",
    )
    parser.add_argument(
        "--size", type=int, default=DEFAULT.size, help="pixels a side (default %(default)d)"
    )
    parser.add_argument(
        "--model", default=DEFAULT.model, metavar="NAME|PATH", help="which model (%(default)s)"
    )
    add_device(parser)


def settings_from(arguments: Namespace, prompt: str, seed: int) -> Settings:
    """The checked settings that the options describe. Raises UsageError."""
    sampler = samplers.find(arguments.sampler).spec
    low, high = arguments.guidance_interval
    settings = Settings(
        prompt=_text(prompt, "prompt"),
        negative=_text(arguments.negative, "negative prompt"),
        model=arguments.model,
        sampler=sampler.name,
        steps=sampler.default_steps if arguments.steps is None else arguments.steps,
        guidance=arguments.guidance,
        guidance_interval=(low, high),
        seed=seed,
        size=arguments.size,
    )
    settings.check()
    return settings


def _text(value: str, name: str) -> str:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise UsageError(f"the {name} is not text in UTF-8.") from None
    return value
