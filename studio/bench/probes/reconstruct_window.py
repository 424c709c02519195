"""The Reconstruct workspace: a picture through every autoencoder, every view, then a training."""

from __future__ import annotations

import os
from functools import partial

import numpy as np
from PIL import Image

from studio.bench.probes.stage import Stage

SECONDS = 10.0  # of training


def work(stage: Stage) -> None:
    picture = stage.place / "board.png"
    side = 2 if stage.quick else 32
    board = np.kron(np.indices((16, 16)).sum(0) % 2, np.ones((side, side))) * 255
    Image.fromarray(board.astype(np.uint8)).convert("RGB").save(picture)
    panel = stage.panel("reconstruct")
    bench = panel.bench
    stage.timed("its autoencoders listed", lambda: None, lambda: bool(bench.chosen))
    stage.timed(
        "a picture read", lambda: panel.opener.files((picture,)), lambda: bool(bench.sources)
    )
    stage.worked("reconstructed by all", panel.run, lambda: bench.job is None)
    if not stage.quick:
        for number, spec in enumerate(panel._specs):
            turn = partial(panel.tabs.setCurrentIndex, number)
            stage.timed(f"the view {spec.id!r}", turn, stage.rested(0.5))
        view = panel._views["train"]
        view.column.minutes.setValue(SECONDS / 60)
        view.column.weights["perceptual"].setValue(0)
        view.column.name.setText(f"bench-{os.getpid()}")
        stage.worked("training", view.column.train.click, lambda: view.job is None)


if __name__ == "__main__":
    Stage().run(work)
