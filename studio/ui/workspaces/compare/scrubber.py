"""The scrubber: where on the way from noise to picture all cells stand, and what they show."""

from __future__ import annotations

from PySide6.QtCore import QElapsedTimer, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from studio.ui import icons
from studio.ui.widgets.buttons import icon_button
from studio.ui.widgets.segments import Segments
from studio.ui.widgets.time_slider import TimeSlider
from studio.ui.workspaces.compare.frames import CHANNELS

REST = 200  # milliseconds without a move: time to decode in full
BEAT = 40  # milliseconds between two pictures while it plays
PLAY = 6.0  # seconds from noise to picture
NARROW, WIDE = 640, 900  # logical pixels
SHORT = {"clean": "x₀", "noisy": "xₜ", "gap": "Gap"}


class Scrubber(QWidget):
    """`changed` follows every move and choice, `rested` when nothing has moved for a while."""

    changed = Signal()
    rested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("scrubber")
        self.channels = Segments("channel", "Cells show", CHANNELS)
        self.slider = TimeSlider()
        self.slider.setObjectName("scrubberTime")
        self.slider.setAccessibleName("Time, from noise to picture")
        self.slider.setToolTip(
            "How far the pictures are: noise (t = 1) at the left, the picture (t = 0) at the right."
            " Every cell shows its last step before that time; the ticks are the steps of the"
            " selected cell. Space plays."
        )
        self.play = icon_button(
            "scrubberPlay", "play", "Play all trajectories in step (Space)", "Play"
        )
        self.read = QLabel()
        self.read.setObjectName("scrubberRead")
        self.read.setProperty("role", "unit")
        self.beside = icon_button(
            "scrubberBeside",
            "beside",
            "Put what is predicted at step k beside a whole run of k steps (T on the grid; for"
            " deterministic samplers)",
            "Beside a true run",
        )
        self.beside.setText("True k-step run")
        self.beside.setCheckable(True)
        self._resting = QTimer(self, singleShot=True, interval=REST)
        self._beat = QTimer(self, interval=BEAT)
        self._since = QElapsedTimer()
        self._from = 1.0
        self._lay_out()
        self.slider.moved.connect(self._moved)
        self.channels.chosen.connect(self._moved)
        self.slider.space.connect(self.toggle_play)
        self.play.clicked.connect(self.toggle_play)
        self.beside.toggled.connect(self._moved)
        self._resting.timeout.connect(self.rested)
        self._beat.timeout.connect(self._play_on)
        self._say()

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self._ends = (_muted("noise"), _muted("picture"))
        row.addWidget(self.play)
        row.addWidget(self._ends[0])
        row.addWidget(self.slider, 1)
        row.addWidget(self._ends[1])
        row.addWidget(self.read)
        self.read.setFixedWidth(self.read.fontMetrics().horizontalAdvance("t = 0.000"))
        row.addWidget(self.channels)
        row.addWidget(self.beside)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fewer words where there is less room; the slider comes first."""
        super().resizeEvent(event)
        narrow, wide = self.width() < NARROW, self.width() > WIDE
        self.channels.set_texts(SHORT if narrow else {n: text for n, (text, _) in CHANNELS.items()})
        for label in self._ends:
            label.setVisible(not narrow)
        style = Qt.ToolButtonStyle
        self.beside.setToolButtonStyle(
            style.ToolButtonTextBesideIcon if wide else style.ToolButtonIconOnly
        )

    @property
    def channel(self) -> str:
        """One of CHANNELS."""
        return self.channels.value

    @property
    def time(self) -> float:
        return self.slider.time

    @property
    def playing(self) -> bool:
        return self._beat.isActive()

    @Slot()
    def toggle_play(self) -> None:
        """Plays from here to the picture, from the start if it is there already."""
        if self.playing:
            self._stop()
            return
        if self.time <= 0:
            self.slider.set_time(1.0)
        self._from = self.time
        self._since.start()
        self._beat.start()
        self._dress_play()

    def stop(self) -> None:
        """Stops playing and goes to the finished pictures."""
        self._stop()
        self.slider.set_time(0.0)

    def _stop(self) -> None:
        self._beat.stop()
        self._dress_play()

    def _dress_play(self) -> None:
        icons.dress(self.play, "pause" if self.playing else "play")
        self.play.setAccessibleName("Pause" if self.playing else "Play")

    @Slot()
    def _play_on(self) -> None:
        t = self._from - self._since.elapsed() / (1000 * PLAY)
        self.slider.set_time(max(t, 0.0))
        if t <= 0:
            self._stop()

    @Slot()
    def _moved(self, _: object = None) -> None:
        self._say()
        self.changed.emit()
        self._resting.start()

    def _say(self) -> None:
        self.read.setText(f"t = {self.time:.3f}")


def _muted(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", "muted")
    return label
