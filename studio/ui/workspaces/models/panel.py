"""Models: those on this machine, in the folders of every studio; one of them is loaded."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFileDialog, QLineEdit, QToolButton, QWidget

from studio.bridge import catalogue
from studio.bridge.catalogue import Found
from studio.core.messages import Ready
from studio.core.wording import many, size_text
from studio.ui import actions
from studio.ui.background import Background
from studio.ui.panel import Panel, PanelSpec, show_folder
from studio.ui.preferences import HOW
from studio.ui.shared import Shared
from studio.ui.widgets.buttons import small_button, text_button, tool
from studio.ui.widgets.choice_box import ChoiceBox
from studio.ui.widgets.flow import Flow
from studio.ui.widgets.form import caption, clear, column, line_edit, named, row
from studio.ui.widgets.progress import Progress
from studio.ui.workspaces.models.details import Details
from studio.ui.workspaces.models.keys import MODELS
from studio.ui.workspaces.models.parts import PartsView
from studio.ui.workspaces.models.table import ModelTable

SEARCH = "Words of a name, a family, a path or a hash, in any order (/)"
PATIENCE = 300  # milliseconds between two looks at what a scan finds
NONE_WATCHED = "No folder is watched yet. Add one, or one of those that were found."


class ModelsPanel(Panel):
    """The workspace that lists models and loads them."""

    search: QLineEdit
    parts: PartsView
    _progressed = Signal(str, object, object, object)  # what is done, done, to do, what came

    def __init__(self, shared: Shared, parent: QWidget | None = None) -> None:
        super().__init__(shared, parent, "models")
        self._models: dict[Path, Found] = {}
        self._seen: set[Path] = set()  # by the scan
        self._refusals: dict[Path, str | None] = {}  # None: it is being asked
        self._needs: dict[Path, str] = {}  # what each takes of memory
        self._stop, self._scanned, self._running = Event(), False, 0
        self._shown: Found | None = None
        self._settle = QTimer(self, interval=PATIENCE, singleShot=True)
        self._settle.timeout.connect(self._refresh)
        self._work = Background(self, done=self._done, failed=self._failed)
        self._looks = Background(self, done=self._looked)
        self.search = line_edit("modelsSearch", "Search", SEARCH, "Search models")
        self.search.setClearButtonEnabled(True)
        for inner in self.search.findChildren(QToolButton):
            named(inner, "modelsSearchClear", "Clear the search", "Clear the search")
        self.kind = _filter("modelsKind", "Kind", "Only models of this kind")
        self.family = _filter("modelsFamily", "Family", "Only models of this family")
        self.folder = _filter("modelsFolder", "Folder", "Only models in this folder")
        self.table, self.count = ModelTable(), caption("", "muted", "modelsCount")
        self.progress = Progress("modelsProgress", "Progress of scanning or hashing")
        text = "Stop scanning or hashing (Esc)"
        self.stop = text_button("modelsStop", "Cancel", text, text, "small", self.cancel)
        self.details = Details(self.jobs, self)
        self.actions_by_id = actions.install(MODELS, self, self.table)
        by = self.actions_by_id
        self.parts = PartsView(by["models_point"], by["models_reset"])
        self.lay_out(self.details, self._right())
        self.setFocusProxy(self.table)
        self._connect()
        self._show_running()
        self._select(None)
        self._refresh()

    def _right(self) -> QWidget:
        right, self._found_places = QWidget(), QWidget()
        self._flow = Flow(self._found_places)
        by = self.actions_by_id
        add, remove = (
            small_button(f"button-{name}", by[name].text(), by[name].toolTip(), by[name].trigger)
            for name in ("models_add", "models_remove")
        )
        by["models_remove"].enabledChanged.connect(remove.setEnabled)
        remove.setEnabled(False)
        filters = row((self.search, 3), (self.kind, 1), (self.family, 1), tool(by["models_scan"]))
        folders = row((self.folder, 1), add, remove)
        below = row((self.count, 1), (self.progress, 1), self.stop)
        lists = (self.banner, (self.table, 1), self.parts, below)
        column(
            filters, folders, self._found_places, *lists, gap=8, margins=(16, 12, 16, 8), on=right
        )
        return right

    def _connect(self) -> None:
        by = self.actions_by_id
        self.details.add_buttons(by["models_show"], by["models_hash"])
        self.details.foot.go.clicked.connect(by["models_load"].trigger)
        self.details.foot.cancel.clicked.connect(self.jobs.cancel)
        self.details.answered.connect(self._answer)
        self.details.packed.connect(self._packed)
        for name in HOW:
            control = getattr(self.details, name)
            control.set_value(self.preferences.get(name))
            control.edited.connect(partial(self.preferences.set, name))
        self.parts.pointed.connect(self._pointed)
        self.table.chosen.connect(self._select)
        self.table.doubleClicked.connect(self.run)
        self._progressed.connect(self._show_progress)
        self.jobs.on(Ready, self._loaded)
        for changed in (self.search.textChanged, *(box.edited for box in self._boxes)):
            changed.connect(self._show)

    @property
    def _boxes(self) -> tuple[ChoiceBox, ...]:
        return self.kind, self.family, self.folder

    @property
    def folders(self) -> list[str]:
        return list(self.preferences.get("folders"))

    def showEvent(self, event: QShowEvent) -> None:
        """Looks through the folders, the first time; and for those of other programs."""
        super().showEvent(event)
        if not self._scanned:
            self.scan()

    def scan(self) -> None:
        """What it does not see again is gone when it ends."""
        self._scanned = True
        self._seen.clear()
        self._refusals.clear()
        self._needs.clear()
        self._looks.start("places", catalogue.places)
        if self.folders:
            hear = partial(self._progressed.emit, "Scanning")
            self._begin("scan", catalogue.scan, tuple(map(Path, self.folders)), self._stop, hear)
        else:
            self._forget_unseen()

    def run(self) -> None:
        """Loads the selected model, if it can be; one that is loaded, anew."""
        if (found := self.table.found()) and self._refusals.get(found.path) == "":
            chosen = self._chosen(found.path)
            self.model_wanted.emit(catalogue.joined(str(found.path), chosen.items()))

    def hash(self) -> None:
        if (found := self.table.found()) is not None:
            self._digest(found.path)

    def show_in_folder(self) -> None:
        if (found := self.table.found()) is not None:
            show_folder(found.path.parent)

    def add_folder(self) -> None:
        title = "A folder of models"
        if chosen := QFileDialog.getExistingDirectory(self, title, str(Path.home())):
            self.watch(chosen)

    def watch(self, folder: str) -> None:
        self.preferences.set("folders", list(dict.fromkeys([*self.folders, folder])))
        self.scan()

    def remove_folder(self) -> None:
        """Only from the list: nothing is ever deleted."""
        kept = [each for each in self.folders if each != self.folder.value()]
        self.preferences.set("folders", kept)
        self.cancel()
        self.scan()

    def cancel(self) -> None:
        """Ends what is read beside the engine's work."""
        self._stop.set()
        self._stop = Event()

    def escape(self) -> None:
        if self.stop.isVisible():
            self.cancel()
        else:
            super().escape()

    def closing(self) -> None:
        self._stop.set()

    def _begin(self, what: str, function: Any, *arguments: object) -> None:
        self._running += 1
        self._show_running()
        self._work.start(what, function, *arguments)

    def _show_running(self) -> None:
        self.stop.setVisible(self._running > 0)
        self.progress.setVisible(self._running > 0)
        self.progress.show_share(None)

    def _digest(self, path: Path, choice: tuple[str, str] | None = None) -> None:
        hear = partial(self._hashed, path.name)
        self._begin("digest", catalogue.digested, path, self._stop, hear, choice)

    def _hashed(self, name: str, done: int, total: int) -> None:
        """In the thread that reads."""
        self._progressed.emit(f"Hashing {name}", done, total, None)

    @Slot(str, str)
    def _answer(self, topic: str, value: str) -> None:
        if (found := self.table.found()) is not None:
            self._digest(found.path, (topic, value))
            self._offer_again(found)

    def _offer_again(self, found: Found) -> None:
        if found.path == catalogue.place_of(self.session.model.get()):
            self.note("Load it again to use it that way.", ("Load again", self.run))

    @Slot(str, str)
    def _packed(self, weights: str, kind: str) -> None:
        self._pointed(weights, kind)
        if (found := self.table.found()) is not None:
            self._offer_again(found)

    def _chosen(self, path: Path) -> dict[str, str]:
        """The parts that were pointed to, which the model's name then says."""
        kept = self.preferences.get("parts").get(str(path))
        return kept if isinstance(kept, dict) else {}

    @Slot(str, str)
    def _pointed(self, choice: str, place: str) -> None:
        """Remembered by the model's path; "" forgets it."""
        if (found := self.table.found()) is not None:
            kept = self._chosen(found.path) | {choice: place}
            kept = {name: value for name, value in kept.items() if value}
            every = self.preferences.get("parts") | {str(found.path): kept}
            self.preferences.set("parts", {path: each for path, each in every.items() if each})
            self._look_for_parts(found)
            self._needs.pop(found.path, None)
            self._refusals.pop(found.path, None)
            self._select(found)

    def _look_for_parts(self, found: Found) -> None:
        self._looks.start(found, catalogue.inventory, found.path, self._chosen(found.path))

    @Slot(object)
    def _loaded(self, model: Ready) -> None:
        """Its pictures shall say by its hash what made them. What is free is another matter now."""
        self._needs.clear()
        self._select(self.table.found())
        if os.path.isabs(model.model):
            self._digest(catalogue.place_of(model.model))

    @Slot(str, object, object, object)
    def _show_progress(self, what: str, done: int, total: int, came: Any) -> None:
        self.progress.show_share(done / total if total else None)
        if came is None:
            self.count.setText(f"{what}: {size_text(done)} of {size_text(total)}")
            return
        watched = tuple(self.folders)  # one may have been left since
        self._models |= {each.path: each for each in came if str(each.path).startswith(watched)}
        self._seen |= {each.path for each in came}
        self.count.setText(f"{what}: {done:,} of {total:,}")
        if not self._settle.isActive():  # thousands come in a second
            self._settle.start()

    @Slot(object, object)
    def _done(self, what: str, result: Any) -> None:
        self._running -= 1
        self._show_running()
        if isinstance(result, Found) and result.path in self._models:
            preview = self._models[result.path].preview
            self._models[result.path] = replace(result, preview=preview)
        if what == "scan" and result:
            self._forget_unseen()
        self._refresh()

    def _forget_unseen(self) -> None:
        self._models = {path: each for path, each in self._models.items() if path in self._seen}
        self._refresh()

    @Slot(object, str)
    def _failed(self, what: str, sentence: str) -> None:
        """A scan comes to its end, whichever folder is gone."""
        self._done(what, what == "scan")
        self.error(sentence)

    @Slot(object, object)
    def _looked(self, key: object, result: Any) -> None:
        if isinstance(key, Path):
            self._refusals[key], self._needs[key], device = result
            if device:
                self.details.know_device(device)
            self._select(self.table.found())
            return
        if isinstance(key, Found):
            if key == self.table.found():
                self.parts.show_parts(result)
            return
        clear(self._flow)
        for whose, path in result:
            if str(path) not in self.folders:
                text, tip = f"Watch {whose}'s", f"Add {path}, which was found here"
                name = f"modelsWatch-{whose}"
                self._flow.addWidget(small_button(name, text, tip, partial(self.watch, str(path))))
        self._found_places.setVisible(self._flow.count() > 0)

    @Slot(object)
    def _select(self, found: Found | None) -> None:
        if found is not None and found.path not in self._needs:
            self._refusals.setdefault(found.path, None)
            self._needs[found.path] = ""
            told = found.path, self._chosen(found.path), self.jobs.weigh
            self._looks.start(found.path, catalogue.opening, *told)
        if found != self._shown:
            self._shown = found
            self.parts.show_parts(())
            if found is not None:
                self._look_for_parts(found)
        picture = self.table.rows.picture(found) if found else None
        refusal = self._refusals.get(found.path) if found else ""
        needs = self._needs[found.path] if found else ""
        weights = self._chosen(found.path).get(catalogue.WEIGHTS, "") if found else ""
        self.details.show_model(found, picture, refusal, needs, weights)
        for each in ("models_show", "models_hash"):
            self.actions_by_id[each].setEnabled(found is not None)
        self.actions_by_id["models_load"].setEnabled(refusal == "" and found is not None)

    @Slot()
    def _refresh(self) -> None:
        """The filters offer what there is."""
        answers = [each.answer for each in self._models.values()]
        for box, values in ((self.kind, "kind"), (self.family, "family")):
            counted = Counter(getattr(each, values) for each in answers).most_common()
            every = ("", box.accessibleName(), "")
            box.offer([every, *((v, f"{v} ({n:,})", "") for v, n in counted)])
        self.folder.offer([("", "All folders", ""), *((f, f, f) for f in self.folders)])
        self._show()

    @Slot()
    def _show(self, *_: object) -> None:
        words = self.search.text().casefold().split()
        kind, family, folder = (box.value() for box in self._boxes)
        shown = [
            each for each in self._models.values()
            if (not kind or each.answer.kind == kind)
            and (not family or each.answer.family == family)
            and (not folder or each.path.is_relative_to(folder))
            and all(word in _text(each) for word in words)
        ]  # fmt: skip
        self.table.show_models(shown)
        self.actions_by_id["models_remove"].setEnabled(bool(folder))
        whole = many(len(self._models), "model")
        if not self._running:
            told = whole if len(shown) == len(self._models) else f"{len(shown):,} of {whole}"
            self.count.setText(told if self.folders else NONE_WATCHED)


def _text(found: Found) -> str:
    a = found.answer
    told = found.path, found.name, a.kind, a.family, a.variant, a.precision, found.digest
    return " ".join(map(str, told)).casefold()


def _filter(name: str, label: str, tip: str) -> ChoiceBox:
    box = ChoiceBox(name, label, tip, [("", label, "")])
    box.setMinimumWidth(96)
    return box


PANEL = PanelSpec(ModelsPanel, MODELS)
