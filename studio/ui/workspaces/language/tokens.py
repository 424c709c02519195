"""How each tokenizer cuts a text: its pieces, their numbers, what it does not know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

if TYPE_CHECKING:
    from studio.ui.workspaces.language.panel import LanguagePanel


class TokensView(QWidget):
    """A row a tokenizer, as one types."""

    def __init__(self, panel: LanguagePanel) -> None:
        super().__init__()
        self.setObjectName("tokensView")
