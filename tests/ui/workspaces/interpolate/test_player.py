"""The player shows what a film of the walk holds."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from studio.gallery.film import ping_pong
from studio.ui.workspaces.interpolate.player import WalkPlayer


@pytest.mark.parametrize("count", [2, 3, 9, 33])
@pytest.mark.parametrize("turn", ["loop", "ping-pong"])
def test_it_plays_the_frames_of_the_film(qtbot: QtBot, count: int, turn: str) -> None:
    player = WalkPlayer()
    qtbot.addWidget(player)
    player.set_count(count)
    player.turn.set_value(turn)
    player.rate.set_value(4.0)
    film = list(range(count)) if turn == "loop" else list(ping_pong(range(count)))
    seen = []
    for _ in range(2 * len(film)):
        seen.append(player.frame)
        player.advance(0.25)
    assert seen == film + film


def test_once_ends_at_the_last_and_begins_anew(qtbot: QtBot) -> None:
    player = WalkPlayer()
    qtbot.addWidget(player)
    player.set_count(5)
    player.turn.set_value("once")
    player.toggle()
    player.advance(60.0)
    assert player.frame == 4 and not player.playing
    player.toggle()
    assert player.frame == 0 and player.playing
    player.pause()


def test_nothing_plays_before_there_are_frames(qtbot: QtBot) -> None:
    player = WalkPlayer()
    qtbot.addWidget(player)
    player.toggle()
    assert not player.playing and not player.isEnabled()
