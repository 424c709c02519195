"""What is in the bundled dataset, and its pictures.

On disk: `concepts.json` (names, keywords, split) and one zip of 256 px RGBA WebP files a style,
each named by its codepoints.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
from PIL import Image

from studio.core.errors import DataError
from studio.core.installation import ASSETS, PROGRAM

BUNDLED = ASSETS / "dataset"
BUILD = " ".join((*PROGRAM, "dataset", "build"))
SIZE = 256


@dataclass(frozen=True)
class Concept:
    """One thing that can be drawn. `code` is its codepoints in lower-case hex, without FE0F."""

    code: str
    label: str
    keywords: tuple[str, ...]
    group: str
    split: str  # "train" or "held-out"


@dataclass(frozen=True)
class Style:
    """One way of drawing. `caption` is the phrase that captions use for it."""

    name: str
    caption: str
    licence: str
    source: str


class Catalogue:
    """Concepts and their pictures.

    Raises:
        DataError: the folder is missing, or a file in it is damaged.
    """

    def __init__(self, folder: Path = BUNDLED) -> None:
        self.folder = Path(folder)
        try:
            index = json.loads((self.folder / "concepts.json").read_text(encoding="utf-8"))
            self.concepts = tuple(
                Concept(c["code"], c["label"], tuple(c["keywords"]), c["group"], c["split"])
                for c in index["concepts"]
            )
            self.styles = tuple(Style(**style) for style in index["styles"])
        except FileNotFoundError:
            raise DataError(f"No dataset in {self.folder}; run `{BUILD}`.") from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(f"{self.folder / 'concepts.json'} is damaged: {error}") from None
        self._archives: dict[str, zipfile.ZipFile] = {}

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_archives": {}}  # open zips do not travel to loader processes

    @cached_property
    def words(self) -> dict[str, tuple[str, ...]]:
        """Other words for things, by code, that captions may use; none in a dataset without."""
        return {code: tuple(words) for code, words in self._words["words"].items()}

    @cached_property
    def unsaid(self) -> dict[str, tuple[str, ...]]:
        """Words that no caption uses, to measure with; each with the codes it may stand for."""
        return {word: tuple(codes) for word, codes in self._words["held out"].items()}

    @cached_property
    def _words(self) -> dict[str, dict[str, list[str]]]:
        path = self.folder / "words.json"
        if not path.exists():
            return {"words": {}, "held out": {}}
        try:
            words = json.loads(path.read_text(encoding="utf-8"))
            return {part: dict(words[part]) for part in ("words", "held out")}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path} is damaged: {error}") from None

    @cached_property
    def by_code(self) -> dict[str, Concept]:
        return {concept.code: concept for concept in self.concepts}

    def style(self, name: str) -> Style:
        for style in self.styles:
            if style.name == name:
                return style
        known = ", ".join(style.name for style in self.styles)
        raise DataError(f"Unknown style {name!r}; the dataset has {known}.")

    def codes(self, style: str) -> tuple[str, ...]:
        """Codes that have a picture in `style`, in catalogue order."""
        present = {name.removesuffix(".webp") for name in self._archive(style).namelist()}
        return tuple(concept.code for concept in self.concepts if concept.code in present)

    def picture(self, code: str, style: str) -> np.ndarray:
        """The picture as (256, 256, 4) uint8 RGBA, alpha not premultiplied.

        Raises:
            DataError: there is no such picture, or it is damaged.
        """
        archive = self._archive(style)
        try:
            with Image.open(io.BytesIO(archive.read(f"{code}.webp"))) as image:
                rgba = np.asarray(image.convert("RGBA"))
        except KeyError:
            raise DataError(f"No picture of {code} in style {style}.") from None
        except (OSError, zipfile.BadZipFile, zlib.error) as error:
            raise DataError(
                f"The picture of {code} in {archive.filename} is damaged ({error}); "
                f"restore the file, or run `{BUILD}`."
            ) from None
        return rgba[:SIZE, :SIZE]  # two of the published pictures have eight empty rows more

    def on_white(self, code: str, style: str) -> np.ndarray:
        """The picture as it looks on paper, (256, 256, 3) uint8. Raises DataError."""
        rgba = self.picture(code, style)
        alpha = rgba[..., 3:].astype(np.float32) / 255
        return np.round(rgba[..., :3] * alpha + 255 * (1 - alpha)).astype(np.uint8)

    def _archive(self, style: str) -> zipfile.ZipFile:
        if style not in self._archives:
            self.style(style)
            path = self.folder / f"{style}.zip"
            try:
                self._archives[style] = zipfile.ZipFile(path)
            except (OSError, zipfile.BadZipFile) as error:
                raise DataError(f"{path} cannot be read: {error}") from None
        return self._archives[style]


@cache
def bundled() -> Catalogue:
    """The bundled one, opened once for whoever reads it, in any thread. Raises DataError."""
    return Catalogue()
