"""The views of Reconstruct: a name, a tab's title and what makes the widget when first seen.

Adding a view is adding a line to `VIEWS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from studio.ui.panel import View

if TYPE_CHECKING:
    from studio.ui.workspaces.reconstruct.panel import ReconstructPanel


def _wall(panel: ReconstructPanel) -> QWidget:
    return panel.wall


def _spectra(panel: ReconstructPanel) -> QWidget:
    from studio.ui.workspaces.reconstruct.spectra import SpectraView

    return SpectraView(panel.bench)


def _inside(panel: ReconstructPanel) -> QWidget:
    from studio.ui.workspaces.reconstruct.inside import InsideView

    return InsideView(panel.bench, panel.jobs)


def _blind(panel: ReconstructPanel) -> QWidget:
    from studio.ui.workspaces.reconstruct.blind import BlindView

    view = BlindView(panel.bench, panel.exporter.folder)
    sight = view.question.sight
    panel.actions_by_id["wall_fit"].triggered.connect(lambda: sight.set_zoom(None))
    panel.actions_by_id["wall_actual"].triggered.connect(lambda: sight.set_zoom(1.0))
    return view


def _train(panel: ReconstructPanel) -> QWidget:
    from studio.ui.widgets.kept import Kept
    from studio.ui.workspaces.reconstruct.train import TrainView

    view = TrainView(panel.jobs, panel.bench)
    Kept(panel.shared.preferences, "train", view.column, but=("trainName", "trainResume"))
    view.trained.connect(panel.trained)
    return view


# fmt: off
VIEWS = (
    View("wall", "Pictures", "Original and reconstructions side by side, with their figures",
        _wall),
    View("spectra", "Spectra", "Which frequencies are lost, and which are invented", _spectra),
    View("inside", "Inside the latent", "Experiments on the latent", _inside),
    View("blind", "Blind test", "Judge without knowing which is which", _blind),
    View("train", "Train", "Train an autoencoder and watch it learn", _train, alone=True),
)
