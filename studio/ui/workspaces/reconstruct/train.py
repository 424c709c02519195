"""Train an autoencoder and watch it learn: live curves of the loss's terms, live pictures."""

from __future__ import annotations

import math
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QColor, QPixmap, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from studio.bridge.recipes import free_name, is_begun
from studio.core.errors import UsageError
from studio.core.learning import Paused, Preparing, Train, Trained, TrainSample, TrainStep
from studio.core.messages import CancelledAt, Failed
from studio.core.wording import capitalised
from studio.ui.image.qimage import to_qimage
from studio.ui.job import Job, prepared, share_prepared
from studio.ui.plots.chart import Chart, line
from studio.ui.widgets.banner import Banner
from studio.ui.widgets.buttons import text_button
from studio.ui.widgets.form import caption, column, named, row
from studio.ui.widgets.kept import Kept
from studio.ui.widgets.progress import FINE, Progress
from studio.ui.workspaces.reconstruct.train_column import TrainColumn

if TYPE_CHECKING:
    from studio.ui.workspaces.reconstruct.panel import ReconstructPanel

HINT = "Choose a recipe and press Train: the trend shows within minutes."
MOST_POINTS = 2000
REDRAW = 0.2  # seconds between two drawings of the curves
HUES = {"loss": 0, "reconstruction": 212, "kl": 140, "perceptual": 28, "adversarial": 330}
LEFT_OUT = ("adversarial_weight",)
TINY = 1e-6  # a logarithm needs more than 0
SAMPLE = 256  # logical pixels of two rows of pictures
UNITS = {"psnr": "PSNR {:.1f} dB", "lpips": "LPIPS {:.3f}", "kl": "KL {:.2f}"}
PICTURES = "Held-out pictures above, their reconstructions below"
USE = "Reconstruct with it"
BEGUN = (
    "There is a run named {name} that was not finished. Resume it, or keep it as it is and train a"
    " new one as {other}."
)


