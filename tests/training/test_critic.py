"""The critic in the training loop: off costs nothing, starts late, survives --resume."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from torch import Tensor, nn

from studio.networks.autoencoder import Autoencoder
from studio.networks.discriminator import DiscriminatorConfig
from studio.training.critic import Critic
from studio.training.hardware import Hardware
from studio.training.loop import Outcome, train
from studio.training.recipe import OptimizerSettings, Recipe, RunSettings
from studio.training.task import Accompanied, Stage
from studio.training.tasks.autoencoder import AutoencoderTask

CPU = torch.device("cpu")
ON = Hardware(CPU)
RUN = RunSettings(steps=6, batch=2, warmup=0, log_every=1, checkpoint_minutes=1e9, compile="never")
NETWORK = {
    "latent_channels": 4,
    "widths": [4, 8, 8, 16],
    "encoder_blocks": [1, 1, 1, 1],
    "decoder_blocks": [1, 1, 1, 1],
}


class Small(AutoencoderTask):
    """The autoencoder's task on random 32 px pictures, without the catalogue and LPIPS."""

    def prepare(self, on: Hardware) -> Iterator[Stage]:
        self.on, self.device, self.perceptual = on, on.device, None
        self.crops = torch.Generator().manual_seed(0)
        self.companion = self.new_companion(on)
        yield from ()

    def batch(self, step: int, rank: int, world: int) -> Tensor:
        torch.manual_seed(step)  # also fixes the posterior's noise of this step
        return torch.rand(2, 3, 32, 32) * 2 - 1

    def validate(self, network: nn.Module) -> Mapping[str, float]:
        return {"weights": sum(float(p.detach().abs().sum()) for p in network.parameters())}

    def export(self, network: nn.Module, folder: Path, about: Mapping[str, object]) -> None:
        torch.save(network.state_dict(), folder / "exported.pt")


def recipe(**settings: object) -> Recipe:
    table: dict[str, Any] = {"perceptual": 0.0, "crop": 24, "adversarial_width": 8, **settings}
    return Recipe("small", "autoencoder", RUN, OptimizerSettings(), NETWORK, {}, table)


def run(out: Path, of: Recipe, steps: int = 6, resume: bool = False) -> tuple[Small, Outcome]:
    torch.manual_seed(0)
    task = Small(of)
    limited = replace(of, run=replace(of.run, steps=steps, decay=0.0))
    return task, train(task, limited, out, ON, resume=resume, report=lambda _: None)


def test_switched_off_there_is_no_critic() -> None:
    torch.manual_seed(0)
    task = Small(recipe())
    list(task.prepare(ON))
    assert isinstance(task, Accompanied)
    assert task.companion is None
    terms = task.losses(task.network, task.batch(0, 0, 1), 0)
    assert set(terms) == {"loss", "reconstruction", "kl"}


def test_before_its_start_the_critic_changes_nothing(tmp_path: Path) -> None:
    _, plain = run(tmp_path / "plain", recipe())
    task, late = run(tmp_path / "late", recipe(adversarial=0.5, adversarial_start=100))
    assert late.loss == plain.loss
    critic = cast(Critic, task.companion)
    assert not critic.optimizer.state


def test_started_it_joins_the_loss_and_learns(tmp_path: Path) -> None:
    of = recipe(adversarial=0.5, adversarial_start=2)
    task, _ = run(tmp_path, of)
    rows = (tmp_path / "log.jsonl").read_text().splitlines()
    assert ["adversarial_weight" in row for row in rows] == [False, False, True, True, True, True]
    critic = cast(Critic, task.companion)
    steps = {int(state["step"]) for state in critic.optimizer.state.values()}
    assert steps == {4}


def test_the_weighted_loss_is_the_sum_of_its_terms() -> None:
    torch.manual_seed(0)
    task = Small(recipe(adversarial=0.5, kl=0.0))
    list(task.prepare(ON))
    nn.init.normal_(cast(Autoencoder, task.network).decoder.last.weight, 0, 0.1)
    terms = task.losses(task.network, task.batch(0, 0, 1), 0)
    expected = terms["reconstruction"] + terms["adversarial_weight"] * terms["adversarial"]
    torch.testing.assert_close(terms["loss"], expected)
    last = cast(Autoencoder, task.network).decoder.last.weight
    pulls = [
        torch.autograd.grad(term, last, retain_graph=True)[0].norm()
        for term in (terms["reconstruction"], terms["adversarial_weight"] * terms["adversarial"])
    ]
    assert float(pulls[1] / pulls[0]) == pytest.approx(0.5, rel=0.05)  # but for the 1e-4


def test_a_discriminator_learns_to_tell_flat_from_noisy() -> None:
    torch.manual_seed(0)
    critic = Critic(DiscriminatorConfig(8, 2), 0.5, 2e-3, ON)
    last = nn.Parameter(torch.ones(()))
    losses = []
    for _ in range(40):
        real, fake = torch.rand(4, 3, 24, 24) * 2 - 1, torch.zeros(4, 3, 24, 24) * last
        terms = critic.terms({"loss": (fake - real).abs().mean()}, real, fake, last)
        critic.step()
        losses.append(float(terms["discriminator"]))
    assert losses[-1] < 0.5 < losses[0] == 1.0


def states(task: Small) -> dict[str, Tensor]:
    critic = cast(Critic, task.companion)
    return {**task.network.state_dict(), **critic.adversary.state_dict()}


def test_resuming_continues_the_very_same_run(tmp_path: Path) -> None:
    of = recipe(adversarial=0.5, adversarial_start=1, crop=32)  # windows are drawn anew
    whole, _ = run(tmp_path / "whole", of)
    run(tmp_path / "parts", of, steps=3)
    parts, outcome = run(tmp_path / "parts", of, resume=True)
    assert outcome.steps == 6
    for name, value in states(whole).items():
        torch.testing.assert_close(states(parts)[name], value, rtol=1e-5, atol=1e-6)


def test_a_checkpoint_from_before_the_critic_still_loads(tmp_path: Path) -> None:
    run(tmp_path, recipe(), steps=3)
    assert "companion" not in torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    task, outcome = run(tmp_path, recipe(adversarial=0.5), resume=True)
    assert outcome.steps == 6
    assert cast(Critic, task.companion).optimizer.state


def test_compiled_it_gives_the_same_loss_and_gradients() -> None:
    torch.manual_seed(0)
    task = Small(recipe(adversarial=0.5, crop=32))
    list(task.prepare(ON))
    network = cast(Autoencoder, task.network)
    nn.init.normal_(network.decoder.last.weight, 0, 0.1)

    def gradients() -> list[Tensor]:
        network.zero_grad()
        task.losses(network, task.batch(0, 0, 1), 0)["loss"].backward()
        return [p.grad.clone() for p in network.parameters() if p.grad is not None]

    plain = gradients()
    torch._dynamo.reset()
    for module in task.hot:
        module.compile(dynamic=False, backend="aot_eager")
    for compiled, expected in zip(gradients(), plain, strict=True):
        torch.testing.assert_close(compiled, expected, rtol=1e-3, atol=1e-5)


def test_a_frozen_encoder_keeps_the_latents(tmp_path: Path) -> None:
    torch.manual_seed(0)
    before = Small(recipe()).network.state_dict()
    task, _ = run(tmp_path, recipe(adversarial=0.5, freeze_encoder=True))
    after = task.network.state_dict()
    changed = {name.split(".")[0] for name in before if not torch.equal(before[name], after[name])}
    assert changed == {"decoder", "unproject"}
