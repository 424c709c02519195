"""File names for new pictures: sortable by time, readable, safe on every system, never taken."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from pathlib import Path

import platformdirs

from studio.core.settings import Settings

MOST_BYTES = 100  # of the prompt's part in UTF-8; file systems allow 255 for a whole name
LETTERS_MARKS_NUMBERS = "LMN"


def pictures_folder() -> Path:
    """Where pictures go unless the user says otherwise: Pictures/Latent Studio."""
    return Path(platformdirs.user_pictures_dir()) / "Latent Studio"


def new_path(folder: Path, settings: Settings, when: datetime | None = None) -> Path:
    """A name no file in `folder` has yet: "2026-11-23 14-03-22 a teddy bear 01.png".

    `when` is local time, now by default. The number grows while names are taken; it does not
    reserve the name (`png.write_new` does).
    """
    return free_path(folder, settings.prompt, ".png", when)


def free_path(folder: Path, text: str, suffix: str, when: datetime | None = None) -> Path:
    """The same for a file of any kind, named after a text; without a suffix, for a folder."""
    stem = f"{when or datetime.now():%Y-%m-%d %H-%M-%S} {words(text)}"
    number = 1
    while (path := folder / f"{stem} {number:02d}{suffix}").exists():
        number += 1
    return path


def words(prompt: str) -> str:
    """The prompt's beginning with only letters, numbers, hyphens and single spaces."""
    kept = "".join(c if _fits(c) else " " for c in unicodedata.normalize("NFC", prompt[:400]))
    text = " ".join(kept.split()).encode("utf-8")[:MOST_BYTES].decode("utf-8", errors="ignore")
    return text.strip(" -") or "picture"


def _fits(character: str) -> bool:
    return character == "-" or unicodedata.category(character)[0] in LETTERS_MARKS_NUMBERS
