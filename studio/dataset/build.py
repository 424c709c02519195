"""Builds the bundled dataset from published npm packages of openly licensed emoji art.

`npm pack` fetches each package (only when the user runs `dataset build`); PySide6's QtSvg
rasterises those that come as SVG. Country flags, skin-tone variants and hair components are left
out.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from studio.core.errors import DataError, UsageError
from studio.core.files import replacing, save_text
from studio.dataset.catalogue import SIZE, Concept, Style
from studio.dataset.vector import rasterised

PACKAGES = {
    "names": "emojibase-data@17.0.0",
    "fluent-3d": "@lobehub/fluent-emoji-3d@1.1.0",
    "fluent-flat": "@iconify-json/fluent-emoji-flat@1.2.6",
    "noto": "@iconify-json/noto@1.2.9",
    "twemoji": "@twemoji/svg@15.0.0",
}
STYLES = (
    Style("fluent-3d", "3d", "MIT", "Microsoft Fluent Emoji, npm @lobehub/fluent-emoji-3d"),
    Style(
        "fluent-flat", "flat", "MIT", "Microsoft Fluent Emoji, npm @iconify-json/fluent-emoji-flat"
    ),
    Style("noto", "noto", "Apache-2.0", "Google Noto Emoji, npm @iconify-json/noto"),
    Style("twemoji", "twemoji", "CC-BY-4.0", "Twitter/X Twemoji, npm @twemoji/svg"),
)
GROUPS = {
    0: "smileys", 1: "people", 3: "animals", 4: "food", 5: "travel", 6: "activities",
    7: "objects", 8: "symbols", 9: "flags",
}  # fmt: skip
PLAIN_FLAGS = {"1f3c1", "1f6a9", "1f3f4", "1f3f3", "1f3f3-200d-1f308", "1f3f4-200d-2620"}
BUNDLED_STYLES = ("fluent-3d", "fluent-flat", "noto")
QUALITY = 82
NOTO_QUALITY = 78  # its gradients compress worse
HELD_OUT_PERCENT = 8


def normal(code: str) -> str:
    """Codepoints in lower case without the variation selector, so that packages agree."""
    return "-".join(part for part in code.lower().split("-") if part != "fe0f")


def held_out(code: str, label: str) -> bool:
    """Whether a concept is kept from training, by a hash of its first codepoint.

    One-word labels always stay in training: they are the words a person types first.
    """
    digest = hashlib.sha256(code.split("-")[0].encode()).digest()
    return " " in label and digest[0] % 100 < HELD_OUT_PERCENT


def concepts_from(emojibase: list[dict[str, Any]]) -> Iterator[Concept]:
    """The concepts of `emojibase-data/en/data.json` that the dataset keeps, in its order.

    The first concept of a codepoint decides the split of all its variants.
    """
    heads: dict[str, bool] = {}
    for entry in sorted(emojibase, key=lambda e: e.get("order", 0)):
        code, group = normal(entry["hexcode"]), GROUPS.get(entry.get("group", -1))
        if group is None or (group == "flags" and code not in PLAIN_FLAGS):
            continue
        label = entry["label"].lower().replace("“", "").replace("”", "")
        split = heads.setdefault(code.split("-")[0], held_out(code, label))
        keywords = tuple(tag.lower() for tag in entry.get("tags", []) if tag.lower() != label)
        yield Concept(code, label, keywords, group, "held-out" if split else "train")


def fetch(package: str, into: Path) -> Path:
    """Downloads one npm package and returns its unpacked folder.

    Raises:
        DataError: npm is missing, or the package cannot be fetched or unpacked.
    """
    target = into / package.replace("/", "-").replace("@", "")
    if target.exists():
        return target
    if shutil.which("npm") is None:
        raise DataError("Building the dataset needs npm; install Node.js, or use the bundled copy.")
    into.mkdir(parents=True, exist_ok=True)
    run = subprocess.run(
        ["npm", "pack", "--silent", package], cwd=into, capture_output=True, text=True, check=False
    )
    if run.returncode != 0 or not run.stdout.strip():
        raise DataError(f"npm could not fetch {package}: {run.stderr.strip()[:200]}")
    unpack(into / run.stdout.strip().splitlines()[-1], target)
    return target


def unpack(package: Path, target: Path) -> None:
    """Unpacks a .tgz to a folder that exists only once it is whole."""
    try:
        with replacing(target, alone=True) as draft, tarfile.open(package) as archive:
            archive.extractall(draft, filter="data")
    except (OSError, tarfile.TarError) as error:
        raise DataError(f"{package} cannot be unpacked ({error}); delete it and retry.") from None


def encoded(svg: bytes, quality: int) -> bytes:
    out = io.BytesIO()
    Image.fromarray(rasterised(svg, SIZE)).save(
        out, "WEBP", quality=quality, alpha_quality=90, method=6
    )
    return out.getvalue()


def iconify_pictures(folder: Path) -> Iterator[tuple[str, bytes]]:
    """(code, SVG) for an `@iconify-json` icon set."""
    icons = json.loads((folder / "package" / "icons.json").read_text(encoding="utf-8"))
    chars = json.loads((folder / "package" / "chars.json").read_text(encoding="utf-8"))
    width, height = icons.get("width", 16), icons.get("height", 16)
    for code, name in chars.items():
        if name not in icons["icons"]:
            continue
        icon = icons["icons"][name]
        box = f"0 0 {icon.get('width', width)} {icon.get('height', height)}"
        svg = (
            '<svg xmlns="http://www.w3.org/2000/svg" '
            f'xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="{box}">{icon["body"]}</svg>'
        )
        yield normal(code), svg.encode()


def style_pictures(style: str, folder: Path) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """(code, maker of WebP bytes) for every picture of a package; makers run only if wanted."""
    if style == "fluent-3d":  # already 256 px RGBA WebP: kept byte for byte
        for path in sorted((folder / "package" / "assets").glob("*.webp")):
            yield normal(path.stem), path.read_bytes
    elif style == "twemoji":
        for path in sorted((folder / "package").glob("*.svg")):
            yield normal(path.stem), partial(encoded, path.read_bytes(), QUALITY)
    else:
        quality = NOTO_QUALITY if style == "noto" else QUALITY
        for code, svg in iconify_pictures(folder):
            yield code, partial(encoded, svg, quality)


def build(
    out: Path,
    work: Path,
    styles: tuple[str, ...] = BUNDLED_STYLES,
    report: Callable[[str], None] = print,
) -> dict[str, int]:
    """Writes the dataset to `out`; packages are fetched into `work`. Returns pictures a style.

    Raises:
        UsageError: a style that no package has.
        DataError: a package cannot be fetched or read.
    """
    for style in styles:
        if style not in {s.name for s in STYLES}:
            known = ", ".join(s.name for s in STYLES)
            raise UsageError(f"Unknown style {style!r}; choose from {known}.")
    names = fetch(PACKAGES["names"], work) / "package" / "en" / "data.json"
    concepts = list(concepts_from(json.loads(names.read_text(encoding="utf-8"))))
    out.mkdir(parents=True, exist_ok=True)
    drawn: set[str] = set()
    counts: dict[str, int] = {}
    for style in styles:
        pictures = dict(style_pictures(style, fetch(PACKAGES[style], work)))
        codes = sorted({concept.code for concept in concepts} & pictures.keys())
        archive_pictures(out / f"{style}.zip", {code: pictures[code] for code in codes})
        drawn.update(codes)
        counts[style] = len(codes)
        report(f"{style}: {counts[style]} pictures")
    index = {
        "styles": [asdict(s) for s in STYLES if s.name in styles],
        "concepts": [asdict(c) for c in concepts if c.code in drawn],
    }
    save_text(out / "concepts.json", json.dumps(index, indent=0, ensure_ascii=False))
    return counts


def archive_pictures(path: Path, pictures: dict[str, Callable[[], bytes]]) -> None:
    """Writes a style's zip beside its place and moves it there whole. Same input, same bytes."""
    with (
        replacing(path, alone=True) as draft,
        zipfile.ZipFile(draft, "w", zipfile.ZIP_STORED) as archive,
    ):
        for code, make in pictures.items():
            archive.writestr(zipfile.ZipInfo(f"{code}.webp"), make())  # ZipInfo: a fixed date
