"""Two processes: one pool encoded by both, steps and a critic as one, a contrast of all pairs."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
import torch
from torch import Tensor, nn

from studio.dataset.catalogue import Catalogue
from studio.dataset.scenes import Mix
from studio.models.registry import ASSETS
from studio.networks.autoencoder import Autoencoder
from studio.networks.tokenizer import Tokenizer
from studio.objectives.contrastive import Contrast
from studio.training import distributed, optimizers
from studio.training.critic import Critic
from studio.training.data import SceneSource
from studio.training.hardware import Hardware
from studio.training.loop import train
from studio.training.pool import CHUNK, LatentPool
from tests.objectives.test_contrastive import KINDS, content, inputs
from tests.training.test_critic import NETWORK, ON, Small, recipe, states
from tests.training.test_loop import RUN, LineTask, fit
from tests.training.test_pool import TINY

TWO = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]


def filled() -> dict[str, Tensor]:
    torch.manual_seed(0)
    source = SceneSource(Catalogue(), Mix(jitter=0.0), seed=4, size=32, forms=2)
    tokenizer = Tokenizer(ASSETS / "studio-256" / "text" / "tokenizer.json")
    pool = LatentPool(source, 3 * CHUNK, Autoencoder(TINY).eval(), tokenizer, ON)
    list(pool.fill())
    return {"latents": pool.latents, "ids": pool.ids}


class Halves(Small):
    """Four pictures a step, of which each of two processes takes two."""

    def batch(self, step: int, rank: int, world: int) -> Tensor:
        generator = torch.Generator().manual_seed(step)
        return (torch.rand(4, 3, 32, 32, generator=generator) * 2 - 1)[rank::world]


def fought(out: Path) -> dict[str, Tensor]:
    """Weights of an autoencoder without noise and of its critic, after a few plain gradient steps:
    Adam, which divides by the gradient's size, makes large what is only rounding."""
    torch.manual_seed(0)
    of = recipe(adversarial=0.5, adversarial_start=1, crop=32, kl=0.0)
    task = Halves(replace(of, network={**NETWORK, "variational": False}))

    def plain(network: nn.Module, *_: object) -> list[torch.optim.Optimizer]:
        return [torch.optim.SGD(network.parameters(), 1e-2)]

    def plain_companion(on: Hardware) -> Critic:
        critic = cast(Critic, Small.new_companion(task, on))
        critic.optimizer = torch.optim.SGD(critic.adversary.parameters(), 1e-2)
        return critic

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(optimizers, "build", plain)
        patch.setattr(optimizers, "base_rates", lambda settings: [1e-2])
        patch.setattr(task, "new_companion", plain_companion)
        train(task, task.recipe, out, ON, report=lambda _: None)
    return states(task)


class BentTask(LineTask):
    """A network with a hidden layer and a part that is never used; the batches of `whole` ranks."""

    def __init__(self, whole: int = 1) -> None:
        super().__init__()
        self.whole = whole
        layers = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 1))
        layers.unused = nn.Parameter(torch.ones(3))
        self.network = layers

    def batch(self, step: int, rank: int, world: int) -> Tensor:
        ranks = range(rank * self.whole, (rank + 1) * self.whole)
        return torch.cat([super(BentTask, self).batch(step, each, world) for each in ranks])


def stepped(out: Path, whole: int = 1) -> dict[str, Tensor]:
    task = BentTask(whole)
    fit(out, task, steps=20)
    assert (out / "model.json").exists()  # neither process is through before the other
    return {f"bent {name}": weights for name, weights in task.network.state_dict().items()}


def contrasted() -> dict[str, Tensor]:
    """The gradients of ten pairs' losses, of which each of two processes has five."""
    here, found = distributed.world(), {}
    share = 10 // here.size
    mine = slice(share * here.rank, share * (here.rank + 1))
    for kind in KINDS:
        of, shown = inputs(), content(10)[mine]
        pictures, texts, scale, bias = of
        loss = Contrast(kind, 2)(pictures[mine], texts[mine], scale, bias, shown, shown)
        gradients = torch.autograd.grad(loss, of)
        found |= {f"{kind} {i}": distributed.mean_of(x) for i, x in enumerate(gradients)}
    return found


def test_both_have_what_one_process_has_the_pool_the_weights_the_critic_and_the_contrast(
    tmp_path: Path,
) -> None:
    own = {"PYTHONPATH": os.getcwd(), "OMP_NUM_THREADS": "1", "PYTHONFAULTHANDLER": "1"}
    command = [*TWO, "-m", "tests.training.test_two_processes", str(tmp_path)]
    ran = subprocess.run(
        command, env={**os.environ, **own}, capture_output=True, text=True, check=False, timeout=300
    )
    assert ran.returncode == 0, ran.stderr
    first, second = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1))
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert all(torch.equal(first[name], tensor) for name, tensor in filled().items())
    alone = {**contrasted(), **fought(tmp_path / "alone"), **stepped(tmp_path / "one", whole=2)}
    assert first.keys() - alone.keys() == {"latents", "ids"}
    assert all(torch.allclose(first[name], alone[name], atol=1e-6, rtol=0) for name in alone)
    about = json.loads((tmp_path / "bent" / "model.json").read_text())
    assert about["samples"] == 20 * 2 * RUN.batch


def main(folder: Path) -> None:
    distributed.join(ON.device)
    result = {**filled(), **contrasted()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(distributed, "leave", lambda: None)  # who has left cannot come back
        result |= fought(folder / "run")
    result |= stepped(folder / "bent")
    torch.save(result, folder / f"{os.environ['RANK']}.pt")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
