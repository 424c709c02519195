"""A window can be used for longer than PySide6 6.12.0 has references to None to lose."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import sys
import studio.ui
from PySide6.QtCore import QObject
thing = QObject()
for _ in range(400_000):
    thing.setObjectName("x")
print("alive", len(range(3)), None)
"""


def test_none_outlives_many_calls() -> None:
    ran = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False)
    assert ran.stdout.strip() == "alive 3 None", ran.stderr
