"""Controls that mean something only to models that are guided so."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtWidgets import QWidget

from studio.core.guided import NOT_AT_ALL, TWO_CALLS
from studio.ui.session import Session

NO_SECOND_CALL = (
    "This model is asked once a step, its guidance inside: there is nothing to avoid, no other rule"
    " and no part of the way. What stands here waits for a model that is asked twice."
)
NO_NUMBER = "This model was distilled with its guidance inside: no number changes what it draws."


def follow_guidance(
    session: Session, number: QWidget | None = None, second_call: Iterable[QWidget] = ()
) -> None:
    """Allows how strong guidance is, and what needs two calls a step, by the session's model."""
    others = tuple(second_call)

    def show(guided: str) -> None:
        if number is not None:
            allow(number, NO_NUMBER if guided == NOT_AT_ALL else "")
        for each in others:
            allow(each, NO_SECOND_CALL if guided != TWO_CALLS else "")

    session.guided.changed.connect(show)
    show(session.guided.get())


def allow(control: QWidget, why_not: str) -> None:
    """Enables a control, or disables it; its tooltip says why."""
    control.setEnabled(not why_not)
    for each in (control, *control.findChildren(QWidget)):
        if each.property("tip") is None:
            each.setProperty("tip", each.toolTip())
        each.setToolTip(why_not or each.property("tip"))
