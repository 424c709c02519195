"""A picture becomes a prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QTreeWidget, QTreeWidgetItem

from studio.core.language import Describe, Described
from studio.core.wildcards import escaped
from studio.ui.image.canvas import Canvas
from studio.ui.image.qimage import to_qimage
from studio.ui.widgets.buttons import text_button
from studio.ui.widgets.form import caption, column, named, row
from studio.ui.workspaces.language.looking import Looking

if TYPE_CHECKING:
    from studio.ui.workspaces.language.panel import LanguagePanel

HINT = "Open a picture on the left: here are prompts for it."
LIST = "Prompts for the picture, the best first; Enter uses one"
USE = "Use the chosen prompt in Generate (Enter in the list)"
COPY = "Copy the chosen prompt"
FIT = "How well the prompt fits the picture: the cosine of the two in the model's own space"


class DescribeView(Looking):
    """The picture, and the prompts that the captioner finds for it."""

    def __init__(self, panel: LanguagePanel) -> None:
        super().__init__(panel, "describeView")
        self.canvas = Canvas("describedPicture", "The picture that is described")
        self.words = caption(HINT, "", "describeWords", wrap=True)
        self.prompts = named(QTreeWidget(), "describedPrompts", "Prompts", LIST)
        self.prompts.setHeaderLabels(["Prompt", "Fit"])
        self.prompts.headerItem().setToolTip(1, FIT)
        self.prompts.setRootIsDecorated(False)
        self.use = text_button("useDescribed", "Use as prompt", "Use as prompt", USE, "primary")
        self.copy = text_button("copyDescribed", "Copy", "Copy the prompt", COPY)
        buttons = row(self.use, self.copy, None, gap=8)
        side = column(self.words, (self.prompts, 1), buttons, gap=8)
        row((self.canvas, 3), (side, 2), gap=16, on=self)
        self._described = self.asking(Described, self._show)
        self.use.clicked.connect(self.use_prompt)
        self.copy.clicked.connect(self.copy_prompt)
        self.prompts.itemActivated.connect(self.use_prompt)
        for signal in (self.desk.pictures_changed, self.desk.current_changed):
            signal.connect(self.changed)
        self._fill((), ())

    def run(self) -> None:
        self._fill((), ())
        self.canvas.setVisible(self.desk.source is not None)
        self.words.setText("Looking…" if self.desk.source is not None else HINT)
        if self.desk.source is not None:
            self.canvas.show_picture(to_qimage(self.desk.source.pixels))
            self._described.want(Describe(self.desk.source.pixels))

    @Slot(object)
    def _show(self, event: Described) -> None:
        self._fill(event.prompts, event.scores)
        self.words.setText("The best first" if event.prompts else "It found no words for this.")

    def _fill(self, prompts: tuple[str, ...], scores: tuple[float, ...]) -> None:
        self.prompts.clear()
        for prompt, score in zip(prompts, scores, strict=True):
            item = QTreeWidgetItem(self.prompts, [prompt, f"{score:.3f}"])
            item.setToolTip(0, prompt)
        if prompts:
            self.prompts.setCurrentItem(self.prompts.topLevelItem(0))
        header = self.prompts.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, header.ResizeMode.Stretch)
        header.setSectionResizeMode(1, header.ResizeMode.ResizeToContents)
        for button in (self.use, self.copy):
            button.setEnabled(bool(prompts))

    def _chosen(self) -> str:
        item = self.prompts.currentItem()
        return "" if item is None else item.text(0)

    @Slot()
    def use_prompt(self, *_: object) -> None:
        """Puts it into Generate and goes there."""
        if prompt := self._chosen():
            self.panel.session.prompt.set(escaped(prompt))
            self.panel.wanted.emit("generate")

    @Slot()
    def copy_prompt(self) -> None:
        if prompt := self._chosen():
            QGuiApplication.clipboard().setText(prompt)
            self.panel.note("Prompt copied.")
