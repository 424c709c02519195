"""The settings behind "More": the schedule, the guidance rule, options, the classifier."""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import QCompleter, QLineEdit

from studio.core import messages
from studio.core.settings import MAX_CLASSIFIER, SHIFTS
from studio.core.specs import GuidanceSpec
from studio.ui.jobs import Jobs
from studio.ui.session import Session, bind
from studio.ui.widgets.choice_box import ChoiceBox
from studio.ui.widgets.fold import Fold
from studio.ui.widgets.options_box import OptionsBox
from studio.ui.widgets.slider_spin import SliderSpin


class FineTuning(Fold):
    """Folded away until asked for; says so when something in it is not at its default."""

    def __init__(self, session: Session, jobs: Jobs) -> None:
        super().__init__(
            "more",
            "More settings",
            "Schedule, guidance rule, classifier and the sampler's own options (Alt+O)",
        )
        self._session = session
        self._make_controls()
        self._fill()
        self._bind()
        jobs.on(messages.Ready, self._model_ready)
        if jobs.model is not None:
            self._model_ready(jobs.model)
        self._say()

    def _make_controls(self) -> None:
        session = self._session
        self.options = OptionsBox("samplerOptions")
        schedules = [("", "The sampler's own", "Where this sampler's steps lie by default")]
        schedules += [(s.name, s.label, s.summary) for s in session.schedules.values()]
        self.schedule = ChoiceBox("schedule", "Schedule", "Where the steps lie", schedules)
        self.shift = SliderSpin(
            "Shift",
            "Above 1 more of the steps lie near the noise, below 1 near the picture.",
            *SHIFTS,
            5,
            decimals=2,
            step=0.1,
        )
        rules = [
            (s.name, s.label, f"{s.summary}\nSource: {s.source}") for s in _text_rules(session)
        ]
        self.rule = ChoiceBox("rule", "Guidance rule", "How guidance is applied", rules)
        self.rule_options = OptionsBox("ruleOptions")
        self.classifier = QLineEdit()
        self.classifier.setObjectName("classifier")
        self.classifier.setAccessibleName("Classifier guidance: class")
        self.classifier.setPlaceholderText("None: type a thing it knows")
        self.classifier.setToolTip(
            "A network that recognises things through noise pulls the picture to this class. "
            "Works without a prompt too (guidance 0)."
        )
        self.pull = SliderSpin(
            "Pull", "How strongly the classifier pulls.", 0, MAX_CLASSIFIER, 10, 1, 0.5
        )

    def _fill(self) -> None:
        self.rows.addWidget(self.options)
        for text, control in (
            ("Schedule", self.schedule), ("Shift", self.shift), ("Guidance rule", self.rule),
        ):  # fmt: skip
            self.rows.addSpacing(8)
            self.add(text, control)
        self.rows.addWidget(self.rule_options)
        self.rows.addSpacing(8)
        self._class_label = self.add("Classifier", self.classifier)
        self.rows.addSpacing(8)
        self._pull_label = self.add("Classifier's pull", self.pull)

    def _bind(self) -> None:
        session = self._session
        self._show_options(session.sampler.get())
        self._show_rule(session.rule.get())
        session.sampler.changed.connect(self._show_options)
        session.rule.changed.connect(self._show_rule)
        bind(session.options, self.options)
        bind(session.schedule, self.schedule)
        bind(session.shift, self.shift)
        bind(session.rule, self.rule)
        bind(session.rule_options, self.rule_options)
        bind(session.classifier_scale, self.pull)
        self.classifier.setText(session.classifier.get())
        session.classifier.changed.connect(self.classifier.setText)
        self.classifier.editingFinished.connect(self._class_typed)
        for value in (session.options, session.schedule, session.shift, session.rule):
            value.changed.connect(self._say)
        for value in (session.rule_options, session.classifier):
            value.changed.connect(self._say)

    @Slot(object)
    def _show_options(self, sampler: str) -> None:
        self.options.show_parameters(self._session.samplers[sampler].parameters)

    @Slot(object)
    def _show_rule(self, rule: str) -> None:
        known = self._session.rules.get(rule)
        self.rule_options.show_parameters(known.parameters if known else ())

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
        for widget in (self.classifier, self._class_label, self.pull, self._pull_label):
            widget.setVisible(bool(model.classes))

    @Slot()
    def _say(self, _: object = None) -> None:
        changed = sum(self._changed())
        self.tell(f"{changed} changed" if changed else "")

    def _changed(self) -> tuple[bool, ...]:
        session = self._session
        return (
            session.options.get() != (),
            session.schedule.get() != "",
            session.shift.get() != 1.0,
            session.rule.get() != "cfg" or session.rule_options.get() != (),
            session.classifier.get() != "",
        )


def _text_rules(session: Session) -> list[GuidanceSpec]:
    """Classifier guidance is not a rule of its own here: it goes with any of them."""
    return [spec for spec in session.rules.values() if spec.needs != "classifier"]
