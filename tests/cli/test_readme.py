"""README's commands are the ones that work: CI runs the very same line."""

from pathlib import Path

from studio.cli.program import all_verbs

ROOT = Path(__file__).parents[2]


def readme_commands() -> list[str]:
    blocks = (ROOT / "README.md").read_text(encoding="utf-8").split("```")[1::2]
    return [line for block in blocks for line in block.splitlines() if line.strip()]


def test_ci_runs_the_readmes_test_command() -> None:
    command = readme_commands()[1]
    assert command.endswith("-m pytest")
    assert command in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


def test_the_readme_opens_the_window_first() -> None:
    assert readme_commands()[0].endswith(".venv/bin/pip install -e . && .venv/bin/python main.py")


def test_the_readme_shows_every_verb() -> None:
    shown = {line.split()[2] for line in readme_commands() if line.startswith("python main.py ")}
    assert shown == {verb.name for verb in all_verbs()}
