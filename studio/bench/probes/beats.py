"""A clock in the event loop: every wait between two beats is one the user could have felt."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer, Slot
from PySide6.QtWidgets import QApplication

BEAT = 2  # milliseconds


class Beats(QObject):
    """Notes the longest wait between two beats, in milliseconds; `own` is the longest less what
    the thread waited for a processor in it, as on a machine with processors to spare."""

    def __init__(self) -> None:
        super().__init__()
        self._longest = self.own = 0.0
        self._last, self._queued = time.perf_counter(), _queued()
        self._timer = QTimer(self, interval=BEAT, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self.beat)
        self._timer.start()

    @Slot()
    def beat(self) -> None:
        now, queued = time.perf_counter(), _queued()
        self._longest = max(self._longest, (now - self._last) * 1000)
        self.own = max(self.own, (now - self._last - queued + self._queued) * 1000)
        self._last, self._queued = now, queued

    def restart(self) -> float:
        """The longest wait since the last restart."""
        longest, self._longest, self.own = self._longest, 0.0, 0.0
        self._last, self._queued = time.perf_counter(), _queued()
        return longest


def _queued() -> float:
    """Seconds that this thread was ready and had no processor; 0 where the system does not say."""
    with suppress(OSError, IndexError):
        found = Path(f"/proc/self/task/{threading.get_native_id()}/schedstat").read_bytes()
        return int(found.split()[1]) / 1e9
    return 0.0


def turn_until(done: Callable[[], bool], at_most: float = 60.0) -> float:
    """Turns the event loop until `done`, or `at_most` seconds; the seconds it took."""
    began = time.perf_counter()
    while not done() and time.perf_counter() - began < at_most:
        QApplication.processEvents()
        time.sleep(0.0005)
    return time.perf_counter() - began
