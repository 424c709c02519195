"""The time of all panes: a slider over t, Play and how fast."""

from __future__ import annotations

from PySide6.QtCore import QElapsedTimer, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

from studio.ui import icons
from studio.ui.widgets.choice_box import ChoiceBox
from studio.ui.widgets.time_slider import TimeSlider

BEAT = 25  # milliseconds between two drawings while it plays
PLAY = 6.0  # seconds from noise to data
SPEEDS = ((0.25, "¼×", ""), (0.5, "½×", ""), (1.0, "1×", ""), (2.0, "2×", ""), (4.0, "4×", ""))


class Player(QWidget):
    """`moved` gives t, 1 noise and 0 data, whoever changed it."""

    moved = Signal(float)

    def __init__(self, name: str = "lab", end: str = "data") -> None:
        super().__init__()
        self._end = end
        self.play = QToolButton()
        self.play.setObjectName(f"{name}Play")
        self.play.setToolTip("Play all samplers together, from noise to data (Space)")
        self.play.setIconSize(QSize(icons.SIZE, icons.SIZE))
        self.slider = TimeSlider()
        self.slider.setObjectName(f"{name}Time")
        self.slider.setAccessibleName("Time, from noise to data")
        self.slider.setToolTip(
            "Noise (t = 1) at the left, data (t = 0) at the right; all samplers stand at the same"
            " t. The ticks are the steps of the sampler that the mouse was over. Space plays."
        )
        self.speed = ChoiceBox(f"{name}Speed", "Speed", "How fast it plays", SPEEDS)
        self.speed.set_value(1.0)
        self.speed.setFixedWidth(70)
        self.read = QLabel()
        self.read.setObjectName(f"{name}Read")
        self.read.setProperty("role", "unit")
        self.read.setFixedWidth(self.read.fontMetrics().horizontalAdvance("t = 0.0000"))
        self._beat = QTimer(self, interval=BEAT, timerType=Qt.TimerType.PreciseTimer)
        self._since = QElapsedTimer()
        self._lay_out()
        self.slider.moved.connect(self._moved)
        self.slider.space.connect(self.toggle)
        self.play.clicked.connect(self.toggle)
        self._beat.timeout.connect(self._play_on)
        self._dress()
        self._moved(self.time)

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.play)
        row.addWidget(_muted("noise"))
        row.addWidget(self.slider, 1)
        row.addWidget(_muted(self._end))
        row.addWidget(self.read)
        row.addWidget(self.speed)

    @property
    def time(self) -> float:
        return self.slider.time

    @property
    def playing(self) -> bool:
        return self._beat.isActive()

    @Slot()
    def toggle(self) -> None:
        """Plays from here, from the noise if it is at the data already; or pauses."""
        if self.playing:
            self.pause()
            return
        if self.time <= 0:
            self.slider.set_time(1.0)
        self._since.start()
        self._at = self.time
        self._beat.start()
        self._dress()

    def pause(self) -> None:
        self._beat.stop()
        self._dress()

    def replay(self) -> None:
        """Plays from the noise."""
        self.pause()
        self.slider.set_time(1.0)
        self.toggle()

    @Slot()
    def _play_on(self) -> None:
        """By the clock, so that slow drawing drops frames and not speed."""
        self._at -= self._since.restart() / (1000 * PLAY) * float(self.speed.currentData())
        self.slider.set_time(max(self._at, 0.0))
        if self._at <= 0:
            self.pause()

    @Slot(float)
    def _moved(self, t: float) -> None:
        if self.playing and abs(t - self._at) > 0.01:
            self._at = t  # someone took the handle: go on from there
        self.read.setText(f"t = {t:.3f}")
        self.moved.emit(t)

    def _dress(self) -> None:
        icons.dress(self.play, "pause" if self.playing else "play")
        self.play.setAccessibleName("Pause" if self.playing else "Play")


def _muted(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", "muted")
    return label
