"""What is remembered from one start to the next, also when two windows do."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSettings

from studio.ui.preferences import MOST_PROMPTS, Preferences


def test_prompts_of_another_window_are_kept(tmp_path: Path) -> None:
    ini = tmp_path / "settings.ini"
    preferences = Preferences(QSettings(str(ini), QSettings.Format.IniFormat))
    assert preferences.remember_prompts(["a red fox", ""]) == ("a red fox",)
    written = ini.read_text(encoding="utf-8")
    ini.write_text(written.replace("a red fox", "a crab"), encoding="utf-8")  # by the other
    assert preferences.remember_prompts(["a cat", "a dog"]) == ("a cat", "a dog", "a crab")
    assert preferences.remember_prompts(["a crab"]) == ("a crab", "a cat", "a dog")
    many = [str(number) for number in range(MOST_PROMPTS)]
    assert preferences.remember_prompts(many) == tuple(many)
