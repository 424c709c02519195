"""The view "2-D lab": up to four samplers from one noise, on data that is known exactly."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QHideEvent, QKeyEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QSizePolicy, QTabBar, QWidget

from studio.core.errors import UsageError
from studio.core.laboratory import LabRun
from studio.core.messages import Ready
from studio.ui.job import Requester
from studio.ui.panel import Panel
from studio.ui.widgets.banner import Banner
from studio.ui.widgets.form import Check, caption, column, row
from studio.ui.widgets.kept import Kept
from studio.ui.widgets.player import Player
from studio.ui.widgets.segments import Segments
from studio.ui.workspaces.lab.controls import Controls
from studio.ui.workspaces.lab.motion import Motion
from studio.ui.workspaces.lab.pane import Look
from studio.ui.workspaces.lab.slot import Column

FIRST = ("ddpm", "sde-euler", "flow-heun", "dpmpp-2m")
FIELDS = {
    "none": ("No field", "Particles only"),
    "velocity": ("Velocity", "Where the ODE moves a particle here: −dz/dt (the root of its size)"),
    "score": ("Score", "Where the data lies: ∇ log p (the root of its size)"),
}
TRAILS = "The recent paths of some particles"
TRUTH = "Some samples of the distribution, as rings"
LIKELIHOOD = "The model's log-likelihood of true samples beside the exact value; runs again"
RUNNING = "Running…"
WIDE = 1080  # logical pixels that the lowest row needs with the legend
LEGEND = "Colour: where the noise lay · Grey: the truth · Sides: particles filled, truth a line"


class LabView(QWidget):
    """Runs one sampler after another; the panes fill as they finish, then all play together."""

    def __init__(self, panel: Panel) -> None:
        super().__init__()
        self.setObjectName("labView")
        self.controls, self.player, self.banner = Controls(), Player(), Banner()
        self.banner.dismiss.setObjectName("labDismiss")
        every = panel.session.samplers.values()
        samplers = {spec.name: spec for spec in every if not spec.needs}  # toys have no adapter
        self.columns = tuple(Column(number, samplers, name) for number, name in enumerate(FIRST))
        self.field = Segments("labField", "Field", FIELDS)
        self.trails = Check("labTrails", "Trails", TRAILS)
        self.truth = Check("labTruth", "True samples", TRUTH)
        self.likelihood = Check("labLikelihood", "Log-likelihood", LIKELIHOOD)
        self._asker = Requester(panel.jobs, self)
        self._waiting: list[int] = []  # columns
        self._column = 0  # that something is asked for
        self._part = False  # guided to a class
        self._begun = False
        self._lay_out()
        Kept(panel.preferences, "lab", self)
        self._connect()
        panel.jobs.on(Ready, self._engine_ready)
        self._look()
        self._moved(self.player.time)
        self._enable()

    def _lay_out(self) -> None:
        self.legend = caption(LEGEND, "muted", "labLegend", LEGEND)
        self.legend.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.legend.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        checks = self.trails, self.truth, self.likelihood
        shown = row(self.field, *checks, (self.legend, 1), gap=16)
        shown.addStretch()  # where there is no legend
        panes = row(*((each, 1) for each in self.columns), gap=14)
        parts = (self.controls, self.banner, (panes, 1), self.player, shown)
        column(*parts, gap=8, on=self)

    def _connect(self) -> None:
        self.controls.run.clicked.connect(self.run)
        self.controls.cancel.clicked.connect(self.cancel)
        self.player.moved.connect(self._moved)
        for changed in (self.field.chosen, self.trails.toggled, self.truth.toggled):
            changed.connect(self._look)
        self.likelihood.toggled.connect(self._likelihood_wanted)
        for each in self.columns:
            each.changed.connect(self._enable)
            each.pane.entered.connect(self._mark_steps)
        self._asker.failed.connect(self._give_up)

    @property
    def busy(self) -> bool:
        return self._asker.job is not None or bool(self._waiting)

    @Slot()
    def run(self) -> None:
        """Runs every chosen sampler from the noise of the seed."""
        if self.busy:
            self.banner.show_message("note", "One run at a time: cancel this one first (Esc).")
            return
        self.banner.clear()
        self.player.pause()
        self._waiting = [n for n, each in enumerate(self.columns) if each.sampler]
        if not self._waiting:
            self.banner.show_message("error", "No sampler is selected; choose one above any pane.")
        for number in self._waiting:
            self.columns[number].pane.show_words("Waiting…", forget=False)
        self._next()

    def _next(self) -> None:
        """Asks for the next column's particles, ahead of pictures that wait."""
        while self._waiting and self._asker.job is None:
            self._column = self._waiting.pop(0)
            column = self.columns[self._column]
            wanted = self.likelihood.isChecked()
            request = self.controls.request(column.sampler, column.steps.value(), wanted)
            self._part = request.label >= 0
            try:
                job = self._asker.ask(request, front=True)
            except UsageError as error:
                self._give_up(str(error))
                continue
            if job is None:  # the panel has said why
                self._keep([self._column, *self._waiting])
                self._waiting = []
            else:
                job.on(LabRun, self._made)
                job.ended.connect(self._finished)
                column.pane.show_words(RUNNING, forget=False)
        self._enable()

    @Slot()
    def cancel(self) -> None:
        """Stops; what has run stays."""
        stopped = [*([self._column] if self._asker.job is not None else []), *self._waiting]
        self._waiting = []
        self._asker.drop()
        self._keep(stopped)
        self._enable()

    def escape(self) -> None:
        """Cancels, else dismisses the banner."""
        (self.cancel if self.busy else self.banner.clear)()

    def _keep(self, numbers: Iterable[int]) -> None:
        """Those columns keep what they showed."""
        for number in numbers:
            column = self.columns[number]
            kept = column.motion is not None
            column.pane.show_words("" if kept else "Not run", forget=not kept)

    @Slot(str)
    def _give_up(self, sentence: str) -> None:
        self.columns[self._column].forget("Did not run")
        self.banner.show_message("error", sentence)

    @Slot(object)
    def _made(self, run: LabRun) -> None:
        column = self.columns[self._column]
        if column.sampler == run.settings.sampler:
            column.show_run(run, self._part)

    @Slot()
    def _finished(self) -> None:
        if self.columns[self._column].pane.words == RUNNING:  # cancelled
            self._keep([self._column])
        self._next()
        motions = [each.motion for each in self.columns if each.motion is not None]
        if motions and not self.busy:
            self._mark_steps(motions[0])
            if self.isVisible():
                self.player.replay()

    @Slot(object)
    def _mark_steps(self, motion: Motion) -> None:
        self.player.slider.set_ticks(motion.run.times)

    @Slot()
    def _engine_ready(self, _: object = None) -> None:
        """The engine may come after this was opened."""
        if self.isVisible() and not self.busy and not any(each.motion for each in self.columns):
            self.run()

    @Slot()
    def _enable(self) -> None:
        chosen = any(each.sampler for each in self.columns)
        self.controls.run.setEnabled(chosen and not self.busy)
        self.controls.cancel.setEnabled(self.busy)

    @Slot(float)
    def _moved(self, t: float) -> None:
        for each in self.columns:
            each.pane.set_time(t)

    @Slot()
    def _look(self, _: object = None) -> None:
        look = Look(self.field.value, self.trails.isChecked(), self.truth.isChecked())
        for each in self.columns:
            each.pane.set_look(look)

    @Slot(bool)
    def _likelihood_wanted(self, wanted: bool) -> None:
        if not wanted:
            for each in self.columns:
                each.figures[3].hide()
        elif not self.busy:
            self.run()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space plays; the keys of the panel around this run and cancel."""
        if event.key() == Qt.Key.Key_Space:
            self.player.toggle()
        else:
            super().keyPressEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        """Runs at once when first seen, so that nobody meets an empty page."""
        super().showEvent(event)
        if not self._begun:
            self._begun = True
            QTimer.singleShot(0, self, self._engine_ready)
        if not isinstance(QApplication.focusWidget(), QTabBar):  # whose arrows may be in use
            self.player.slider.setFocus()  # Space plays, arrows scrub

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The legend goes where there is no room for all of it."""
        super().resizeEvent(event)
        self.legend.setVisible(self.width() >= WIDE)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.player.pause()
