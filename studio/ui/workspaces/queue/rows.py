"""The list of jobs: a row is a job's place, what is made, and under it what else decides it."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QListWidget, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from studio.ui.library.tile import Index

JOB = Qt.ItemDataRole.UserRole
PLACE, TITLE, DETAIL = JOB + 1, JOB + 2, JOB + 3  # texts
NOW, BEGUN = "Now", "Begun"  # places: of the running job, of a training that has given way to it
WIDTH = 46  # logical pixels, of the places
ROOM = 8  # above and below
SENTENCE = "Nothing is waiting. Jobs from Generate and the other workspaces appear here."


class JobList(QListWidget):
    """Rows that can be dragged, or a sentence where there are none."""

    def __init__(self) -> None:
        super().__init__()
        self.setItemDelegate(_Row(self))
        self.setUniformItemSizes(True)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self.count():
            painter = QPainter(self.viewport())
            painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
            wrapped = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.viewport().rect().adjusted(20, 0, -20, 0), wrapped, SENTENCE)
            painter.end()


class _Row(QStyledItemDelegate):
    """Two lines beside a place."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(WIDTH, 2 * option.fontMetrics.height() + 2 * ROOM)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        style, colour = option.widget.style(), option.palette.color
        primitive = QStyle.PrimitiveElement.PE_PanelItemViewItem
        style.drawPrimitive(primitive, option, painter, option.widget)
        place, first, second = (str(index.data(role) or "") for role in (PLACE, TITLE, DETAIL))
        area, line = option.rect.adjusted(12, ROOM, -10, -ROOM), option.fontMetrics.height()
        text = area.adjusted(WIDTH, 0, 0, 0)
        muted = colour(QPalette.ColorRole.PlaceholderText)
        runs = place == NOW
        painter.save()
        painter.setPen(colour(QPalette.ColorRole.Accent) if runs else muted)
        painter.drawText(area, Qt.AlignmentFlag.AlignTop, place)
        painter.setPen(muted)
        _line(painter, text.adjusted(0, line, 0, 0), second)
        font = painter.font()
        font.setBold(runs)
        painter.setFont(font)
        painter.setPen(colour(QPalette.ColorRole.Text))
        _line(painter, text if second else text.adjusted(0, line // 2, 0, 0), first)
        painter.restore()


def _line(painter: QPainter, area: QRect, text: str) -> None:
    short = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, area.width())
    painter.drawText(area, Qt.AlignmentFlag.AlignTop, short)
