"""The queue as a file, so that what waited is there after a restart.

Must not import Qt or torch.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import platformdirs

from studio.core.errors import DataError, OutputError, UsageError
from studio.core.requests import Generate
from studio.gallery import inputs, png
from studio.gallery.history.files import STALE_SECONDS

FORMAT = 1
MOST = 10_000  # requests read back


def queue_file() -> Path:
    return platformdirs.user_data_path("latent-studio", appauthor=False) / "queue.json"


def write(path: Path, waiting: tuple[Generate, ...]) -> None:
    """Writes them whole or not at all; no file for none. Raises OutputError.

    Pictures to start from are not in it: they lie where `inputs.keep` put them.
    """
    draft = path.with_name(f".{uuid.uuid4().hex}.part")
    requests = [
        {"settings": asdict(each.settings), "count": each.count, "kept": each.trajectories}
        for each in waiting
    ]
    try:
        if not waiting:
            path.unlink(missing_ok=True)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(draft, "x", encoding="ascii") as file:
            json.dump({"format": FORMAT, "requests": requests}, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise OutputError(f"the queue could not be saved ({error.strerror or error}).") from error


def read(path: Path, kept_inputs: Path) -> tuple[tuple[Generate, ...], tuple[str, ...]]:
    """What waited, and a sentence for each request that cannot be brought back.

    Clears away the drafts of writers that were killed.
    """
    _clear(path.parent)
    try:
        document = json.loads(path.read_text(encoding="ascii"))
        stored = document["requests"]
        if document["format"] != FORMAT or not isinstance(stored, list):
            raise ValueError
    except FileNotFoundError:
        return (), ()
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return (), ("The queue of last time is damaged and was left out.",)
    found, problems = [], []
    for each in stored[:MOST]:
        try:
            found.append(_request(each, kept_inputs))
        except DataError as error:
            problems.append(str(error))
    return tuple(found), tuple(dict.fromkeys(problems))


def _clear(folder: Path) -> None:
    before = time.time() - STALE_SECONDS
    for draft in folder.glob(".*.part"):
        with suppress(OSError):
            if draft.stat().st_mtime < before:
                draft.unlink()


def _request(stored: object, kept_inputs: Path) -> Generate:
    """Raises DataError."""
    damaged = DataError("One of the requests that waited is damaged and was left out.")
    if not isinstance(stored, dict):
        raise damaged
    settings = png.settings_in(stored.get("settings"))
    count, kept = stored.get("count"), stored.get("kept")
    if type(count) is not int or type(kept) is not bool:
        raise damaged
    request = Generate(settings, count, 2, inputs.find(settings, kept_inputs), kept)
    try:
        request.check()
    except UsageError as error:
        raise damaged from error
    return request
