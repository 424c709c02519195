"""Lists of words that prompts name: `__colours__` is a line of colours.txt in the user's folder.

Must not import Qt or torch.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random

import platformdirs

from studio.core.errors import DataError
from studio.core.files import must_be_regular
from studio.core.requests import Generate
from studio.core.wildcards import Lines, chosen, only

MOST_BYTES = 2**22


def words_folder() -> Path:
    return platformdirs.user_data_path("latent-studio", appauthor=False) / "words"


def drawn(request: Generate, prompt: str, lines: Lines) -> tuple[Generate, ...]:
    """`request` with `prompt`; one a picture, each with words of its own, if that leaves a choice.

    The seeds draw the words, the same ones every time. Raises UsageError, DataError.
    """
    if (words := only(prompt)) is not None:
        return (replace(request, settings=replace(request.settings, prompt=words)),)
    made = []
    for index in range(request.count):
        settings = request.settings.numbered(index)
        random = Random(f"{settings.seed} {settings.variation_seed}")
        settings = replace(settings, prompt=chosen(prompt, random, lines))
        made.append(replace(request, settings=settings, count=1))
    return tuple(made)


def lines_in(folder: Path) -> Lines:
    """What `core.wildcards` asks for the lines of a list."""
    return partial(_lines, folder)


def read_lines(path: Path) -> tuple[str, ...]:
    """A file's lines without empty ones and those that begin with #. Raises DataError."""
    try:
        must_be_regular(path)
        if path.stat().st_size > MOST_BYTES:
            raise DataError(f"{path.name} is larger than {MOST_BYTES >> 20} MB; shorten it.")
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise DataError(f"there is no list of words {path}; make it, a line each.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read as text in UTF-8.") from error
    kept = (line.strip() for line in text.splitlines())
    found = tuple(line for line in kept if line and not line.startswith("#"))
    if not found:
        raise DataError(f"{path} holds no line.")
    return found


def _lines(folder: Path, name: str) -> tuple[str, ...]:
    return read_lines(folder / f"{name}.txt")  # a name has no dots or slashes: see wildcards.FILE
