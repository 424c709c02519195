"""Bundled files are found by name from any folder; other paths stay what they are."""

from pathlib import Path

import pytest

from studio.core.installation import ASSETS, bundled


def test_a_checkout_has_its_assets_beside_the_package() -> None:
    assert Path(__file__).parents[2] / "assets" == ASSETS


@pytest.mark.parametrize("name", ["studio-256", "studio-256/text/tokenizer.json"])
def test_bundled_names_count_first(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).mkdir(parents=True)
    assert bundled(name) == ASSETS / name
    assert bundled(f"./{name}") == Path(name)


@pytest.mark.parametrize("name", ["runs/mine", "../assets", "/", "x" * 5000])
def test_other_paths_stay(name: str) -> None:
    assert bundled(name) == Path(name)
