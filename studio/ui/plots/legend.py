"""The plot's legend beside it: a line and a mark for each curve; unticked curves are not drawn."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QSignalBlocker, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPen, QPixmap
from PySide6.QtWidgets import QFrame, QListWidget, QListWidgetItem

from studio.ui.widgets.form import named

TIP = "Untick a curve to hide it; point at a line to bring its curve to the front."
WIDTH, ROW, LINE, MARK = 218, 24, 30, 11  # logical pixels


@dataclass(frozen=True)
class Sign:
    """How a curve is drawn: its colour, its mark as a path about the origin, side 1."""

    label: str
    colour: QColor
    mark: QPainterPath
    dotted: bool = False


class Legend(QListWidget):
    """`shown` tells of a curve, by its number, that is to be drawn or not."""

    shown = Signal(int, bool)
    pointed = Signal(int)  # the mouse is on a curve's line; -1: on none

    def __init__(self) -> None:
        super().__init__()
        named(self, "convergenceLegend", "Curves", TIP)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFixedWidth(WIDTH)
        self.setIconSize(QSize(LINE, ROW - 6))
        self.setMouseTracking(True)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.itemChanged.connect(self._changed)
        self.itemEntered.connect(self._entered)
        self.viewportEntered.connect(self._left)

    def show_signs(self, signs: tuple[Sign, ...]) -> None:
        """One line each, all ticked."""
        with QSignalBlocker(self):
            self.clear()
            for sign in signs:
                item = QListWidgetItem(self._icon(sign), sign.label, self)
                item.setSizeHint(QSize(0, ROW))
                item.setToolTip(sign.label + (", stochastic" if sign.dotted else ""))
                item.setCheckState(Qt.CheckState.Checked)

    def _icon(self, sign: Sign) -> QIcon:
        scale = self.devicePixelRatioF()
        drawn = QPixmap(QSize(LINE, ROW - 6) * scale)
        drawn.setDevicePixelRatio(scale)
        drawn.fill(Qt.GlobalColor.transparent)
        painter = QPainter(drawn)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = (ROW - 6) / 2
        style = Qt.PenStyle.DotLine if sign.dotted else Qt.PenStyle.SolidLine
        painter.setPen(QPen(sign.colour, 2, style))
        painter.drawLine(QPointF(2, middle), QPointF(LINE - 2, middle))
        painter.translate(LINE / 2, middle)
        painter.scale(MARK, MARK)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(sign.colour)
        painter.drawPath(sign.mark)
        painter.end()
        return QIcon(drawn)

    @Slot(QListWidgetItem)
    def _changed(self, item: QListWidgetItem) -> None:
        self.shown.emit(self.row(item), item.checkState() == Qt.CheckState.Checked)

    @Slot(QListWidgetItem)
    def _entered(self, item: QListWidgetItem) -> None:
        self.pointed.emit(self.row(item))

    @Slot()
    def _left(self) -> None:
        self.pointed.emit(-1)

    def leaveEvent(self, event: object) -> None:
        super().leaveEvent(event)  # type: ignore[arg-type]
        self.pointed.emit(-1)
