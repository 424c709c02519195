"""What each room imports, looked at in a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

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
