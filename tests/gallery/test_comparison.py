"""Sheets, films and figures of comparisons: what is drawn where, and what is written."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from studio.core.comparing import Cell, Distance
from studio.core.errors import OutputError, UsageError
from studio.core.generating import Trajectory
from studio.core.grid import Axis, Grid
from studio.core.settings import Settings
from studio.core.sizes import Size
from studio.gallery import comparison, comparison_sheet
from studio.gallery.comparison import Comparison
from studio.gallery.comparison_sheet import Made, caption, label
from studio.pictures.sheet import PAPER

SIDE, FRAME = 200, 4
BASE = Settings("a bear", sampler="flow", steps=3, seed=1, size=Size.square(SIDE))
GRID = Grid(Axis("steps", (1, 2)), Axis("sampler", ("ddpm", "flow")), Axis("guidance", (1.0, 3.0)))


def colour(index: int) -> tuple[int, int, int]:
    return 20 * index, 255 - 20 * index, 100


def cell(index: int, settings: Settings, side: int = SIDE) -> Cell:
    """One colour; its frames on the way are shades of grey."""
    steps = settings.steps
    greys = [np.full((FRAME, FRAME, 3), 10 * k % 256, np.uint8) for k in range(steps)]
    frames = np.stack([*greys, np.full((FRAME, FRAME, 3), colour(index), np.uint8)])
    latents = np.zeros((steps + 1, 2, FRAME, FRAME), np.float16)
    latents += np.arange(steps + 1, dtype=np.float16).reshape(-1, 1, 1, 1)
    times = tuple(1 - k / steps for k in range(steps + 1))
    trajectory = Trajectory(times, latents, latents, frames, frames, np.zeros_like(latents[:, 0]))
    image = np.full((side, side, 3), colour(index), np.uint8)
    return Cell(0, index, image, latents[-1], settings, 1.25, 2 * steps, trajectory)


def made(grid: Grid = GRID, done: int = 8, side: int = SIDE, base: Settings = BASE) -> Comparison:
    settings = grid.cells(base)
    cells = {i: cell(i, each, side) for i, each in list(enumerate(settings))[:done]}
    distances = {i: Distance(0, i, 0.1 * i, 0.01 * i) for i in list(cells)[: done - 1]}
    return Comparison(grid, settings, cells, distances)


def written(shown: Comparison, folder: Path) -> np.ndarray:
    comparison.write_sheet(folder / "sheet.png", shown)
    with Image.open(folder / "sheet.png") as image:
        return np.asarray(image.convert("RGB"))


def blocks(sheet: np.ndarray, index: int) -> np.ndarray:
    """Where a picture's own colour is."""
    return np.argwhere((sheet == colour(index)).all(-1))


def test_pictures_lie_crisp_in_their_grid(tmp_path: Path) -> None:
    sheet = written(made(), tmp_path)
    corners = []
    for index in range(8):
        found = blocks(sheet, index)
        assert len(found) == SIDE**2  # not one pixel blurred or covered
        corners.append(tuple(found.min(0)))
        assert tuple(found.max(0) - found.min(0) + 1) == (SIDE, SIDE)
    tops, lefts = ([corner[i] for corner in corners] for i in (0, 1))
    assert lefts == [lefts[0], lefts[1]] * 4
    assert tops[0] == tops[1] < tops[2] == tops[3] < tops[4] == tops[5] < tops[6] == tops[7]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sheet.png"]


def inked(sheet: np.ndarray) -> bool:
    return bool((np.abs(sheet.astype(int) - PAPER).max(-1) > 60).any())


def test_headings_and_figures_are_drawn_around_them(tmp_path: Path) -> None:
    sheet = written(made(), tmp_path)
    (top, left), (second_top, second_left) = (blocks(sheet, i).min(0) for i in (0, 3))
    assert inked(sheet[:40, : left + SIDE])  # the title
    assert inked(sheet[top - 30 : top, left : left + SIDE])  # a column's heading
    assert inked(sheet[top + 80 : top + 120, :left])  # a row's
    assert inked(sheet[top + SIDE : second_top, left : left + SIDE])  # figures
    assert inked(sheet[top + SIDE : second_top, second_left : second_left + SIDE])
    tab = blocks(sheet, 4).min(0)[0]
    assert inked(sheet[tab - 80 : tab - 35, :left])  # a tab's


def test_cells_that_are_not_made_stay_empty(tmp_path: Path) -> None:
    whole, part = written(made(), tmp_path), written(made(done=3), tmp_path)
    assert whole.shape == part.shape
    for index in range(8):
        assert bool(len(blocks(part, index))) == (index < 3)


