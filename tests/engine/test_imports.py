"""What each room imports, looked at in a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

from studio.core import importing
from studio.core.errors import StudioError

LATE = ("torch", "torchvision", "diffusers", "transformers")


def modules_after(code: str) -> set[str]:
    code += "\nimport sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("names", "qt"),
    [
        (("engine.engine", "engine.worker", "engine.devices"), False),
        (("gallery.png", "gallery.naming"), False),
        (("models.registry", "models.model"), False),
        (("bridge.bridge",), True),
    ],
)
def test_rooms_that_a_window_needs_leave_torch_for_later(names: tuple[str, ...], qt: bool) -> None:
    code = "\n".join(f"import studio.{name}" for name in names)
    code += "\nif 'studio.models.registry' in sys.modules: studio.models.registry.list_models()"
    loaded = modules_after("import sys\n" + code)
    assert not loaded & set(LATE)
    assert any(name.startswith("PySide6") for name in loaded) == qt


def test_torch_arrives_while_another_thread_goes_on() -> None:
    """The window's thread waits for no longer than a few frames while the engine imports torch.

    A plain import holds Python's lock for about 200 ms at once. Busy machines get three tries.
    """
    code = """
import threading, time
from studio.core.importing import import_torch
thread = threading.Thread(target=import_torch)
thread.start()
longest, last = 0.0, time.perf_counter()
while thread.is_alive():
    time.sleep(0.002)
    now = time.perf_counter()
    longest, last = max(longest, now - last), now
import gc, sys
print("torch" in sys.modules, gc.isenabled(), gc.get_freeze_count() > 10_000, longest)
"""
    waits = []
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        *facts, longest = done.stdout.split()
        assert facts == ["True"] * 3
        waits.append(float(longest))
        if min(waits) < 0.1:
            break
    assert min(waits) < 0.1


@pytest.mark.parametrize(
    "error", [ImportError("libtorch.so: failed to map\nmore"), MemoryError(), OSError(24, "limit")]
)
def test_a_torch_that_is_not_let_in_is_one_line(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def limited(_: str) -> None:
        raise error

    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.setattr(importing, "import_uncollected", limited)
    with pytest.raises(StudioError, match=r"^a library cannot be loaded \(.+\); allow more memory"):
        importing.import_torch()
