"""A tiny random bundle on disk: every network and file of a real one, 8 or 16 pixels of it.

Its pictures are noise, but prompts, guidance, seeds and samplers all change them.
"""

from __future__ import annotations

from pathlib import Path

import tokenizers
import torch
from torch import nn

from studio.core.installation import ASSETS
from studio.core.sizes import Size
from studio.models.digests import weights_digest
from studio.networks import lora
from studio.networks.autoencoder import Autoencoder, AutoencoderConfig
from studio.networks.classifier import ClassifierConfig, NoisyClassifier
from studio.networks.decoder import Decoder, DecoderConfig
from studio.networks.denoiser import DenoiserConfig, DenoiserTransformer
from studio.networks.lora import AdapterConfig
from studio.networks.text import TextConfig, TextTower
from studio.networks.towers import Towers, TowersConfig
from studio.networks.vision import VisionConfig, VisionTransformer
from studio.training.bundle import export, export_state
from studio.training.tasks.captioner import subwords

AUTOENCODER = AutoencoderConfig(
    latent_channels=4, widths=(8, 16), encoder_blocks=(1, 1), decoder_blocks=(1, 1)
)
WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "red", "blue", "apple", "bear", "teddy", "two")
TEXT = TextConfig(
    vocabulary=len(WORDS), embedding=8, width=16, depth=1, heads=2, length=32, output=12
)
DENOISER = DenoiserConfig(
    channels=4,
    side=4,
    patch=2,
    width=32,
    depth=2,
    heads=2,
    condition_width=16,
    text_width=16,
    pooled_width=12,
    layout=True,
)
CLASSES = ("Apple", "teddy bear", "fox")
ENCODED = ("apple", "bear", "fox", "owl", "car", "sun")
CLASSIFIER = ClassifierConfig(
    channels=4, side=4, patch=2, width=16, depth=1, heads=2, classes=len(CLASSES)
)
SIDE = DENOISER.side * AUTOENCODER.downsampling  # pixels
SIZE = Size.square(SIDE)
ABOUT = {"recipe": "random", "date": "2026-11-23"}
PREVIEW = {"matrix": [[0.1, 0.0, -0.1]] * 4, "bias": [0.5, 0.5, 0.5]}


def bundle(folder: Path, seed: int = 0, preview: bool = True) -> Path:
    """Writes a bundle of random weights into `folder` (made if missing) and returns it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        text, denoiser = randomised(TextTower(TEXT)), randomised(DenoiserTransformer(DENOISER))
        autoencoder = randomised(Autoencoder(AUTOENCODER))
    export(text, "text", TEXT, folder / "text", ABOUT)
    tokenizer().save(str(folder / "text" / "tokenizer.json"))
    flow = {"path": "rectified-flow", "prediction": "velocity"}
    export(denoiser, "denoiser", DENOISER, folder / "denoiser", ABOUT, flow)
    extra = {"preview": PREVIEW} if preview else {}
    export(autoencoder, "autoencoder", AUTOENCODER, folder / "autoencoder", ABOUT, extra)
    return folder


def with_extras(folder: Path, seed: int = 1) -> Path:
    """Adds what a bundle may have: a weaker denoiser, and a classifier of the CLASSES."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        weak, classifier = randomised(DenoiserTransformer(DENOISER)), NoisyClassifier(CLASSIFIER)
    export(weak, "denoiser", DENOISER, folder / "weak", ABOUT)
    named = {"classes": list(CLASSES)}
    export(classifier, "classifier", CLASSIFIER, folder / "classifier", ABOUT, named)
    return folder


def with_turbo(folder: Path, seed: int = 5) -> Path:
    """Adds an adapter of random weights to a bundle, made for its denoiser."""
    network, config = DenoiserTransformer(DENOISER), AdapterConfig(rank=2, alpha=2.0)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        lora.add(network, config)
        randomised(network)
    made_for = {"made_for": weights_digest(folder / "denoiser")}
    export_state(lora.state_of(network), "adapter", config, folder / "turbo", ABOUT, made_for)
    return folder


def encoders(assets: Path, seed: int = 3) -> Path:
    """An assets folder with every encoder of pictures and words, and a text tower; what needs no
    weights is the real one's."""
    rows: dict[str, int] = {"size": 8, "patch": 4, "width": 12, "depth": 2, "heads": 2}
    bundle(assets / "studio-256")
    for real in ("dataset", "tokenizers"):
        (assets / real).symlink_to(ASSETS / real)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for name in ("siglip", "clip"):
            pair = TowersConfig(**rows, output=TEXT.output, hidden=6, loss=name)
            export(randomised(Towers(pair)), "towers", pair, assets / "encoders" / name, ABOUT)
        for name, classes in (("vit", ENCODED), ("dino", ())):
            config = VisionConfig(**rows, classes=len(classes))
            extra = {"classes": list(classes)} if classes else {}
            vision = randomised(VisionTransformer(config))
            export(vision, "vision", config, assets / "encoders" / name, ABOUT, extra)
        says = DecoderConfig(vocabulary=270, width=8, depth=1, heads=2, length=8, memory_width=12)
        pieces = subwords(["a red apple", "two bears"], says.vocabulary, says.length)
        extra, beside = {"encoder": "encoders/siglip"}, {"tokenizer.json": pieces.to_str().encode()}
        place, decoder = assets / "encoders" / "captioner", randomised(Decoder(says))
        export(decoder, "decoder", says, place, ABOUT, extra, beside)
    return assets


def randomised(network: nn.Module) -> nn.Module:
    """Fills what begins as zeros, so that every part of the network matters."""
    for parameter in network.parameters():
        if not parameter.any():
            nn.init.normal_(parameter, std=0.1)
    return network


def tokenizer() -> tokenizers.Tokenizer:
    """Words, lower case, between [CLS] and [SEP]."""
    vocabulary = {word: number for number, word in enumerate(WORDS)}
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token="[UNK]"))
    made.normalizer = tokenizers.normalizers.Lowercase()
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    ends = [(word, vocabulary[word]) for word in ("[CLS]", "[SEP]")]
    made.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=ends
    )
    return made
