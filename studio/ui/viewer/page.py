"""The trajectory player: what each step of a finished picture held, played, scrubbed, exported."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QMenu, QStackedWidget, QToolButton, QWidget

from studio.core import generating
from studio.ui.image.canvas import Canvas
from studio.ui.image.qimage import to_qimage
from studio.ui.image.scaled import enlarge
from studio.ui.jobs import Jobs
from studio.ui.output.channels import CHANNELS, frame_at, last_of, level
from studio.ui.viewer.decoding import Decoding
from studio.ui.viewer.exports import FORMS, Exports
from studio.ui.viewer.levels import Levels
from studio.ui.widgets.buttons import icon_button
from studio.ui.widgets.form import caption, column, row
from studio.ui.widgets.menus import add_forms
from studio.ui.widgets.player import Player
from studio.ui.widgets.segments import Segments
from studio.ui.widgets.time_slider import FINE

TIP = (
    "Noise (t = 1) at the left, the picture (t = 0) at the right; the ticks are the steps."
    " Comma and full stop go from step to step, Space plays."
)
REST = 160  # milliseconds without a move: time to decode in full
OURS = (
    *(Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down),
    *(Qt.Key.Key_Home, Qt.Key.Key_End),
)  # the slider's, while it has the focus; elsewhere they walk the strip
STEPS = {Qt.Key.Key_Comma: -1, Qt.Key.Key_Period: 1}


class TrajectoryPage(QWidget):
    """Shows one picture's trajectory; `message` gives a kind of message and one sentence."""

    message = Signal(str, str)

    def __init__(self, jobs: Jobs, folder: Path) -> None:
        super().__init__()
        self.setObjectName("trajectoryPage")
        self.decoding = Decoding(jobs, self)
        self.exports = Exports(self.decoding, folder, self)
        self.channels = Segments("trajectoryShows", "Steps show", CHANNELS)
        self.canvas = Canvas("trajectoryCanvas", "The picture at this step")
        self.levels = Levels()
        self.player = Player("trajectory", "picture", "Play from noise to picture (Space)", TIP)
        self.player.read.hide()  # the figures tell the step's own time
        self.figures = caption("", "muted", "trajectoryFigures")
        self._resting = QTimer(self, singleShot=True, interval=REST)
        self.export = self._export_button()
        self.pages = QStackedWidget()
        self.pages.addWidget(self.canvas)
        self.pages.addWidget(self.levels)
        top, told = row(self.channels, None, self.export), row(None, self.figures, None)
        column(top, (self.pages, 1), told, self.player, on=self)
        for changed in (self.channels.chosen, self.player.moved, self.decoding.changed):
            changed.connect(self._refresh)
        self.levels.picked.connect(self.go_to)
        self._resting.timeout.connect(self._rested)
        self.exports.written.connect(self._written)
        self.exports.failed.connect(partial(self.message.emit, "error"))

    def _export_button(self) -> QToolButton:
        tip = "Write what is shown, of all steps, into the pictures folder (E)"
        button = icon_button("trajectoryExport", "export", tip, "Export the steps")
        button.setText("Export")
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(button)
        menu.setToolTipsVisible(True)
        add_forms(menu, "trajectoryExport", FORMS, self._export)
        button.setMenu(menu)
        return button

    @property
    def frame(self) -> int:
        """The step shown: the last one before the player's time."""
        if (kept := self.decoding.kept) is None:
            return 0
        return min(frame_at(kept.times, self.player.time), last_of(self.channels.value, kept))

    def show_picture(self, made: generating.Picture | None) -> None:
        """Shows a picture's trajectory from its noise; None shows nothing."""
        if made is self.decoding.made:
            return
        self.exports.forget()
        self.player.pause()
        self.decoding.show(made)
        if made is None or made.trajectory is None:
            return
        self.player.slider.set_ticks(made.trajectory.times)
        self.levels.show_times(made.trajectory.times)
        self.channels.enable("gap", self.decoding.most > 0)
        self.player.slider.set_time(1.0)
        self._refresh()

    @Slot(int)
    def go_to(self, frame: int) -> None:
        """Stands at a step."""
        if (kept := self.decoding.kept) is not None:
            t = kept.times[min(max(frame, 0), len(kept.times) - 1)]
            self.player.slider.set_time(math.floor(t * FINE) / FINE)  # at the step or just past it

    @Slot()
    def _refresh(self, _: object = None) -> None:
        made, kept = self.decoding.made, self.decoding.kept
        if made is None or kept is None:
            return
        channel, frame = self.channels.value, self.frame
        self.export.setEnabled(channel != "noise")
        self.pages.setCurrentWidget(self.levels if channel == "noise" else self.canvas)
        if channel == "noise":
            self.levels.show_frame(frame)
        else:
            pixels, full = self.decoding.picture(channel, frame)
            height, width, _ = made.image.shape
            image = to_qimage(pixels) if full else enlarge(to_qimage(pixels))
            self.canvas.show_preview(image, QSize(width, height), "")
        self._show_state(kept, channel, frame)
        self._resting.start()

    def _show_state(self, kept: generating.Trajectory, channel: str, frame: int) -> None:
        at = level(kept.times[frame])
        told = [f"Step {frame} of {len(kept.times) - 1}", f"t {at.t:.3f}"]
        told += [f"σ {at.sigma:.3f}", f"α {at.alpha:.3f}"]
        if channel == "gap":
            told.append(f"mean {kept.gap[frame].mean():.3f}, palest {self.decoding.most:.3f}")
        self.figures.setText(" · ".join(told))

    @Slot()
    def _rested(self) -> None:
        if self.isVisible() and not self.player.playing:
            self.decoding.look(self.channels.value, self.frame)

    def _export(self, form: str) -> None:
        if self.exports.waiting is not None:
            self.message.emit("note", "One export at a time: this one is nearly done.")
        else:
            self.exports.start(form, self.channels.value)

    @Slot(object)
    def _written(self, path: Path) -> None:
        self.message.emit("note", f"Written: {path}")

    def event(self, event: QEvent) -> bool:
        """Keeps the slider's keys from the strip, which walks with them elsewhere."""
        if event.type() == QEvent.Type.ShortcutOverride:
            assert isinstance(event, QKeyEvent)
            sliding = self.player.slider.hasFocus() and event.key() in OURS
            if (sliding or event.key() in STEPS) and not event.modifiers():
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Comma and full stop go from step to step; Space plays; E exports."""
        key = Qt.Key(event.key())
        if key in STEPS:
            self.player.pause()
            self.go_to(self.frame + STEPS[key])
        elif key == Qt.Key.Key_Space:
            self.player.toggle()
        elif key == Qt.Key.Key_E and self.export.isEnabled():
            self.export.showMenu()
        else:
            super().keyPressEvent(event)
