"""Queue: what is being made and what waits, in an order that can be changed; lists of prompts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, Slot
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QWidget

from studio.core.errors import UsageError
from studio.core.generating import Generate
from studio.core.messages import Failed, Request
from studio.core.wording import many
from studio.gallery.queue_file import queue_file
from studio.ui import actions
from studio.ui.job import Job
from studio.ui.panel import Panel, PanelSpec
from studio.ui.shared import Shared
from studio.ui.widgets.buttons import text_button
from studio.ui.widgets.form import Check, caption, column, named, row
from studio.ui.widgets.progress import Progress
from studio.ui.workspaces.queue.keeper import Keeper
from studio.ui.workspaces.queue.keys import QUEUE
from studio.ui.workspaces.queue.prompts import PromptList
from studio.ui.workspaces.queue.rows import BEGUN, DETAIL, JOB, NOW, PLACE, TITLE, JobList
from studio.ui.workspaces.queue.titles import detail, title

# fmt: off
BUTTONS = (  # a name, what the click does, the text, the tooltip
    ("up", "queue_earlier", "Earlier",
        "Move the selected jobs up (Alt+Up)"),
    ("down", "queue_later", "Later", "Move the selected jobs down (Alt+Down)"),
    ("again", "queue_repeat", "Repeat", "Queue the selected jobs again"),
    ("cancel", "queue_cancel", "Cancel", "Remove the selected jobs (Delete)"),
    ("clear", "cancel_all", "Cancel all", "Stop everything and empty the queue (Shift+Esc)"),
)
UNTIL = "Keep generating with new seeds until this is turned off"
KEEP = "Save the waiting jobs and offer them at the next start"
# fmt: on


class QueuePanel(Panel):
    """The workspace that shows what the engine has to do."""

    keeper: Keeper
    prompts: PromptList

    def __init__(self, shared: Shared, parent: QWidget | None = None) -> None:
        super().__init__(shared, parent, "queue")
        self._labels = {name: spec.label for name, spec in self.session.samplers.items()}
        self._filling = False
        self._marked: Job | None = None  # as the running one
        self.keeper = Keeper(shared.jobs, queue_file(), shared.library.writer, self)
        self.list = named(JobList(), "queueList", "Running and waiting jobs")
        self.list.setToolTip("Drag to reorder; Delete cancels")
        self.list.setDragDropMode(QListWidget.DragDropMode.InternalMove)
        self.list.setSelectionMode(QListWidget.SelectionMode.ExtendedSelection)
        self.now = caption(role="", name="queueNow")
        self.bar = Progress("queueBar", "Progress of the running job")
        self.buttons = {
            name: text_button(f"queue-{name}", text, text, tip) for name, _, text, tip in BUTTONS
        }
        self.until = Check("queueUntil", "Until cancelled", UNTIL)
        self.kept = Check("queueKept", "Keep for the next start", KEEP)
        self.prompts = PromptList(self.session)
        left = column(
            *(self.banner, self.now, self.bar, (self.list, 1)),
            row(*self.buttons.values(), None, gap=8),
            row(self.until, self.kept, None, gap=18),
            gap=8,
        )
        row((left, 3), (self.prompts, 2), gap=16, on=self).setContentsMargins(14, 12, 14, 12)
        self.actions_by_id = actions.install(QUEUE, self, self.list)
        self._connect()
        self.kept.setChecked(bool(self.preferences.get("keep_queue")))
        self.keeper.keep(self.kept.isChecked())
        self._show()

    def _connect(self) -> None:
        self.jobs.changed.connect(self._show)
        self.jobs.on(Failed, self.job_failed)
        self.list.model().rowsMoved.connect(self._dragged)
        self.list.itemSelectionChanged.connect(self._enable)
        for name, action, _, _ in BUTTONS:
            self.buttons[name].clicked.connect(self.actions_by_id[action].trigger)
        self.until.toggled.connect(self._until)
        self.kept.toggled.connect(self._keep)
        self.keeper.found.connect(self._offer)
        self.keeper.failed.connect(self.refuse)
        self.keeper.again_changed.connect(self._again_changed)
        self.prompts.wanted.connect(self._queue)
        self.prompts.failed.connect(self.refuse)

    @property
    def chosen(self) -> list[Job]:
        """The selected jobs, from above."""
        rows = sorted(self.list.row(item) for item in self.list.selectedItems())
        return [self.jobs.job(int(self.list.item(row).data(JOB))) for row in rows]

    def _numbers(self) -> list[int]:
        return [int(self.list.item(row).data(JOB)) for row in range(self.list.count())]

    def shift(self, by: int) -> None:
        """Moves the selected waiting jobs a place earlier or later."""
        waiting = self.jobs.waiting
        chosen = [job for job in self.chosen if job in waiting]
        for job in chosen if by < 0 else reversed(chosen):
            place = waiting.index(job) + by
            if 0 <= place < len(waiting) and waiting[place] not in chosen:
                self.jobs.move(job, place)
                waiting.insert(place, waiting.pop(waiting.index(job)))

    def repeat(self) -> None:
        """Queues the selected ones once more, pictures with the next seeds."""
        for job in self.chosen:
            request = job.request
            if isinstance(request, Generate):
                request = replace(request, settings=request.settings.numbered(request.count))
            self._submit(request)

    def cancel(self) -> None:
        for job in reversed(self.chosen):
            self.jobs.cancel_job(job)

    def cancel_all(self) -> None:
        self.keeper.repeat(None)
        self.jobs.cancel_all()

    def escape(self) -> None:
        """Closes the banner, else cancels the running job."""
        if self.banner.isVisible():
            self.banner.clear()
        else:
            self.jobs.cancel()

    def closing(self) -> None:
        """Writes down what waits, before the engine is stopped."""
        self.keeper.close()

    def _submit(self, request: Request) -> bool:
        """Whether it is queued."""
        try:
            return self.jobs.submit(request) is not None
        except UsageError as error:
            self.refuse(str(error))
            return False

    def _go_on(self) -> None:
        """Queues what the last start left; without an engine it stays kept."""
        with self._filled():
            if all(self._submit(request) for request in self.keeper.left):
                self.keeper.answered()

    @Slot(object)
    def _queue(self, requests: tuple[Generate, ...]) -> None:
        with self._filled():
            for request in requests:
                self._submit(request)

    @contextmanager
    def _filled(self) -> Iterator[None]:
        """Many requests are shown once, not each in turn."""
        self._filling = True
        try:
            yield
        finally:
            self._filling = False
            self._show()

    @Slot(bool)
    def _until(self, on: bool) -> None:
        if not on:
            self.keeper.repeat(None)
            return
        try:
            request = self.session.request()
            written = replace(request.settings, prompt=self.session.prompt.get().strip())
            self.keeper.repeat(replace(request, settings=written))
        except UsageError as error:
            self.refuse(str(error))
            self.until.setChecked(False)

    @Slot(object)
    def _again_changed(self, request: Generate | None) -> None:
        with QSignalBlocker(self.until):
            self.until.setChecked(request is not None)

    @Slot(bool)
    def _keep(self, on: bool) -> None:
        self.preferences.set("keep_queue", on)
        self.keeper.keep(on)

    @Slot(object, object)
    def _offer(self, requests: tuple[Generate, ...], problems: tuple[str, ...]) -> None:
        """What the last start left is queued only if the user says so."""
        self.keeper.keep(self.kept.isChecked())
        if requests:
            count = f"{many(len(requests), 'request')} {'is' if len(requests) == 1 else 'are'}"
            told = " ".join([f"{count} left from the last session.", *problems])
            choices = (("&Continue with them", self._go_on), ("&Forget", self.keeper.answered))
            self.banner.show_message("offer", told, choices)
        elif problems:
            self.error(" ".join(problems))

    @Slot()
    def _show(self) -> None:
        """The list follows the jobs; what was selected stays so."""
        if self._filling:
            return
        chosen = {int(item.data(JOB)) for item in self.list.selectedItems()}
        now, numbers = self._numbers(), [job.number for job in self.jobs.open]
        if now != numbers:
            with QSignalBlocker(self.list):
                self.list.clear()
                for number in numbers:
                    item = QListWidgetItem(self.list)
                    item.setData(JOB, number)
                    item.setSelected(number in chosen)
        if now != numbers or self.jobs.running is not self._marked:
            self._marked = self.jobs.running
            for row in range(self.list.count()):
                self._mark(self.list.item(row), row)
        self.now.setText(self.jobs.sentence() or "Nothing is waiting.")
        self.bar.show_share(self.jobs.share_done() or 0.0)
        self._enable()

    def _mark(self, item: QListWidgetItem, row: int) -> None:
        """What it is, and whether it is being made, or has given way to what is."""
        job = self.jobs.open[row]
        first, second = title(job.request), detail(job.request, self._labels)
        begun = BEGUN if job in self.jobs.begun else str(row + 1)
        place = NOW if job is self.jobs.running else begun
        for role, text in ((PLACE, place), (TITLE, first), (DETAIL, second)):
            item.setData(role, text)
        item.setText("\n".join(text for text in (f"{place}  {first}", second) if text))
        item.setToolTip(item.text())

    @Slot()
    def _enable(self) -> None:
        chosen = bool(self.list.selectedItems())
        for name in ("up", "down", "again", "cancel"):
            self.buttons[name].setEnabled(chosen)
        self.buttons["clear"].setEnabled(self.list.count() > 0)

    @Slot()
    def _dragged(self, *_: object) -> None:
        """Rows were dragged: the jobs follow, as far as they wait."""
        rows = [self.jobs.job(number) for number in self._numbers()]
        for place, job in enumerate([job for job in rows if job not in self.jobs.begun]):
            if self.jobs.waiting[place] is not job:
                self.jobs.move(job, place)
        self._marked = None
        self._show()


PANEL = PanelSpec(QueuePanel, QUEUE)
