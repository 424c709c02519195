"""Fetches the test pictures of the package sd-parsers: `python -m tests.gallery.metadata.peers
FOLDER`. They are other people's, so none of them lies here."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from pathlib import Path

NAME = "sd_parsers-0.6"
PINNED = (
    "sd-parsers==0.6"
    " --hash=sha256:c8ce15162ebed6bc9aaa292960b6815e6a57ea42a0c4ecd9309eee48fb0d7d83\n"
)


def fetch(folder: Path) -> Path:
    """The folder of the pictures, below `folder`. Raises CalledProcessError without network."""
    wanted = folder / "requirements.txt"
    wanted.write_text(PINNED)
    source = ("--no-deps", "--no-binary", ":all:", "--require-hashes")
    short = ("--retries", "0", "--timeout", "10", "--disable-pip-version-check", "--quiet")
    command = [sys.executable, "-m", "pip", "download", *source, *short]
    subprocess.run(
        [*command, "-r", str(wanted), "-d", str(folder)],
        check=True,
        capture_output=True,
        timeout=90,
    )
    with tarfile.open(folder / f"{NAME}.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    return folder / NAME / "tests" / "resources"


if __name__ == "__main__":
    print(fetch(Path(sys.argv[1])))
