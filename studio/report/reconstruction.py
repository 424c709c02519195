"""How faithful the autoencoder is on pictures held out of its training."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from studio.dataset.scenes import Mix, Scene, compose, mask, sample_scene
from studio.metrics.features import as_tensor
from studio.metrics.perceptual import load_lpips, lpips_available, lpips_map
from studio.metrics.reconstruction import masked_mean, psnr, ssim
from studio.report.evaluation import Evaluation
from studio.report.figures import Figure

TOGETHER = 8  # scenes
NOTE = "chance: the empty ground; ceiling: the picture itself"
KINDS = {
    "composed scenes": Mix(split="held-out", p_single=0.3, p_pair=0.4, p_count=0.3),
    "single pictures": Mix(split="held-out", p_pair=0, p_count=0, p_hue=0, jitter=0),
}


def figures(run: Evaluation) -> tuple[Figure, ...]:
    """PSNR, SSIM, LPIPS, over the frame and inside the things' alpha. None without autoencoder."""
    if run.subject.reconstruct is None:
        run.report("reconstruction: the model shows no autoencoder; left out")
        return ()
    lpips = load_lpips(spatial=True) if lpips_available() else None
    if lpips is None:
        run.report("LPIPS is left out: SqueezeNet's weights are not in TORCH_HOME")
    found: list[Figure] = []
    for kind, mix in KINDS.items():
        found += _figures_of(run, kind, mix, lpips)
    return tuple(found)


def _figures_of(run: Evaluation, kind: str, mix: Mix, lpips: nn.Module | None) -> list[Figure]:
    rng, count = run.rng(kind), run.settings.scenes
    scenes = [sample_scene(rng, run.catalogue, mix) for _ in range(count)]
    run.report(f"reconstruction: {count} held-out {kind}")
    rows = run.each(lambda part: _measured(run, scenes[part], lpips), count, TOGETHER)
    means = zip(_names(lpips), torch.from_numpy(rows).mean(0), strict=True)
    return [
        Figure(
            f"reconstruction, {kind}", name, float(value), float(chance), float(ceiling), count,
            "dB" if name.startswith("PSNR") else "", NOTE,
        )
        for name, (value, chance, ceiling) in means
    ]  # fmt: skip


def _names(lpips: nn.Module | None) -> list[str]:
    metrics = ("PSNR", "SSIM") if lpips is None else ("PSNR", "SSIM", "LPIPS")
    return [f"{name}, {where}" for where in ("full frame", "inside the mask") for name in metrics]


def _measured(run: Evaluation, scenes: list[Scene], lpips: nn.Module | None) -> np.ndarray:
    """Each metric of some scenes, (B, metrics, 3): value, chance, ceiling; in _names' order."""
    pictures = np.stack([compose(scene, run.catalogue) for scene in scenes])
    empty = np.stack([compose(replace(s, objects=()), run.catalogue) for s in scenes])
    inside = torch.from_numpy(np.stack([mask(scene, run.catalogue) for scene in scenes]))[:, None]
    truth = as_tensor(pictures)
    assert run.subject.reconstruct is not None
    others = [as_tensor(p) for p in (run.subject.reconstruct(pictures), empty, pictures)]
    # One pass of LPIPS gives the map whose means are both figures.
    maps = [] if lpips is None else [lpips_map(lpips, other, truth) for other in others]
    found: list[Tensor] = []
    for within in (None, inside):
        found.append(torch.stack([psnr(o, truth, within) for o in others], 1))
        found.append(torch.stack([ssim(o, truth, within) for o in others], 1))
        if maps:
            found.append(torch.stack([masked_mean(m, within) for m in maps], 1))
    return torch.stack(found, 1).numpy()