@pytest.mark.parametrize("side", [8, 64, 512])
def test_any_size_of_picture_has_room_for_its_figures(tmp_path: Path, side: int) -> None:
    sheet = written(made(side=side), tmp_path)
    lefts = [blocks(sheet, index).min(0)[1] for index in (0, 1)]
    assert lefts[1] - lefts[0] >= max(side, comparison_sheet.NARROWEST)
    assert len(blocks(sheet, 0)) == side**2


@pytest.mark.parametrize(
    "prompts", [("", "bear " * 200), ("🧸" * 90, "一只熊" * 50), ("x" * 400, "a\nb")]
)
def test_long_and_strange_prompts_fit(tmp_path: Path, prompts: tuple[str, ...]) -> None:
    for grid in (Grid(Axis("prompt", prompts)), Grid(Axis("seed", (1,)), Axis("prompt", prompts))):
        sheet = written(made(grid, 2), tmp_path)
        assert sheet.shape[0] < 2 * SIDE + 400
        assert all(len(blocks(sheet, index)) == SIDE**2 for index in range(2))
    base = replace(BASE, prompt=prompts[1], negative=prompts[0])
    assert written(made(Grid(Axis("steps", (2,))), 1, base=base), tmp_path).shape[1] < 2 * SIDE


def test_labels_say_what_is_compared() -> None:
    given = [("steps", 1), ("steps", 25), ("guidance", 7.0), ("seed", 3), ("prompt", "")]
    assert [label(*each) for each in given] == [
        "1 step",
        "25 steps",
        "guidance 7",
        "seed 3",
        "(no prompt)",
    ]
    assert [label("schedule", name) for name in ("", "karras")] == ["own schedule", "karras"]


def test_captions_give_cost_and_distance() -> None:
    one = cell(0, BASE)
    assert caption(Made(one, None), steps=False) == ("6 NFE · 1.25 s", "")
    assert caption(Made(one, None), steps=True)[0] == "3 steps · 6 NFE · 1.25 s"
    measured = Distance(0, 0, 0.12345, 0.0456)
    assert caption(Made(one, measured), False)[1] == "distance 0.123 · LPIPS 0.046"
    assert caption(Made(one, replace(measured, lpips=None)), False)[1] == "distance 0.123"
    assert "nan" not in caption(Made(one, Distance(0, 0, math.nan, None)), False)[1]


def test_a_film_shows_all_cells_at_the_same_time() -> None:
    grid = Grid(Axis("steps", (2, 10)))
    shown = made(grid, 2)
    frames = list(comparison_sheet.film(grid, shown.settings, shown.made, frames=11))
    layout = [comparison_sheet._layout(grid, BASE.size).place(index) for index in range(2)]
    for k, frame in enumerate(frames):  # t = 1 - k / 10
        pixels = [frame.getpixel((left + 90, top + 90)) for left, top in layout]
        two = 0 if k < 5 else 10
        ten = 10 * k
        expected = [(two,) * 3, (ten,) * 3] if k < 10 else [colour(0), colour(1)]
        assert pixels == expected
    asked: list[float] = []

    def decode(latents: np.ndarray) -> np.ndarray:
        asked.append(float(latents.max()))
        return np.full((SIDE, SIDE, 3), 77, np.uint8)

    frame = next(iter(comparison_sheet.film(grid, shown.settings, shown.made, decode, 11)))
    assert asked == [0.0, 0.0]
    assert frame.getpixel((layout[0][0] + 5, layout[0][1] + 5)) == (77, 77, 77)


def read(path: Path) -> tuple[list[np.ndarray], float]:
    """The frames and how many seconds they last."""
    if path.suffix == ".mp4":
        with av.open(str(path)) as film:
            stream = film.streams.video[0]
            seconds = float((stream.duration or 0) * (stream.time_base or 0))
            return [each.to_ndarray(format="rgb24") for each in film.decode(stream)], seconds
    frames, milliseconds = [], 0
    with Image.open(path) as image:
        for number in range(image.n_frames):
            image.seek(number)
            frames.append(np.asarray(image.convert("RGB")))
            milliseconds += image.info["duration"]
    return frames, milliseconds / 1000


