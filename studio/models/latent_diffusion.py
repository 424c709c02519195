"""The studio's own model, ready: text tower, denoiser and autoencoder on one device.

Network parameters are in the device's precision; the sampler's arithmetic, time and positions,
the text tower and the latents' statistics stay in fp32.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import reduce
from typing import Any, Never, cast

import numpy as np
import torch
from torch import Tensor

from studio.core import prompts
from studio.core.addons import AddOn
from studio.core.errors import ModelError, UsageError
from studio.core.guided import TWO_CALLS
from studio.core.sizes import Size, Sizes
from studio.core.tokens import Counted
from studio.diffusion.denoiser import NetworkDenoiser
from studio.diffusion.guidance import LogProbability
from studio.diffusion.named_paths import PATHS
from studio.diffusion.paths import Path as DiffusionPath
from studio.diffusion.predictions import PREDICTIONS, Prediction
from studio.models.adapters import with_adapter
from studio.models.format import Check
from studio.models.formats.native import CLASSIFIER, PARTS, TOKENIZER, TURBO, WEAK
from studio.models.formats.network import open_network
from studio.models.model import ModelInfo
from studio.models.network_folder import MANIFEST, Manifest, read_manifest
from studio.networks.attention import Record
from studio.networks.autoencoder import Autoencoder
from studio.networks.classifier import NoisyClassifier
from studio.networks.denoiser import DenoiserTransformer, Prompt
from studio.networks.text import TextFeatures, TextTower, mixed
from studio.networks.tokenizer import Tokenizer, tokenizer_at

PROMPTS_KEPT = 64
STEPS_SHARE = 4  # conditions whose keys and values are kept between steps


@dataclass(frozen=True)
class LinearPreview:
    """RGB in [0, 1] = latent @ matrix + bias for normalised latents: matrix (C, 3), bias (3,)."""

    matrix: Tensor
    bias: Tensor

    def __call__(self, latents: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, 3, h, w)."""
        return torch.einsum("bchw,cr->brhw", latents, self.matrix) + self.bias[:, None, None]


@dataclass(frozen=True)
class Networks:
    """What a bundle holds, on its device: the text tower and the classifier in fp32, the others in
    its precision. `weak` and `classifier`, with its `classes`, may be absent."""

    tokenizer: Tokenizer
    text: TextTower
    denoiser: DenoiserTransformer
    autoencoder: Autoencoder
    weak: DenoiserTransformer | None = None
    classifier: NoisyClassifier | None = None
    classes: tuple[str, ...] = ()

    @torch.inference_mode()
    def features(self, prompt: str) -> TextFeatures:
        """Features of a prompt of words and weights, (1, ...), fp32.

        A word of weight w adds w times as much to the picture's tokens: its vectors are scaled, and
        as the denoiser normalises keys, not values, where it acts stays the same. See
        docs/prompts.md for what else was tried. Raises UsageError for other syntax, ModelError if
        tower and tokens differ.
        """
        phrase = prompts.one_phrase(prompt)
        ids, mask = self.tokenizer([phrase.text])
        if not ids.numel() or int(ids.max()) >= self.text.config.vocabulary:
            raise ModelError(f"{TOKENIZER} is damaged: its words are not those of its text tower.")
        device = self.text.positions.device
        features = self.text(ids.to(device), mask.to(device))
        if not phrase.weighed:
            return features
        weights = features.tokens.new_tensor(self.tokenizer.weights(phrase))
        return replace(features, tokens=features.tokens * weights[:, None])


