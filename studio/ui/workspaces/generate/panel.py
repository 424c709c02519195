"""Generate: a prompt and its settings on the left, the picture on the right."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QFileDialog, QWidget

from studio.core import generating
from studio.core.errors import UsageError
from studio.core.generating import Generate
from studio.core.messages import Failed
from studio.core.settings import Settings
from studio.ui import actions
from studio.ui.job import Job
from studio.ui.library.again import restore
from studio.ui.library.pictures import Entry
from studio.ui.panel import Panel, PanelSpec, show_folder
from studio.ui.session import random_seed
from studio.ui.shared import Shared
from studio.ui.starting.reader import Reader, picture_in
from studio.ui.starting.sources import Sources
from studio.ui.viewer.viewer import Viewer
from studio.ui.widgets.drawing import Drawing
from studio.ui.workspaces.generate.column import Column
from studio.ui.workspaces.generate.describing import Describing
from studio.ui.workspaces.generate.keys import GENERATE, STARTING
from studio.ui.workspaces.generate.variation import SIBLINGS, varied

if TYPE_CHECKING:
    from studio.gallery import metadata

ACTIONS = (*GENERATE, *STARTING)


class GeneratePanel(Panel):
    """The workspace that makes pictures from prompts."""

    column: Column
    viewer: Viewer

    def __init__(self, shared: Shared, parent: QWidget | None = None) -> None:
        super().__init__(shared, parent, "generate", "banner")
        self.setAcceptDrops(True)
        self.sources, self.reader = Sources(self), Reader(self)
        self._drawing, self._describing = Drawing(self), Describing(self.jobs, self)
        self._made: dict[int, list[Entry]] = {}  # by open jobs
        self._ranked: set[int] = set()  # jobs of which the best is wanted
        self.column = Column(self.session, self.jobs, self.sources, self)
        self.viewer = Viewer(self.library, self.session.samplers, self.jobs, self.banner)
        self.lay_out(self.column, self.viewer)
        self.actions_by_id = actions.install(ACTIONS, self, self.viewer)
        self.viewer.set_actions(self.actions_by_id, {each.id for each in ACTIONS if each.needs})
        self.column.prompt.set_history(tuple(self.preferences.get("history")))
        self._connect()
        self.preferences.restore_start(self.session)

    def _connect(self) -> None:
        self.column.foot.go.clicked.connect(self.actions_by_id["generate"].trigger)
        self.column.foot.cancel.clicked.connect(self.jobs.cancel)
        for box in (self.column.prompt, self.column.negative):
            box.submitted.connect(self.actions_by_id["generate"].trigger)
        self.viewer.welcome.picked.connect(self._picked)
        self.jobs.on(generating.Preview, self._preview)
        self.jobs.on(generating.Picture, self._picture)
        self.jobs.ended.connect(self._ended)
        self.library.failed.connect(self._not_written)
        self.library.copied.connect(self._saved)
        self.reader.found.connect(self._offer)
        self.reader.refused.connect(self._refused)
        self.column.start.shown_wanted.connect(self.start_here)
        self.column.start.message.connect(self.error)
        self._drawing.done.connect(self._drawn)
        self._drawing.failed.connect(self._not_drawn)
        self._describing.described.connect(self._described)
        self._describing.failed.connect(self.error)
        self.sources.ready.connect(self._submit)
        self.sources.gone.connect(self._gone)
        self.sources.failed.connect(self.error)

    def generate(self, front: bool = False) -> None:
        """Submits the settings as they stand."""
        prompt = self.session.prompt.get().strip()
        try:
            request = self.session.request()
        except UsageError as error:
            self.refuse(str(error))
        else:
            self._drawing.start((prompt, front), request, prompt)

    def run(self) -> None:
        self.generate()

    @Slot(object, object)
    def _drawn(self, key: tuple[str, bool], requests: tuple[Generate, ...]) -> None:
        prompt, front = key
        self.remember_prompt(self.column.prompt, prompt)
        submit = self._submit if requests[0].inputs is None else self.sources.keep
        for request in reversed(requests) if front else requests:
            submit(request, front)

    def vary(self) -> None:
        """Makes siblings of the picture shown, whatever the column says."""
        if (shown := self.settings()) is None:
            return
        if shown.variation:
            self.note(f"This picture is itself a variation: these vary that of seed {shown.seed}.")
        settings = varied(shown, random_seed())
        kept = self.session.trajectories.get()
        request = Generate(settings, count=SIBLINGS, trajectories=kept)
        if settings.source:
            self.sources.again(request)
        else:
            self._submit(request, False)

    def start_here(self) -> None:
        """Starts from the picture shown."""
        entry = self.viewer.entry
        image = self.library.image(entry) if entry is not None else None
        if entry is None or image is None:
            self.note("No picture is shown; make or choose one first.")
        else:
            self.sources.take(entry.path.name if entry.path else entry.title(), image)

    def describe(self) -> None:
        """Puts a prompt for the picture shown into the prompt box."""
        entry = self.viewer.entry
        if entry is not None and (image := self.library.image(entry)) is not None:
            self._describing.take(image)

    @Slot(str)
    def _described(self, prompt: str) -> None:
        self.session.prompt.set(prompt)
        self.note(
            "The picture is described in the prompt.", ("Take it &back", self.column.prompt.undo)
        )

    @Slot(object, bool)
    def _submit(self, request: Generate, front: bool) -> None:
        if self.jobs.free:
            self.viewer.following = True
        self.forget_error()
        job = self.jobs.submit(request, front=front)
        if job is not None:
            job.on(Failed, self.job_failed)
            if self.session.best_first.get():
                self._ranked.add(job.number)

    def escape(self) -> None:
        """Closes an offer, else cancels the job, else dismisses the banner or the trajectory."""
        if self.banner.isVisible() and (self.banner.kind == "offer" or not self.jobs.busy):
            self.banner.clear()
        elif self.viewer.shows and not self.jobs.busy:
            self.viewer.look("")
        else:
            self.jobs.cancel()

    def settings(self) -> Settings | None:
        """Those of the picture shown; says so where it has none."""
        entry = self.viewer.entry
        if entry is not None and entry.settings is None:
            self.note("This file holds no settings of Latent Studio.")
        return entry.settings if entry is not None else None

    def use(self, take: Callable[[Settings], None]) -> None:
        """Takes over what `take` takes of the picture's settings; the model stays."""
        if (settings := self.settings()) is not None:
            take(settings)
            loaded = self.session.model.get()
            if settings.model != loaded:
                self.note(f"This picture was made with {settings.model}; {loaded} stays loaded.")

    def use_all(self) -> None:
        entry = self.viewer.entry
        self.use(partial(self.session.use_all, picture=entry.path if entry else None))

    def save_as(self) -> None:
        """Asks where, and writes a copy there."""
        if (entry := self.viewer.entry) is None:
            return
        start = str(Path.home() / (entry.path.name if entry.path else "picture.png"))
        chosen, _ = QFileDialog.getSaveFileName(self, "Save picture as", start, "PNG (*.png)")
        if chosen:
            suffixed = chosen.lower().endswith(".png")
            self.library.save_as(entry, Path(chosen if suffixed else f"{chosen}.png"))

    def copy_picture(self) -> None:
        if self.viewer.entry and (image := self.library.image(self.viewer.entry)) is not None:
            QGuiApplication.clipboard().setImage(image)

    def copy(self, as_command: bool) -> None:
        """Puts the picture's settings on the clipboard."""
        if (settings := self.settings()) is not None:
            self.share(settings, as_command)

    def open_folder(self) -> None:
        """Shows the pictures folder in the desktop's file manager."""
        self.library.folder.mkdir(parents=True, exist_ok=True)
        show_folder(self.library.folder)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if picture_in(event.mimeData()) is not None:
            event.acceptProposedAction()
            self._show_dropping(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._show_dropping(False)

    def _show_dropping(self, dropping: bool) -> None:
        self.setProperty("dropping", dropping)
        self.style().polish(self)

    def dropEvent(self, event: QDropEvent) -> None:
        self._show_dropping(False)
        path = picture_in(event.mimeData())
        if path is not None:
            event.acceptProposedAction()
            self.reader.read(path, self.session.model.get())

    @Slot(object, object)
    def _offer(self, path: Path, found: metadata.Found) -> None:
        """A dropped picture changes nothing until the user says what to take from it."""
        settings, missing = found.settings, found.missing

        def use_all() -> None:
            if behind := restore(self.session, settings, missing, path):
                self.note(" ".join(behind))

        whose = f" ({found.source})" if found.source != "Latent Studio" else ""
        seed = "" if "seed" in missing else f": seed {settings.seed}"
        prompt = [] if "prompt" in missing else [f"“{settings.prompt}”"]
        choices: dict[str, Callable[[], object]] = {
            "Use &all settings": use_all,
            "Use prompt": partial(self.session.use_prompt, settings, missing),
            "Use seed": partial(self.session.use_seed, settings),
            "&Start from it": partial(self.sources.open, path),
            "&Describe it": partial(self._describing.open, path),
        }
        for each in {"prompt", "seed"} & set(missing):
            del choices[f"Use {each}"]
        told = " ".join([f"{path.name}{whose}{seed}.", *found.notes, *prompt])
        self.banner.show_message("offer", told, tuple(choices.items()))

    @Slot(object, str)
    def _refused(self, path: Path, sentence: str) -> None:
        """A picture without settings is good for something all the same."""
        start = "&Start from it", partial(self.sources.open, path)
        self.error(sentence, start, ("&Describe it", partial(self._describing.open, path)))

    @Slot(object, str)
    def _not_drawn(self, _: object, sentence: str) -> None:
        self.refuse(sentence)

    @Slot(str)
    def _picked(self, prompt: str) -> None:
        self.session.prompt.set(prompt)
        self.generate()

    @Slot(object)
    def _preview(self, event: generating.Preview) -> None:
        running = self.jobs.running
        if running is not None and (settings := running.settings()) is not None:
            self.viewer.show_preview(event, settings, self.jobs.progress)

    @Slot(object)
    def _picture(self, event: generating.Picture) -> None:
        entry = self.library.add(event)
        if (image := self.library.image(entry)) is not None:
            self.viewer.show_made(entry, image, event)

        self._made.setdefault(event.job, []).append(entry)

    @Slot(object)
    def _ended(self, job: Job) -> None:
        made = [entry for entry in self._made.pop(job.number, []) if entry.score is not None]
        if job.number in self._ranked:
            self._ranked.remove(job.number)
            self._show_best(made)
        if self.jobs.free:
            self.viewer.end_preview()

    def _show_best(self, made: list[Entry]) -> None:
        """Puts those of one job in the order of how well they fit their prompt."""
        for entry in sorted(made, key=lambda entry: entry.score.value if entry.score else 0.0):
            entry.ranked = len(made) > 1
            self.library.put_first(entry)
        if self.viewer.following and made:
            self.viewer.follow()

    @Slot(object, str)
    def _gone(self, _: Settings, sentence: str) -> None:
        """The settings go on without the picture that they began with."""
        self.note(f"{sentence} The other settings were applied.")

    @Slot(object)
    def _saved(self, path: Path) -> None:
        self.note(f"Saved as {path}.")

    @Slot(object, str)
    def _not_written(self, entry: Entry | None, sentence: str) -> None:
        """The picture is still in memory: offer to write it elsewhere, or again."""
        lost = entry is not None and entry.path is None
        again = ("Try &again", self.library.write_again)
        choices = (("&Save as…", self.save_as), again) if lost else ()
        self.error(sentence, *choices)


PANEL = PanelSpec(
    GeneratePanel,
    ACTIONS,
    ("save_as", "copy_picture", "copy_settings", "copy_command", "open_folder"),
)
