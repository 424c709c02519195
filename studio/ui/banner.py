"""A sentence in place: an error, a note, or an offer with buttons. Never a dialog."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QWidget

from studio.ui import icons

Choice = tuple[str, Callable[[], object]]
_ICONS = {"error": "warning", "note": "info", "offer": "picture"}


class Banner(QFrame):
    """Hidden until it says something; `kind` is "error", "note" or "offer"."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.kind = "note"
        self.setObjectName("banner")
        self.setAccessibleName("Message")
        self._icon = QToolButton()
        self._icon.setObjectName("bannerIcon")
        self._icon.setEnabled(True)
        self._icon.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._icon.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.text = QLabel()
        self.text.setObjectName("bannerText")
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._choices: list[QPushButton] = []
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(6)
        self.dismiss = QToolButton()
        self.dismiss.setObjectName("bannerDismiss")
        self.dismiss.setAccessibleName("Dismiss this message")
        self.dismiss.setToolTip("Dismiss (Esc)")
        self.dismiss.clicked.connect(self.clear)
        for button, name in ((self._icon, "info"), (self.dismiss, "close")):
            button.setIconSize(QSize(icons.SIZE, icons.SIZE))
            icons.dress(button, name)
        self._icon.setAccessibleName("Kind of message")
        self._icon.setToolTip("")
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 6, 6, 6)
        row.setSpacing(6)
        row.addWidget(self._icon)
        row.addWidget(self.text, 1)
        row.addLayout(self._buttons)
        row.addWidget(self.dismiss)
        self.hide()

    def say(self, kind: str, sentence: str, choices: tuple[Choice, ...] = ()) -> None:
        """Shows a sentence; each choice is a button that acts and closes the banner."""
        self._forget_choices()
        self.kind = kind
        self.setProperty("kind", kind)
        self.style().polish(self)
        icons.dress(self._icon, _ICONS[kind])
        self.text.setText(sentence)
        self.setAccessibleDescription(sentence)
        for number, (label, act) in enumerate(choices):
            button = QPushButton(label)
            button.setObjectName(f"bannerChoice{number}")
            button.setAccessibleName(label.replace("&", ""))
            button.setToolTip(label.replace("&", ""))
            button.clicked.connect(partial(self._choose, act))
            self._buttons.addWidget(button)
            self._choices.append(button)
        self.show()

    @Slot()
    def clear(self) -> None:
        self._forget_choices()
        self.hide()

    def _choose(self, act: Callable[[], object], _checked: bool = False) -> None:
        self.clear()
        act()

    def _forget_choices(self) -> None:
        for button in self._choices:
            self._buttons.removeWidget(button)
            button.hide()
            button.deleteLater()
        self._choices.clear()
