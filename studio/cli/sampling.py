"""The options that decide how pictures are sampled, and the settings they make."""

from __future__ import annotations

from argparse import SUPPRESS, ArgumentParser, Namespace
from functools import partial
from pathlib import Path

from studio.cli.pictures import read_mask, read_middle
from studio.cli.verb import add_model, defaults_of, model_of, pair_of, size_of
from studio.core.addons import EMBEDDING, LORA, AddOn
from studio.core.errors import UsageError
from studio.core.generating import Inputs
from studio.core.settings import Settings
from studio.diffusion import samplers
from studio.models.plan import Plan

DEFAULT = Settings("")


def add_sampling(parser: ArgumentParser) -> None:
    """Everything in Settings but prompt and seed, and --device."""
    add = parser.add_argument
    add("--negative", default="", metavar="TEXT", help="what to avoid")
    add("--sampler", metavar="NAME", help="a sampler, or a family's name (default: the model's)")
    add(
        "--turbo",
        dest="sampler",
        action="store_const",
        const="turbo",
        default=SUPPRESS,  # --sampler's
        help="four network calls a picture: short for --sampler turbo",
    )
    add("--steps", type=int, help="how many steps (default: the model's, or the sampler's)")
    add(
        "--guidance",
        type=float,
        help="0: none, 1: as trained, more: closer to the prompt (default: the model's)",
    )
    add(
        "--guidance-interval",
        type=float,
        nargs=2,
        metavar=("LOW", "HIGH"),
        default=DEFAULT.guidance_interval,
        help="guide only between these times (0 clean, 1 noise)",
    )
    add_fine_tuning(parser)
    add_addons(parser)
    add_model(parser)


def add_fine_tuning(parser: ArgumentParser) -> None:
    """The sampler's options, the schedule, the guidance rule and the classifier."""
    add = parser.add_argument
    pair = partial(add, type=pair_of, action="append", default=[], metavar="NAME=VALUE")
    pair("--option", help="an option of the sampler; `samplers` lists them (repeatable)")
    add("--schedule", default="", metavar="NAME", help="the noise schedule")
    add("--shift", type=float, default=DEFAULT.shift, help="above 1: more steps near the noise")
    tip = "the layer of CLIP, from its end, that prompts are read at (%(default)s)"
    add("--clip-skip", type=int, default=DEFAULT.clip_skip, metavar="N", help=tip)
    tip = (
        "FLUX.1 and Qwen-Image: leave out blocks while the first changes by less than this share"
        " from step to step; quicker, changes the picture (try 0.1; default %(default)g: never)"
    )
    add("--cache", type=float, default=DEFAULT.cache, metavar="THRESHOLD", help=tip)
    add("--rule", default=DEFAULT.rule, metavar="NAME", help="the guidance rule (%(default)s)")
    pair("--rule-option", help="an option of the guidance rule (repeatable)")
    add("--classifier", default="", metavar="CLASS", help="a class the classifier guides towards")
    add("--classifier-scale", type=float, default=2.0, help="how strongly (default %(default)g)")


def add_addons(parser: ArgumentParser) -> None:
    """LoRA and embeddings, for checkpoints."""
    add = partial(parser.add_argument, action="append", default=[], dest="addons")
    add(
        "--lora",
        type=_lora,
        metavar="FILE[:WEIGHT]",
        help="a LoRA for the checkpoint, and how strongly it acts (default 1; repeatable)",
    )
    add(
        "--embedding",
        type=lambda file: AddOn(file, kind=EMBEDDING),
        metavar="FILE",
        help="a textual inversion: its file's name becomes a word of prompts (repeatable)",
    )


def _lora(text: str) -> AddOn:
    """A colon may also be a part of the file's name, or stand behind a drive's letter."""
    file, _, weight = text.rpartition(":")
    try:
        number = float(weight)
    except ValueError:
        return AddOn(text, kind=LORA)
    return AddOn(file or text, weight=number if file else 1.0, kind=LORA)


def add_start(parser: ArgumentParser) -> None:
    """A picture to start from, and noise near other noise."""
    add = parser.add_argument
    add("--image", type=Path, metavar="FILE", help="a picture to start from")
    add(
        "--strength",
        type=float,
        help="how much of it to redraw, above 0 and up to 1 (default 0.6; 1 with a mask)",
    )
    add(
        "--mask",
        type=Path,
        metavar="FILE",
        help="repaint only where this picture is white, not black or transparent; around it the"
        " new picture fades into the old one over 2 %% of the longer side",
    )
    add("--variation", type=float, default=0.0, help="0: the seed's own noise, 1: another's")
    add("--variation-seed", type=int, default=0, help="the seed of the other noise")


def inputs_from(arguments: Namespace) -> Inputs | None:
    """The pictures that the options name. Raises UsageError, DataError."""
    if arguments.image is None:
        for name in ("mask", "strength"):
            if getattr(arguments, name) is not None:
                raise UsageError(f"--{name} needs --image, the picture to start from.")
        return None
    source = read_middle(arguments.image, size_of(arguments)).pixels
    return Inputs(source, None if arguments.mask is None else read_mask(arguments.mask, source))


def settings_from(arguments: Namespace, prompt: str, seed: int) -> Settings:
    """The checked settings that the options describe. Raises UsageError."""
    own = defaults_of(arguments.model)
    named = own.sampler if arguments.sampler is None else arguments.sampler
    sampler = samplers.find(named).spec
    low, high = arguments.guidance_interval
    settings = Settings(
        prompt=_text(prompt, "prompt"),
        negative=_text(arguments.negative, "negative prompt"),
        model=model_of(arguments),
        sampler=sampler.name,
        steps=own.steps_with(sampler) if arguments.steps is None else arguments.steps,
        guidance=own.guidance if arguments.guidance is None else arguments.guidance,
        guidance_interval=(low, high),
        seed=seed,
        size=size_of(arguments),
        options=tuple(arguments.option),
        schedule=arguments.schedule,
        shift=arguments.shift,
        clip_skip=arguments.clip_skip,
        cache=arguments.cache,
        rule=arguments.rule,
        rule_options=tuple(arguments.rule_option),
        classifier=_text(arguments.classifier, "class"),
        classifier_scale=arguments.classifier_scale if arguments.classifier else 0.0,
        addons=tuple(arguments.addons),
    )
    return Plan.of(settings).settings


def _text(value: str, name: str) -> str:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise UsageError(f"the {name} is not text in UTF-8.") from None
    return value
