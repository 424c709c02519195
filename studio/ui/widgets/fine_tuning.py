"""The settings behind "More": the schedule, the guidance rule and its interval, options, the
classifier."""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import QCompleter

from studio.core import messages
from studio.core.settings import (
    CLIP_SKIP,
    MAX_CACHE,
    MAX_CLASSIFIER,
    MAX_CLIP_SKIP,
    NO_CACHE,
    SHIFTS,
)
from studio.core.specs import GuidanceSpec
from studio.ui.jobs import Jobs
from studio.ui.session import FULL_INTERVAL, Session, bind
from studio.ui.widgets.choice_box import ChoiceBox
from studio.ui.widgets.fold import APART, Fold
from studio.ui.widgets.form import line_edit
from studio.ui.widgets.guided import allow, follow_guidance
from studio.ui.widgets.interval_box import IntervalBox
from studio.ui.widgets.options_box import OptionsBox
from studio.ui.widgets.slider_spin import SliderSpin

ALSO = "Generate's “More settings” apply here too; change them there."
SHIFT = "Above 1, more steps near the noise; below 1, more steps near the picture."
INTERVAL = "Guidance acts only from here to there on the way from noise (1) to picture (0)."
CLASSES = (
    "A network that recognises things in noisy pictures guides towards this class. It also works"
    " without a prompt (guidance 0)."
)
NO_CLASS = "None; type something it recognises"
PULLS = "How strongly the classifier guides."
SKIP = (
    "How far from the end of CLIP a prompt is read: 1 the last layer, 2 the one before, as many"
    " anime models want. SDXL reads the last but one by itself: 1 and 2 are the same to it."
)
CACHES = (
    "Quicker, but changes the picture: blocks of the denoiser are left out while the first of them"
    " changes by less than this share from step to step. 0: never; 0.1: some. No words are mapped"
    " with it."
)
CLIP = "Clip skip"  # a row
CLASS, PULL = "Classifier", "Classifier guidance scale"  # rows


class FineTuning(Fold):
    """Folded away until asked for; says so when something in it is not at its default."""

    def __init__(self, session: Session, jobs: Jobs) -> None:
        super().__init__(
            "more",
            "More settings",
            "Schedule, guidance rule, classifier and the sampler's own options (Alt+O)",
        )
        self._session = session
        self.options, self.rule_options = OptionsBox("samplerOptions"), OptionsBox("ruleOptions")
        self.rows.addWidget(self.options)
        self.rows.addSpacing(APART)
        self._add_rows(session)
        self._follow(session)
        jobs.on(messages.Ready, self._model_ready)
        if jobs.model is not None:
            self._model_ready(jobs.model)
        self._show_status()

    def _add_rows(self, session: Session) -> None:
        add = self.form.add
        schedules = [("", "Sampler's default", "This sampler's default schedule")]
        schedules += [(s.name, s.label, s.summary) for s in session.schedules.values()]
        box = ChoiceBox("schedule", "Schedule", "How the steps are spaced", schedules)
        self.schedule = add("Schedule", box, session.schedule)
        shift = SliderSpin("shift", "Shift", SHIFT, *SHIFTS, 5, decimals=2, step=0.1)
        self.shift = add("Shift", shift, session.shift)
        skip = SliderSpin("clipSkip", "Clip skip", SKIP, 1, MAX_CLIP_SKIP, 4)
        self.clip_skip = add(CLIP, skip, session.clip_skip)
        cache = SliderSpin("cache", "Block cache", CACHES, 0, MAX_CACHE, 0.3, 2, 0.01)
        self.cache = add("Block cache", cache, session.cache)
        rules = [
            (s.name, s.label, f"{s.summary}\nSource: {s.source}") for s in _text_rules(session)
        ]
        box = ChoiceBox("rule", "Guidance rule", "How guidance is applied", rules)
        self.rule = add("Guidance rule", box, session.rule)
        self.rows.addWidget(self.rule_options)
        interval = IntervalBox("guidanceInterval", "Guidance interval", INTERVAL)
        self.interval = add("Guidance interval", interval, session.interval)
        follow_guidance(session, None, (self.rule, self.rule_options, self.interval))
        line = line_edit("classifier", "Classifier guidance: class", CLASSES, NO_CLASS)
        self.classifier = add(CLASS, line)
        pull = SliderSpin("pull", "Pull", PULLS, 0, MAX_CLASSIFIER, 10, 1, 0.5)
        add(PULL, pull, session.classifier_scale)

    def _follow(self, session: Session) -> None:
        """The options are those of the sampler and of the rule, whichever are chosen."""
        self._show_options(session.sampler.get())
        self._show_rule(session.rule.get())
        session.sampler.changed.connect(self._show_options)
        session.rule.changed.connect(self._show_rule)
        session.caches.changed.connect(self._allow_cache)
        self._allow_cache(session.caches.get())
        bind(session.options, self.options)
        bind(session.rule_options, self.rule_options)
        self.classifier.setText(session.classifier.get())
        session.classifier.changed.connect(self.classifier.setText)
        self.classifier.editingFinished.connect(self._class_typed)
        for value in (*session.further, session.skips, session.caches):
            value.changed.connect(self._show_status)

    @Slot(object)
    def _show_options(self, sampler: str) -> None:
        self.options.show_parameters(self._session.samplers[sampler].parameters)

    @Slot(object)
    def _show_rule(self, rule: str) -> None:
        known = self._session.rules.get(rule)
        self.rule_options.show_parameters(known.parameters if known else ())

    @Slot(object)
    def _allow_cache(self, known: bool) -> None:
        allow(self.cache, "" if known else f"{NO_CACHE}.")

    @Slot()
    def _class_typed(self) -> None:
        self._session.classifier.set(self.classifier.text().strip())

    @Slot(object)
    def _model_ready(self, model: messages.Ready) -> None:
        """Offers what the model has: its classes, and the rules that need more than prompts."""
        completer = QCompleter(list(model.classes), self.classifier)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self.classifier.setCompleter(completer)
        for row, spec in enumerate(_text_rules(self._session)):
            item = cast(QStandardItemModel, self.rule.model()).item(row)
            item.setEnabled(not spec.needs or spec.needs in model.needs)
        self.form.reveal(CLIP, CLIP_SKIP in model.needs)
        for text in (CLASS, PULL):
            self.form.reveal(text, bool(model.classes))

    @Slot()
    def _show_status(self, _: object = None) -> None:
        session = self._session
        changed = (
            session.options.get() != (),
            session.schedule.get() != "",
            session.shift.get() != 1.0,
            session.rule.get() != "cfg" or session.rule_options.get() != (),
            session.interval.get() != FULL_INTERVAL,
            session.classifier.get() != "",
            session.skips.get() and session.clip_skip.get() != 1,
            session.caches.get() and session.cache.get() > 0,
        )
        self.set_text(f"{sum(changed)} changed" if any(changed) else "")


def _text_rules(session: Session) -> list[GuidanceSpec]:
    """Classifier guidance is not a rule of its own here: it goes with any of them."""
    return [spec for spec in session.rules.values() if spec.needs != "classifier"]
