"""The trash: a hidden folder inside the pictures folder, so that moving there is one rename.

A picture lies in `.trash/<one folder a throw>/<its old path>`: the path alone says where it came
from, whatever happens to the index. The order of steps keeps the gallery honest at every moment:
throwing away changes the index first and restoring it last, so that a kill in between leaves a file
that the index believes in the trash; the next sync finds it by its identity and puts that right.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path, PurePosixPath

from studio.core.errors import HistoryError
from studio.gallery.history import files, rows
from studio.gallery.history.files import TRASH
from studio.gallery.history.store import Store


def throw(store: Store, folder: Path, ids: Iterable[int]) -> tuple[int, ...]:
    """Moves pictures to the trash; returns those that were moved.

    Pictures whose file is gone leave the index. Raises HistoryError if a file cannot be moved; it
    and those after it stay where they are.
    """
    heap = f"{TRASH}/{uuid.uuid4().hex}"
    with store.reading():  # no sync of this process comes between
        with store.writing() as connection:
            thrown = [p for p in rows.places(connection, ids) if not rows.is_trashed(p.path)]
            for place in thrown:
                rows.move(connection, place.id, f"{heap}/{place.path}")
        done: list[int] = []
        gone: list[int] = []
        try:
            for place in thrown:
                try:
                    _move(folder / place.path, folder / heap / place.path)
                    done.append(place.id)
                except FileNotFoundError:
                    gone.append(place.id)
        except OSError as error:
            raise _refused(folder / place.path, error) from error
        finally:
            with store.writing() as connection:
                rows.remove(connection, gone)
                for place in thrown[len(done) + len(gone) :]:
                    rows.move(connection, place.id, place.path)
    return tuple(done)


def restore(store: Store, folder: Path, ids: Iterable[int]) -> tuple[int, ...]:
    """Moves pictures out of the trash to where they were; returns those that were moved.

    One whose old name is taken gets a number more. Raises HistoryError like `throw`.
    """
    moved: dict[int, str] = {}
    with store.reading() as connection:
        thrown = [p for p in rows.places(connection, ids) if rows.is_trashed(p.path)]
        try:
            for place in thrown:
                with suppress(FileNotFoundError):
                    moved[place.id] = _bring_back(folder, place.path)
        except OSError as error:
            raise _refused(folder / place.path, error) from error
        finally:
            with store.writing() as connection:
                for number, path in moved.items():
                    rows.move(connection, number, path)
    return tuple(moved)


def empty(store: Store, folder: Path) -> int:
    """Deletes what is in the trash, for good; returns how many pictures.

    Raises HistoryError if a file cannot be deleted; it and those after it stay in the trash.
    """
    deleted: list[int] = []
    with store.reading() as connection:
        thrown = [p for p in rows.places(connection) if rows.is_trashed(p.path)]
        try:
            for place in thrown:
                (folder / place.path).unlink(missing_ok=True)
                deleted.append(place.id)
                _prune(folder, folder / place.path)
        except OSError as error:
            raise _refused(folder / place.path, error) from error
        finally:
            with store.writing() as connection:
                rows.remove(connection, deleted)
    return len(deleted)


def origin(path: str) -> str:
    """Where a picture in the trash came from; both paths are below the pictures folder."""
    return PurePosixPath(*PurePosixPath(path).parts[2:]).as_posix()


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(source, target)


def _bring_back(folder: Path, path: str) -> str:
    source, wanted = folder / path, folder / origin(path)
    if files.is_gone(source):
        raise FileNotFoundError(source)
    wanted.parent.mkdir(parents=True, exist_ok=True)
    target, number = wanted, 2
    while not files.is_gone(target):
        target = wanted.with_name(f"{wanted.stem} ({number}){wanted.suffix}")
        number += 1
    os.replace(source, target)
    _prune(folder, source)
    return target.relative_to(folder).as_posix()


def _prune(folder: Path, path: Path) -> None:
    """Removes the folders of the trash that held `path` and hold nothing any more."""
    with suppress(OSError):
        while (path := path.parent) != folder:
            path.rmdir()


def _refused(path: Path, error: OSError) -> HistoryError:
    reason = error.strerror or error
    return HistoryError(f"{path} cannot be moved ({reason}); check that its folder may be written.")
