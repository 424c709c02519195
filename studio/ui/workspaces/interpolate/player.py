"""Where on the walk the window stands: a slider, Play, how fast, and what comes after the end."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot

from studio.ui.widgets.choice_box import ChoiceBox
from studio.ui.widgets.player import PlayBar
from studio.ui.widgets.time_slider import FINE

RATES = tuple((float(n), f"{n} fps", f"{n} frames a second") for n in (2, 4, 8, 12, 16, 24, 30))
TURNS = (
    ("once", "Once", "Stops at the end"),
    ("loop", "Loop", "Begins again at the end"),
    ("ping-pong", "There and back", "Turns back at each end, without a jump"),
)
MOST_TICKS = 64


class WalkPlayer(PlayBar):
    """`moved` gives the frame, counted along the route, whoever changed it."""

    moved = Signal(int)

    def __init__(self) -> None:
        super().__init__(
            "walk",
            "Play the frames (Space)",
            "Position on the walk",
            "From the first frame to the last; the ticks are the finished ones. The arrow keys"
            " move, Space plays.",
            "000 / 000",
        )
        self._count = 0
        self.rate = ChoiceBox("walkRate", "Speed", "Playback speed, also of exported films", RATES)
        self.rate.set_value(8.0)
        self.rate.setFixedWidth(88)
        self.turn = ChoiceBox("walkTurn", "After the end", "What comes after the end", TURNS)
        self.turn.set_value("ping-pong")
        self.turn.setFixedWidth(144)  # all of the longest choice
        self._phase = 0.0  # frames since the start, there and back again
        for widget in (self.play, self.slider, self.read, self.rate, self.turn):
            self.row.addWidget(widget, widget is self.slider)
        self.set_count(0)

    @property
    def fps(self) -> float:
        return float(self.rate.currentData())

    @property
    def frame(self) -> int:
        """Counted along the route."""
        return round((1 - self.slider.time) * max(0, self._count - 1))

    def set_count(self, count: int) -> None:
        """A new walk of so many frames; stands at its first."""
        self._count = count
        self.slider.setSingleStep(max(1, round(FINE / max(1, count - 1))))
        self.slider.set_ticks(())
        self.setEnabled(count > 1)
        self.pause()
        self.slider.set_time(1.0)
        self._show_state()

    def set_made(self, made: tuple[int, ...]) -> None:
        """Which frames along the route are finished."""
        few = self._count <= MOST_TICKS
        last = max(1, self._count - 1)
        self.slider.set_ticks(tuple(1 - each / last for each in made) if few else ())

    def go_to(self, frame: int) -> None:
        """Stands at a frame; goes on from there if it plays."""
        self._phase = float(frame)
        self.slider.set_time(1 - frame / max(1, self._count - 1))

    def ready(self) -> bool:
        """From the start if it is at the end already and stops there."""
        if self._count < 2:
            return False
        ended = self.frame == self._count - 1 and self.turn.currentData() == "once"
        self.go_to(0 if ended else self.frame)
        return True

    def advance(self, seconds: float) -> None:
        """Every frame lasts as long as any other, as in a film."""
        self._phase += seconds * self.fps
        turn = self.turn.currentData()
        if turn == "once" and self._phase >= self._count - 1:
            self._phase = self._count - 1.0
            self.pause()
        self._phase %= 2 * (self._count - 1) if turn == "ping-pong" else self._count
        self.slider.set_time(1 - self._playing_frame() / (self._count - 1))

    def _playing_frame(self) -> int:
        at = int(self._phase)
        return at if at < self._count else 2 * (self._count - 1) - at

    @Slot(float)
    def _moved(self, _: float) -> None:
        if self.playing and self.frame != self._playing_frame():
            self._phase = float(self.frame)  # someone took the handle: go on from there
        self._show_state()
        self.moved.emit(self.frame)

    def _show_state(self) -> None:
        self.read.setText(f"{self.frame + 1} / {self._count}" if self._count else "")
