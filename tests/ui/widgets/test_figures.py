"""Tables and bars of figures: heads with tips, as high as what is in them, to and fro."""

from __future__ import annotations

from PySide6.QtWidgets import QTableWidgetItem
from pytestqt.qtbot import QtBot

from studio.ui.widgets.progress import FINE, Progress
from studio.ui.widgets.table import Table

HEADS = (("pair", "What was compared with what"), ("of", "Answers"))


def test_a_table_is_as_high_as_its_rows_up_to_a_limit(qtbot: QtBot) -> None:
    table = Table("figures", "Figures", "A row for each", HEADS)
    qtbot.addWidget(table)
    heads = [table.horizontalHeaderItem(number) for number in range(table.columnCount())]
    assert [(head.text(), head.toolTip()) for head in heads if head] == list(HEADS)
    heights = []
    for rows in (1, 3, 100):
        table.setRowCount(rows)
        table.setItem(0, 0, QTableWidgetItem("a"))
        table.fit(300)
        heights.append(table.height())
    assert heights[0] < heights[1] < heights[2] == 300


def test_a_bar_runs_to_and_fro_where_nobody_can_count(qtbot: QtBot) -> None:
    bar = Progress("bar", "Progress of the work")
    qtbot.addWidget(bar)
    assert (bar.maximum(), bar.value(), bar.toolTip()) == (FINE, 0, "Progress of the work")
    bar.show_share(None)
    assert bar.maximum() == 0
    bar.show_share(0.25)
    assert (bar.maximum(), bar.value()) == (FINE, FINE // 4)
