"""Keeps a fault of one Qt binding from ending the studio.

PySide6 6.12.0 drops a reference to None whenever one of its functions returns None, and now and
then one to True or False. From Python 3.12 on these have no reference count (PEP 683); before that,
some 16,000 calls (a minute of use) end the process with "deallocating None". Must not import Qt.
"""

from __future__ import annotations

import ctypes
import sys

_PLENTY = 1 << 60


def make_immortal() -> None:
    """Gives None, True and False more references than can be lost, on a Python that counts them."""
    if sys.version_info < (3, 12):
        for each in (None, True, False):
            if sys.getrefcount(each) < _PLENTY:
                ctypes.c_ssize_t.from_address(id(each)).value += _PLENTY
