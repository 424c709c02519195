"""What the left columns share: a body that scrolls, and below it what is being done, how far it is,
the button that begins and the one that stops."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from studio.ui.jobs import Jobs
from studio.ui.widgets.buttons import text_button

COLUMN_WIDTH = 348
SIDE = 18  # logical pixels at both sides
FINE = 1000  # units of the progress bar


class Foot(QWidget):
    """`go` begins, `cancel` stops, `said` and `progress` follow the jobs; `count` above them says
    what would be made, if that is known. Its object names begin with `name`.

    Args:
        work: what is done, as in "Progress of the walk".
        tips: of `go` and of `cancel`.
    """

    def __init__(self, jobs: Jobs, name: str, text: str, work: str, tips: tuple[str, str]) -> None:
        super().__init__()
        self.setObjectName("columnBody")
        self._jobs = jobs
        self._problem, self._able = "", True
        self.count, self.said, self.progress = QLabel(), QLabel(), QProgressBar()
        self.count.setObjectName(f"{name}Count")
        self.count.setWordWrap(True)
        self.count.hide()
        self.said.setObjectName(f"{name}Said")
        self.said.setProperty("role", "muted")
        self.progress.setObjectName(f"{name}Progress")
        self.progress.setAccessibleName(f"Progress of the {work}")
        self.progress.setToolTip(f"Progress of the {work}")
        self.progress.setTextVisible(False)
        self.go = text_button(name, text, text, tips[0], "primary")
        self.cancel = text_button(
            f"{name}Cancel", "Cancel", f"Cancel the {work}", tips[1], "beside"
        )
        self._lay_out()
        jobs.changed.connect(self.follow)
        self.follow()

    def _lay_out(self) -> None:
        column, row = QVBoxLayout(self), QHBoxLayout()
        column.setContentsMargins(SIDE, 8, SIDE, 16)
        column.setSpacing(8)
        for widget in (self.count, self.said, self.progress):
            column.addWidget(widget)
        row.setSpacing(8)
        row.addWidget(self.go, 1)
        row.addWidget(self.cancel)
        column.addLayout(row)

    @Slot()
    def follow(self) -> None:
        """The bar is empty when nothing runs, and runs to and fro while nobody knows how far."""
        jobs = self._jobs
        self.said.setText(jobs.sentence())
        done = jobs.share_done()
        self.progress.setRange(0, 0 if jobs.busy and done is None else FINE)
        self.progress.setValue(round(FINE * (done or 0)))
        self.cancel.setEnabled(jobs.busy and not jobs.cancelling)

    def tell_plan(self, told: str, problem: str, role: str = "problem") -> None:
        """What would be made; or why nothing can be, in this role, and `go` cannot be pressed."""
        self._problem = f"{problem[:1].upper()}{problem[1:]}"
        self.count.setText(self._problem or told)
        self.count.setProperty("role", role if problem else "label")
        self.count.style().polish(self.count)
        self.count.show()
        self.allow(self._able)

    def allow(self, able: bool) -> None:
        """Whether this panel can begin something now; what makes no sense it cannot."""
        self._able = able
        self.go.setEnabled(able and not self._problem)


def scrolling(name: str, body: QWidget) -> QScrollArea:
    """`body` in an area that scrolls up and down, and takes no focus itself.

    Fill it afterwards: widgets that move with all that is in them are styled anew each time.
    """
    body.setObjectName("columnBody")
    area = QScrollArea()
    area.setObjectName(name)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(body)
    return area
