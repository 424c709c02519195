"""Named colours: the words captions use, what a pixel is called, and recolouring an object."""

from __future__ import annotations

import numpy as np
from PIL import Image

# Grounds. Each is far enough from its neighbours that a small jitter keeps its name.
GROUNDS: dict[str, tuple[int, int, int]] = {
    "white": (255, 255, 255),
    "black": (16, 16, 18),
    "grey": (140, 140, 144),
    "red": (214, 40, 44),
    "orange": (246, 140, 30),
    "yellow": (250, 218, 50),
    "green": (58, 166, 74),
    "teal": (24, 156, 160),
    "blue": (44, 104, 216),
    "purple": (126, 64, 180),
    "pink": (246, 150, 190),
    "brown": (122, 76, 42),
}
JITTER = 14  # levels a channel

# Hues of recoloured objects, in degrees: centre, and the interval that still has the name.
HUES: dict[str, tuple[float, float, float]] = {
    "red": (357, 346, 12),
    "orange": (27, 18, 38),
    "yellow": (51, 44, 64),
    "green": (128, 80, 155),
    "teal": (176, 164, 190),
    "blue": (216, 198, 245),
    "purple": (272, 255, 292),
    "pink": (330, 305, 344),
}
SATURATION, VALUE = 0.3, 0.3  # below either, a pixel has no hue worth naming


def lab(rgb: np.ndarray) -> np.ndarray:
    """sRGB in [0, 255], (..., 3), to CIELAB (D65)."""
    c = np.asarray(rgb, np.float32) / 255
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    matrix = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]], np.float32
    )
    xyz = linear @ matrix.T / np.array([0.9505, 1.0, 1.089], np.float32)
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.stack(
        [116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1
    )


_NAMES = tuple(GROUNDS)
_PROTOTYPES = lab(np.array(list(GROUNDS.values())))


def colour_name(rgb: np.ndarray | tuple[int, int, int]) -> str:
    """The ground colour nearest to one sRGB value in CIELAB."""
    distance = ((_PROTOTYPES - lab(np.asarray(rgb))) ** 2).sum(-1)
    return _NAMES[int(distance.argmin())]


def jittered(name: str, rng: np.random.Generator) -> tuple[int, int, int]:
    """A shade near `name` that `colour_name` still calls by that name; white is always pure."""
    base = GROUNDS[name]
    if name == "white":
        return base
    # Black and grey only get lighter and darker: a tint would be a dark or dull other colour.
    channels = 1 if name in ("black", "grey") else 3
    shade = np.clip(np.array(base) + rng.integers(-JITTER, JITTER + 1, channels), 0, 255)
    if colour_name(shade) != name:
        return base
    return int(shade[0]), int(shade[1]), int(shade[2])


def hue_name(degrees: float) -> str | None:
    """The name of a saturated hue, or None between two names."""
    for name, (_, low, high) in HUES.items():
        if (degrees - low) % 360 <= (high - low) % 360:
            return name
    return None


def _vivid(rgba: np.ndarray) -> tuple[np.ndarray, float]:
    """Hues in degrees of the coloured opaque pixels, and their share of the opaque ones."""
    hsv = np.asarray(Image.fromarray(rgba[..., :3]).convert("HSV"))
    opaque = rgba[..., 3] > 127
    coloured = opaque & (hsv[..., 1] > SATURATION * 255) & (hsv[..., 2] > VALUE * 255)
    return hsv[..., 0][coloured] * (360 / 256), float(coloured.sum() / max(1, opaque.sum()))


def _apart(a: np.ndarray | float, b: float) -> np.ndarray:
    """Absolute angle between hues, in degrees."""
    return np.abs((np.asarray(a) - b + 180) % 360 - 180)


def dominant_hue(rgba: np.ndarray) -> float | None:
    """The one hue, in degrees, of an object that clearly has one: at least 60 % of its opaque
    pixels are coloured and 85 % of those lie within 40 degrees of the hue. Otherwise None.

    Args:
        rgba: (H, W, 4) uint8, alpha not premultiplied.
    """
    hues, share = _vivid(rgba)
    if share < 0.6:
        return None
    angle = np.deg2rad(hues)
    hue = float(np.rad2deg(np.arctan2(np.sin(angle).mean(), np.cos(angle).mean())) % 360)
    return hue if (_apart(hues, hue) < 40).mean() >= 0.85 else None


def recolour(rgba: np.ndarray, name: str) -> np.ndarray | None:
    """Turns the dominant hue to the colour `name`; leaves other hues (a leaf, an eye) alone.

    Returns None where the object has no one hue, is that colour already, or would not become
    plainly that colour.

    Args:
        rgba: (H, W, 4) uint8, alpha not premultiplied.
    """
    hue, target = dominant_hue(rgba), HUES[name][0]
    if hue is None or _apart(hue, target) < 30:
        return None
    h, s, v = np.moveaxis(np.asarray(Image.fromarray(rgba[..., :3]).convert("HSV")), -1, 0)
    wheel = np.arange(256) * (360 / 256)
    near = _apart(wheel, hue) < 75
    # A part of the spread is kept, so that shading survives and the whole keeps one name.
    spread = (wheel - hue + 180) % 360 - 180
    turned = np.where(near, target + 0.4 * spread, wheel) % 360
    h_new = (np.rint(turned * (256 / 360)).astype(np.int32) % 256).astype(np.uint8)[h]
    strength = near.astype(np.float32)[h] * (s / np.float32(255))  # greys have no hue to trust
    if name in ("orange", "yellow", "pink"):  # dark ones are called brown, olive and purple
        v = (v + strength * v * (1 - v / np.float32(255))).astype(np.uint8)
    if name in ("green", "teal", "purple"):  # bright ones are neon, cyan and violet
        v = (v * (1 - 0.3 * strength)).astype(np.uint8)
    if name == "pink":
        s = (s * (1 - 0.4 * strength)).astype(np.uint8)
    turned_rgb = np.asarray(
        Image.merge("HSV", [Image.fromarray(c) for c in (h_new, s, v)]).convert("RGB")
    )
    result = np.dstack([turned_rgb, rgba[..., 3]])
    hues, share = _vivid(result)
    named = share >= 0.5 and hue_name(float(np.median(hues))) == name
    return result if named else None
