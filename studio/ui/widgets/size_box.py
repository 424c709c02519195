"""How large pictures become: width and height, and the sizes that suit the model."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QSignalBlocker, Signal, Slot
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from studio.core.sizes import MOST, Size, Sizes, shape_name
from studio.ui.session import Session
from studio.ui.widgets import menus
from studio.ui.widgets.buttons import icon_button
from studio.ui.widgets.form import caption, row
from studio.ui.widgets.spin import WholeSpin

SUITS = "Choose a size that suits the model"
SWAP = "Exchange width and height"


class SizeBox(QWidget):
    """Emits and takes a Size; what the model does not make becomes the nearest that it does."""

    edited = Signal(object)

    def __init__(self, session: Session, name: str = "size", key: str = "") -> None:
        super().__init__()
        self._size: Size = session.size.get()
        self._tips = f"Pixels from side to side{key}", "Pixels from top to bottom"
        self.across = WholeSpin(f"{name}Width", "Width", "", 1, MOST)
        self.down = WholeSpin(f"{name}Height", "Height", "", 1, MOST)
        self.swap = icon_button(f"{name}Swap", "swap", SWAP)
        self.suiting = icon_button(f"{name}Suiting", "menu", SUITS)
        self.suiting.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.suiting.setMenu(QMenu(self))
        self.setFocusProxy(self.across)
        row(self.across, caption("×"), self.down, 2, self.swap, self.suiting, None, gap=4, on=self)
        for spin in (self.across, self.down):
            spin.setKeyboardTracking(False)  # 768 is not 7, then 76
            spin.valueChanged.connect(self._typed)
        self.swap.clicked.connect(lambda: self._take(self._size.turned))
        session.sizes.changed.connect(self._offer)
        self._offer(session.sizes.get())

    def value(self) -> Size:
        return self._size

    @Slot(object)
    def set_value(self, size: Size) -> None:
        """Shows it without reporting an edit."""
        self._size = size
        for spin, side in zip((self.across, self.down), size.pair, strict=True):
            with QSignalBlocker(spin):
                spin.setValue(side)

    def _take(self, size: Size) -> None:
        self.set_value(self._sizes.nearest(size))
        self.edited.emit(self._size)

    @Slot()
    def _typed(self, _: int = 0) -> None:
        self._take(Size(self.across.value(), self.down.value()))

    @Slot(object)
    def _offer(self, sizes: Sizes) -> None:
        """Another model is there."""
        self._sizes = sizes
        parts = self.across, self.down, self.swap, self.suiting
        only = "" if sizes.step else f"This model makes pictures of {sizes.own} only"
        for part, tip in zip(parts, (*self._tips, SWAP, SUITS), strict=True):
            part.setEnabled(not only)
            part.setToolTip(only or tip)
        for spin in (self.across, self.down):
            spin.setSingleStep(max(sizes.step, 1))
        menu = self.suiting.menu()
        menu.clear()
        for size in sizes.offered:
            text = f"{size.width} × {size.height}  ({shape_name(size)})"
            menus.add(menu, f"size-{size}", text, partial(self._take, size))
