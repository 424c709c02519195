"""What to look for: the search line and the filters under it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from PySide6.QtCore import QDate, QSignalBlocker, Signal, Slot
from PySide6.QtWidgets import QDateEdit, QLabel, QToolButton, QWidget

from studio.core.wording import many
from studio.gallery.history.index import Counts, Facets
from studio.gallery.history.query import Query
from studio.ui.widgets.buttons import icon_button
from studio.ui.widgets.choice_box import ChoiceBox
from studio.ui.widgets.form import caption, column, line_edit, named, row

SEED = re.compile(r"\bseed[:= ]\s*(\d+)", re.IGNORECASE)
ORDERS = (
    ("newest", "Newest first", "The most recent picture comes first"),
    ("oldest", "Oldest first", "In the order they were made"),
    ("rating", "Best first", "By stars, then the newest first"),
)
DAYS = {"today": 1, "week": 7, "month": 30, "year": 365}
TIMES = (
    ("", "Any time", ""),
    ("today", "Today", ""),
    ("week", "Last 7 days", ""),
    ("month", "Last 30 days", ""),
    ("year", "Last year", ""),
    ("between", "Between…", "Choose the first and the last day"),
)
RATINGS = (
    (0, "Rating", ""),
    *((stars, "★" * stars, f"At least {stars} of 5 stars") for stars in range(1, 6)),
)

FAVOURITES = "Only favourites"
SEARCH = "Words of prompt, negative prompt or tags, in any order; seed:42 finds a seed (/)"
LEFT_OUT = (
    "PNG files that hold no settings of Latent Studio, or are damaged. Drop such a picture here to"
    " see whether another studio left settings in it, or on Generate to start from it."
)


class Filters(QWidget):
    """Two lines of controls, and a third for days. `changed` gives the Query they make; `samplers`
    are their labels by name."""

    changed = Signal(object)

    def __init__(self, samplers: Mapping[str, str]) -> None:
        super().__init__()
        self._labels = samplers
        self._known: dict[ChoiceBox, Counts] = {}
        self.setObjectName("historyFilters")
        self.search = line_edit("historySearch", "Search", SEARCH, "Search prompts and tags")
        self.search.setClearButtonEnabled(True)
        for inner in self.search.findChildren(QToolButton):
            named(inner, "historySearchClear", "Clear the search", "Clear the search")
        self.order = ChoiceBox("historyOrder", "Order", "Which pictures come first", ORDERS)
        self.order.setMinimumContentsLength(11)
        self.count = caption("", "muted", "historyCount")
        self.sampler = _facet("historySampler", "Sampler", "Only pictures of this sampler")
        self.model = _facet("historyModel", "Model", "Only pictures of this model")
        self.tag = _facet("historyTag", "Tag", "Only pictures with this tag")
        self.rating = ChoiceBox("historyRating", "Rating", "Minimum rating", RATINGS)
        self.when = ChoiceBox("historyTime", "When", "When the pictures were made", TIMES)
        self.favourites = icon_button("historyFavourites", "heart", FAVOURITES, checkable=True)
        self.trash = icon_button("historyTrash", "bin", "Show the trash", checkable=True)
        self.clear = icon_button("historyClear", "close", "Clear all filters")
        today = QDate.currentDate()
        self.first, self.last = _day_edit("First", today.addDays(-7)), _day_edit("Last", today)
        self._narrow = self.sampler, self.model, self.tag, self.rating, self.when
        self._tools = row((self.search, 1), self.order)
        buttons = self.favourites, self.trash, self.clear
        below = row(*((box, 1) for box in self._narrow), *buttons)
        self._days = QWidget()
        row(QLabel("From"), self.first, QLabel("to"), self.last, None, on=self._days)
        self._days.hide()
        column(self._tools, below, self._days, on=self)
        for box in self._narrow:
            box.setMinimumWidth(72)
        for changed in (
            self.search.textChanged, self.search.returnPressed, self.order.edited,
            *(box.edited for box in self._narrow), self.favourites.toggled, self.trash.toggled,
            self.first.dateChanged, self.last.dateChanged,
        ):  # fmt: skip
            changed.connect(self._show_state)
        self.clear.clicked.connect(self.show_all)
        self.clear.setEnabled(False)

    def add_tool(self, button: QToolButton) -> None:
        """A button beside the search line."""
        self._tools.addWidget(button)

    def query(self) -> Query:
        """What the controls say."""
        seed = SEED.search(self.search.text())
        since, until = self._span()
        return Query(
            text=SEED.sub(" ", self.search.text()).strip(),
            sampler=self.sampler.value() or "",
            model=self.model.value() or "",
            tag=self.tag.value() or "",
            seed=int(seed[1]) if seed else None,
            since=since,
            until=until,
            least_rating=self.rating.value(),
            favourite=True if self.favourites.isChecked() else None,
            order=self.order.value(),
            trashed=self.trash.isChecked(),
        )

    def is_narrow(self) -> bool:
        """Whether anything but the order is asked for."""
        query = self.query()
        return query != Query(order=query.order)

    @Slot()
    def show_all(self) -> None:
        """Takes every filter back."""
        with QSignalBlocker(self):
            self.search.clear()
            for box in self._narrow:
                box.setCurrentIndex(0)
            self.favourites.setChecked(False)
            self.trash.setChecked(False)
        self._show_state()

    def offer(self, facets: Facets) -> None:
        """Fills the lists with what there is, keeping what is chosen."""
        given = (
            (self.sampler, facets.samplers),
            (self.model, facets.models),
            (self.tag, facets.tags),
        )
        for box, counts in given:
            if self._known.get(box) == counts:
                continue
            self._known[box] = counts
            found = (
                (name, self._labels.get(name, name) or "(none)", many(count, "picture"))
                for name, count in _with(box.value(), counts)
            )
            box.offer((("", box.accessibleName(), ""), *found))

    def show_count(self, found: int, skipped: int = 0) -> None:
        """`skipped` are files in the folder that are not shown."""
        where = " in the trash" if self.trash.isChecked() else ""
        out = f" · {many(skipped, 'file')} in the folder skipped" if skipped and not where else ""
        self.count.setText(f"{many(found, 'picture')}{where}{out}")
        self.count.setToolTip(LEFT_OUT if out else "")

    def show_place(self, row: int, found: int) -> None:
        """Where a large picture is among those that were found."""
        self.count.setText(f"{row + 1:,} of {found:,} · Esc goes back to the grid")
        self.count.setToolTip("")

    def nothing(self) -> str:
        """What to say where no picture is."""
        if not self.is_narrow():
            return "There are no pictures yet; make one in Generate (Ctrl+1)."
        if self.query() == Query(trashed=True, order=self.query().order):
            return "The trash is empty."
        return "No picture matches. The cross beside the filters clears them."

    def _span(self) -> tuple[int | None, int | None]:
        """The chosen days in ms since 1970, as Query wants them."""
        chosen = self.when.value()
        if chosen == "between":
            first, last = self.first.date(), self.last.date()
            return _ms(min(first, last)), _ms(max(first, last).addDays(1))
        if chosen:
            return _ms(QDate.currentDate().addDays(1 - DAYS[chosen])), None
        return None, None

    @Slot()
    def _show_state(self, _: object = None) -> None:
        self._days.setVisible(self.when.value() == "between")
        self.clear.setEnabled(self.is_narrow())
        self.changed.emit(self.query())


def _facet(name: str, label: str, tip: str) -> ChoiceBox:
    return ChoiceBox(name, label, tip, (("", label, ""),))


def _day_edit(which: str, day: QDate) -> QDateEdit:
    tip = f"The {which.lower()} day whose pictures are shown"
    box = named(QDateEdit(day), f"history{which}Day", f"{which} day", tip)
    box.setDisplayFormat("yyyy-MM-dd")
    box.setCalendarPopup(True)
    return box


def _with(chosen: Any, counts: Counts) -> Iterable[tuple[str, int]]:
    """`counts`, and what is chosen even when there is none of it any more."""
    return counts if not chosen or chosen in dict(counts) else (*counts, (chosen, 0))


def _ms(day: QDate) -> int:
    """Where a local day begins."""
    return day.startOfDay().toMSecsSinceEpoch()
