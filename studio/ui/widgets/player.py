"""Playing: a slider, Play and what they read; and the player of t, with how fast."""

from __future__ import annotations

from PySide6.QtCore import QElapsedTimer, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QWidget

from studio.ui import icons
from studio.ui.widgets.buttons import icon_button
from studio.ui.widgets.choice_box import ChoiceBox
from studio.ui.widgets.form import caption, named, row
from studio.ui.widgets.time_slider import TimeSlider

BEAT = 25  # milliseconds between two drawings while it plays
PLAY = 6.0  # seconds from noise to data
JUMP = 0.01  # someone who moves t by more takes the handle
SPEEDS = ((0.25, "¼×", ""), (0.5, "½×", ""), (1.0, "1×", ""), (2.0, "2×", ""), (4.0, "4×", ""))


class PlayBar(QWidget):
    """Plays by the clock, so that slow drawing drops frames and not speed. What is played says how
    it begins (`ready`) and goes on (`advance`); `row` has room for more."""

    def __init__(self, name: str, play_tip: str, label: str, tip: str, widest: str) -> None:
        super().__init__()
        self.play = icon_button(f"{name}Play", "play", play_tip, "Play")
        self.slider = named(TimeSlider(), f"{name}Time", label, tip)
        self.read = caption("", "unit", f"{name}Read")
        self.read.setFixedWidth(self.read.fontMetrics().horizontalAdvance(widest))
        self._beat = QTimer(self, interval=BEAT, timerType=Qt.TimerType.PreciseTimer)
        self._since = QElapsedTimer()
        self.row = row(gap=8, on=self)
        self.slider.moved.connect(self._moved)
        self.slider.space.connect(self.toggle)
        self.play.clicked.connect(self.toggle)
        self._beat.timeout.connect(self._play_on)

    @property
    def time(self) -> float:
        return self.slider.time

    @property
    def playing(self) -> bool:
        return self._beat.isActive()

    @Slot()
    def toggle(self) -> None:
        """Plays from here, from the start if it is at the end already; or pauses."""
        if self.playing:
            self.pause()
        elif self.ready():
            self._since.start()
            self._beat.start()
            self._dress()

    def pause(self) -> None:
        self._beat.stop()
        self._dress()

    def ready(self) -> bool:
        """Goes where playing begins; false where there is nothing to play."""
        raise NotImplementedError

    def advance(self, seconds: float) -> None:
        """Goes on for so long."""
        raise NotImplementedError

    @Slot()
    def _play_on(self) -> None:
        self.advance(self._since.restart() / 1000)

    @Slot(float)
    def _moved(self, t: float) -> None:
        raise NotImplementedError

    def _dress(self) -> None:
        icons.dress(self.play, "pause" if self.playing else "play")
        self.play.setAccessibleName("Pause" if self.playing else "Play")


class TimeBar(PlayBar):
    """Plays t from 1, noise, to 0 in PLAY seconds. `moved` gives it, whoever changed it."""

    moved = Signal(float)

    def __init__(self, name: str, end: str, play_tip: str, label: str, tip: str) -> None:
        super().__init__(name, play_tip, label, tip, "t = 0.000")
        self._at = 1.0
        self.ends = caption("noise", "muted"), caption(end, "muted")
        for widget in (self.play, self.ends[0], self.slider, self.ends[1], self.read):
            self.row.addWidget(widget, widget is self.slider)
        self._moved(self.time)

    @property
    def pace(self) -> float:
        """How many times as fast."""
        return 1.0

    def ready(self) -> bool:
        if self.time <= 0:
            self.slider.set_time(1.0)
        self._at = self.time
        return True

    def advance(self, seconds: float) -> None:
        self._at -= seconds / PLAY * self.pace
        self.slider.set_time(max(self._at, 0.0))
        if self._at <= 0:
            self.pause()

    @Slot(float)
    def _moved(self, t: float) -> None:
        if self.playing and abs(t - self._at) > JUMP:
            self._at = t
        self.read.setText(f"t = {t:.3f}")
        self.moved.emit(t)


class Player(TimeBar):
    """A TimeBar with a choice of how fast."""

    def __init__(
        self,
        name: str = "lab",
        end: str = "data",
        play_tip: str = "Play all samplers together, from noise to data (Space)",
        tip: str = "Noise (t = 1) at the left, data (t = 0) at the right; all samplers stand at the"
        " same t. The ticks are the steps of the sampler that the mouse was over. Space plays.",
    ) -> None:
        super().__init__(name, end, play_tip, f"Time, from noise to {end}", tip)
        self.speed = ChoiceBox(f"{name}Speed", "Speed", "Playback speed", SPEEDS)
        self.speed.set_value(1.0)
        self.speed.setFixedWidth(70)
        self.row.addWidget(self.speed)

    @property
    def pace(self) -> float:
        return float(self.speed.currentData())

    def replay(self) -> None:
        """Plays from the noise."""
        self.pause()
        self.slider.set_time(1.0)
        self.toggle()
