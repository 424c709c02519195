"""What PySide6 6.12.0 gets wrong on a Python before 3.12 does not end a window."""

from __future__ import annotations

import signal
import subprocess
import sys

CALLS = """
import sys
import studio.ui
from PySide6.QtCore import QObject
thing = QObject()
for _ in range(400_000):
    thing.setObjectName("x")
print("alive", len(range(3)), None)
"""

CLASSES = """
import sys, threading, time
from studio.ui.binding import make_room
make_room(60_000)  # this thread makes more than a window needs: the race is seldom
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication, QPushButton, QVBoxLayout, QWidget
app, window = QApplication(sys.argv), QWidget()
column = QVBoxLayout(window)
for number in range(100):
    column.addWidget(type(f"Button{number}", (QPushButton,), {})("x"))
window.show()
made = []
turn = 0
def make():
    while len(made) < 40_000:
        made.append(type("Made", (QObject,), {}))
        if len(made) % 2000 == 0:  # the window's turn: on a quiet machine it would get none
            wanted = turn + 1
            while turn < wanted:
                time.sleep(0.001)
maker = threading.Thread(target=make)
maker.start()
while maker.is_alive():
    app.setStyleSheet(f"Button{turn % 100} {{ color: red }}")
    app.processEvents()
    turn += 1
print("alive", len(made), turn >= 20)
"""


def run(code: str) -> str:
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    how = signal.Signals(-ran.returncode).name if ran.returncode < 0 else ran.returncode
    assert ran.returncode == 0, f"{how}\n{ran.stderr}"
    return ran.stdout.strip()


def test_none_outlives_many_calls() -> None:
    assert run(CALLS) == "alive 3 None"


def test_a_window_outlives_the_classes_that_a_thread_makes() -> None:
    assert run(CLASSES) == "alive 40000 True"
