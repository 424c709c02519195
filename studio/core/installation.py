"""Where this copy of the studio lies: its bundled files, the user's, the command that starts it.

A checkout has assets/ beside the package, also where it is installed with `pip install -e`; a
wheel has it inside the package (studio/packing.py).
"""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

_PACKAGE = Path(__file__).resolve().parents[1]
CHECKOUT = None if (_PACKAGE / "assets").is_dir() else _PACKAGE.parent
ASSETS = (CHECKOUT or _PACKAGE) / "assets"
PROGRAM = ("latent-studio",) if CHECKOUT is None else ("python3", "main.py")


def user_data(name: str) -> Path:
    """The user's own file or folder of that name, where the system keeps such."""
    return platformdirs.user_data_path("latent-studio", appauthor=False) / name


def user_cache(name: str) -> Path:
    """A folder of that name for what can be made again, where the system keeps such."""
    folder = platformdirs.user_cache_path("latent-studio", appauthor=False) / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def bundled(name: str) -> Path:
    """The bundled file or folder of that name ("studio-256/text"), else the path `name`.

    As with models, of two with one name the bundled one counts; "./studio-256" is the other.
    """
    inside = ASSETS / name
    return inside if os.path.exists(inside) and not name.startswith(".") else Path(name)