class TrainView(QWidget):
    """What the column says is trained, one training at a time, and watched beside it."""

    def __init__(self, panel: ReconstructPanel) -> None:
        super().__init__()
        self.setObjectName("trainView")
        self._panel, self._jobs, self._bench = panel, panel.jobs, panel.bench
        self.job: Job | None = None
        self.steps: list[int] = []
        self.terms: dict[str, list[float]] = {}
        self._curves: dict[str, Any] = {}
        self._drawn = 0.0
        self._ending = False  # it has been asked to end, one way or the other
        self._problem = ""  # why what the column says cannot be trained
        self.column = TrainColumn(self)
        row(self.column, (self._watched(), 1), on=self)
        self.column.train.clicked.connect(self.run)
        self.column.edited.connect(self._look_again)
        self.column.pause.clicked.connect(self._pause)
        self.column.keep.clicked.connect(self._keep)
        self.column.cancel.clicked.connect(self.escape)
        Kept(panel.preferences, "train", self.column, but=("trainName", "trainResume"))

    def _watched(self) -> QVBoxLayout:
        """How far it is, and what comes of it."""
        self.banner = Banner()
        self.banner.dismiss.setObjectName("trainDismiss")
        self.status = caption(HINT, "", "trainSaid", wrap=True)
        tip = "How much of the training time has passed"
        self.progress = Progress("trainProgress", "Progress of the training", tip)
        self.pictures = named(caption(role=""), "trainPictures", PICTURES, PICTURES)
        self.pictures.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.figures = caption(role="muted")
        tip = "Tick the new autoencoder in Pictures"
        self.use = text_button("trainUse", USE, USE, tip, act=self._use)
        self.use.hide()
        label, tip = "The loss's terms over the steps", "Unweighted terms, logarithmic."
        self._plot = Chart("trainCurves", label, tip, (False, True), legend=True)
        self._plot.name_axes("step", "term, unweighted")
        policy = self._plot.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self._plot.setSizePolicy(policy)
        self._plot.hide()  # until there is something to see
        head = row((self.status, 1), self.use)
        parts = (self.banner, head, self.progress, (self._plot, 1), self.pictures, self.figures)
        return column(*parts, margins=(16, 8, 0, 8))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.draw()

    @Slot()
    def run(self) -> None:
        """Trains what the column says; a run of that name is kept."""
        if self.job is not None:
            return
        try:
            request = self.column.request()
            request.check()
            if not request.resume and is_begun(request.name):
                self._ask(request.name)
                return
            self._begin(request)
        except UsageError as error:
            self._show_status(str(error))

    def _ask(self, name: str) -> None:
        """There is a run of that name: what was learnt in it is not thrown away."""
        other = free_name(name)
        resume = "&Resume it", partial(self._run_as, name, True)
        anew = f"Train {other}".replace("&", "&&"), partial(self._run_as, other, False)
        self.banner.show_message("offer", BEGUN.format(name=name, other=other), (resume, anew))

    def _run_as(self, name: str, resume: bool) -> None:
        self.column.name.setText(name)
        self.column.resume.setChecked(resume)
        self.run()

    def _begin(self, request: Train) -> None:
        self.job = self._jobs.submit(request)
        if self.job is not None:
            self.job.on(Preparing, self._prepared)
            self.job.on(TrainStep, self._stepped)
            self.job.on(TrainSample, self._sampled)
            self.job.on(Paused, self._paused)
            self.job.on(Trained, self._trained)
            self.job.on(Failed, self._failed)
            self.job.ended.connect(self._finished)
            self._ending = False
            self.banner.clear()
            self.progress.show_share(0.0)
            self.steps, self.terms, self._curves = [], {}, {}
            self._plot.item.clear()
            self._plot.hide()
            self.use.hide()
            self._show_status("Preparing the pictures…")
            self.column.show_running(True)

    @Slot()
    def escape(self) -> None:
        """Cancels the training, whose run can be resumed; else dismisses the banner."""
        if self.job is not None:
            self._ending = True
            self._show_status("Cancelling…")
            self._jobs.cancel_job(self.job)
        else:
            self.banner.clear()

    @Slot()
    def _look_again(self) -> None:
        """What cannot be trained is said at once, and cannot be begun."""
        if self.job is not None:
            return
        before, self._problem = self._problem, ""
        try:
            self.column.request().check()
        except UsageError as error:
            self._problem = str(error)
        self.column.train.setEnabled(not self._problem)
        if before or self._problem:
            self._show_status(self._problem or HINT)

    @Slot(bool)
    def _pause(self, paused: bool) -> None:
        if self.job is not None:
            self._jobs.pause(self.job, paused)

    @Slot()
    def _keep(self) -> None:
        if self.job is not None:
            self._ending = True
            self._show_status("Finishing and saving…")
            self._jobs.keep(self.job)

    @Slot()
    def _use(self) -> None:
        name = self.column.name.text().strip()
        if name not in self._bench.chosen:
            self._bench.choose((*self._bench.chosen, name))
        self._panel.trained(name)

    def _show_status(self, text: str) -> None:
        self.status.setText(capitalised(text))

    @Slot(object)
    def _prepared(self, event: Preparing) -> None:
        """The bar is of this part, and runs to and fro where nobody can count it."""
        self.progress.show_share(share_prepared(event))
        if not self._ending:
            self._show_status(prepared(event))

    @Slot(object)
    def _stepped(self, event: TrainStep) -> None:
        self.steps.append(event.step)
        for name, value in event.terms:
            if name not in LEFT_OUT:
                before = [math.nan] * (len(self.steps) - 1)
                self.terms.setdefault(name, before).append(max(abs(value), TINY))
        if len(self.steps) > MOST_POINTS:  # every second point tells the same
            self.steps = self.steps[::2]
            self.terms = {name: values[::2] for name, values in self.terms.items()}
        self.progress.show_share(event.share)
        left = f"{event.seconds_left / 60:.1f} min left" if event.seconds_left else "done"
        if not self._ending:
            self._show_status(f"Step {event.step:,} · {event.samples:,} crops · {left}")
        if time.monotonic() - self._drawn > REDRAW and self.isVisible():
            self.draw()

    def draw(self) -> None:
        """The curves as they are now."""
        self._drawn = time.monotonic()
        self._plot.setVisible(bool(self.steps))
        for name, values in self.terms.items():
            if name not in self._curves:
                ink = QColor.fromHsl(HUES.get(name, 268), 160 if name != "loss" else 0, 130)
                self._curves[name] = self._plot.item.plot(pen=line(ink), name=name)
            self._curves[name].setData(np.array(self.steps[-len(values) :]), np.array(values))

    @Slot(object)
    def _sampled(self, event: TrainSample) -> None:
        rows = [np.concatenate(list(each), axis=1) for each in (event.originals, event.decoded)]
        image = to_qimage(np.concatenate(rows, axis=0))
        scaled = image.scaledToHeight(SAMPLE, Qt.TransformationMode.SmoothTransformation)
        self.pictures.setPixmap(QPixmap.fromImage(scaled))
        told = (UNITS.get(name, name + " {:.3g}").format(v) for name, v in event.figures)
        self.figures.setText(f"Held-out pictures at step {event.step:,}: {', '.join(told)}")

    @Slot(object)
    def _paused(self, event: Paused) -> None:
        self.column.show_paused(event.paused)
        if event.paused:
            self._show_status("Paused. Press Resume to continue.")

    @Slot(object)
    def _trained(self, event: Trained) -> None:
        self._show_status(f"Trained {event.name}: {event.steps:,} steps, {event.seconds:.0f} s.")
        self.progress.show_share(1.0)
        self.use.show()
        self.draw()
        self._panel.trained(event.name)

    @Slot(object)
    def _failed(self, event: Failed) -> None:
        self._show_status(event.message)

    @Slot()
    def _finished(self) -> None:
        end = self.job.end if self.job is not None else None
        self.job = None
        self.column.show_running(False)
        self._look_again()
        self.progress.setRange(0, FINE)  # it may have run to and fro
        if isinstance(end, CancelledAt):
            again = "Cancelled. Tick “Resume the previous run” to continue it."
            self._show_status(again if end.step else "Cancelled before its first step.")
