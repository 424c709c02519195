"""Recipes with odd values: one line that names key and value, and says what is allowed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from studio.core.errors import StudioError, UsageError
from studio.training import recipe, tasks


def made(path: Path) -> None:
    tasks.made(recipe.load(str(path)))


WRONG = {
    "run.steps = 0": r"\[run\]: steps is 0; it must be a whole number from 1 to",
    "run.steps = 1.5": r"steps is 1.5; it must be a whole number",
    'run.batch = "many"': r"batch is 'many'; it must be a whole number from 1 to 65536",
    "run.seed = -1": r"seed is -1; it must be",
    "run.seed = true": r"seed is True; it must be",
    "run.decay = 2.0": r"decay is 2.0; it must be a number from 0 to 1",
    "run.ema = nan": r"ema is nan; it must be a number from 0 to 1",
    "run.log_every = 0": r"log_every is 0; it must be",
    "run.clip = -1.0": r"clip is -1.0; it must be",
    'run.compile = "sometimes"': r"\[run\]: compile is 'sometimes'; use never, cuda or always",
    "run.x = 1": r"unknown setting 'x'; known: batch",
    "run = 3": r"has 'run'; beside the task it has tables: \[run\], \[optimizer\]",
    "optimizer.learning_rate = 1e30": r"\[optimizer\]: learning_rate is 1e\+30; it must be a num",
    "optimizer.beta2 = 1.0": r"beta2 is 1.0; it must be",
    "network.width = 7": r"\[network\]: heads is 4, which does not divide a width of 7",
    "network.patch = 5": r"patch is 5, which does not divide a side of 16",
    "network.depth = 65536": r"depth is 65536; it must be a whole number from 0 to 256",
    'network.depth = "deep"': r"depth is 'deep'",
    "settings.pool = 40": r"multiples of 32",
    "settings.shift = -1": r"\[settings\]: shift is -1; it must be a whole number from 0 to 64",
    "settings.smoothing = 7": r"smoothing is 7; it must be a number from 0 to 1",
    "settings.bundle = 3": r"bundle is 3; it must be text",
    "data.p_hue = 3.0": r"\[data\]: p_hue is 3.0; choose a number from 0 to 1",
    "data.styles = 7": r"styles is 7; it must be a table of names with a weight",
    'data.styles = {noto = "x"}': r"it must be a table of names with a weight",
    "model.width = 3": r"has 'model'; beside the task",
}


@pytest.mark.parametrize("line", WRONG)
def test_a_line_names_what_is_wrong_and_what_is_allowed(line: str, tmp_path: Path) -> None:
    path = tmp_path / "odd.toml"
    path.write_text(f'task = "classifier"\ndata.p_pair = 0.0\ndata.p_count = 0.0\n{line}\n')
    with pytest.raises(UsageError, match=WRONG[line]) as caught:
        made(path)
    assert "odd" in str(caught.value) or "pool" in line
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "lines",
    [
        "network.widths = []",
        "network.widths = [0, 8]",
        "network.widths = [32, 100]",
        "network.encoder_blocks = [1]",
        "network.decoder_blocks = [65536, 1, 1, 1]",
        'network.upsampling = "x"',
        'settings.norm = "l3"',
        "settings.kl = -1.0",
        "settings.size = -4",
    ],
)
def test_autoencoders_that_cannot_be(lines: str, tmp_path: Path) -> None:
    path = tmp_path / "odd.toml"
    path.write_text(f'task = "autoencoder"\n{lines}\n')
    key = lines.partition(" ")[0].partition(".")[2]
    with pytest.raises(UsageError, match=key):
        made(path)


@pytest.mark.parametrize("text", ["", "task = 3", "task = ", "x" * 2**21, "\0", "task = 'a'\n" * 2])
def test_files_that_are_no_recipe(text: str, tmp_path: Path) -> None:
    path = tmp_path / "odd.toml"
    path.write_text(text)
    with pytest.raises(StudioError, match=r"odd\.toml"):
        recipe.load(str(path))


def test_a_pipe_is_no_recipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "odd.toml")
    with pytest.raises(UsageError, match="No recipe"):
        recipe.load(str(tmp_path / "odd.toml"))
