"""The column's "Variation": how far the noise goes towards that of another seed."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Slot

from studio.core.settings import MAX_SEED, Settings
from studio.ui.session import Session
from studio.ui.widgets.fold import Fold
from studio.ui.widgets.form import caption
from studio.ui.widgets.seed_box import SeedBox
from studio.ui.widgets.slider_spin import SliderSpin

NEAR = 0.15  # of the way to other noise: a sibling of the picture, not a stranger
SIBLINGS = 4
SHARE = (
    "How far the noise moves towards the other seed's: 0 not at all, 0.15 gives a close variation,"
    " 1 is the other seed's picture."
)
HINT = "The seed above is random too; lock it first."
SEED = "The other noise: 0 to 2^63 - 1. Typing a seed locks it."


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
        share = SliderSpin("variation", "Variation", SHARE, 0, 1, 1, decimals=2, step=0.05)
        self.share = self.form.add("Distance", share, session.variation)
        seed = SeedBox("variationSeed", "Variation seed", SEED).follow(
            session.variation_seed,
            session.variation_locked,
            session.last_variation,
            session.reuse_last_variation,
        )
        self.seed = self.form.add("Towards the noise of seed", seed)
        self.hint = caption(HINT, "muted", "variationHint", wrap=True)
        self.rows.addWidget(self.hint)
        session.variation.changed.connect(self._show_state)
        session.seed_locked.changed.connect(self._show_state)
        self._show_state()

    @Slot()
    def _show_state(self, _: object = None) -> None:
        share = self._session.variation.get()
        self.set_text(f"{share:g}" if share else "")
        self.hint.setVisible(bool(share) and not self._session.seed_locked.get())
