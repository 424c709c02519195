"""Language: texts and pictures on the left, what networks make of them on the right."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtWidgets import QWidget

from studio.core.tour import Stop
from studio.ui import actions
from studio.ui.panel import PanelSpec, View, later, stacked
from studio.ui.pictures_panel import PicturesPanel
from studio.ui.shared import Shared
from studio.ui.workspaces.language.column import LanguageColumn
from studio.ui.workspaces.language.desk import Desk
from studio.ui.workspaces.language.keys import LANGUAGE
from studio.ui.workspaces.language.past import Past
from studio.ui.workspaces.language.vectors import Dataset, Vectors

TABS = ("Views of texts and pictures", "Ways to look at texts and pictures")
PICTURES = 6  # that a stop of the tour finds
HERE = "studio.ui.workspaces.language"
# fmt: off
VIEWS = (
    View("tokens", "Tokens", "How each tokenizer cuts the text",
        later(f"{HERE}.tokens.TokensView")),
    View("likeness", "Likeness", "How well each text fits each picture",
        later(f"{HERE}.likeness.LikenessView")),
    View("nearest", "Nearest", "The nearest words and pictures, in the dataset and the history",
        later(f"{HERE}.nearest.NearestView")),
    View("map", "Map", "Texts and pictures as points of a plane",
        later(f"{HERE}.map.MapView")),
    View("attention", "Attention", "What each piece of the text attends to, head by head",
        later(f"{HERE}.attention.AttentionView")),
    View("patches", "Patches", "What encoders see in the picture, patch by patch",
        later(f"{HERE}.patches.PatchesView")),
    View("describe", "Describe", "A prompt for the picture",
        later(f"{HERE}.describe.DescribeView")),
)
# fmt: on


class LanguagePanel(PicturesPanel):
    """The workspace of words and pictures in one space."""

    desk: Desk
    column: LanguageColumn

    def __init__(self, shared: Shared, parent: QWidget | None = None) -> None:
        super().__init__(shared, parent, "language", VIEWS, TABS)
        self.desk = Desk(self)
        self.vectors = Vectors(self.jobs, self.desk, self)
        self.dataset = Dataset(self.jobs, self)
        self.past = Past(self.jobs, self.library.archive, self)
        self.column = LanguageColumn(self)
        self.lay_out(self.column, stacked(self.bar, self.banner, self.pages))
        self.actions_by_id = actions.install(LANGUAGE, self, self.column.pictures)
        self.setFocusProxy(self.column.texts)
        self.opener.came.connect(self.desk.add)
        for asks in (self.vectors, self.dataset, self.past):
            asks.failed.connect(self.error)
        self.open_view(0)

    def closing(self) -> None:
        self.past.stop()

    def set_up_for(self, stop: Stop) -> None:
        """Views follow the pictures, which may come later."""
        for _ in range(PICTURES - len(self.desk.sources)):
            self.opener.sample()
        if stop.picture and self.library.entries:
            self.opener.newest()
        super().set_up_for(replace(stop, picture=False))


PANEL = PanelSpec(LanguagePanel, LANGUAGE)
