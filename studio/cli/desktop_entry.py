"""`--install-desktop-entry`: puts the studio into a Linux desktop's menu, with its icon."""

from __future__ import annotations

import re
import shutil
import sys
from argparse import SUPPRESS, Action, ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import platformdirs

from studio.core.errors import OutputError
from studio.core.installation import ASSETS, CHECKOUT

NAME = "latent-studio"  # also the window's own: studio.app's setDesktopFileName
ENTRY = """\
[Desktop Entry]
Type=Application
Name=Latent Studio
Comment=Make pictures from words, and see how it is done
Exec={command}
Icon=latent-studio
Categories=Graphics;
Terminal=false
StartupWMClass=Latent Studio
"""


class InstallDesktopEntry(Action):
    """An option that, as --help does, is all that is done."""

    def __init__(self, option_strings: Sequence[str], dest: str = SUPPRESS) -> None:
        tip = "Linux: put Latent Studio into the desktop's menu and exit"
        super().__init__(option_strings, SUPPRESS, nargs=0, help=tip)

    def __call__(self, parser: ArgumentParser, *_: Any) -> None:
        for path in install():
            print("wrote", path)
        parser.exit()


def install() -> tuple[Path, Path]:
    """Writes the entry and the icon for this user; again changes nothing. Raises OutputError."""
    if not sys.platform.startswith("linux"):
        raise OutputError("a desktop entry is for Linux; here, make a shortcut to latent-studio.")
    data = platformdirs.user_data_path()
    entry = data / "applications" / f"{NAME}.desktop"
    icon = data / "icons" / "hicolor" / "scalable" / "apps" / f"{NAME}.svg"
    try:
        for path in (entry, icon):
            path.parent.mkdir(parents=True, exist_ok=True)
        entry.write_text(ENTRY.format(command=_quoted(_command())), encoding="utf-8")
        shutil.copyfile(ASSETS / "icons" / f"{NAME}.svg", icon)
    except OSError as error:
        raise OutputError(
            f"{error.filename or data} could not be written ({error.strerror or error});"
            " set XDG_DATA_HOME to a folder of yours."
        ) from None
    return entry, icon


def _command() -> tuple[str, ...]:
    if CHECKOUT is not None:
        return sys.executable, str(CHECKOUT / "main.py")
    return sys.executable, "-P", "-m", "studio"  # -P: no "studio" of the folder it is started in


def _quoted(words: tuple[str, ...]) -> str:
    """As the desktop entry specification has it: quoted, `%` doubled, escaped as any string is."""
    marked = (re.sub(r'(["`$\\])', r"\\\1", word).replace("%", "%%") for word in words)
    return " ".join(f'"{word}"' for word in marked).replace("\\", "\\\\")
