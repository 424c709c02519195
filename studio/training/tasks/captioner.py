"""Trains a decoder that tells what is in a picture, from a frozen encoder's patches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, cast

import numpy as np
import torch
from tokenizers import (
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from torch import Tensor, nn

from studio.core.errors import UsageError
from studio.core.installation import bundled
from studio.core.tables import Share, Within
from studio.dataset.captions import caption
from studio.dataset.catalogue import Catalogue
from studio.dataset.scenes import Mix
from studio.models.captioner import Captioner
from studio.models.formats.network import open_network
from studio.networks.decoder import Decoder, DecoderConfig
from studio.networks.tokenizers.vocabulary import BEGIN, END, MARKS, PAD
from studio.networks.towers import Towers
from studio.networks.vision import VisionTransformer
from studio.objectives.next_token import next_token_loss
from studio.training.bundle import export
from studio.training.data import SceneSource, to_tensor
from studio.training.galleries import Gallery, gallery, recall
from studio.training.hardware import Hardware
from studio.training.painter import Painter, crops, recoloured
from studio.training.recipe import Recipe
from studio.training.task import Stage, Task, generator_of
from studio.training.tasks.vision import picked
from studio.training.texts import P_NAME, Texts, name


@dataclass(frozen=True)
class CaptionerSettings:
    """`encoder` is the folder of the encoder, or a bundled one's name; `text` the tower that judges
    what is said. Each of `pool` scenes has `forms` texts."""

    encoder: str = "encoders/siglip"
    text: str = "studio-256/text"
    pool: Annotated[int, Within(1, 2**20)] = 16384
    forms: Annotated[int, Within(1, 64)] = 4
    side: Annotated[int, Within(1, 256)] = 72
    least: Annotated[float, Within(0.05, 1.0)] = 0.8
    colours: Share = 0.1
    smoothing: Share = 0.1
    style: str = "fluent-3d"


class CaptionerTask(Task):
    """`train captioner`. Raises UsageError for changed colours."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.settings = recipe.read(CaptionerSettings, "settings")
        self.mix = recipe.read(Mix, "data")
        if self.mix.p_hue:
            raise UsageError("The captioner sees things in their own colours: set p_hue to 0.")
        self.encoder = vision_of(self.settings.encoder)
        width = self.encoder.config.width
        self.config = recipe.read(DecoderConfig, "network", memory_width=width)
        self.catalogue = Catalogue(recipe.dataset)
        self.network: nn.Module = Decoder(self.config)

    def prepare(self, on: Hardware) -> Iterator[Stage]:
        self.on, self.device = on, on.device
        settings, seed = self.settings, self.recipe.run.seed
        self.encoder.to(on.device)
        self.painter = Painter(self.catalogue, settings.side, on.device)
        yield from self.painter.read([style for style, _ in self.mix.pairs("styles")])
        source = SceneSource(self.catalogue, self.mix, seed)
        self.scenes = [source.scene(i)[0] for i in range(settings.pool)]
        yield Stage("learning sub-words")
        self.says = self._texts(np.random.default_rng([seed, 1]))
        self.tokenizer = subwords(self.says, self.config.vocabulary, self.config.length)
        decoder = cast(Decoder, self.network)
        self.captioner = Captioner(decoder, self.encoder, self.tokenizer)
        encoded = self.tokenizer.encode_batch(self.says)
        ids = torch.tensor([each.ids for each in encoded], device=on.device)
        self.ids = ids.view(settings.pool, settings.forms, -1)
        self.judge = Texts(settings.text, self.catalogue, on.device)
        self.galleries = {split: self._gallery(split) for split in ("train", "held-out")}

    def _texts(self, rng: np.random.Generator) -> list[str]:
        """All of a scene's after one another; half of a lone thing's only name it."""
        return [
            name(self.catalogue, scene.objects[0].code, rng)
            if len(scene.objects) == 1 and rng.random() < P_NAME
            else caption(scene, self.catalogue, rng)
            for scene in self.scenes
            for _ in range(self.settings.forms)
        ]

    def _gallery(self, split: str) -> Gallery:
        return gallery(self.catalogue, self.settings.style, split, self.encoder.config.size)

    def batch(self, step: int, rank: int, world: int) -> tuple[Tensor, Tensor]:
        """The pictures' memories (B, M, W), and a text of each (B, L)."""
        run, settings, size = self.recipe.run, self.settings, self.encoder.config.size
        generator = generator_of(run.seed, step, rank)
        chosen = torch.randint(settings.pool, (run.batch,), generator=generator)
        forms = torch.randint(settings.forms, (run.batch,), generator=generator)
        pictures = self.painter.paint(picked(self.scenes, chosen), size)
        pictures = crops(pictures, size, (settings.least, 1.0), generator)
        with self.on.autocast():
            memory = self.captioner.memory(recoloured(pictures, settings.colours, generator))
        return memory, self.ids[chosen.to(self.device), forms.to(self.device)]

    def losses(self, network: nn.Module, batch: object, step: int) -> dict[str, Tensor]:
        memory, ids = cast(tuple[Tensor, Tensor], batch)
        longest = int((ids != PAD).sum(1).max())
        ids = ids[:, :longest]
        logits = network(ids, memory)
        return {"loss": next_token_loss(logits, ids, ids != PAD, self.settings.smoothing)}

    def describe(self, network: nn.Module, pictures: Tensor) -> list[str]:
        """What is likeliest said of each (B, 3, S, S)."""
        averaged = replace(self.captioner, decoder=cast(Decoder, network))
        return averaged.likeliest(averaged.memory(pictures), beams=3)

    @torch.no_grad()
    def validate(self, network: nn.Module) -> Mapping[str, float]:
        """Whether the text tower finds the thing's label by what is said of its picture: R@1 and
        R@5 among the first 128 trained on, and among those held out."""
        figures = {}
        for split, shown in self.galleries.items():
            said = self.describe(network, to_tensor(shown.pictures[:128].numpy(), self.device))
            phrases = shown.phrases[:128]
            similarity = self.judge.pooled(said) @ self.judge.pooled(phrases).T
            for k, value in recall(similarity, (1, 5)).items():
                figures[f"{split}_r{k}"] = value
        return figures

    def export(self, network: nn.Module, folder: Path, about: Mapping[str, object]) -> None:
        """The decoder and its tokeniser; its encoder by name."""
        beside = {"tokenizer.json": self.tokenizer.to_str().encode()}
        extra = {"encoder": self.settings.encoder}
        export(network, "decoder", self.config, folder, about, extra, beside)


def vision_of(folder: str) -> VisionTransformer:
    """The Vision Transformer in a folder, or of a pair of towers there; frozen. Raises
    ModelError."""
    network = open_network(bundled(folder))
    vision = network.vision if isinstance(network, Towers) else network
    return cast(VisionTransformer, vision).eval().requires_grad_(False)


def subwords(texts: list[str], vocabulary: int, length: int) -> Tokenizer:
    """Byte-pair encoding (Sennrich et al. 2016) of bytes, learnt from these texts: every text has
    one. Padded and cut to `length` with a token for its beginning and one for its end."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(MARKS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[BEGIN] $A [END]", special_tokens=[("[BEGIN]", BEGIN), ("[END]", END)]
    )
    tokenizer.enable_truncation(length)
    tokenizer.enable_padding(length=length, pad_id=PAD, pad_token="[PAD]")
    return tokenizer


TASK = CaptionerTask
