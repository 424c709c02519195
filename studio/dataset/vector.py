"""SVG to RGBA with QtSvg, after rewriting what QtSvg does not know into what it does.

Used by the builder only; Qt is imported when a picture is drawn.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import numpy as np

SVG, XLINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}"
GRADIENTS = (f"{SVG}linearGradient", f"{SVG}radialGradient")
RGBA = re.compile(r"rgba\((\d+, *\d+, *\d+), *[\d.]+\)")  # always beside an opacity that repeats it
ET.register_namespace("", SVG[1:-1])
ET.register_namespace("xlink", XLINK[1:-1])


def simplified(svg: bytes) -> bytes:
    """The same drawing for QtSvg, which reads only `xlink:href`, takes `rgba()` for black, inherits
    a gradient's stops but not its geometry, and draws a `clipPath` instead of clipping: gradients
    are made whole, clips become masks."""
    root = ET.fromstring(svg)
    named = {e.get("id"): e for e in root.iter() if e.get("id")}
    for element in root.iter():
        if element.tag in GRADIENTS:
            _complete(element, named)
        href = element.attrib.pop("href", None)
        if href is not None:
            element.set(f"{XLINK}href", href)
        for paint in ("fill", "stroke", "stop-color"):
            if paint in element.attrib:
                element.set(paint, RGBA.sub(r"rgb(\1)", element.get(paint, "")))
    for element in list(root.iter()):
        if element.tag == f"{SVG}clipPath":
            _to_mask(element, named)
        clip = element.attrib.pop("clip-path", None)
        if clip is not None:
            element.set("mask", clip)
    return ET.tostring(root)


def _complete(gradient: ET.Element, named: dict[str | None, ET.Element]) -> None:
    """Copies what a gradient inherits from the one it refers to, and drops the reference."""
    href = gradient.attrib.pop("href", None) or gradient.attrib.pop(f"{XLINK}href", None)
    if href is None or href.lstrip("#") not in named:
        return
    parent = named[href.lstrip("#")]
    _complete(parent, named)
    for key, value in parent.attrib.items():
        if key not in ("id", "gradientTransform"):
            gradient.attrib.setdefault(key, value)
    if not len(gradient):
        gradient.extend(parent)


def _to_mask(clip: ET.Element, named: dict[str | None, ET.Element]) -> None:
    """A `clipPath` element becomes a white mask of the same shape, over the whole drawing."""
    shapes = [_shape(child, named) for child in clip]
    for child in list(clip):
        clip.remove(child)
    clip.tag = f"{SVG}mask"
    clip.attrib.update(
        {"maskUnits": "userSpaceOnUse", "x": "-999", "y": "-999", "width": "2999", "height": "2999"}
    )
    ET.SubElement(clip, f"{SVG}g", {"fill": "#fff"}).extend(shapes)


def _shape(element: ET.Element, named: dict[str | None, ET.Element]) -> ET.Element:
    """A copy of a shape without its paint; what a `use` refers to, in place of the `use`."""
    if element.tag == f"{SVG}use":
        target = named[element.get(f"{XLINK}href", element.get("href", "")).lstrip("#")]
        around = ET.Element(f"{SVG}g", {k: v for k, v in element.items() if k == "transform"})
        around.append(_shape(target, named))
        return around
    paint = ("id", "fill", "opacity", "fill-opacity", "stroke", "stroke-width")
    return ET.Element(element.tag, {k: v for k, v in element.items() if k not in paint})


def rasterised(svg: bytes, size: int) -> np.ndarray:
    """(size, size, 4) uint8 RGBA, alpha not premultiplied."""
    from PySide6.QtCore import QByteArray, Qt
    from PySide6.QtGui import QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    image = QImage(size, size, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    QSvgRenderer(QByteArray(simplified(svg))).render(painter)
    painter.end()
    rgba = image.convertToFormat(QImage.Format.Format_RGBA8888)
    return np.frombuffer(bytes(rgba.constBits()), np.uint8).reshape(size, size, 4)
