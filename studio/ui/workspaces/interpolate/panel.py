"""Interpolate: two or four ends on the left, every frame between them on the right."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QPoint, Slot
from PySide6.QtGui import QGuiApplication, QShowEvent
from PySide6.QtWidgets import QBoxLayout, QMenu, QStackedWidget, QWidget

from studio.core.errors import UsageError
from studio.core.walks import Frame
from studio.gallery.walks import nearest_end
from studio.ui import actions
from studio.ui.image.scaled import Picture
from studio.ui.library.picker import Yours
from studio.ui.library.pictures import Entry
from studio.ui.output.exporter import FILMS
from studio.ui.panel import Panel, PanelSpec, stacked
from studio.ui.session import random_seed
from studio.ui.shared import Shared
from studio.ui.start import from_pixels
from studio.ui.widgets.buttons import tool
from studio.ui.widgets.form import column, row
from studio.ui.widgets.line import Line
from studio.ui.widgets.menus import add, add_forms, passing_menu
from studio.ui.widgets.progress import Progress
from studio.ui.widgets.welcome import Example, Welcome
from studio.ui.workspaces.interpolate import plan
from studio.ui.workspaces.interpolate.column import TITLES, WalkColumn
from studio.ui.workspaces.interpolate.course import Course
from studio.ui.workspaces.interpolate.ends import Reading, Taken
from studio.ui.workspaces.interpolate.exports import FORMS, Exports
from studio.ui.workspaces.interpolate.frame_map import FrameMap
from studio.ui.workspaces.interpolate.keys import TOOLS, WALK
from studio.ui.workspaces.interpolate.player import WalkPlayer
from studio.ui.workspaces.interpolate.stage import Stage

Ends = tuple[tuple[str, ...], tuple[int | None, ...]]  # prompts; seeds, where they differ
WALKS: dict[str, tuple[str, Ends]] = {
    "prompts": ("A red apple becomes a green pear", (("A red apple", "A green pear"), ())),
    "seeds": ("One prompt, two seeds", (("A teddy bear", ""), (1, 2))),
    "corners": (
        "Four fruits at four corners",
        (("A red apple", "A green pear", "A yellow lemon", "A bunch of grapes"), ()),
    ),
}
HINT = "Give the ends prompts, seeds or pictures and press Ctrl+Enter, or start with one of these."


class InterpolatePanel(Panel):
    """The workspace that walks between pictures."""

    course: Course
    column: WalkColumn
    map: FrameMap
    player: WalkPlayer
    stage: Stage

    def __init__(self, shared: Shared, parent: QWidget | None = None) -> None:
        super().__init__(shared, parent, "interpolate", "walk")
        self.course, self.reading = Course(shared.jobs, self), Reading(self)
        self.column = WalkColumn(self)
        self.exports = Exports(self.course, shared.library.folder, self)
        tip = "How much of the walk is written"
        self.writing = Progress("walkWriting", "Progress of the export", tip)
        self.writing.hide()
        examples = [
            [Example(f"walkExample-{name}", text, "Make this walk", ends)]
            for name, (text, ends) in WALKS.items()
        ]
        self.welcome = Welcome("walkWelcome", "From one picture to another", HINT, examples)
        self.stage, self.map, self.player = Stage(), FrameMap(self.course), WalkPlayer()
        self.pages, self.sight = QStackedWidget(), QWidget()
        self.facts, self.speed = Line("walkFacts"), Line("walkSpeed")
        self.bar = row((self.facts, 1), gap=2)
        self._body, page = column((self.stage, 1), self.map, gap=10, on=self.sight), QWidget()
        column((self.sight, 1), self.speed, self.player, on=page)
        self.pages.addWidget(self.welcome)
        self.pages.addWidget(page)
        self.lay_out(self.column, stacked(self.bar, self.banner, self.writing, self.pages))
        self.actions_by_id = actions.install(WALK, self, self.sight)
        self.actions_by_id["walk_fade"].setCheckable(True)
        self.actions_by_id["walk_fade"].setChecked(True)
        for name in (*TOOLS, "walk_export"):
            self.bar.addWidget(tool(self.actions_by_id[name]))
        self.setFocusProxy(self.column.cards[0].prompt)
        self._connect()
        self.column.restore(shared.preferences.get("walk"))
        self._enable()

    def _connect(self) -> None:
        course, exports = self.course, self.exports
        self.reading.done.connect(self._read)
        self.welcome.picked.connect(self._picked)
        self.map.picked.connect(self.show_frame)
        for opener in (self.map, self.stage.walk, self.stage.fade):
            opener.opened.connect(self.open_menu)
        self.player.moved.connect(self._moved)
        course.began.connect(self._began)
        course.framed.connect(self._framed)
        course.returned.connect(self._returned)
        course.measured.connect(self._measured)
        course.ended.connect(self._enable)
        exports.progressed.connect(self.writing.show_share)
        for signal in (exports.progressed, exports.written, exports.failed):
            signal.connect(self._show_writing)
        exports.written.connect(self.written)
        exports.saved.connect(self._saved)
        for problem in (course.failed, exports.failed, self.reading.problem):
            problem.connect(self.error)

    def run(self) -> None:
        """Makes the walk as it stands."""
        if self.course.job is not None:
            self.note("One walk at a time: cancel this one first (Esc).")
            return
        drawn = random_seed()
        try:
            began = self.course.begin(self.column.walk(drawn))
        except UsageError as error:
            self.refuse(str(error))
            return
        if began:
            self.forget_error()
            self.column.drawn(drawn)
            self.column.set_history(self.preferences.remember_prompts(self.column.prompts()))
            self._remember()

    def take(self, end: int, picture: Path | Entry) -> None:
        """Makes a picture file, or a picture of the library, an end: 0 the first."""
        path = picture.path if isinstance(picture, Entry) else picture
        if path is not None:
            self.column.show_end(end)
            self.reading.open(end, path)

    def receive(self, pictures: tuple[Path, ...]) -> None:
        """Several become the ends at once; for one it asks which end it is to be."""
        if len(pictures) > 1:
            self.column.use_ends(4 if len(pictures) == 4 else 2)
            for end, path in enumerate(pictures[: len(self.column.shown())]):
                self.take(end, path)
        elif pictures:
            titles = TITLES[len(self.column.shown())]
            ends = tuple(
                (title, partial(self.take, end, pictures[0])) for end, title in enumerate(titles)
            )
            self.banner.show_message("offer", f"Which end is {pictures[0].name} to be?", ends)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.column.set_history(tuple(self.preferences.get("history")))

    def closing(self) -> None:
        self._remember()
        self.reading.wait()
        self.exports.wait()

    def _remember(self) -> None:
        self.preferences.set("walk", self.column.remembered())

    def escape(self) -> None:
        """Cancels the walk, else dismisses the banner."""
        (self.course.cancel if self.jobs.busy else self.banner.clear)()

    def step(self, across: int, down: int) -> None:
        """Looks at a neighbour of the frame."""
        if self.course.count:
            self.show_frame(self.map.neighbour(across, down))

    def show_frame(self, index: int) -> None:
        """Stands at a frame."""
        if 0 <= index < self.course.count:
            self.player.go_to(self.course.route().index(index))

    def toggle_fade(self) -> None:
        """Shows or hides the cross-fade."""
        self.stage.fade.setVisible(self.actions_by_id["walk_fade"].isChecked())

    def frame(self) -> Frame | None:
        """The frame that is shown."""
        near = self.course.nearest(self.map.current) if self.course.count else None
        return None if near is None else self.course.frames[near]

    def save_frame(self) -> None:
        if (frame := self.frame()) is not None:
            self.exports.save(frame.index)

    def copy_frame(self) -> None:
        if (frame := self.frame()) is not None:
            QGuiApplication.clipboard().setImage(self.course.pictures[frame.index].image)

    def to_generate(self) -> None:
        """Takes the settings along; what no settings alone make is the picture to start from."""
        frame, walk = self.frame(), self.course.walk
        if frame is not None and walk is not None:
            end = self.course.end_at(frame.index)
            self.session.use_all(nearest_end(walk, frame.place).settings)
            if end is None or walk.ends[end].picture is not None or walk.way != "noise":
                self.session.start.set(from_pixels("Frame of a walk", frame.image))
            self.wanted.emit("generate")

    def make_end(self, end: int) -> None:
        """The frame that is shown becomes an end, as a picture."""
        frame, walk = self.frame(), self.course.walk
        if frame is not None and walk is not None:
            start = from_pixels(f"Frame {frame.index + 1} of a walk", frame.image)
            self.column.show_end(end)
            self.column.cards[end].take(Taken(start, nearest_end(walk, frame.place).settings))

    def open_ends(self) -> QMenu:
        """Which end the frame is to be."""
        menu = passing_menu(self, "walkEndMenu")
        for end, title in enumerate(TITLES[len(self.column.shown())]):
            add(menu, f"walkToEnd{end}", title, partial(self.make_end, end))
        menu.popup(self.stage.mapToGlobal(self.stage.rect().center()))
        return menu

    def open_menu(self, where: QPoint | None = None) -> QMenu:
        """What can be done with the frame."""
        menu = passing_menu(self, "walkFrameMenu")
        menu.addActions([self.actions_by_id[name] for name in TOOLS[2:]])
        corner = self.map.place(self.map.current).center().toPoint()
        menu.popup(where or self.map.mapToGlobal(corner))
        return menu

    def open_exports(self) -> QMenu:
        """Which form to write the walk in; the films also beside the cross-fade."""
        menu = passing_menu(self, "walkExportMenu")
        add_forms(menu, "walkExport", FORMS, partial(self._export, fade=False))
        menu.addSeparator()
        both = menu.addMenu("Beside the cross-fade")
        both.setObjectName("walkExportBoth")
        both.setToolTipsVisible(True)
        add_forms(both, "walkExportBoth", FILMS, partial(self._export, fade=True))
        menu.popup(self.mapToGlobal(self.rect().topRight()) - QPoint(menu.sizeHint().width(), -36))
        return menu

    def _export(self, form: str, fade: bool) -> None:
        if self.exports.start(form, fade, self.player.fps, self.player.turn.value()):
            self.note(f"Writing: {FORMS[form][0]}…")

    @Slot(int)
    def open_yours(self, end: int) -> Yours | None:
        """The newest pictures, to choose an end from."""
        if not any(entry.path is not None for entry in self.library.entries):
            self.note("There are no pictures yet; make one in Generate (Ctrl+1).")
            return None
        window = Yours(self.library, self)
        window.chosen.connect(partial(self.take, end))
        button = self.column.cards[end].mine
        window.move(button.mapToGlobal(button.rect().bottomLeft()))
        window.show()
        window.setFocus()
        return window

    @Slot(object, object)
    def _read(self, end: int, taken: Taken) -> None:
        self.column.cards[end].take(taken)

    @Slot(object)
    def _picked(self, ends: Ends) -> None:
        self.column.show_example(*ends)
        self.run()

    @Slot()
    def _began(self) -> None:
        """A strip lies below the pictures, a grid beside them."""
        grid, way = self.map.is_grid, QBoxLayout.Direction
        self.pages.setCurrentIndex(1)
        self._body.setDirection(way.RightToLeft if grid else way.TopToBottom)
        self._body.setStretch(0, 2 if grid else 1)
        self._body.setStretch(1, 3 if grid else 0)
        assert self.course.walk is not None
        self.stage.begin(grid, plan.caption(self.course.walk))
        self.player.set_count(self.course.count)
        self._measured()
        self._show()
        self._enable()

    @Slot(int)
    def _framed(self, _: int) -> None:
        made, route = self.course.frames, self.course.route()
        self.player.set_made(tuple(at for at, index in enumerate(route) if index in made))
        self._show()
        self._enable()

    @Slot(int)
    def _moved(self, at: int) -> None:
        if self.course.count:
            self.map.select(self.course.route()[at])
            self._show()

    def _show(self) -> None:
        """The frame, or the nearest finished one, and the cross-fade at its place."""
        frame, fade = self.frame(), self.stage.fade
        if frame is None:
            self.stage.walk.show_picture(None)
            fade.show_picture(None)
            self.facts.set_text("")
            return
        self.stage.walk.show_picture(self.course.pictures[frame.index])
        if fade.isVisibleTo(self.stage):
            faded = self.course.fade(frame.index)
            fade.show_picture(None if faded is None else Picture(faded))
        exact = frame.index == self.map.current
        self.facts.set_text(plan.facts(frame, self.course.shape, exact))

    @Slot(int)
    def _returned(self, end: int) -> None:
        """Shows how well the picture at an end came back."""
        assert self.course.walk is not None
        spec = self.session.samplers[self.course.walk.ends[end].settings.sampler]
        told = plan.came_back(self.course.returns[end], spec)
        self.column.cards[end].set_text(*told)

    @Slot()
    def _measured(self) -> None:
        self.speed.set_text(plan.evenness(self.course.spacings))
        self.speed.setVisible(bool(self.course.spacings))

    @Slot()
    def _show_writing(self, _: object = None) -> None:
        self.writing.setVisible(self.exports.busy > 0)

    @Slot(object, object)
    def _saved(self, frame: Frame, path: Path) -> None:
        if self.course.walk is not None:
            self.library.insert(path, nearest_end(self.course.walk, frame.place).settings)
        self.note(f"Saved as {path.name} in {path.parent}.")

    @Slot()
    def _enable(self) -> None:
        """What needs a picture waits for the first frame."""
        for each in WALK:
            if each.needs:
                self.actions_by_id[each.id].setEnabled(bool(self.course.frames))


PANEL = PanelSpec(InterpolatePanel, WALK, ("walk_export",))