class LatentDiffusion:
    """A latent diffusion model (Rombach et al. 2022) of the studio's own networks: a `Model`."""

    def __init__(
        self,
        info: ModelInfo,
        networks: Networks,
        path: DiffusionPath,
        prediction: Prediction,
        preview: LinearPreview | None,
    ) -> None:
        self.info, self.networks = info, networks
        self._path, self._prediction, self._preview = path, prediction, preview
        self._known: OrderedDict[str, TextFeatures] = OrderedDict()
        self._heard: list[tuple[TextFeatures, DenoiserTransformer, Prompt]] = []
        self._parameter = next(networks.denoiser.parameters())
        self._turbo: DenoiserTransformer | None = None  # made when it is first asked for
        #: Told of every call of the denoiser: its time, and what its attention did.
        self.recorded: Callable[[float, Record], None] | None = None

    @property
    def device(self) -> str:
        return self._parameter.device.type

    @property
    def sizes(self) -> Sizes:
        """One: the denoiser has positions for no other."""
        fold = self.networks.autoencoder.config.downsampling
        return Sizes(Size.square(self.networks.denoiser.config.side * fold))

    @property
    def noisiest(self) -> float:
        return 1.0

    @property
    def guidance(self) -> str:
        return TWO_CALLS

    def own_schedule(self, size: Size) -> None:
        return None

    def latent_shape(self, size: Size) -> tuple[int, int, int]:
        own = self.sizes.own
        if size != own:
            raise UsageError(
                f"{self.info.name} makes pictures of {own} pixels, not {size}; choose size {own}."
            )
        config = self.networks.denoiser.config
        return config.channels, config.side, config.side

    @torch.inference_mode()
    def condition(self, prompts: Sequence[str], negative: bool = False) -> TextFeatures:
        """The prompts' features, (B, ...); those of the last prompts are kept."""
        return reduce(TextFeatures.joined, [self._features(prompt) for prompt in prompts])

    def aligned(self, conditions: Sequence[TextFeatures]) -> Sequence[TextFeatures]:
        return conditions  # what is padded is masked

    def dressed(self, addons: tuple[AddOn, ...], clip_skip: int = 1, cache: float = 0.0) -> Never:
        what = "LoRA or embedding files" if addons else "clip skip" if clip_skip > 1 else "cache"
        raise UsageError(f"{self.info.name} takes no {what}; leave that out.")

    @property
    def notes(self) -> list[str]:
        return []

    def counted(self, phrase: prompts.Phrase) -> Counted:
        return self.networks.tokenizer.counted(phrase)

    def unread(self, prompt: str) -> str:
        return self.networks.tokenizer.unread(prompt)

    def denoiser(self, condition: TextFeatures, guidance: float | None = None) -> NetworkDenoiser:
        return NetworkDenoiser(self._network, self._path, self._prediction, condition)

    def weak_denoiser(self, condition: TextFeatures) -> NetworkDenoiser:
        """The bundle's small denoiser, for autoguidance. Raises UsageError if it has none."""
        weak = self.networks.weak
        if weak is None:
            raise UsageError(f"{self.info.name} has no weaker denoiser; choose another rule.")
        path, prediction = _trained_to(read_manifest(self.info.path / WEAK))
        return NetworkDenoiser(self._weak_network, path, prediction, condition)

    def turbo_denoiser(self, condition: TextFeatures) -> NetworkDenoiser:
        """The denoiser with the bundle's adapter merged in. Raises UsageError if it has none,
        ModelError for one of other weights."""
        if not self._has_turbo:
            raise UsageError(f"{self.info.name} has no Turbo; choose another sampler.")
        if self._turbo is None:
            self._turbo = with_adapter(
                self.networks.denoiser, self.info.path / TURBO, self.info.path / "denoiser"
            )
        return NetworkDenoiser(self._turbo_network, self._path, self._prediction, condition)

    @property
    def _has_turbo(self) -> bool:
        return (self.info.path / TURBO / MANIFEST).is_file()

    @property
    def classes(self) -> tuple[str, ...]:
        return self.networks.classes

    def log_probability(self, label: str) -> LogProbability:
        """log p(label | x_t), the classifier on the rectified flow of equal signal-to-noise ratio.

        Raises UsageError for a label it does not know.
        """
        classifier, index = self.networks.classifier, self._index_of(label)
        assert classifier is not None

        def log_probability(x: Tensor, alpha: float, sigma: float) -> Tensor:
            t = torch.full((len(x),), sigma / (alpha + sigma), device=x.device)
            return classifier(x.float() / (alpha + sigma), t).log_softmax(-1)[:, index]

        return log_probability

    @property
    def has(self) -> tuple[str, ...]:
        parts = {"weak": self.networks.weak, "classifier": self.networks.classifier}
        found = tuple(name for name, part in parts.items() if part is not None)
        return (*found, TURBO) if self._has_turbo else found

    def _index_of(self, label: str) -> int:
        known = [each.casefold() for each in self.classes]
        if not known:
            raise UsageError(f"{self.info.name} has no classifier; leave the class empty.")
        if label.casefold() not in known:
            close = get_close_matches(label.casefold(), known, n=3)
            hint = f" Did you mean {' or '.join(close)}?" if close else ""
            raise UsageError(f"the classifier knows no {label!r}.{hint}")
        return known.index(label.casefold())

    @torch.inference_mode()
    def encode(self, pictures: np.ndarray) -> Tensor:
        """Pictures (B, S, S, 3) uint8 -> normalised latents (B, C, h, w) fp32, posterior means."""
        autoencoder = self.networks.autoencoder
        x = torch.tensor(pictures).permute(0, 3, 1, 2)
        x = x.to(self._parameter.device, self._parameter.dtype) / 127.5 - 1.0
        mean = autoencoder.encode(x.contiguous(memory_format=torch.channels_last)).mean
        return autoencoder.normalised(mean.float()).contiguous()

    @torch.inference_mode()
    def mixed(
        self, conditions: Sequence[TextFeatures], weights: Sequence[float], normalised: bool = True
    ) -> TextFeatures:
        return mixed(conditions, weights, normalised)

    @torch.inference_mode()
    def decode(self, latents: Tensor) -> np.ndarray:
        """Normalised latents (B, C, h, w) -> pictures (B, H, W, 3) uint8."""
        autoencoder = self.networks.autoencoder
        raw = autoencoder.denormalised(latents.float()).to(self._parameter.dtype)
        decoded = autoencoder.decode(raw.contiguous(memory_format=torch.channels_last))
        return shown(decoded, self.info.name)

    @torch.inference_mode()
    def preview(self, x0: Tensor) -> np.ndarray:
        """Latents (B, C, h, w) -> (B, h, w, 3) uint8; whole pictures if the bundle has no map."""
        return self.decode(x0) if self._preview is None else to_bytes(self._preview(x0.float()))

    def _network(self, x: Tensor, t: Tensor, condition: TextFeatures) -> Tensor:
        return self._asked(self.networks.denoiser, x, t, condition)

    def _asked(
        self, network: DenoiserTransformer, x: Tensor, t: Tensor, condition: TextFeatures
    ) -> Tensor:
        record = None if self.recorded is None else Record()
        output = network(x, t, self._prompt(network, condition), record)
        if record is not None and self.recorded is not None:
            self.recorded(float(t[0]), record)
        return output.float()

    def _weak_network(self, x: Tensor, t: Tensor, condition: TextFeatures) -> Tensor:
        weak = self.networks.weak
        assert weak is not None
        return weak(x, t, self._prompt(weak, condition)).float()

    def _turbo_network(self, x: Tensor, t: Tensor, condition: TextFeatures) -> Tensor:
        assert self._turbo is not None
        return self._asked(self._turbo, x, t, condition)

    def _prompt(self, network: DenoiserTransformer, condition: TextFeatures) -> Prompt:
        """What the network hears of a condition; the last ones are kept, for the next step."""
        for known, of, prompt in self._heard:
            if known is condition and of is network:
                return prompt
        prompt = network.prompt(condition)
        self._heard = [(condition, network, prompt), *self._heard[: STEPS_SHARE - 1]]
        return prompt

    def _features(self, prompt: str) -> TextFeatures:
        """One prompt's features (1, ...), tokens in the denoiser's precision."""

        def read() -> TextFeatures:
            features = self.networks.features(prompt)
            return replace(features, tokens=features.tokens.to(self._parameter.dtype))

        return remembered(self._known, prompt, read)


