"""Work off the UI thread: reading and writing pictures."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from PySide6.QtCore import (
    QCoreApplication,
    QObject,
    QRunnable,
    QThreadPool,
    Signal,
    SignalInstance,
    Slot,
)

from studio.core.accidents import noted
from studio.core.errors import StudioError, not_loaded

Told = Callable[..., object] | SignalInstance  # of a key, and a result or a message


class Background(QObject):
    """Runs functions in a small pool and reports on the thread that this object lives in.

    One `beside` another shares its pool: what it starts comes after what the other has started.
    The studio does not quit before what goes `to_the_end` has ended. The slots that `done` and
    `failed` are connected to belong to QObjects.
    """

    done = Signal(object, object)
    failed = Signal(object, str)
    problem = Signal(str)  # the same message, for whom the key says nothing

    def __init__(
        self,
        parent: QObject | None = None,
        threads: int = 1,
        beside: Background | None = None,
        to_the_end: bool = False,
        done: Told | None = None,
        failed: Told | None = None,
    ) -> None:
        super().__init__(parent)
        for signal, slot in ((self.done, done), (self.failed, failed)):
            if slot is not None:
                signal.connect(slot)
        app = QCoreApplication.instance()
        if to_the_end and app is not None:
            app.aboutToQuit.connect(self.wait)
        self._pool: QThreadPool = QThreadPool(self) if beside is None else beside._pool
        if beside is None:
            self._pool.setMaxThreadCount(threads)

    def start(self, key: object, function: Callable[..., Any], *arguments: object) -> None:
        """Runs `function(*arguments)` soon."""
        self._pool.start(_Task(self, key, function, arguments))

    @Slot()
    def wait(self) -> None:
        """Returns when everything that was started has ended."""
        self._pool.waitForDone()


class _Task(QRunnable):
    def __init__(
        self,
        owner: Background,
        key: object,
        function: Callable[..., Any],
        arguments: tuple[object, ...],
    ) -> None:
        super().__init__()
        self._owner, self._key = owner, key
        self._function, self._arguments = function, arguments

    def run(self) -> None:
        owner = self._owner
        try:
            result = self._function(*self._arguments)
        except StudioError as error:
            self._fail(str(error))
        except OSError as error:
            self._fail(f"{error.filename}: {error.strerror}.")
        except (ImportError, MemoryError) as error:
            self._fail(str(not_loaded(error)))
        except BaseException as error:  # a library's SystemExit too: someone waits for the end
            self._fail(noted(error))
        else:
            self._emit(owner.done, self._key, result)

    def _fail(self, sentence: str) -> None:
        self._emit(self._owner.failed, self._key, sentence)
        self._emit(self._owner.problem, sentence)

    def _emit(self, signal: Any, *what: object) -> None:
        with suppress(RuntimeError):  # the owner went with its window: nobody listens
            signal.emit(*what)
