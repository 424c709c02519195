"""What tells one network's weights from another's. Must not import torch."""

from __future__ import annotations

import hashlib
from pathlib import Path

from studio.models.network_folder import read_manifest


def weights_digest(folder: Path) -> str:
    """Sixteen hexadecimal digits of all weight files of the network in `folder`."""
    found = hashlib.sha256()
    for path in read_manifest(folder).weights:
        found.update(path.read_bytes())
    return found.hexdigest()[:16]
