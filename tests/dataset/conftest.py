"""The bundled catalogue, once; and a tiny one with pictures whose pixels are known."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studio.dataset.catalogue import Catalogue


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return Catalogue()


def disc(colour: tuple[int, int, int], hidden: tuple[int, int, int] = (0, 0, 0)) -> np.ndarray:
    """A soft-edged disc; `hidden` is the colour that lies under its transparent pixels."""
    line = np.arange(256) - 127.5
    radius = np.hypot(line[:, None], line[None, :])
    alpha = np.clip((100 - radius) * 255 / 8, 0, 255).astype(np.uint8)
    rgba = np.empty((256, 256, 4), np.uint8)
    rgba[..., :3] = np.where(alpha[..., None] > 0, colour, hidden)
    rgba[..., 3] = alpha
    return rgba


def webp(rgba: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(rgba).save(out, "WEBP", lossless=True, exact=True)
    return out.getvalue()


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A folder with one style and three discs: white, red and two-coloured left and right."""
    halves = disc((255, 0, 0))
    halves[:, 128:, :3] = (0, 0, 255)
    pictures = {"1": disc((255, 255, 255)), "2": disc((230, 30, 30)), "3": halves}
    labels = {"1": "white ball", "2": "ball", "3": "two-coloured ball"}
    with zipfile.ZipFile(tmp_path / "plain.zip", "w") as archive:
        for code, picture in pictures.items():
            archive.writestr(f"{code}.webp", webp(picture))
    index = {
        "styles": [{"name": "plain", "caption": "plain", "licence": "MIT", "source": "here"}],
        "concepts": [
            {"code": c, "label": n, "keywords": ["toy"], "group": "objects", "split": "train"}
            for c, n in labels.items()
        ],
    }
    (tmp_path / "concepts.json").write_text(json.dumps(index), encoding="utf-8")
    return tmp_path
