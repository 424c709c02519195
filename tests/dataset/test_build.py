from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from studio.core.errors import DataError, UsageError
from studio.dataset.build import (
    PACKAGES,
    build,
    concepts_from,
    fetch,
    held_out,
    iconify_pictures,
    normal,
    unpack,
)
from studio.dataset.catalogue import Catalogue
from studio.dataset.vector import rasterised, simplified

NAMES = [
    {"hexcode": "1F9F8", "label": "teddy bear", "tags": ["toy", "Plush"], "group": 6, "order": 3},
    {"hexcode": "2764-FE0F", "label": "red heart", "tags": ["red heart"], "group": 0, "order": 1},
    {"hexcode": "1F1E6-1F1E8", "label": "flag: Ascension", "tags": [], "group": 9, "order": 4},
    {"hexcode": "1F3F4-200D-2620-FE0F", "label": "pirate flag", "group": 9, "order": 5},
    {"hexcode": "1F9B0", "label": "red hair", "tags": [], "group": 2, "order": 6},
    {"hexcode": "1F197", "label": "“OK” button", "tags": [], "group": 8, "order": 2},
]
SQUARE = '<path fill="#00f" d="M0 0h8v16h-8z"/>'


def svg(body: str) -> bytes:
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" '
        f'xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 16 16">{body}</svg>'
    ).encode()


@pytest.mark.parametrize(
    ("code", "expected"),
    [("2764-FE0F", "2764"), ("1F3F3-FE0F-200D-1F308", "1f3f3-200d-1f308"), ("1f9f8", "1f9f8")],
)
def test_normal(code: str, expected: str) -> None:
    assert normal(code) == expected


def test_held_out_looks_at_the_first_codepoint_only() -> None:
    codes = [f"1f{i:03x}" for i in range(256)]
    assert all(held_out(c, "a b") == held_out(f"{c}-200d-2640", "c d") for c in codes)
    assert not any(held_out(c, "word") for c in codes)
    assert 5 <= sum(held_out(c, "two words") for c in codes) <= 45  # 8 % of 256 is 20


def test_concepts_leave_out_flags_and_components_and_keep_order() -> None:
    concepts = list(concepts_from(NAMES))
    assert [c.label for c in concepts] == ["red heart", "ok button", "teddy bear", "pirate flag"]
    assert concepts[0].code == "2764"
    assert concepts[0].keywords == ()  # the label is no keyword of its own
    assert concepts[2].keywords == ("toy", "plush")


def test_a_family_goes_where_its_first_member_goes() -> None:
    head = next(f"1f{i:03x}" for i in range(256) if held_out(f"1f{i:03x}", "two words"))
    entries = [
        {"hexcode": head, "label": "word", "group": 1, "order": 1},
        {"hexcode": f"{head}-200d-2640", "label": "two words", "group": 1, "order": 2},
    ]
    assert [c.split for c in concepts_from(entries)] == ["train", "train"]
    assert [c.split for c in concepts_from(entries[1:])] == ["held-out"]


def colour_at(picture: np.ndarray, x: int, y: int) -> tuple[int, ...]:
    return tuple(int(v) for v in picture[y, x])


def test_svg_is_drawn_upright_and_transparent_elsewhere() -> None:
    picture = rasterised(svg(SQUARE), 16)
    assert colour_at(picture, 2, 8) == (0, 0, 255, 255)
    assert picture[8, 12, 3] == 0


@pytest.mark.parametrize("inside", ['<path d="M0 0h8v8h-8z"/>', '<use href="#s"/>'])
def test_a_clip_cuts_and_is_not_drawn(inside: str) -> None:
    body = (
        '<defs><path id="s" fill="none" d="M0 0h8v8h-8z"/></defs>'
        f'<clipPath id="c">{inside}</clipPath>'
        '<g clip-path="url(#c)"><path fill="#0f0" d="M0 0h16v16h-16z"/></g>'
    )
    picture = rasterised(svg(body), 16)
    assert colour_at(picture, 3, 3) == (0, 255, 0, 255)
    assert picture[12, 12, 3] == 0
    assert picture[3, 12, 3] == 0


