"""The scrubber: where on the way from noise to picture all cells stand, and what they show."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QResizeEvent

from studio.ui.widgets.buttons import icon_button
from studio.ui.widgets.player import TimeBar
from studio.ui.widgets.segments import Segments
from studio.ui.workspaces.compare.frames import CHANNELS

REST = 200  # milliseconds without a move: time to decode in full
BEAT = 40  # milliseconds between two pictures while it plays
NARROW, WIDE = 640, 900  # logical pixels
PLAY = "Play all trajectories in step (Space)"
TIME = (
    "How far the pictures are: noise (t = 1) at the left, the picture (t = 0) at the right. Every"
    " cell shows its last step before that time; the ticks are the steps of the selected cell."
    " Space plays."
)
BESIDE = (
    "Show the prediction at step k beside a full run of k steps (T on the grid; for deterministic"
    " samplers)"
)
SHORT = {"clean": "x₀", "noisy": "xₜ", "gap": "Gap"}


class Scrubber(TimeBar):
    """`changed` follows every move and choice, `rested` when nothing has moved for a while."""

    changed = Signal()
    rested = Signal()

    def __init__(self) -> None:
        super().__init__("scrubber", "picture", PLAY, "Time, from noise to picture", TIME)
        self.setObjectName("scrubber")
        self.channels = Segments("channel", "Cells show", CHANNELS)
        label = "Beside a true run"
        self.beside = icon_button("scrubberBeside", "beside", BESIDE, label, checkable=True)
        self.beside.setText("True k-step run")
        self.row.addWidget(self.channels)
        self.row.addWidget(self.beside)
        self._resting = QTimer(self, singleShot=True, interval=REST)
        self._resting.timeout.connect(self.rested)
        self._beat.setInterval(BEAT)
        for signal in (self.moved, self.channels.chosen, self.beside.toggled):
            signal.connect(self._changed)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fewer words where there is less room; the slider comes first."""
        super().resizeEvent(event)
        narrow, wide = self.width() < NARROW, self.width() > WIDE
        self.channels.set_texts(SHORT if narrow else {n: text for n, (text, _) in CHANNELS.items()})
        for label in self.ends:
            label.setVisible(not narrow)
        style = Qt.ToolButtonStyle
        self.beside.setToolButtonStyle(
            style.ToolButtonTextBesideIcon if wide else style.ToolButtonIconOnly
        )

    @property
    def channel(self) -> str:
        """One of CHANNELS."""
        return self.channels.value

    def stop(self) -> None:
        """Stops playing and goes to the finished pictures."""
        self.pause()
        self.slider.set_time(0.0)

    @Slot()
    def _changed(self, _: object = None) -> None:
        self.changed.emit()
        self._resting.start()
