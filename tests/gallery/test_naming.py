"""Names of new pictures: sortable, safe, never taken."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from studio.core.settings import Settings
from studio.gallery.naming import new_path, pictures_folder, words

WHEN = datetime(2026, 11, 23, 14, 3, 22)


def test_a_name_reads_well(tmp_path: Path) -> None:
    path = new_path(tmp_path, Settings("a teddy bear, 3d!"), WHEN)
    assert path == tmp_path / "2026-11-23 14-03-22 a teddy bear 3d 01.png"


def test_names_sort_by_time_then_number(tmp_path: Path) -> None:
    names = []
    for second in (0, 0, 0, 1, 60, 86400):
        path = new_path(tmp_path, Settings("b"), WHEN + timedelta(seconds=second))
        path.touch()
        names.append(path.name)
    assert names == sorted(names)
    assert len(set(names)) == len(names)


def test_a_prompt_of_nothing_printable_still_has_a_name() -> None:
    assert words("🧸 / ..") == "picture"


def test_other_scripts_are_kept() -> None:
    assert words("नमस्ते  熊\n") == "नमस्ते 熊"


@given(st.text(st.characters(), max_size=300))
def test_any_prompt_gives_a_safe_name(prompt: str) -> None:
    name = new_path(Path("/nowhere"), Settings(prompt), WHEN).name
    assert len(name.encode("utf-8")) < 200
    assert not set(name) & set('/\\:*?"<>|\0\n\t')
    assert not name.startswith(".")
    assert "  " not in name


def test_the_usual_folder_is_the_users_own() -> None:
    assert pictures_folder().name == "Latent Studio"
    assert pictures_folder().is_absolute()