def test_a_gradient_inherits_stops_and_place() -> None:
    body = (
        '<defs><linearGradient id="a" x1="0" x2="16" y1="0" y2="0" gradientUnits="userSpaceOnUse">'
        '<stop offset="0" stop-color="#f00"/><stop offset="1" stop-color="#00f"/></linearGradient>'
        '<linearGradient id="b" href="#a"/></defs><path fill="url(#b)" d="M0 0h16v16h-16z"/>'
    )
    picture = rasterised(svg(body), 16)
    assert picture[8, 1, 0] > 200 > picture[8, 1, 2]
    assert picture[8, 14, 2] > 200 > picture[8, 14, 0]


def test_rgba_colours_are_not_black() -> None:
    body = '<path fill="rgba(255, 0, 0, .5)" fill-opacity=".5" d="M0 0h16v16h-16z"/>'
    picture = rasterised(svg(body), 16)
    assert picture[8, 8, 0] > 250
    assert 120 < picture[8, 8, 3] < 136


def test_simplified_uses_only_xlink_references() -> None:
    out = simplified(svg('<defs><path id="p" d="M0 0"/></defs><use href="#p"/>')).decode()
    assert 'xlink:href="#p"' in out
    assert " href=" not in out


def package(work: Path, name: str) -> Path:
    folder = work / name.replace("/", "-").replace("@", "") / "package"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """Names and one icon set, as they lie when npm has fetched and we have unpacked them."""
    names = package(tmp_path, PACKAGES["names"]) / "en"
    names.mkdir()
    (names / "data.json").write_text(json.dumps(NAMES), encoding="utf-8")
    flat = package(tmp_path, PACKAGES["fluent-flat"])
    icons = {"icons": {"bear": {"body": SQUARE}}, "width": 16, "height": 16}
    (flat / "icons.json").write_text(json.dumps(icons))
    (flat / "chars.json").write_text(json.dumps({"1f9f8": "bear", "2764": "gone", "1f1e6": "bear"}))
    return tmp_path


def test_icon_sets_pass_over_missing_icons(packages: Path) -> None:
    folder = packages / PACKAGES["fluent-flat"].replace("/", "-").replace("@", "")
    assert [code for code, _ in iconify_pictures(folder)] == ["1f9f8", "1f1e6"]


def test_build_makes_a_catalogue_and_the_same_bytes_again(packages: Path, tmp_path: Path) -> None:
    lines: list[str] = []
    counts = build(tmp_path / "a", packages, ("fluent-flat",), lines.append)
    build(tmp_path / "b", packages, ("fluent-flat",), lines.append)
    assert counts == {"fluent-flat": 1}
    assert lines[0] == "fluent-flat: 1 pictures"
    for name in ("fluent-flat.zip", "concepts.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    catalogue = Catalogue(tmp_path / "a")
    assert [c.label for c in catalogue.concepts] == ["teddy bear"]
    assert colour_at(catalogue.picture("1f9f8", "fluent-flat"), 40, 128)[3] == 255


def test_build_refuses_an_unknown_style(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Unknown style 'oil'; choose from fluent-3d"):
        build(tmp_path, tmp_path, ("oil",))


def test_fetch_without_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(DataError, match=r"needs npm; install Node\.js"):
        fetch("@a/b@1", tmp_path)


def test_a_damaged_package_leaves_nothing_that_looks_whole(tmp_path: Path) -> None:
    broken = tmp_path / "x.tgz"
    broken.write_bytes(b"not a package")
    with pytest.raises(DataError, match="cannot be unpacked"):
        unpack(broken, tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_interrupted_build_keeps_the_old_zip(packages: Path, tmp_path: Path) -> None:
    from studio.dataset.build import archive_pictures

    def fail() -> bytes:
        raise KeyboardInterrupt

    target = tmp_path / "s.zip"
    archive_pictures(target, {"1": lambda: b"old"})
    with pytest.raises(KeyboardInterrupt):
        archive_pictures(target, {"1": fail})
    with zipfile.ZipFile(target) as archive:
        assert archive.read("1.webp") == b"old"
