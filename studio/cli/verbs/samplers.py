"""`samplers`: what the registries of samplers, guidance rules and schedules hold; with
`--few-steps`, how few steps of them will do."""

from __future__ import annotations

import math
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import asdict

from studio.cli import table
from studio.cli.few_steps import add_few_steps, lines, measured
from studio.cli.verb import Document, Verb
from studio.core.specs import GuidanceSpec, SamplerSpec
from studio.diffusion.guidance import all_rules
from studio.diffusion.samplers import all_samplers
from studio.diffusion.schedules import all_schedules


def configure(parser: ArgumentParser) -> None:
    add_few_steps(parser)


def run(arguments: Namespace) -> Document:
    if arguments.few_steps is not None:
        return measured(arguments)
    return {
        "samplers": [_document(spec) for spec in all_samplers()],
        "rules": [_document(spec) for spec in all_rules()],
        "schedules": [asdict(spec) for spec in all_schedules()],
    }


def _document(spec: SamplerSpec | GuidanceSpec) -> Document:
    """JSON knows no infinity: where a parameter is open, its bound is null."""
    document = asdict(spec)
    for parameter in document["parameters"]:
        for bound in ("low", "high"):
            if math.isinf(parameter[bound]):
                parameter[bound] = None
    return document


def describe(document: Document) -> Iterator[str]:
    if "rows" in document:
        yield from lines(document)
        return
    heads = ("name", "family", "order", "noise", "calls a step", "steps", "")
    specs = {spec.name: spec for spec in all_samplers()}
    cells = [
        (
            spec["name"],
            spec["family"] + ("*" if spec["is_family_default"] else ""),
            f"{spec['order']:g}",
            "yes" if spec["stochastic"] else "no",
            specs[spec["name"]].cost,
            spec["default_steps"],
            spec["summary"],
        )
        for spec in document["samplers"]
    ]
    yield from table.rows(heads, cells)
    yield "* the family's default, which its bare name means"
    for each in specs.values():
        yield from each.likeness
    for title, kind in (
        ("Guidance rules (--rule)", "rules"),
        ("Schedules (--schedule)", "schedules"),
    ):
        yield ""
        yield title
        yield from table.rows(("", ""), [(s["name"], s["summary"]) for s in document[kind]])
    yield ""
    yield "Options (--option, --rule-option)"
    yield from table.rows(("", "", "", ""), list(_options(document)))


def _options(document: Document) -> Iterator[tuple[str, str, str, str]]:
    for spec in (*document["samplers"], *document["rules"]):
        for each in spec["parameters"]:
            told = each["summary"]
            if each["choices"]:
                told += f" One of {', '.join(each['choices'])}."
            yield spec["name"], each["name"], f"{each['default']}", told


VERB = Verb("samplers", "list the samplers", configure, run, describe)
