"""A sentence in place: an error, a note, or an offer with buttons. Never a dialog."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QEvent, QSize, Qt, Slot
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QWidget,
)

from studio.ui import icons
from studio.ui.widgets.buttons import icon_button, text_button
from studio.ui.widgets.form import caption, clear, named, row

Choice = tuple[str, Callable[[], object]]
SCROLLING = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)
MOST_LINES = 6  # of a sentence before it is scrolled
_ICONS = {"error": "warning", "note": "info", "offer": "picture"}


class Banner(QFrame):
    """Hidden until it says something; `kind` is "error", "note" or "offer"."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.kind = "note"
        named(self, "banner", "Message")
        self._icon = icon_button("bannerIcon", "info", "", "Kind of message")
        self._icon.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._icon.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.text = caption(role="", name="bannerText", wrap=True)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._scroll = _Scroll(self.text)
        self._choices: list[QPushButton] = []
        self._said: tuple[Choice, ...] = ()
        self._buttons = row()
        self._body = row((self._scroll, 1), self._buttons)
        self.dismiss = icon_button(
            "bannerDismiss", "close", "Dismiss (Esc)", "Dismiss this message"
        )
        self.dismiss.clicked.connect(self.clear)
        whole = row(self._icon, (self._body, 1), self.dismiss, on=self)
        whole.setContentsMargins(8, 6, 6, 6)
        self.hide()

    def show_message(self, kind: str, sentence: str, choices: tuple[Choice, ...] = ()) -> None:
        """Shows a sentence; each choice is a button that acts and closes the banner."""
        self._forget_choices()
        self.kind, self._said = kind, choices
        self.setProperty("kind", kind)
        self.style().polish(self)
        icons.dress(self._icon, _ICONS[kind])
        self.text.setText(sentence)
        self._scroll.updateGeometry()
        self._scroll.verticalScrollBar().setValue(0)
        self.setAccessibleDescription(sentence)
        for number, (label, act) in enumerate(choices):
            told = label.replace("&", "")
            button = text_button(f"bannerChoice{number}", label, told, told)
            button.clicked.connect(partial(self._choose, act))
            self._buttons.addWidget(button)
            self._choices.append(button)
        self._buttons.addStretch(1)
        self._arrange()
        self.show()

    def add_choice(self, label: str, act: Callable[[], object]) -> None:
        """One more for what is said."""
        self.show_message("offer", self.text.text(), (*self._said, (label, act)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        """Buttons that leave the sentence less than half of the width go under it."""
        ways, needed = QHBoxLayout.Direction, sum(b.sizeHint().width() for b in self._choices)
        below = 2 * needed > self.width()
        self._body.setDirection(ways.TopToBottom if below else ways.LeftToRight)

    @Slot()
    def clear(self) -> None:
        self._forget_choices()
        self.hide()

    def _choose(self, act: Callable[[], object], _checked: bool = False) -> None:
        self.clear()
        act()

    def _forget_choices(self) -> None:
        clear(self._buttons)
        self._choices.clear()


class _Scroll(QScrollArea):
    """As high as its label, up to a few lines: the rest of a long sentence is scrolled to."""

    def __init__(self, label: QLabel) -> None:
        super().__init__()
        named(self, "bannerScroll", "Message")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidgetResizable(True)
        self.setWidget(label)
        self._label = label
        self.verticalScrollBar().rangeChanged.connect(self._reachable)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    @Slot(int, int)
    def _reachable(self, _: int, most: int) -> None:
        """By the keyboard too, where there is anything to scroll."""
        policies = Qt.FocusPolicy
        self.setFocusPolicy(policies.TabFocus if most else policies.NoFocus)

    def event(self, event: QEvent) -> bool:
        """The arrows scroll here, whatever else they do in the window."""
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.ShortcutOverride
            and event.key() in SCROLLING
            and not event.modifiers()
        ):
            event.accept()
            return True
        return super().event(event)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        most = MOST_LINES * self.fontMetrics().lineSpacing()
        return min(self._label.heightForWidth(width), most)

    def sizeHint(self) -> QSize:
        width = self._label.sizeHint().width()
        return QSize(width, self.heightForWidth(self.width()))

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self.heightForWidth(self.width()))
