"""What the dataset holds, as figures and as a sheet of pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from PIL import Image

from studio.core.errors import UsageError
from studio.dataset.catalogue import Catalogue

Summary = dict[str, object]


def summary(catalogue: Catalogue) -> Summary:
    """Plain values for JSON: `concepts`, counts by `groups` and `splits`, one entry a style in
    `styles` (pictures a split, licence, source, bytes), and `bytes` on disk in all.

    Raises:
        DataError: a file of the dataset is missing or damaged.
    """
    folder = catalogue.folder
    splits = {concept.code: concept.split for concept in catalogue.concepts}
    styles = []
    for style in catalogue.styles:
        codes = catalogue.codes(style.name)
        counts = Counter(splits[code] for code in codes)
        styles.append(
            {
                "name": style.name,
                "pictures": len(codes),
                "splits": dict(sorted(counts.items())),
                "licence": style.licence,
                "source": style.source,
                "bytes": (folder / f"{style.name}.zip").stat().st_size,
            }
        )
    sizes = [int(str(style["bytes"])) for style in styles]
    return {
        "folder": str(folder),
        "concepts": len(catalogue.concepts),
        "pictures": sum(len(catalogue.codes(style.name)) for style in catalogue.styles),
        "groups": dict(Counter(c.group for c in catalogue.concepts).most_common()),
        "splits": dict(sorted(Counter(splits.values()).items())),
        "licences": {style.name: style.licence for style in catalogue.styles},
        "styles": styles,
        "bytes": sum(sizes) + sum(path.stat().st_size for path in folder.glob("*.json")),
    }


def contact_sheet(
    catalogue: Catalogue, style: str, codes: Sequence[str], columns: int = 16, cell: int = 64
) -> np.ndarray:
    """Pictures side by side on white, (rows * cell, columns * cell, 3) uint8, in the order given.

    Raises:
        UsageError: no codes, or fewer than one column or pixel.
        DataError: a code that has no picture in this style.
    """
    if not codes or columns < 1 or cell < 1:
        raise UsageError("A contact sheet needs at least one picture, one column and one pixel.")
    rows = -(-len(codes) // columns)
    sheet = Image.new("RGBA", (columns * cell, rows * cell), "white")
    for i, code in enumerate(codes):
        picture = Image.fromarray(catalogue.picture(code, style)).convert("RGBa")
        small = picture.resize((cell, cell), Image.Resampling.LANCZOS).convert("RGBA")
        sheet.alpha_composite(small, (i % columns * cell, i // columns * cell))
    return np.asarray(sheet.convert("RGB"))
