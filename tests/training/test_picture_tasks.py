"""The painter; towers, transformers and captioner: each task learns, judges, exports, opens."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from studio.core.errors import UsageError
from studio.dataset.catalogue import BUNDLED, Catalogue
from studio.dataset.scenes import Mix, compose, sample_scene
from studio.models.formats.network import open_network
from studio.networks.text import TextConfig, TextTower
from studio.networks.towers import Towers, TowersConfig
from studio.networks.vision import VisionConfig, VisionTransformer
from studio.objectives.self_distillation import balanced
from studio.training import recipe as recipes
from studio.training import tasks
from studio.training.bundle import export
from studio.training.hardware import Hardware
from studio.training.natural import Natural
from studio.training.neighbours import Neighbours, alone, pixels
from studio.training.painter import Painter, crops, recoloured
from studio.training.task import Task
from studio.training.tasks.captioner import subwords
from studio.training.tasks.self_distillation import AveragedTeacher
from studio.training.texts import Texts

CPU = torch.device("cpu")
ON = Hardware(CPU)
STYLES = ("fluent-3d", "noto")
TINY = {"size": 24, "patch": 8, "width": 16, "depth": 1, "heads": 2}
SMALL = {"pool": 24, "side": 24}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight things that are trained on and four held out, in two styles."""
    folder = tmp_path_factory.mktemp("dataset")
    index = json.loads((BUNDLED / "concepts.json").read_text())
    chosen = []
    for split, count in (("train", 8), ("held-out", 4)):
        of_split = [c for c in index["concepts"] if c["split"] == split and c["group"] == "animals"]
        chosen += of_split[:count]
    index["concepts"] = chosen
    (folder / "concepts.json").write_text(json.dumps(index))
    for style in STYLES:
        with (
            zipfile.ZipFile(BUNDLED / f"{style}.zip") as all_,
            zipfile.ZipFile(folder / f"{style}.zip", "w") as few,
        ):
            for concept in chosen:
                few.writestr(f"{concept['code']}.webp", all_.read(f"{concept['code']}.webp"))
    return folder


@pytest.fixture(scope="module")
def painter(dataset: Path) -> Painter:
    painter = Painter(Catalogue(dataset), 64, CPU)
    list(painter.read(STYLES))
    return painter


@pytest.fixture
def text(tmp_path: Path) -> Path:
    """A text tower with the real vocabulary and output, and nearly nothing between."""
    config = TextConfig(embedding=8, width=16, depth=1, heads=2)
    torch.manual_seed(0)
    words = (BUNDLED.parent / "studio-256/text/tokenizer.json").read_bytes()
    tower = TextTower(config)
    export(tower, "text", config, tmp_path / "text", {}, beside={"tokenizer.json": words})
    return tmp_path / "text"


def small(name: str, dataset: Path, network: Mapping[str, Any], **settings: object) -> Task:
    recipe = recipes.load(name)
    data = {**recipe.data, "styles": dict.fromkeys(STYLES, 0.5)}
    run = replace(recipe.run, batch=8, steps=100)
    merged = {**recipe.settings, **SMALL, **settings}
    torch.manual_seed(0)
    return tasks.made(
        replace(recipe, network=network, data=data, run=run, settings=merged, dataset=dataset)
    )