def remembered(
    known: OrderedDict[Any, TextFeatures], prompt: Hashable, read: Callable[[], TextFeatures]
) -> TextFeatures:
    """What is `known` of a prompt, or read now; the last PROMPTS_KEPT stay known."""
    if prompt not in known:
        known[prompt] = read()
        if len(known) > PROMPTS_KEPT:
            known.popitem(last=False)
    known.move_to_end(prompt)
    return known[prompt]


def shown(decoded: Tensor, name: str) -> np.ndarray:
    """What the autoencoder of the model `name` made, (B, 3, H, W) in about [-1, 1] -> (B, H, W, 3)
    uint8. Raises ModelError where it is not finite."""
    if not bool(decoded.isfinite().all()):
        raise ModelError(f"{name} decodes to values that are not finite.")
    return to_bytes(decoded.float() / 2 + 0.5)


def to_bytes(pictures: Tensor) -> np.ndarray:
    """(B, 3, H, W) in [0, 1], clamped -> (B, H, W, 3) uint8 on the CPU."""
    scaled = pictures.clamp(0, 1).mul(255).round().to(torch.uint8)
    return scaled.permute(0, 2, 3, 1).contiguous().cpu().numpy()


def open_bundle(info: ModelInfo, device: str, precision: str, check: Check) -> LatentDiffusion:
    """Opens a bundle; `check` is called before every network and may raise Cancelled.

    Raises ModelError.
    """
    opened = []
    for kind in PARTS:
        check()
        exact = kind == "text"
        opened.append(open_network(info.path / kind, kind, "float32" if exact else precision))
    check()
    weak, classifier, classes = _open_extras(info, precision)
    networks = Networks(
        tokenizer_at(info.path / "text" / TOKENIZER),
        cast(TextTower, opened[0]),
        cast(DenoiserTransformer, opened[1]),
        cast(Autoencoder, opened[2]),
        weak,
        classifier,
        classes,
    )
    _check_fit(info, networks)
    for network in (networks.text, networks.denoiser, networks.autoencoder, weak, classifier):
        if network is not None:
            network.to(device)
    networks.autoencoder.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    path, prediction = _trained_to(read_manifest(info.path / "denoiser"))
    preview = _preview(read_manifest(info.path / "autoencoder"), networks, device)
    return LatentDiffusion(info, networks, path, prediction, preview)


