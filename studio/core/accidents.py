"""What nobody foresaw: one line for the person, the traceback in a log file that the line names."""

from __future__ import annotations

import os
import sys
import traceback
from datetime import datetime
from pathlib import Path

MOST_BYTES = 2**20  # of the log; a longer one begins anew


def log_file() -> Path:
    import platformdirs  # late: a start needs none of it

    return Path(platformdirs.user_log_dir("latent-studio", appauthor=False)) / "errors.log"


def noted(error: BaseException) -> str:
    """One sentence about `error`, whose traceback is added to the log file."""
    reason = (str(error).splitlines() or [""])[0][:200]
    what = f"Something went wrong inside the studio ({type(error).__name__}: {reason})"
    file = log_file()
    try:
        _add(file, "".join(traceback.format_exception(error)))
    except OSError as refused:
        return f"{what}; {file} would say where, but cannot be written ({refused.strerror})."
    return f"{what}; {file} says where."


def _add(file: Path, details: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    long = os.path.isfile(file) and file.stat().st_size > MOST_BYTES
    with file.open("w" if long else "a", encoding="utf-8", errors="backslashreplace") as log:
        log.write(
            f"{datetime.now():%Y-%m-%d %H:%M:%S}, Python {sys.version.split()[0]}\n{details}\n"
        )
