"""The right side: banner, large picture, its facts and tools, the strip."""

from __future__ import annotations

from functools import cached_property, partial
from itertools import pairwise
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QSize, Qt, Slot
from PySide6.QtGui import QAction, QImage, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QStackedWidget, QWidget

from studio.core.generating import Picture, Preview
from studio.core.messages import Progress
from studio.core.settings import Settings
from studio.core.specs import SamplerSpec
from studio.ui.image.canvas import Canvas
from studio.ui.image.mosaic import Mosaic
from studio.ui.jobs import Jobs
from studio.ui.library.pictures import Entry, Library
from studio.ui.library.strip import Strip
from studio.ui.recent import Recent
from studio.ui.viewer.welcome import welcome
from studio.ui.widgets.banner import Banner
from studio.ui.widgets.buttons import tool
from studio.ui.widgets.form import column, named, row
from studio.ui.widgets.line import Facts
from studio.ui.widgets.menus import passing_menu

if TYPE_CHECKING:
    from studio.ui.viewer.page import TrajectoryPage
    from studio.ui.viewer.words import WordsPage

NARROW = 860  # logical pixels
TRAJECTORIES = 8  # kept
TOOLS = (
    ("use_all", "use_prompt", "use_seed"),
    ("vary", "start_here"),
    ("words", "describe"),
    ("save_as", "copy_picture", "copy_settings", "copy_command", "open_folder"),
    ("zoom_actual", "zoom_fit"),
)
WAYS = ("trajectory", "words")  # to look at a picture, by their actions


