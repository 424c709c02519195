"""`reconstruct`: its figures against independent ones, its files, every kind of picture."""

from __future__ import annotations

import csv
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from studio.cli.verbs.reconstruct import split
from studio.metrics.perceptual import lpips_available
from tests.cli.conftest import Run

SHIPPED = "studio-256/autoencoder"


def waves(height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    colours = [np.sin(x / 9 + y / 17), np.cos(x / 13), np.sin(y / 7 - x / 31)]
    return (127.5 + 120 * np.stack(colours, -1)).astype(np.uint8)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    Image.fromarray(waves(96, 112)).save(path)
    return path


@pytest.fixture
def small(tiny: Path, tmp_path: Path) -> tuple[object, ...]:
    """The options of what takes no time, into a folder of its own."""
    out = tmp_path / "out"
    return "--autoencoders", tiny / "autoencoder", "--device", "cpu", "--out", out


def test_figures_are_those_of_other_packages(run: Run, photo: Path, tmp_path: Path) -> None:
    metrics = pytest.importorskip("skimage.metrics")
    options = ("--autoencoders", SHIPPED, "--device", "cpu", "--out", tmp_path / "out", "--json")
    ran = run("reconstruct", photo, *options)
    document = ran.document
    assert ran.err == ""
    (result,) = document["results"]
    assert (result["image"], result["autoencoder"]) == (str(photo), SHIPPED)
    original, made = (np.asarray(Image.open(path)) for path in (photo, result["path"]))
    psnr = metrics.peak_signal_noise_ratio(original, made, data_range=255)
    ssim = metrics.structural_similarity(
        original, made, data_range=255, channel_axis=2,
        gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
    )  # fmt: skip
    assert result["psnr"] == pytest.approx(psnr, abs=1e-3)
    assert result["ssim"] == pytest.approx(ssim, abs=1e-3)
    assert 0 < result["ms_ssim"] <= 1
    assert result["latent_shape"] == [16, 6, 7]
    assert result["compression"] == pytest.approx(48)
    assert result["bits_per_pixel"] == pytest.approx(1)
    assert result["kl_bits_per_pixel"] > 0
    assert 0 < result["encode_seconds"] < result["seconds"] > result["decode_seconds"] > 0
    assert {Path(document[name]).name for name in ("sheet", "csv")} == {"sheet.png", "figures.csv"}
    assert len(list((tmp_path / "out").iterdir())) == 3


@pytest.mark.skipif(not lpips_available(), reason="SqueezeNet's weights are not in TORCH_HOME")
def test_lpips_is_the_packages_own(run: Run, photo: Path, tmp_path: Path) -> None:
    import lpips

    options = ("--autoencoders", SHIPPED, "--device", "cpu", "--out", tmp_path / "out", "--json")
    (result,) = run("reconstruct", photo, *options).document["results"]
    pair = [lpips.im2tensor(np.asarray(Image.open(path))) for path in (photo, result["path"])]
    network = lpips.LPIPS(net="squeeze", verbose=False).eval()
    with torch.no_grad():
        assert result["lpips"] == float(network(*(each.contiguous() for each in pair)))


def test_several_pictures_and_autoencoders(
    run: Run, tiny: Path, photo: Path, small: tuple[object, ...], tmp_path: Path
) -> None:
    other = tmp_path / "a, b" / "autoencoder"
    shutil.copytree(tiny / "autoencoder", other)
    second = photo.with_name("second.png")
    Image.fromarray(waves(40, 30)).save(second)
    names = f"{tiny / 'autoencoder'},{other}"
    options = (*small, "--autoencoders", names, "--json")
    document = run("reconstruct", photo, second, *options).document
    found = [(each["image"], each["autoencoder"]) for each in document["results"]]
    assert found == [
        (str(path), str(name)) for path in (photo, second) for name in (tiny / "autoencoder", other)
    ]
    assert len({each["path"] for each in document["results"]}) == 4
    for each in document["results"]:
        with Image.open(each["path"]) as made, Image.open(each["image"]) as original:
            assert made.size == original.size
    with open(document["csv"], encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["path"] for row in rows] == [each["path"] for each in document["results"]]
    assert [float(row["psnr"]) for row in rows] == [r["psnr"] for r in document["results"]]


def test_all_is_every_autoencoder_that_is_listed(
    run: Run, home: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "p.png"
    Image.fromarray(waves(16, 16)).save(path)
    document = run(
        "reconstruct", path, "--autoencoders", "all", "--out", tmp_path / "out", "--json"
    ).document
    listed = [
        each["name"]
        for each in run("models", "--json").document["models"]
        if each["kind"] == "autoencoder"
    ]
    assert [each["autoencoder"] for each in document["results"]] == listed
    assert SHIPPED in listed


def test_a_generator_means_its_own_autoencoder(
    run: Run, tiny: Path, photo: Path, small: tuple[object, ...]
) -> None:
    alone = run("reconstruct", photo, *small, "--json").document["results"][0]
    its = run("reconstruct", photo, *small, "--autoencoders", tiny, "--json").document["results"][0]
    assert its["psnr"] == alone["psnr"]


def test_tiles_are_announced(run: Run, photo: Path, small: tuple[object, ...]) -> None:
    ran = run("reconstruct", photo, *small, "--tile", 64, "--json")
    assert "tiles of 64 pixels" in ran.document["results"][0]["note"]


def test_people_get_a_table(run: Run, photo: Path, small: tuple[object, ...]) -> None:
    ran = run("reconstruct", photo, *small)
    assert ran.code == 0
    head, line, *_, sheet, figures = ran.out.splitlines()
    assert head.split()[:3] == ["picture", "autoencoder", "PSNR"]
    assert line.startswith("photo.png")
    assert (Path(sheet).name, Path(figures).name) == ("sheet.png", "figures.csv")


def grey(path: Path) -> None:
    Image.fromarray(waves(24, 31)[..., 0]).save(path)


def cmyk(path: Path) -> None:
    Image.fromarray(waves(24, 31)).convert("CMYK").save(path, "JPEG")


def deep(path: Path) -> None:
    Image.fromarray(waves(24, 31)[..., 0].astype(np.uint16) * 257).save(path)


def moving(path: Path) -> None:
    frames = [Image.fromarray(waves(24, 31 + i)[:, i:]) for i in range(3)]
    frames[0].save(path, "PNG", save_all=True, append_images=frames[1:])


def see_through(path: Path) -> None:
    alpha = np.full((24, 31, 1), 100, np.uint8)
    Image.fromarray(np.concatenate([waves(24, 31), alpha], -1)).save(path)


def dot(path: Path) -> None:
    Image.new("RGB", (1, 1), "red").save(path)


@pytest.mark.parametrize(
    ("kind", "note"),
    [
        (grey, ""),
        (cmyk, "CMYK"),
        (deep, "16"),
        (moving, "first frame"),
        (see_through, "laid over white"),
        (dot, ""),
    ],
)
def test_every_kind_of_picture(
    run: Run, small: tuple[object, ...], tmp_path: Path, kind: object, note: str
) -> None:
    path = tmp_path / "odd.png"
    kind(path)  # type: ignore[operator]
    ran = run("reconstruct", path, *small, "--json")
    (result,) = ran.document["results"]
    assert (note in ran.err) if note else (ran.err == "")
    with Image.open(path) as original, Image.open(result["path"]) as made:
        assert made.size == original.size
    assert (result["ssim"] is None) == (kind is dot)
    assert result["ms_ssim"] is None


def text(path: Path) -> None:
    path.write_text("not a picture at all")


def cut(path: Path) -> None:
    Image.fromarray(waves(64, 64)).save(path)
    path.write_bytes(path.read_bytes()[:900])


def nothing(path: Path) -> None:
    path.touch()


def missing(path: Path) -> None:
    del path


@pytest.mark.parametrize("kind", [text, cut, nothing, missing])
def test_one_damaged_picture_is_one_error_before_any_work(
    run: Run, photo: Path, small: tuple[object, ...], tmp_path: Path, kind: object
) -> None:
    path = tmp_path / "broken.png"
    kind(path)  # type: ignore[operator]
    ran = run("reconstruct", photo, path, *small)
    assert ran.code == 1
    assert "broken.png" in ran.error
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "code", "word"),
    [
        (("--autoencoders", "studio-256/autoencodr"), 1, "did you mean"),
        (("--autoencoders", "studio-256/denoiser"), 1, "choose an autoencoder"),
        (("--autoencoders", ""), 2, "with commas"),
        (("--autoencoders", f"{SHIPPED},"), 2, "with commas"),
        (("--tile", 3), 2, "a tile is 64"),
        (("--tile", "x"), 2, "invalid int"),
        (("--out", "sheet.jpg"), 2, "name it sheet.png"),
        (("--device", "tpu"), 2, "tpu"),
    ],
)
def test_wrong_usage_is_said_before_any_work(
    run: Run,
    photo: Path,
    small: tuple[object, ...],
    tmp_path: Path,
    options: tuple[object, ...],
    code: int,
    word: str,
) -> None:
    ran = run("reconstruct", photo, *small, *options)
    assert ran.code == code
    assert word in ran.error
    assert not (tmp_path / "out").exists()


def test_damaged_weights_are_one_error(
    run: Run, tiny: Path, photo: Path, small: tuple[object, ...], tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(tiny / "autoencoder", broken)
    for weights in broken.glob("*.safetensors"):
        os.truncate(weights, weights.stat().st_size // 2)
    ran = run("reconstruct", photo, *small, "--autoencoders", broken)
    assert ran.code == 1
    assert not (tmp_path / "out").exists()


def test_names_and_paths_are_parted_at_commas(tmp_path: Path) -> None:
    odd = tmp_path / "a,b"
    odd.mkdir()
    assert split("ae,vae-l2") == ["ae", "vae-l2"]
    assert split(f"ae,{odd},all") == ["ae", str(odd), "all"]
    assert split(f"{tmp_path / 'a'},c") == [str(tmp_path / "a"), "c"]


def test_without_out_a_new_folder_among_the_windows_pictures(
    run: Run, home: dict[str, str], tiny: Path, photo: Path
) -> None:
    ran = run("reconstruct", photo, "--autoencoders", tiny / "autoencoder", "--device", "cpu")
    assert ran.code == 0
    (sheet,) = Path(home["HOME"]).rglob("sheet.png")
    assert sheet.parent.name.endswith("photo, rebuilt")
