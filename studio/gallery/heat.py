"""A heat map's colours: dark blue over red to pale yellow, growing in lightness, so that it can be
read in grey and by the colour-blind. NumPy only.
"""

from __future__ import annotations

import numpy as np

# lightness grows evenly; after matplotlib's "inferno" (Smith & van der Walt 2015, CC0)
_KNOTS = np.array(
    [
        (0, 0, 4), (31, 12, 72), (85, 15, 109), (136, 34, 106), (186, 54, 85),
        (227, 89, 51), (249, 140, 10), (249, 201, 50), (252, 255, 164),
    ],
    dtype=np.float64,
)  # fmt: skip
_AT = np.linspace(0.0, 255.0, len(_KNOTS))
COLOURS = np.stack([np.interp(np.arange(256), _AT, _KNOTS[:, c]) for c in range(3)], axis=1)
COLOURS = COLOURS.round().astype(np.uint8)


def heat_map(values: np.ndarray, most: float, least: float = 0.0) -> np.ndarray:
    """(h, w) numbers, `least` to `most`, as a picture (h, w, 3) uint8."""
    shares = (np.asarray(values, dtype=np.float64) - least) / max(most - least, 1e-9)
    return COLOURS[np.clip(np.nan_to_num(shares) * 255, 0, 255).astype(np.uint8)]