class Viewer(QWidget):
    """Shows the library's current entry, or the live preview while `following`."""

    def __init__(
        self, library: Library, samplers: dict[str, SamplerSpec], jobs: Jobs, banner: Banner
    ) -> None:
        super().__init__()
        self.setObjectName("viewer")
        self._samplers = samplers
        self.entry: Entry | None = None  # what is shown; None while a preview is
        self._looked_at: Entry | None = None
        self._image = QImage()
        self._before: Entry | None = None  # what to come back to when a preview ends in nothing
        self.following = True
        self.shows = ""  # instead of the picture, where there is one: "trajectory", "words"
        self._kept: Recent[Entry, Picture] = Recent(TRAJECTORIES)  # of the newest pictures
        self._mosaic = Mosaic()
        self.banner = banner
        self.canvas = Canvas()
        self.welcome = welcome()
        self.strip = Strip(library)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.welcome)
        self.pages.addWidget(self.canvas)
        self.facts = Facts("facts")
        self.bar = QWidget()
        self.tools = row(gap=2)
        self._bar = row((self.facts, 1), self.tools, gap=2, on=self.bar)
        self._actions: dict[str, QAction] = {}
        self._needing: set[str] = set()
        self._library, self._jobs = library, jobs
        parts = (self.banner, (self.pages, 1), self.bar, self.strip)
        column(*parts, gap=8, margins=(16, 12, 16, 8), on=self)
        self.strip.chosen.connect(self._chosen)
        library.opened.connect(self._opened)
        self.canvas.customContextMenuRequested.connect(self._menu)

    @property
    def _has_player(self) -> bool:
        return "player" in vars(self)

    @cached_property
    def player(self) -> TrajectoryPage:
        """Made when a trajectory is first played."""
        from studio.ui.viewer.page import TrajectoryPage

        player = TrajectoryPage(self._jobs, self._library.folder)
        player.message.connect(self.banner.show_message)
        self._add_page(player)
        return player

    @cached_property
    def words(self) -> WordsPage:
        """Made when it is first asked what words did."""
        from studio.ui.viewer.words import WordsPage

        words = WordsPage(self._jobs)
        words.failed.connect(partial(self.banner.show_message, "error"))
        self._add_page(words)
        return words

    def _add_page(self, page: QWidget) -> None:
        """Tab reaches it after the canvas, as if it had always been there."""
        stops: list[QWidget] = [self.canvas]
        each = page.nextInFocusChain()
        while each is not None and each is not page:
            stops += [each] if each.focusPolicy() & Qt.FocusPolicy.TabFocus else []
            each = each.nextInFocusChain()
        self.pages.addWidget(page)
        for before, after in pairwise(stops):
            QWidget.setTabOrder(before, after)

    def set_actions(self, actions: dict[str, QAction], needing: set[str]) -> None:
        """Fills the tool bar from the actions table; `needing` names those that need a picture."""
        self._actions, self._needing = actions, needing
        for name in WAYS:
            actions[name].setCheckable(True)
        self.trajectory = tool(actions["trajectory"], worded=True)
        self.tools.addWidget(self.trajectory)
        self._gaps = [_gap() for _ in TOOLS]
        self._show_page(self.welcome)
        for gap, group in zip(self._gaps, TOOLS, strict=True):
            self.tools.addWidget(gap)
            for name in group:
                self.tools.addWidget(tool(actions[name]))
        self.tools.addStretch(1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where there is no room beside the facts the tools go under them."""
        ways, narrow = QHBoxLayout.Direction, event.size().width() < NARROW
        self._bar.setDirection(ways.TopToBottom if narrow else ways.LeftToRight)
        style = Qt.ToolButtonStyle
        self.trajectory.setToolButtonStyle(
            style.ToolButtonIconOnly if narrow else style.ToolButtonTextBesideIcon
        )
        super().resizeEvent(event)

    def show_preview(self, preview: Preview, settings: Settings, at: Progress | None) -> None:
        """The live preview of a batch, unless the user went to another picture."""
        self._mosaic.add(preview, at.picture if at is not None else 0)
        if self.following:
            if self.entry is not None:
                self._before, self.entry = self.entry, None
                self.strip.show_entry(None)
            label = f"preview step {at.step}/{at.steps}" if at is not None else "preview"
            size = QSize(*settings.size.pair)
            self.canvas.show_preview(self._mosaic.image(size), self._mosaic.size(size), label)
            self.facts.set_text(settings.prompt or "No prompt", summary(settings, self._samplers))
            self._show_page(self.canvas)

    def show_made(self, entry: Entry, image: QImage, made: Picture) -> None:
        """A picture just made, unless the user went to another one; its trajectory is kept."""
        if made.trajectory is not None:
            self._kept.keep(entry, made)
        if self.following:
            self._show(entry, image)
            self.strip.show_entry(entry)

    def look(self, way: str) -> None:
        """How the picture came about, where that was kept; what its words did; or, as when it is
        looked at that way already, the picture again."""
        self.shows = "" if way == self.shows else way
        if self.entry is not None:
            self._show_page(self._page())
            if self.shows:
                self.take_focus()

    def _page(self) -> QWidget:
        """What shows the current picture."""
        entry = self.entry
        made = self._kept.get(entry) if entry is not None else None
        if self.shows == "words" and entry is not None and entry.settings is not None:
            self.words.show_picture(entry.settings, self._image)
            return self.words
        if self.shows == "trajectory" and made is not None:
            self.player.show_picture(made)
            return self.player
        if self._has_player:
            self.player.show_picture(None)
        return self.canvas

    def follow(self) -> None:
        """Goes to the newest picture and on to those that follow."""
        self.strip.walk(-self.strip.rows.rowCount())
        self.following = True

    def take_focus(self) -> None:
        """From here the viewer's keys work."""
        page = self.pages.currentWidget()
        if page is self.welcome:
            self.strip.setFocus()
        else:
            playing = self._has_player and page is self.player
            (self.player.player.slider if playing or page is None else page).setFocus()

    def end_preview(self) -> None:
        """Goes back to the picture shown before when a preview has ended in nothing."""
        if self.entry is not None:
            return
        before, self._before = self._before, None
        image = self._library.image(before) if before is not None else None
        if before is not None and image is not None:
            self._show(before, image)
            self.strip.show_entry(before)
        else:
            self._show_page(self.welcome)

    def _show_page(self, page: QWidget) -> None:
        """The bar belongs to a picture; its tools to a finished one."""
        self.pages.setCurrentWidget(page)
        self.bar.setVisible(page is not self.welcome)
        playing = self._has_player and page is self.player
        if self._has_player and not playing:
            self.player.player.pause()
        for name, action in self._actions.items():
            action.setEnabled(self.entry is not None or name not in self._needing)
        kept = self.entry is not None and self.entry in self._kept
        if self._actions:
            self._actions["trajectory"].setEnabled(kept)
            self._actions["trajectory"].setChecked(playing)
            self._actions["words"].setChecked("words" in vars(self) and page is self.words)
            self.trajectory.setVisible(kept)
            self._gaps[0].setVisible(kept)

    def _show(self, entry: Entry, image: QImage) -> None:
        if self.shows == "words" and entry is not self._looked_at:
            self.shows = ""  # making each again that is walked past would take long
        self.entry = self._looked_at = entry
        self._image = image
        self.canvas.show_picture(image)
        self._show_page(self._page())
        settings = entry.settings
        made = summary(settings, self._samplers) if settings else "No settings inside this file"
        if entry.score is not None:
            score = entry.score
            made = f"Fits its prompt {score.value:.2f} · {made} · judged by {score.tower}"
        self.facts.set_text(entry.title(), made)

    @Slot(object)
    def _chosen(self, entry: Entry) -> None:
        self.following = False
        self.entry = entry
        self._library.open(entry)

    @Slot(object, object)
    def _opened(self, entry: Entry, image: QImage) -> None:
        if entry is self.entry:
            self._show(entry, image)

    @Slot(QPoint)
    def _menu(self, at: QPoint) -> None:
        self.menu().popup(self.canvas.mapToGlobal(at))

    def menu(self) -> QMenu:
        """The context menu of the picture."""
        menu = passing_menu(self, "pictureMenu")
        if self._actions["trajectory"].isEnabled():
            menu.addAction(self._actions["trajectory"])
        for group in TOOLS:
            menu.addSeparator()
            for name in group:
                menu.addAction(self._actions[name])
        return menu


def summary(settings: Settings, samplers: dict[str, SamplerSpec]) -> str:
    """What made a picture, in one line."""
    spec = samplers.get(settings.sampler)
    parts = [
        f"Seed {settings.seed}",
        spec.label if spec else settings.sampler,
        f"{settings.steps} steps",
        f"guidance {settings.guidance:g}",
    ]
    if settings.source:
        parts.append(f"{'repainted' if settings.mask else 'from a picture'} {settings.strength:g}")
    if settings.variation:
        parts.append(f"{settings.variation:g} towards seed {settings.variation_seed}")
    if settings.negative:
        parts.append(f"without {settings.negative}")
    return " · ".join(parts)


def _gap() -> QWidget:
    line = named(QFrame(), "toolbarLine")
    line.setFixedHeight(18)
    holder = QWidget()
    row(line, on=holder).setContentsMargins(6, 0, 6, 0)
    return holder
