"""Runs the `generate` command under a laps; the seconds of its phases, which are all of it."""

from __future__ import annotations

import builtins
import importlib
import json
import runpy
import sys
import time
from collections.abc import Callable
from typing import Any


class Laps:
    """Each moment belongs to the phase that is on; imports are a phase of their own, whenever."""

    def __init__(self, born: float) -> None:
        self.phase = "imports"
        self.spent = {"imports": time.time() - born}
        self._importing = 0
        self._last = time.perf_counter()

    def lap(self) -> None:
        """Gives the time since the last lap to what was going on."""
        now = time.perf_counter()
        phase = "imports" if self._importing else self.phase
        self.spent[phase] = self.spent.get(phase, 0.0) + now - self._last
        self._last = now

    def go_on(self, phase: str) -> None:
        self.lap()
        self.phase = phase

    def importing(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """`function`, its time given to the imports."""

        def timed(*arguments: Any, **keywords: Any) -> Any:
            if not self._importing:
                self.lap()
            self._importing += 1
            try:
                return function(*arguments, **keywords)
            finally:
                if self._importing == 1:
                    self.lap()
                self._importing -= 1

        return timed


def main() -> None:
    wanted = json.loads(sys.argv[1])
    laps = Laps(wanted["born"])
    vars(builtins)["__import__"] = laps.importing(builtins.__import__)
    vars(importlib)["import_module"] = laps.importing(importlib.import_module)

    from studio.core import generating, importing, messages
    from studio.engine import devices, worker

    vars(devices)["import_torch"] = laps.importing(importing.import_torch)
    usual = worker.run_now

    def run(request: Any, own: worker.Worker, listener: Callable[[messages.Event], None]) -> Any:
        def heard(event: messages.Event) -> None:
            match event:
                case messages.Started():
                    laps.go_on("first step")
                case messages.Progress(step=step, steps=steps):
                    laps.go_on("decoding" if step == steps else "other steps")
                case generating.Picture():
                    laps.go_on("writing")
            listener(event)

        laps.go_on("loading")
        return usual(request, own, heard)

    vars(worker)["run_now"] = run
    laps.go_on("the verb's own")
    sys.argv = ["studio", *wanted["arguments"], "--out", wanted["place"]]
    code: Any = None
    try:
        runpy.run_module("studio", run_name="__main__")
    except SystemExit as done:
        code = done.code
    laps.lap()
    print(json.dumps({"phases": laps.spent, "ended": time.time()}))
    sys.exit(code)


if __name__ == "__main__":
    main()
