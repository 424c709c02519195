"""The bottom line: which model runs where, and the window's own tools."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QMenu, QToolButton

from studio.core.wording import model_name
from studio.ui.shared import Shared
from studio.ui.widgets.buttons import icon_button, text_button, tool
from studio.ui.widgets.form import caption, named, row


class StatusLine(QFrame):
    """Model, device and precision once they are known, and how large the next pictures are."""

    def __init__(self, shared: Shared, actions: dict[str, QAction], menu: QMenu) -> None:
        super().__init__()
        self.setObjectName("statusLine")
        self._jobs, self._size = shared.jobs, shared.session.size
        self._dot = named(QFrame(), "statusDot")  # good once a model is ready
        self._dot.setFixedSize(8, 8)
        self.text = text_button("statusText", "", "Model", "Choose another model", "status")
        size = "How large the pictures will be, in pixels"
        self.size_text = caption(role="", name="statusSize", tip=size)
        tip = "Actions, theme and keyboard shortcuts"
        button = icon_button("menu", "menu", tip, "Menu")
        button.setMenu(menu)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        tools = (tool(actions["theme"]), tool(actions["keys"]), button)
        whole = row(self._dot, self.text, None, self.size_text, 6, *tools, gap=8, on=self)
        whole.setContentsMargins(14, 3, 8, 3)
        for changed in (self._jobs.changed, self._size.changed):
            changed.connect(self._changed)
        self._changed()

    @Slot()
    def _changed(self, _: object = None) -> None:
        model = self._jobs.model
        ready = model is not None and not self._jobs.loading
        if ready != self._dot.property("ready"):
            self._dot.setProperty("ready", ready)
            self._dot.style().polish(self._dot)
        width, height = self._size.get().pair
        self.size_text.setText(f"{width} × {height}" if model is not None else "")
        if self._jobs.loading:
            self.text.setText(f"Loading {model_name(self._jobs.loading)}…")
        elif model is not None:
            name = model_name(model.model)  # of a folder that was opened
            self.text.setText(f"{name} · {model.device} · {model.precision}")
            self.text.setToolTip(f"{model.model}: choose another model")
        elif self._jobs.problem:
            self.text.setText("No model loaded")
        else:
            self.text.setText("Starting the engine…")
