"""Controls one after the other, in as many lines as they need."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QWidget
from pytestqt.qtbot import QtBot

from studio.ui.widgets.flow import flow


def test_what_has_no_room_goes_to_a_second_line_and_pairs_stay_together(qtbot: QtBot) -> None:
    bar = QWidget()
    qtbot.addWidget(bar)
    low, high, *pair = parts = [QFrame() for _ in range(4)]  # no style sheet sizes these
    for part, height in zip(parts, (20, 40, 20, 20), strict=True):
        part.setFixedSize(100, height)
    made = flow(low, high, tuple(pair))
    bar.setLayout(made)
    bar.resize(500, made.heightForWidth(500))
    bar.show()
    assert made.heightForWidth(500) == 40
    assert low.geometry().center().y() == high.geometry().center().y()
    assert made.heightForWidth(330) == 40 + made.spacing() + 20
    bar.resize(330, 100)
    assert pair[0].parentWidget() is pair[1].parentWidget()
    assert pair[0].parentWidget().geometry().topLeft().toTuple() == (0, 40 + made.spacing())
