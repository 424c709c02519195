"""The queue as a file, so that what waited is there after a restart.

Each window has one of its own, under a lock that ends with it, however it ends: "queue.json" or,
while others are open, "queue-2.json" and so on. The next to open takes over what has no lock.
"""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from studio.core.errors import DataError, OutputError, UsageError
from studio.core.files import replacing
from studio.core.generating import Generate
from studio.core.installation import user_data
from studio.gallery import inputs, png
from studio.gallery.history.files import STALE_SECONDS

FORMAT = 1
MOST = 10_000  # requests read back
MOST_WINDOWS = 32


def queue_file() -> Path:
    return user_data("queue.json")


@dataclass(frozen=True)
class Own:
    """A file that no other window reads or writes until it is released."""

    path: Path
    lock: FileLock

    def write(self, waiting: tuple[Generate, ...]) -> None:
        """Raises OutputError."""
        write(self.path, waiting)

    def release(self) -> None:
        self.lock.release()


def take_over(first: Path, kept_inputs: Path) -> tuple[Own, tuple[Generate, ...], tuple[str, ...]]:
    """A file for a new window, `first` or one beside it, and as `read` what is in it: all that
    windows left which have ended. Raises OutputError."""
    mine, *others = _unlocked(first)
    try:
        found, problems = read(mine.path, kept_inputs)
        for other in others:
            more, worse = read(other.path, kept_inputs)
            found, problems = found + more, problems + worse
        if others:
            mine.write(found)
        for other in others:
            with suppress(OSError):
                other.path.unlink(missing_ok=True)
    except OutputError:
        mine.release()
        raise
    finally:
        for other in others:
            other.release()
    return mine, found, tuple(dict.fromkeys(problems))


def _unlocked(first: Path) -> list[Own]:
    """The files whose windows have ended, now locked; at least one. Raises OutputError."""
    found = list[Own]()
    try:
        first.parent.mkdir(parents=True, exist_ok=True)
        for number in range(1, MOST_WINDOWS + 1):
            path = first if number == 1 else first.with_stem(f"{first.stem}-{number}")
            if found and not path.exists():
                continue
            lock = FileLock(f"{path}.lock", thread_local=False)
            with suppress(Timeout):
                lock.acquire(timeout=0)
                found.append(Own(path, lock))
    except (OSError, NotImplementedError) as error:
        for each in found:
            each.release()
        raise OutputError(f"the queue cannot be kept ({_reason(error)}).") from error
    if not found:
        raise OutputError(f"{MOST_WINDOWS} windows keep queues already; close one.")
    return found


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)


def write(path: Path, waiting: tuple[Generate, ...]) -> None:
    """Writes them whole or not at all; no file for none. Raises OutputError.

    Pictures to start from are not in it: they lie where `inputs.keep` put them.
    """
    requests = [
        {"settings": each.settings.stored(), "count": each.count, "kept": each.trajectories}
        for each in waiting
    ]
    try:
        if not waiting:
            path.unlink(missing_ok=True)
            return
        with replacing(path) as draft:
            draft.write_text(json.dumps({"format": FORMAT, "requests": requests}), "ascii")
    except OSError as error:
        raise OutputError(f"the queue could not be saved ({_reason(error)}).") from error


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
        return (), ("The saved queue is damaged and was left out.",)
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
    damaged = DataError("One of the saved requests is damaged and was left out.")
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
