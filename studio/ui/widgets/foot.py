"""What the left columns share: a body that scrolls, and below it what is being done, how far it is,
the button that begins and the one that stops."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from studio.core.wording import capitalised
from studio.ui.jobs import Jobs
from studio.ui.widgets.buttons import text_button
from studio.ui.widgets.form import W, caption, column, named, row
from studio.ui.widgets.progress import Progress

COLUMN_WIDTH = 348
SIDE = 18  # logical pixels at both sides


class Foot(QWidget):
    """`go` begins, `cancel` stops, `status` and `progress` follow the jobs; `count` above them says
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
        self.count = caption(name=f"{name}Count", role="", wrap=True)
        self.count.hide()
        self.status = caption(name=f"{name}Said", role="muted")
        self.progress = Progress(f"{name}Progress", f"Progress of the {work}")
        self.go = text_button(name, text, text, tips[0], "primary")
        cancel = f"{name}Cancel", "Cancel", f"Cancel the {work}", tips[1], "beside"
        self.cancel = text_button(*cancel)
        buttons = row((self.go, 1), self.cancel, gap=8)
        parts = self.count, self.status, self.progress, buttons
        column(*parts, gap=8, margins=(SIDE, 8, SIDE, 16), on=self)
        jobs.changed.connect(self.follow)
        self.follow()

    @Slot()
    def follow(self) -> None:
        """The bar is empty when nothing runs, and runs to and fro while nobody knows how far."""
        jobs = self._jobs
        self.status.setText(jobs.sentence())
        self.progress.show_share(jobs.share_done() if jobs.busy else 0.0)
        self.cancel.setEnabled(jobs.busy and not jobs.cancelling)

    def show_plan(self, told: str, problem: str, role: str = "problem") -> None:
        """What would be made; or why nothing can be, in this role, and `go` cannot be pressed."""
        self._problem = capitalised(problem)
        self.count.setText(self._problem or told)
        self.count.setProperty("role", role if problem else "label")
        self.count.style().polish(self.count)
        self.count.show()
        self.allow(self._able)

    def allow(self, able: bool) -> None:
        """Whether this panel can begin something now; what makes no sense it cannot."""
        self._able = able
        self.go.setEnabled(able and not self._problem)


class SettingsColumn(QFrame):
    """The left column of a workspace: `rows` in an `area` that scrolls up and down and takes no
    focus itself. Widgets that move with all that is in them are styled anew each time: fill the
    rows where they are, then `end` with the foot, as Tab walks in that order."""

    def __init__(self, name: str, parent: QWidget, top: int = 16, gap: int = 0) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setFixedWidth(COLUMN_WIDTH)
        body = named(QWidget(), "columnBody")
        self.area = named(QScrollArea(), f"{name}Area")
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area.setWidget(body)
        self._whole = column((self.area, 1), gap=0, on=self)
        self.rows = column(gap=gap, margins=(SIDE, top, SIDE, 12), on=body)

    def end(self, foot: W, stretch: int = 1) -> W:
        """`stretch` is 0 where something in the rows takes the room that is left."""
        self.rows.addStretch(stretch)
        self._whole.addWidget(foot)
        return foot
