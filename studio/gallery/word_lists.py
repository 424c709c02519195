"""Lists of words that prompts name: `__colours__` is a line of colours.txt in the user's folder.

Must not import Qt or torch.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import platformdirs

from studio.core.errors import DataError
from studio.core.wildcards import Lines

MOST_BYTES = 2**22


def words_folder() -> Path:
    return platformdirs.user_data_path("latent-studio", appauthor=False) / "words"


def lines_in(folder: Path) -> Lines:
    """What `core.wildcards` asks for the lines of a list."""
    return partial(_lines, folder)


def read_lines(path: Path) -> tuple[str, ...]:
    """A file's lines without empty ones and those that begin with #. Raises DataError."""
    try:
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