@pytest.mark.parametrize(("suffix", "most"), [(".webp", 1.0), (".gif", 0.0), (".mp4", 1.0)])
def test_what_stands_still_in_a_film_does_not_flicker(
    tmp_path: Path, suffix: str, most: float
) -> None:
    path = tmp_path / f"film{suffix}"
    shown = made(Grid(Axis("steps", (2, 60))), 2)
    comparison.write_film(path, shown)
    frames, seconds = read(path)
    assert seconds == pytest.approx(48 * 0.06 + 1.8, abs=0.1)
    assert len(frames) > 30
    assert frames[0].shape[1] > 2 * SIDE
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    ways = [np.asarray(e) for e in comparison_sheet.film(shown.grid, shown.settings, shown.made)]
    still = np.all([each == ways[0] for each in ways], axis=(0, -1))
    assert still.mean() > 0.3
    height, width = still.shape
    pixels = [each[:height, :width][still].astype(float) for each in frames]
    assert max(np.abs(each - pixels[0]).mean() for each in pixels) <= most


def test_a_film_of_many_large_cells_is_made_smaller() -> None:
    grid = Grid(Axis("seed", tuple(range(8))))
    shown = made(grid, 8, side=512)
    frame = next(iter(comparison_sheet.film(grid, shown.settings, shown.made, frames=2)))
    assert max(frame.size) <= comparison_sheet.LARGEST_FRAME


def test_a_film_needs_trajectories_and_a_name_it_can_have(tmp_path: Path) -> None:
    shown = made()
    with pytest.raises(OutputError, match=r"rename film\.avi"):
        comparison.write_film(tmp_path / "film.avi", shown)
    still = {index: replace(each, trajectory=None) for index, each in shown.cells.items()}
    with pytest.raises(UsageError, match="trajectories"):
        comparison.write_film(tmp_path / "film.webp", replace(shown, cells=still))


def test_the_document_holds_every_figure(tmp_path: Path) -> None:
    shown = made(done=3)
    paths = {index: tmp_path / f"{index}.png" for index in range(3)}
    contents = comparison.document(shown, paths, tmp_path / "sheet.png")
    comparison.write_document(tmp_path / "comparison.json", contents)
    read = json.loads((tmp_path / "comparison.json").read_text())
    assert read["axes"]["rows"] == {"name": "sampler", "values": ["ddpm", "flow"]}
    assert read["settings"]["size"] == SIDE
    assert read["sheet"] == str(tmp_path / "sheet.png")
    assert read["film"] is None
    assert [each["index"] for each in read["cells"]] == [0, 1, 2]
    second, last = read["cells"][1:]
    wanted = {"sampler": "ddpm", "steps": 2, "guidance": 1.0, "seed": 1, "prompt": "a bear"}
    wanted |= {"nfe": 4, "seconds": 1.25, "distance": 0.1, "lpips": 0.01, "path": str(paths[1])}
    assert wanted.items() <= second.items()
    assert (last["distance"], last["lpips"]) == (None, None)
    back = {**read["settings"], **{name: second[name] for name in comparison.VARIED}}
    back["guidance_interval"] = tuple(back["guidance_interval"])
    back |= {name: tuple(back[name]) for name in ("options", "rule_options")}
    assert Settings(**back | {"size": Size.read(back["size"])}) == shown.settings[1]


def test_what_is_not_a_number_is_none_in_the_document() -> None:
    shown = made(done=1)
    lost = replace(shown, distances={0: Distance(0, 0, math.nan, math.inf)})
    (only,) = comparison.document(lost)["cells"]
    assert (only["distance"], only["lpips"], only["path"]) == (None, None, None)


def test_places_that_cannot_be_written_are_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="could not be written"):
        comparison.write_sheet(tmp_path / "file" / "sheet.png", made())


def test_pictures_that_are_not_square_keep_their_shape() -> None:
    size = Size(2 * SIDE, SIDE)
    settings = GRID.cells(replace(BASE, size=size))
    pictures = [np.full((SIDE, 2 * SIDE, 3), colour(i), np.uint8) for i in range(8)]
    cells = {i: replace(cell(i, each), image=pictures[i]) for i, each in enumerate(settings)}
    for shown in (
        comparison_sheet.sheet(GRID, settings, [Made(each, None) for each in cells.values()]),
        *comparison_sheet.film(GRID, settings, [Made(each, None) for each in cells.values()],
                               frames=2),
    ):  # fmt: skip
        pixels = np.asarray(shown)
        for index in range(8):
            down, across = np.nonzero((pixels == colour(index)).all(-1))
            if len(down):
                high, wide = np.ptp(down) + 1, np.ptp(across) + 1
                assert wide == pytest.approx(2 * high, abs=1)
                assert len(down) == wide * high
    assert (pixels == colour(7)).all(-1).any()
