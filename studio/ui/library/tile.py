"""How a picture of the library is drawn in a list: round corners, marks, a ring."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPalette
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from studio.ui.image.tiles import draw_ring, draw_tile

Index = QModelIndex | QPersistentModelIndex
_STATE, _ROLE = QStyle.StateFlag, QPalette.ColorRole


class Tile(QStyledItemDelegate):
    """A subclass says where the thumbnail, the model's DecorationRole, lies, and marks it."""

    radius, ring = 8.0, 2.5  # logical pixels

    def area(self, option: QStyleOptionViewItem) -> QRect:
        """Where the thumbnail lies in its cell."""
        raise NotImplementedError

    def mark(
        self, painter: QPainter, area: QRect, option: QStyleOptionViewItem, index: Index
    ) -> None:
        """Draws what is to be known of it over the thumbnail."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        area = self.area(option)
        painter.save()
        image = index.data(Qt.ItemDataRole.DecorationRole)
        draw_tile(painter, area, self.radius, image, option.palette)
        self.mark(painter, area, option, index)
        if option.state & _STATE.State_Selected:
            self.encircle(painter, area, option, _ROLE.Accent)
        elif option.state & (_STATE.State_MouseOver | _STATE.State_HasFocus):
            self.encircle(painter, area, option, _ROLE.Dark)
        painter.restore()

    def encircle(
        self, painter: QPainter, area: QRect, option: QStyleOptionViewItem, role: QPalette.ColorRole
    ) -> None:
        """Draws a ring around it."""
        colour = option.palette.color(role)
        draw_ring(painter, QRectF(area), self.radius + 2, colour, self.ring, self.ring)