def learnt(task: Task, steps: int = 12, rate: float = 3e-3) -> list[float]:
    """The losses of one batch seen again and again."""
    list(task.prepare(ON))
    batch, losses = task.batch(0, 0, 1), []
    parameters = [p for p in task.network.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(parameters, rate)
    for _ in range(steps):
        loss = task.losses(task.network, batch, 0)["loss"]
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        losses.append(loss.item())
    return losses


def test_the_painter_paints_what_compose_does(painter: Painter) -> None:
    rng, mix = np.random.default_rng(3), Mix(p_hue=0, p_trio=0.2, styles=dict.fromkeys(STYLES, 1.0))
    mix = replace(mix, groups=(), split="all", p_graded=0.5, p_colour_ground=0.9)
    scenes = [sample_scene(rng, painter.catalogue, mix) for _ in range(24)]
    found = (painter.paint(scenes, 64) + 1) * 127.5
    for scene, picture in zip(scenes, found, strict=True):
        expected = compose(scene, painter.catalogue, 64).astype(np.float32)
        gap = np.abs(picture.permute(1, 2, 0).numpy() - expected)
        assert gap.mean() < 6, scene


def test_views_are_windows_that_know_left_from_right() -> None:
    ramp = torch.linspace(-1, 1, 32).expand(4, 3, 32, 32)
    seen = crops(ramp, 16, (0.2, 0.6), torch.Generator().manual_seed(0))
    assert seen.shape == (4, 3, 16, 16)
    assert (seen.diff(dim=-1) > 0).all()
    whole = crops(ramp, 32, (1.0, 1.0), torch.Generator().manual_seed(0), turn=0.0)
    assert (whole - ramp).abs().max() < 0.2  # but for the ratio of its sides
    picture = torch.rand(4, 3, 8, 8) - 0.5
    torch.testing.assert_close(recoloured(picture, 0.0, torch.Generator()), picture)
    grey = recoloured(picture, 0.2, torch.Generator().manual_seed(1), p_grey=1.0)
    assert (grey - grey[:, :1]).abs().max() < 1e-6


def test_neighbours(painter: Painter) -> None:
    neighbours = Neighbours(painter, 24)
    figures = neighbours.figures(pixels)
    assert set(figures) == {"knn_scene", "knn_style", "knn_group"}
    assert figures["knn_group"] == 1.0  # all are animals
    assert all(0 <= value <= 1 for value in figures.values())
    neighbours.styled = neighbours.gallery[-4:]
    assert neighbours.figures(pixels)["knn_style"] == 1.0


def test_texts_know_what_they_say(painter: Painter, text: Path) -> None:
    texts = Texts(str(text), painter.catalogue, CPU)
    scenes = [alone("noto", c.code) for c in painter.catalogue.concepts]
    list(texts.read(scenes, 3, seed=0))
    assert texts.vectors.shape == (12, 3, 384)
    assert 5 < int(texts.named.sum()) < 31
    label = painter.catalogue.concepts[0].label
    where = texts.named[0].nonzero().flatten().tolist()
    others = (label, *painter.catalogue.words.get(painter.catalogue.concepts[0].code, ()))
    assert all(any(word in texts.says[i] for word in others) for i in where)
    chosen, forms = torch.tensor([2, 5]), torch.tensor([[0, 2], [1, 2]])
    shown, said = texts.content(chosen, forms)
    assert said.pair.tolist() == [2, 2, 5, 5]
    assert torch.equal(said.only, texts.named[[2, 2, 5, 5], [0, 2, 1, 2]])
    assert shown.things[:, 0].tolist() == [2, 5]


def test_a_supervised_transformer(dataset: Path, tmp_path: Path) -> None:
    task = small("vit", dataset, TINY, held_out=8)
    losses = learnt(task)
    assert losses[-1] < 0.9 * losses[0]
    assert {"knn_scene", "top1", "top5"} < set(task.validate(task.network.eval()))
    task.export(task.network, tmp_path / "vit", {})
    opened = open_network(tmp_path / "vit", "vision")
    assert isinstance(opened, VisionTransformer)
    assert opened.config.classes == 8
    recipe = recipes.load("vit")
    with pytest.raises(UsageError, match="lone things"):
        tasks.made(replace(recipe, data={**recipe.data, "p_pair": 0.1}))


def test_without_labels(dataset: Path, tmp_path: Path) -> None:
    head = {"hidden": 16, "bottleneck": 8, "prototypes": 32}
    task = small("dino", dataset, {**TINY, **head}, seen=24, small=16, rounds=3, queue=8)
    losses = learnt(task, rate=1e-2)
    assert losses[-1] < losses[0]
    teacher = task.companion  # type: ignore[attr-defined]
    assert isinstance(teacher, AveragedTeacher)
    before = teacher.state_dict()["rest"]["centre"].clone()
    task.losses(task.network, task.batch(1, 0, 1), 1)
    teacher.step()
    state = teacher.state_dict()
    assert not torch.equal(state["rest"]["centre"], before)
    again = AveragedTeacher(task.network, 32, 0.9, 100, queue=8)
    again.load_state_dict(state)
    assert torch.equal(again.centre, teacher.centre)
    assert torch.equal(again.queue, teacher.queue)
    with pytest.raises(ValueError, match="teacher"):
        again.load_state_dict({})
    assert "pixels_knn_style" in task.validate(task.network.eval())
    task.export(task.network, tmp_path / "dino", {})
    assert isinstance(open_network(tmp_path / "dino", "vision"), VisionTransformer)


def test_answers_are_balanced_with_the_last_ones() -> None:
    """A queue of three batches: what the third is told is the balance of all three, newest first,
    and of the fifth that of the last three."""
    torch.manual_seed(0)
    teacher = AveragedTeacher(Said(), 5, 0.9, 100, queue=8)
    said = torch.randn(5, 2, 2, 5)
    for k, answers in enumerate(said):
        told = teacher.balanced(teacher(answers.flatten(0, 1), 2), 0.1, 3)
        rows = said[max(0, k - 2) : k + 1].flip(0).flatten(0, 2)
        torch.testing.assert_close(told, balanced(rows, 0.1, 3)[:4].view_as(told))
        teacher.step()


class Said(nn.Module):
    """Answers what it is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.unused = nn.Parameter(torch.zeros(1))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return x, x


@pytest.mark.parametrize("name", ["clip", "siglip"])
def test_words_and_pictures(
    name: str, dataset: Path, text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(self: Natural, scenes: list[object]) -> list[object]:
        self.vectors = nn.functional.normalize(torch.randn(len(scenes), 512), dim=-1)
        return []

    monkeypatch.setattr(Natural, "read", read)
    network = {**TINY, "loss": name, "hidden": 8}
    task = small(name, dataset, network, text=str(text), forms=3)
    losses = learnt(task)
    assert losses[-1] < 0.9 * losses[0]
    figures = task.validate(task.network.eval())
    assert set(figures) == {"train_r1", "train_r5", "held-out_r1", "held-out_r5"}
    task.export(task.network, tmp_path / "towers", {})
    towers = open_network(tmp_path / "towers", "towers")
    assert isinstance(towers, Towers)
    pictures = towers(torch.rand(2, 3, 40, 40))
    texts = towers.text(torch.randn(3, 384))
    assert towers.logits(pictures, texts).shape == (2, 3)


def test_both_losses_have_one_recipe() -> None:
    clip, siglip = (recipes.load(name) for name in ("clip", "siglip"))
    assert replace(clip, name="", network={}) == replace(siglip, name="", network={})
    assert {**clip.network, "loss": ""} == {**siglip.network, "loss": ""}


def test_the_temperature_has_a_limit() -> None:
    towers = Towers(TowersConfig(size=16, patch=8, width=16, depth=1, heads=2))
    assert towers.scale().item() == pytest.approx(1 / 0.07)
    towers.log_scale.data.fill_(9.0)
    assert towers.scale().item() == pytest.approx(100.0)
    with pytest.raises(ValueError, match="loss"):
        TowersConfig(loss="other")


def test_a_captioner(dataset: Path, text: Path, tmp_path: Path) -> None:
    config = VisionConfig(**TINY)
    export(VisionTransformer(config), "vision", config, tmp_path / "vision", {})
    network = {"vocabulary": 300, "width": 16, "depth": 1, "heads": 2, "length": 12}
    encoder = str(tmp_path / "vision")
    task = small("captioner", dataset, network, encoder=encoder, text=str(text))
    losses = learnt(task)
    assert losses[-1] < 0.95 * losses[0]
    assert set(task.validate(task.network.eval())) == {
        "train_r1", "train_r5", "held-out_r1", "held-out_r5",
    }  # fmt: skip
    task.export(task.network, tmp_path / "captioner", {})
    open_network(tmp_path / "captioner", "decoder")
    manifest = json.loads((tmp_path / "captioner" / "model.json").read_text())
    assert manifest["encoder"] == encoder


def test_subwords_come_back_whole() -> None:
    tokenizer = subwords(["a red apple", "an apple on blue"] * 3, 280, 24)
    for said in ("a red apple", "Ünïcode 蘋果 🍎"):
        encoded = tokenizer.encode(said)
        assert tokenizer.decode(encoded.ids).strip() == said
        assert len(encoded.ids) == 24
