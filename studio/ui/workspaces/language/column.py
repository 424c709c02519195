"""The left column of Language: texts, pictures, the pair of encoders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtGui import QTextCursor

from studio.core.installation import bundled
from studio.ui.starting.picture_list import PictureList, source_buttons
from studio.ui.widgets.choice_box import ChoiceBox
from studio.ui.widgets.foot import Foot, SettingsColumn
from studio.ui.widgets.form import caption, row
from studio.ui.widgets.prompt_box import PromptBox

if TYPE_CHECKING:
    from studio.ui.workspaces.language.panel import LanguagePanel

ENCODERS = {  # in assets/encoders, or the bundle's own
    "": ("The model's own", "The towers that score this model's pictures"),
    "clip": ("CLIP", "Towers that learnt by a softmax over each batch"),
    "siglip": ("SigLIP", "Towers that learnt by a sigmoid for each pair"),
}
TEXTS = "One text a line; the line with the cursor is the one looked at"
PICTURES = "The pictures; Delete removes the current one."
TIPS = "Do the work of this view (Ctrl+Enter)", "Stop what is being computed (Esc)"


class LanguageColumn(SettingsColumn):
    """Shows the panel's desk; what is typed and chosen goes to it."""

    def __init__(self, panel: LanguagePanel) -> None:
        super().__init__("languageColumn", panel, gap=8)
        desk = panel.desk
        self._desk = desk
        self.texts = PromptBox("languageTexts", "Texts", TEXTS, "One text a line", 4, 12)
        self.pictures = PictureList("languagePictures", PICTURES, desk)
        choices = ((v, *each) for v, each in ENCODERS.items() if not v or _there(v))
        tip = "The pair of encoders that compares texts and pictures"
        self.encoder = ChoiceBox("languageEncoder", "Encoders", tip, choices)
        self.rows.addWidget(caption("Texts", "title"))
        self.rows.addWidget(self.texts)
        self.rows.addWidget(caption("Pictures", "title"))
        self.rows.addLayout(source_buttons(panel.opener, "Language"))
        self.rows.addWidget(self.pictures, 1)
        self.rows.addLayout(row(caption("Encoders", buddy=self.encoder), (self.encoder, 1)))
        self.foot = self.end(Foot(panel.jobs, "language", "Run", "work", TIPS), stretch=0)
        self.foot.go.clicked.connect(panel.run)
        self.foot.cancel.clicked.connect(panel.escape)
        self.encoder.edited.connect(desk.use)
        self.texts.textChanged.connect(self._write)
        self.texts.cursorPositionChanged.connect(self._write)

    def ask_with(self, text: str) -> None:
        """Goes to the line with that text; writes it below the others if there is none."""
        lines = self.texts.toPlainText().split("\n")
        if text not in lines:
            lines = [*(line for line in lines if line.strip()), text]
            self.texts.set_value("\n".join(lines))
        block = self.texts.document().findBlockByNumber(lines.index(text))
        self.texts.setTextCursor(QTextCursor(block))

    @Slot()
    def _write(self) -> None:
        lines = tuple(self.texts.toPlainText().split("\n"))
        self._desk.write(lines, self.texts.textCursor().blockNumber())


def _there(encoder: str) -> bool:
    return bundled(f"encoders/{encoder}").is_dir()
