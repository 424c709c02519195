"""Any words after any verb: done, or one line that says what is wrong; never a traceback."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from studio import cli
from studio.cli import program
from studio.cli.grid_options import grid_from
from studio.cli.outputs import Pictures, file_at, folder_at
from studio.cli.sampling import settings_from
from studio.cli.verb import Document, Parser, Verb
from studio.cli.verbs import dataset, generate, interpolate, reconstruct, train
from studio.dataset.catalogue import BUNDLED, Catalogue
from studio.models import registry
from studio.pictures.reading import read_picture
from tests.cli.conftest import Run

VERBS = program.all_verbs()


def options(verb: Verb) -> set[str]:
    parser = Parser(add_help=False)
    verb.configure(parser)
    return set(parser._option_string_actions)


OPTIONS = sorted(set.union(*map(options, VERBS)))
EXAMPLES = int(os.environ.get("LATENT_STUDIO_EXAMPLES", "60"))
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=()), max_size=12)
ODD = [
    *("", "-", "--", "---", "-1", "-1e5", "nan", "inf", "1e400", "0x10", "²", "١٢", "1_000"),
    *(
        "9" * 5000,
        "x" * 300,
        "a/" * 3000,
        "a,b",
        ",",
        "5,,10",
        "5,10",
        "k=v",
        "=",
        "%(prog)s",
        "@x",
        "{a|b",
        "a\nb",
    ),
    *("flow", "flow-heun", "all", "all-sde", "cfg", "own", "karras", ".gif", "cpu", "~nobody"),
]
VALUES = st.one_of(
    TEXT,
    st.sampled_from(ODD),
    st.integers().map(str),
    st.floats().map(str),
)
WORDS = st.lists(
    st.one_of(
        VALUES,
        st.sampled_from([*OPTIONS, "--json", "--help", "-h"]),
        st.builds(lambda name, value: f"{name}={value}", st.sampled_from(OPTIONS), VALUES),
    ),
    max_size=8,
)
CHECKS: dict[str, Callable[[Any], object]] = {  # what is done with the options before the work
    "compare": lambda words: (grid_from(words), folder_of(words), registry.find(words.model)),
    "evaluate": lambda words: (settings_from(words, "", 0), folder_of(words)),
    "generate": lambda words: (
        generate.requests_from(words),
        Pictures.at(words.out, words.count),
        registry.find(words.model),
    ),
    "interpolate": lambda words: (interpolate.request_from(words), folder_of(words)),
    "reconstruct": lambda words: (
        reconstruct.names_from(words.autoencoders),
        [read_picture(path) for path in words.images],
        reconstruct.places_for(words.out, words.images, ("ae", "vae")),
    ),
    "train": lambda words: (
        words.recipe is None or train.recipe_from(words),
        folder_of(words),
        words.data and Catalogue(words.data),
    ),
    "dataset": lambda words: (
        dataset.wanted(words.styles, ("noto", "fluent-3d")),
        Catalogue(words.data or BUNDLED),
        words.out is None or file_at(words.out, "dataset.png"),
    ),
}


def folder_of(words: Any) -> Path:
    """Where results would go, as the verbs check it."""
    return folder_at(words.out or "results", "all of it")


@pytest.fixture(autouse=True)
def no_work(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Verbs only make their request, in a folder where there is nothing."""

    def only(check: Callable[[Any], object]) -> Callable[..., Document | None]:
        def run(arguments: object) -> None:
            check(arguments)

        return run

    idle = tuple(replace(v, run=only(CHECKS.get(v.name, lambda words: None))) for v in VERBS)
    monkeypatch.setattr(program, "all_verbs", lambda: idle)
    monkeypatch.chdir(tmp_path_factory.mktemp("empty"))


@pytest.mark.parametrize("verb", [verb.name for verb in VERBS])
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(words=WORDS)
@example(words=["x", "--negative=--"])
@example(words=["--", "--"])
@example(words=["x", "--guidance-interval=--"])
@example(words=["9" * 300, "--out", "9" * 300])
def test_any_words(verb: str, words: list[str]) -> None:
    outcome(verb, *words)


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(words=WORDS)
def test_any_words_without_a_verb(words: list[str]) -> None:
    outcome(*words)


def outcome(*words: str) -> int:
    """The exit code, all that is said about it being as it should."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = cli.main(words)
    if "--help" in words or "-h" in words:
        assert code in (0, 2)
    if code:
        assert code in (1, 2, 130)
        (line,) = err.getvalue().splitlines()
        assert line.startswith("error: ")
        assert out.getvalue() == ""
    return code


def parsed(*words: str) -> dict[str, Any]:
    return vars(program.build_parser().parse_args(words))


@pytest.mark.parametrize("name", ["negative", "schedule", "classifier", "model"])
def test_two_hyphens_are_a_value(name: str) -> None:
    assert parsed("generate", "x", f"--{name}=--")[name] == "--"


def test_two_hyphens_that_are_no_value(run: Run) -> None:
    assert parsed("compare", "x", "--prompts=--")["prompts"] == ["--"]
    assert parsed("generate", "--", "--negative")["prompt"] == "--negative"
    for option, words in (
        ("--steps=--", "invalid int value: '--'"),
        ("--device=--", "invalid choice: '--'"),
        ("--guidance-interval=--", "expected 2 arguments"),
        ("--option=--", "write NAME=VALUE"),
        ("--json=--", "ignored explicit argument '--'"),
    ):
        ran = run("generate", "x", option)
        assert ran.code == 2
        assert words in ran.error
