"""The column's "Variation": how far the noise goes towards that of another seed."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QLabel

from studio.core.settings import MAX_SEED, Settings
from studio.ui.session import Session, bind
from studio.ui.widgets.fold import Fold
from studio.ui.widgets.seed_box import SeedBox
from studio.ui.widgets.slider_spin import SliderSpin

NEAR = 0.15  # of the way to other noise: a sibling of the picture, not a stranger
SIBLINGS = 4


def varied(settings: Settings, other: int) -> Settings:
    """Near the picture of `settings`: its noise, NEAR of the way to that of the seed `other`."""
    other = min(other, MAX_SEED - SIBLINGS)
    return replace(settings, variation=NEAR, variation_seed=other)


class VariationSection(Fold):
    """Both values are the session's."""

    def __init__(self, session: Session) -> None:
        super().__init__(
            "variationFold",
            "Variation",
            "Stay near the picture of a seed: its noise, mixed with another seed's (Alt+R)",
        )
        self._session = session
        self.share = SliderSpin(
            "Variation",
            "How far the noise goes to that of the other seed: 0 stays, 0.15 is a sibling, 1 is"
            " the other seed's picture.",
            0,
            1,
            1,
            decimals=2,
            step=0.05,
        )
        self.seed = SeedBox(
            "variationSeed", "Variation seed", "The other noise: 0 to 2^63 - 1. Typing keeps it."
        )
        self.hint = QLabel("The seed above is random too: lock it first.")
        self.hint.setObjectName("variationHint")
        self.hint.setProperty("role", "muted")
        self.hint.setWordWrap(True)
        self.add("Distance", self.share)
        self.rows.addSpacing(8)
        self.add("Towards the noise of seed", self.seed)
        self.rows.addWidget(self.hint)
        self._bind()
        self._tell()

    def _bind(self) -> None:
        session = self._session
        bind(session.variation, self.share)
        bind(session.variation_seed, self.seed)
        self.seed.set_locked(session.variation_locked.get())
        session.variation_locked.changed.connect(self.seed.set_locked)
        self.seed.locked.connect(session.variation_locked.set)
        session.last_variation.changed.connect(self.seed.set_last)
        self.seed.again.connect(session.reuse_last_variation)
        session.variation.changed.connect(self._tell)
        session.seed_locked.changed.connect(self._tell)

    @Slot()
    def _tell(self, _: object = None) -> None:
        share = self._session.variation.get()
        self.tell(f"{share:g}" if share else "")
        self.hint.setVisible(bool(share) and not self._session.seed_locked.get())
