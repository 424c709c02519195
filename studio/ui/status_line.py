"""The bottom line: which model runs where, and the window's own tools."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QAction, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMenu, QToolButton, QWidget

from studio.ui import icons
from studio.ui.jobs import Jobs
from studio.ui.widgets.buttons import tool


class _Dot(QWidget):
    """Grey while loading, green when ready."""

    def __init__(self) -> None:
        super().__init__()
        self.ready = False
        self.setFixedSize(8, 8)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        role = QPalette.ColorRole
        painter.setBrush(
            self.palette().color(role.LinkVisited if self.ready else role.PlaceholderText)
        )
        painter.drawEllipse(self.rect().adjusted(0, 0, -1, -1))
        painter.end()


class StatusLine(QFrame):
    """Model, device and precision once they are known."""

    def __init__(self, jobs: Jobs, actions: dict[str, QAction], menu: QMenu) -> None:
        super().__init__()
        self.setObjectName("statusLine")
        self._jobs = jobs
        self._dot = _Dot()
        self._dot.setObjectName("statusDot")
        self.text = QLabel()
        self.text.setObjectName("statusText")
        self.size_text = QLabel()
        self.size_text.setObjectName("statusSize")
        self.size_text.setToolTip("The model's picture size, in pixels")
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 3, 8, 3)
        row.setSpacing(8)
        row.addWidget(self._dot)
        row.addWidget(self.text, 1)
        row.addWidget(self.size_text)
        row.addSpacing(6)
        for name in ("theme", "keys"):
            row.addWidget(tool(actions[name]))
        row.addWidget(self._menu_button(menu))
        jobs.changed.connect(self._changed)
        self._changed()

    def _menu_button(self, menu: QMenu) -> QToolButton:
        button = QToolButton()
        button.setObjectName("menu")
        button.setAccessibleName("Menu")
        button.setToolTip("What can be done here, the theme, the keys")
        button.setIconSize(QSize(icons.SIZE, icons.SIZE))
        button.setMenu(menu)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        icons.dress(button, "menu")
        return button

    @Slot()
    def _changed(self) -> None:
        model = self._jobs.model
        self._dot.ready = model is not None and not self._jobs.loading
        self._dot.update()
        self.size_text.setText("" if model is None else f"{model.size} × {model.size}")
        if self._jobs.loading:
            self.text.setText(f"Loading {self._jobs.loading}…")
        elif model is not None:
            self.text.setText(f"{model.model} · {model.device} · {model.precision}")
        elif self._jobs.problem:
            self.text.setText("No model loaded")
        else:
            self.text.setText("Starting the engine…")
