"""What to look for: the search line and the filters under it. Must not import torch."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from PySide6.QtCore import QDate, QSize, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QDateEdit,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.gallery.history.index import Counts, Facets
from studio.gallery.history.query import Query
from studio.ui import icons
from studio.ui.widgets.choice_box import ChoiceBox

SEED = re.compile(r"\bseed[:= ]\s*(\d+)", re.IGNORECASE)
ORDERS = (
    ("newest", "Newest first", "The picture made last comes first"),
    ("oldest", "Oldest first", "In the order of their making"),
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
        self.setObjectName("historyFilters")
        self.search = QLineEdit()
        self.order = ChoiceBox("historyOrder", "Order", "Which pictures come first", ORDERS)
        self.count = QLabel()
        self.sampler = _facet("historySampler", "Sampler", "Only pictures of this sampler")
        self.model = _facet("historyModel", "Model", "Only pictures of this model")
        self.tag = _facet("historyTag", "Tag", "Only pictures with this tag")
        self.rating = ChoiceBox("historyRating", "Rating", "At least so many stars", RATINGS)
        self.when = ChoiceBox("historyTime", "When", "When the pictures were made", TIMES)
        self.favourites, self.trash, self.clear = QToolButton(), QToolButton(), QToolButton()
        self.first, self.last = QDateEdit(), QDateEdit()
        self._days = QWidget()
        self._known: dict[ChoiceBox, Counts] = {}
        self._dress()
        self._lay_out()
        self._connect()

    def _dress(self) -> None:
        self.search.setObjectName("historySearch")
        self.search.setAccessibleName("Search")
        self.search.setToolTip(
            "Words of prompt, negative prompt or tags, in any order; seed:42 finds a seed (/)"
        )
        self.search.setPlaceholderText("Search prompts and tags")
        self.search.setClearButtonEnabled(True)
        for inner in self.search.findChildren(QToolButton):
            inner.setObjectName("historySearchClear")
            inner.setAccessibleName("Empty the search line")
            inner.setToolTip("Empty the search line")
        self.count.setObjectName("historyCount")
        self.count.setProperty("role", "muted")
        buttons = (
            (self.favourites, "historyFavourites", "heart", "Only favourites", True),
            (self.trash, "historyTrash", "bin", "Look into the trash", True),
            (self.clear, "historyClear", "close", "Show everything again", False),
        )
        for button, name, icon, tip, checkable in buttons:
            button.setObjectName(name)
            button.setAccessibleName(tip)
            button.setToolTip(tip)
            button.setCheckable(checkable)
            button.setIconSize(QSize(icons.SIZE, icons.SIZE))
            icons.dress(button, icon)
        today = QDate.currentDate()
        days = ((self.first, "First", today.addDays(-7)), (self.last, "Last", today))
        for box, which, day in days:
            box.setObjectName(f"history{which}Day")
            box.setAccessibleName(f"{which} day")
            box.setToolTip(f"The {which.lower()} day whose pictures are shown")
            box.setDate(day)
            box.setDisplayFormat("yyyy-MM-dd")
            box.setCalendarPopup(True)

    def _lay_out(self) -> None:
        above, below, days = QHBoxLayout(), QHBoxLayout(), QHBoxLayout(self._days)
        for row in (above, below, days):
            row.setContentsMargins(0, 0, 0, 0)
            row.setSpacing(6)
        above.addWidget(self.search, 1)
        above.addWidget(self.order)
        self.order.setMinimumContentsLength(11)
        self._tools = above
        for box in (self.sampler, self.model, self.tag, self.rating, self.when):
            box.setMinimumWidth(72)
            below.addWidget(box, 1)
        for button in (self.favourites, self.trash, self.clear):
            below.addWidget(button)
        for text, day in (("From", self.first), ("to", self.last)):
            days.addWidget(QLabel(text))
            days.addWidget(day)
        days.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(above)
        column.addLayout(below)
        column.addWidget(self._days)
        self._days.hide()

    def _connect(self) -> None:
        self.search.textChanged.connect(self._tell)
        self.search.returnPressed.connect(self._tell)
        for box in (self.order, self.sampler, self.model, self.tag, self.rating, self.when):
            box.edited.connect(self._tell)
        for button in (self.favourites, self.trash):
            button.toggled.connect(self._tell)
        for day in (self.first, self.last):
            day.dateChanged.connect(self._tell)
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
            sampler=self.sampler.currentData() or "",
            model=self.model.currentData() or "",
            tag=self.tag.currentData() or "",
            seed=int(seed[1]) if seed else None,
            since=since,
            until=until,
            least_rating=self.rating.currentData(),
            favourite=True if self.favourites.isChecked() else None,
            order=self.order.currentData(),
            trashed=self.trash.isChecked(),
        )

    def is_narrow(self) -> bool:
        """Whether anything but the order is asked for."""
        query = self.query()
        return query != Query(order=query.order)

    @Slot()
    def show_all(self) -> None:
        """Takes every filter back."""
        blocked = self.blockSignals(True)
        self.search.clear()
        for box in (self.sampler, self.model, self.tag, self.rating, self.when):
            box.setCurrentIndex(0)
        self.favourites.setChecked(False)
        self.trash.setChecked(False)
        self.blockSignals(blocked)
        self._tell()

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
            chosen = box.currentData()
            blocked = box.blockSignals(True)
            box.clear()
            box.addItem(box.accessibleName(), "")
            for name, count in _with(chosen, counts):
                box.addItem(self._labels.get(name, name) or "(none)", name)
                box.setItemData(box.count() - 1, _pictures(count), Qt.ItemDataRole.ToolTipRole)
            box.blockSignals(blocked)
            box.set_value(chosen)

    def tell_count(self, found: int, skipped: int = 0) -> None:
        """`skipped` are files in the folder that are not shown."""
        where = " in the trash" if self.trash.isChecked() else ""
        out = f" · {_files(skipped)} of the folder left out" if skipped and not where else ""
        self.count.setText(f"{_pictures(found)}{where}{out}")
        self.count.setToolTip(LEFT_OUT if out else "")

    def tell_place(self, row: int, found: int) -> None:
        """Where a large picture is among those that were found."""
        self.count.setText(f"{row + 1:,} of {found:,} · Esc goes back to all of them")
        self.count.setToolTip("")

    def nothing(self) -> str:
        """What to say where no picture is."""
        if not self.is_narrow():
            return "No picture was made yet; make one in Generate (Ctrl+1)."
        if self.query() == Query(trashed=True, order=self.query().order):
            return "The trash is empty."
        return "No picture is like that; the cross beside the filters shows all again."

    def _span(self) -> tuple[int | None, int | None]:
        """The chosen days in ms since 1970, as Query wants them."""
        chosen = self.when.currentData()
        if chosen == "between":
            first, last = (_day(box.date()) for box in (self.first, self.last))
            return _ms(min(first, last)), _ms(max(first, last) + timedelta(days=1))
        if chosen:
            return _ms(date.today() - timedelta(days=DAYS[chosen] - 1)), None
        return None, None

    @Slot()
    def _tell(self, _: object = None) -> None:
        self._days.setVisible(self.when.currentData() == "between")
        self.clear.setEnabled(self.is_narrow())
        self.changed.emit(self.query())


def _facet(name: str, label: str, tip: str) -> ChoiceBox:
    return ChoiceBox(name, label, tip, (("", label, ""),))


def _with(chosen: Any, counts: Counts) -> Iterable[tuple[str, int]]:
    """`counts`, and what is chosen even when there is none of it any more."""
    return counts if not chosen or chosen in dict(counts) else (*counts, (chosen, 0))


def _pictures(count: int) -> str:
    return "1 picture" if count == 1 else f"{count:,} pictures"


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count:,} files"


def _day(chosen: QDate) -> date:
    return date(chosen.year(), chosen.month(), chosen.day())


def _ms(day: date) -> int:
    """Where a local day begins."""
    return round(datetime.combine(day, time()).timestamp() * 1000)
