"""A clock in the event loop: every wait between two beats is one the user could have felt."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer, Slot
from PySide6.QtWidgets import QApplication

BEAT = 2  # milliseconds


class Beats(QObject):
    """Notes the longest wait between two beats, in milliseconds."""

    def __init__(self) -> None:
        super().__init__()
        self._longest = 0.0
        self._last = time.perf_counter()
        self._timer = QTimer(self, interval=BEAT, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self.beat)
        self._timer.start()

    @Slot()
    def beat(self) -> None:
        now = time.perf_counter()
        self._longest = max(self._longest, (now - self._last) * 1000)
        self._last = now

    def restart(self) -> float:
        """The longest wait since the last restart."""
        longest, self._longest, self._last = self._longest, 0.0, time.perf_counter()
        return longest


def turn_until(done: Callable[[], bool], at_most: float = 60.0) -> float:
    """Turns the event loop until `done`, or `at_most` seconds; the seconds it took."""
    began = time.perf_counter()
    while not done() and time.perf_counter() - began < at_most:
        QApplication.processEvents()
        time.sleep(0.0005)
    return time.perf_counter() - began