def _open_extras(
    info: ModelInfo, precision: str
) -> tuple[DenoiserTransformer | None, NoisyClassifier | None, tuple[str, ...]]:
    """What a bundle may have beyond its parts: the weak denoiser, the classifier, its classes."""
    weak, classifier, classes = None, None, ()  # type: Any, Any, tuple[str, ...]
    if (info.path / WEAK / MANIFEST).is_file():
        weak = open_network(info.path / WEAK, "denoiser", precision)
    if (info.path / CLASSIFIER / MANIFEST).is_file():
        classifier = open_network(info.path / CLASSIFIER, "classifier")
        manifest = read_manifest(info.path / CLASSIFIER)
        classes = tuple(str(name) for name in manifest.extra.get("classes", ()))
        if len(classes) != classifier.config.classes:
            raise ModelError(
                f"{manifest.path} does not name its {classifier.config.classes} classes."
            )
    return weak, classifier, classes


def _trained_to(manifest: Manifest) -> tuple[DiffusionPath, Prediction]:
    """The path and the prediction the denoiser was trained for; a flow's velocity by default."""
    path = manifest.extra.get("path", "rectified-flow")
    prediction = manifest.extra.get("prediction", "velocity")
    if path not in PATHS or prediction not in PREDICTIONS:
        raise ModelError(f"{manifest.path} names a path or a prediction that does not exist.")
    return PATHS[path], PREDICTIONS[prediction]


def _check_fit(info: ModelInfo, networks: Networks) -> None:
    """Raises ModelError when networks of different bundles were mixed. On the CPU."""
    ours, latents = networks.denoiser.config, networks.autoencoder.config
    if ours.channels != latents.latent_channels:
        raise ModelError(f"{info.path} mixes networks: its denoiser and autoencoder do not fit.")
    text = networks.features("")
    if (ours.text_width, ours.pooled_width) != (text.tokens.shape[-1], text.pooled.shape[-1]):
        raise ModelError(f"{info.path} mixes networks: its denoiser and text tower do not fit.")


def _preview(manifest: Manifest, networks: Networks, device: str) -> LinearPreview | None:
    document: Any = manifest.extra.get("preview")
    if document is None:
        return None
    try:
        matrix = torch.tensor(document["matrix"], dtype=torch.float32, device=device)
        bias = torch.tensor(document["bias"], dtype=torch.float32, device=device)
    except (KeyError, ValueError, TypeError, RuntimeError) as error:
        raise ModelError(f"{manifest.path} has a preview that makes no sense.") from error
    fits = matrix.shape == (networks.autoencoder.config.latent_channels, 3) and bias.shape == (3,)
    if not fits or not (matrix.isfinite().all() and bias.isfinite().all()):
        raise ModelError(f"{manifest.path} has a preview that does not fit its latents.")
    return LinearPreview(matrix, bias)
