from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from studio.core.errors import DataError, UsageError
from studio.dataset.catalogue import BUNDLED, Catalogue
from studio.dataset.summary import contact_sheet, summary


def test_summary_adds_up_and_is_json(catalogue: Catalogue) -> None:
    figures = json.loads(json.dumps(summary(catalogue)))
    assert figures["concepts"] == len(catalogue.concepts) == sum(figures["groups"].values())
    assert figures["splits"] == {"held-out": 120, "train": 1530}
    assert figures["licences"] == {"fluent-3d": "MIT", "fluent-flat": "MIT", "noto": "Apache-2.0"}
    assert figures["pictures"] == sum(style["pictures"] for style in figures["styles"])
    for style in figures["styles"]:
        assert style["pictures"] == sum(style["splits"].values())
    on_disk = sum(
        path.stat().st_size for path in BUNDLED.iterdir() if path.suffix in (".zip", ".json")
    )
    assert figures["bytes"] == on_disk <= 24 * 2**20


def test_every_bundled_style_has_a_notice(catalogue: Catalogue) -> None:
    notice = (BUNDLED.parent / "NOTICE").read_text(encoding="utf-8")
    for style in catalogue.styles:
        assert f"{style.name}.zip" in notice
    assert "Apache License" in (BUNDLED.parent / "LICENSE-Apache-2.0").read_text(encoding="utf-8")


def test_contact_sheet_places_pictures_on_white(tiny: Path) -> None:
    sheet = contact_sheet(Catalogue(tiny), "plain", ("2", "1", "2"), columns=2, cell=32)
    assert sheet.shape == (64, 64, 3)
    assert tuple(sheet[16, 16]) == (230, 30, 30)
    assert (sheet[:32, 32:] == 255).all()
    assert tuple(sheet[48, 16]) == (230, 30, 30)
    assert (sheet[32:, 32:] == 255).all()
    assert sheet.dtype == np.uint8


def test_contact_sheet_refuses_nothing_to_show(tiny: Path) -> None:
    with pytest.raises(UsageError):
        contact_sheet(Catalogue(tiny), "plain", ())
    with pytest.raises(DataError):
        contact_sheet(Catalogue(tiny), "plain", ("9",))
