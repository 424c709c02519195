"""Packs assets/ into the wheel as studio/assets/: setuptools' `build_py` with one package more.

pyproject.toml names it to setuptools; the studio itself never imports it. In a checkout, and so in
an editable install, assets/ stays where it is; `core/installation.py` finds it in both.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools.command.build_py import build_py

PACKAGE = "studio.assets"


class BuildPy(build_py):  # type: ignore[misc] # setuptools has no types
    """The licences are left out: every wheel's metadata hold them already."""

    def finalize_options(self) -> None:
        super().finalize_options()
        licences = [path.removeprefix("assets/") for path in
                    self.distribution.metadata.license_files]  # fmt: skip
        self.packages = [*self.distribution.packages, PACKAGE]
        self.package_dir[PACKAGE] = "assets"
        self.package_data[PACKAGE] = ["**/*"]
        self.exclude_package_data[PACKAGE] = licences

    def run(self) -> None:
        """Into an empty folder: what an earlier build left there would get into the wheel."""
        if not self.editable_mode:
            shutil.rmtree(Path(self.build_lib, "studio"), ignore_errors=True)
        super().run()
