"""Programs that a bench runs in a process of their own, and how: a JSON document in, one out."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.core.errors import StudioError

if TYPE_CHECKING:  # what a bench imports would count as a probe's own start
    from studio.bench.bench import Conditions

ROOT = Path(__file__).resolve().parents[3]


def run(name: str, conditions: Conditions, **more: Any) -> Any:
    """Runs a probe for a user who owns nothing yet; what it found. Raises StudioError."""
    with tempfile.TemporaryDirectory(prefix="latent-studio-bench-") as place:
        settings = conditions.settings
        asked = {
            "place": place,
            "born": time.time(),
            "model": settings.model,
            "size": settings.size.stored,
            "steps": settings.steps,
            "quick": conditions.quick,
            **more,
        }
        command = [sys.executable, "-m", f"{__name__}.{name}", json.dumps(asked)]
        ran = subprocess.run(
            command, env=environment(Path(place)), capture_output=True, text=True, check=False
        )
    if ran.returncode or "Traceback" in ran.stderr:  # in a slot it does not end the program
        raise StudioError(f"the probe {name!r} failed: {_why(ran)}")
    return json.loads(ran.stdout.splitlines()[-1])


def _why(ran: subprocess.CompletedProcess[str]) -> str:
    """The last line of what it said, and what ended it if it did not end by itself."""
    words = ran.stderr.strip().splitlines()[-1:]
    if ran.returncode < 0:
        words.insert(0, f"ended by {signal.Signals(-ran.returncode).name}")
    return "; ".join(words) or "it said nothing"


def environment(place: Path) -> dict[str, str]:
    """This process's, but the user's folders are in `place`, and there may be no screen."""
    found = dict(os.environ)
    for name, folder in (("DATA_HOME", "data"), ("CONFIG_HOME", "config"),
                         ("PICTURES_DIR", "Pictures")):  # fmt: skip
        found[f"XDG_{name}"] = str(place / folder)
    if "DISPLAY" not in found and "WAYLAND_DISPLAY" not in found and sys.platform == "linux":
        found.setdefault("QT_QPA_PLATFORM", "offscreen")
    found["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), found.get("PYTHONPATH"))))
    return found
