"""Keeps two faults of one Qt binding from ending the studio, on a Python before 3.12.

PySide6 6.12.0 drops a reference to None whenever one of its functions returns None, and now and
then one to True or False. From Python 3.12 on these have no reference count (PEP 683); before that,
some 16,000 calls (a minute of use) end the process with "deallocating None".

And it finds what it knows of a class in a table, which it looks into without Python's lock when Qt
asks a widget for its meta object. Where another thread makes classes (importing pyqtgraph does) and
the table grows just then, the class is not found, and that is a segmentation fault: about one start
in fifty. From 3.12 on each class has it in itself. Must not import Qt.
"""

from __future__ import annotations

import ctypes
import sys

_PLENTY = 1 << 60
_CLASSES = 4096  # a window with all its workspaces has a thousand


def make_immortal() -> None:
    """Gives None, True and False more references than can be lost, on a Python that counts them."""
    if sys.version_info < (3, 12):
        for each in (None, True, False):
            if sys.getrefcount(each) < _PLENTY:
                ctypes.c_ssize_t.from_address(id(each)).value += _PLENTY


def make_room(classes: int = _CLASSES) -> None:
    """Lets the table grow now, for so many classes, by entering as many and taking them out."""
    if sys.version_info >= (3, 12):
        return
    from shiboken6 import Shiboken

    try:
        library = ctypes.PyDLL(Shiboken.__file__)  # its symbols and those of what it links to
        calls = (library.PepType_SOTP, library.PepType_SOTP_delete)
    except (OSError, AttributeError):  # Windows, or another build: as likely as it was
        return
    head = (1, id(type(Shiboken.Object)))  # of a class: references, metaclass
    heads = (ctypes.c_ssize_t * (len(head) * classes))(*head * classes)
    begin, size = ctypes.addressof(heads), ctypes.sizeof(heads) // classes
    for call in calls:
        call.argtypes, call.restype = (ctypes.c_void_p,), ctypes.c_void_p
        for number in range(classes):
            call(begin + number * size)
