"""Other people's generator, ready: their networks, this studio's paths, samplers and guidance.

A family's `Adapter` asks the networks; what is the same for all of them is here: the path and the
prediction from the scheduler's configuration, the autoencoder, previews, the prompts last used.
"""

from __future__ import annotations

import copy
import importlib
import logging
import os
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import torch
from torch import Tensor

from studio.core import prompts
from studio.core.addons import ADDONS, AddOn
from studio.core.errors import Cancelled, ModelError, UsageError, is_out_of_memory
from studio.core.prompts import Phrase
from studio.core.settings import CACHE, CLIP_SKIP, NO_CACHE
from studio.core.sizes import Size, Sizes
from studio.core.tokens import Counted
from studio.diffusion.denoiser import Network, NetworkDenoiser
from studio.diffusion.guidance import LogProbability
from studio.diffusion.paths import DiscreteDDPM, RectifiedFlow, evenly, rf_time
from studio.diffusion.paths import Path as DiffusionPath
from studio.diffusion.predictions import PREDICTIONS, Prediction
from studio.diffusion.schedules import Schedule
from studio.models import tiling
from studio.models.block_cache import BlockCache, Keeping
from studio.models.dressing import Wardrobe
from studio.models.families import family_of
from studio.models.families.adapter import Adapter
from studio.models.format import Check, reading
from studio.models.formats.checkpoint import AUTOENCODER, INDEX, VARIANT, parts_of, weights_in
from studio.models.kl_autoencoder import EXTRA
from studio.models.known import answers, bytes_of
from studio.models.latent_diffusion import LinearPreview, remembered, shown, to_bytes
from studio.models.model import ImageAutoencoder, ModelInfo
from studio.models.network_folder import read_document
from studio.models.previews import tiny_preview
from studio.models.room import Room
from studio.models.state_files import reason
from studio.models.weights import Watched
from studio.networks.text import TextFeatures, mixed

MEANT = {"epsilon": "epsilon", "v_prediction": "v", "sample": "x0"}
#: A context of one call of the denoiser, by its x and t.
Overheard = Callable[[Tensor, Tensor], AbstractContextManager[None]]
SAMPLE, POSITIONS = 256, 32  # pixels and latents a side, at most, that the preview is fitted to


@dataclass(frozen=True)
class Asked:
    """A model's network, told so much guidance: equal ones can be asked in one call."""

    model: Checkpoint
    guidance: float | None

    def __call__(self, x: Tensor, t: Tensor, condition: TextFeatures) -> Tensor:
        return self.model.predict(x, t, condition, self.guidance)


class Checkpoint:
    """A latent diffusion model that others trained: a `Model`."""

    def __init__(
        self,
        info: ModelInfo,
        adapter: Adapter,
        autoencoder: ImageAutoencoder,
        path: DiffusionPath,
        prediction: Prediction,
        scheduler: Mapping[str, Any],
    ) -> None:
        """`scheduler` is scheduler_config.json."""
        self.scheduler = scheduler
        self.info, self.adapter, self.autoencoder = info, adapter, autoencoder
        self.path, self.prediction = path, prediction
        self._known: OrderedDict[Any, TextFeatures] = OrderedDict()
        self._wardrobe, self._addons = Wardrobe(adapter, info.name), tuple[AddOn, ...]()
        self._blocks, self._cache = BlockCache(adapter.denoiser), 0.0
        self._room = Room(info.name, self._wardrobe.notes)
        self._parameter = next(adapter.denoiser.parameters())
        self.place = self._parameter.device  # where the denoiser computes, wherever it is kept
        #: Within it the text encoders are where they can read.
        self.reading: Callable[[], AbstractContextManager[None]] = nullcontext
        self._preview: Callable[[Tensor], Tensor] | None = None
        self._one_reader = Lock()  # a window counts tokens meanwhile
        self.overheard: Overheard = unheard  # while the denoiser is asked

    @property
    def device(self) -> str:
        return str(self.place.type)

    @property
    def sizes(self) -> Sizes:
        return Sizes.about(self.info.size, self.autoencoder.downsampling * self.adapter.fold())

    @property
    def noisiest(self) -> float:
        return rf_time(self.path.lambda_from_t(self.path.ends[1]))

    @property
    def guidance(self) -> str:
        return self.adapter.guidance

    def own_schedule(self, size: Size) -> Schedule | None:
        _, height, width = self.latent_shape(size)
        return self.adapter.schedule(height, width, self.scheduler)

    def latent_shape(self, size: Size) -> tuple[int, int, int]:
        if not self.sizes.makes(size):
            near = self.sizes.nearest(size)
            raise UsageError(f"{self.info.name} makes no pictures of {size} pixels; try {near}.")
        fold = self.autoencoder.downsampling
        return self.autoencoder.latent_channels, size.height // fold, size.width // fold

    @torch.inference_mode()
    def condition(self, prompts: Sequence[str], negative: bool = False) -> TextFeatures:
        return reduce(TextFeatures.joined, [self._features(each, negative) for each in prompts])

    def aligned(self, conditions: Sequence[TextFeatures]) -> Sequence[TextFeatures]:
        with self._one_reader:
            self._wardrobe.wear(self._addons)
            return self.adapter.aligned(conditions)

    def dressed(
        self, addons: tuple[AddOn, ...], clip_skip: int = 1, cache: float = 0.0
    ) -> Checkpoint:
        if cache and not self.adapter.caches:
            raise UsageError(f"{self.info.name} has no cache: {NO_CACHE}; leave it at 0.")
        view = copy.copy(self)  # the same networks, and what is known of prompts
        view._cache = cache
        view._addons, view.adapter = addons, self._wardrobe.taught(addons).skipping(clip_skip)
        return view

    @property
    def notes(self) -> list[str]:
        return self._wardrobe.notes

    def counted(self, phrase: Phrase) -> Counted:
        with self._one_reader:
            return self.adapter.counted(phrase)

    def unread(self, prompt: str) -> str:
        cut = self.counted(prompts.plain(prompt)).cut
        return prompt[cut[0][0] :].lstrip() if cut else ""

    def denoiser(self, condition: TextFeatures, guidance: float | None = None) -> NetworkDenoiser:
        network: Network = Asked(self, guidance)
        if self._cache:
            network = Keeping(network, self._blocks, self._cache)
        return NetworkDenoiser(network, self.path, self.prediction, condition)

    def weak_denoiser(self, condition: TextFeatures) -> NetworkDenoiser:
        raise UsageError(f"{self.info.name} has no weaker denoiser; choose another rule.")

    def turbo_denoiser(self, condition: TextFeatures) -> NetworkDenoiser:
        raise UsageError(f"{self.info.name} has no Turbo; choose another sampler.")

    @property
    def classes(self) -> tuple[str, ...]:
        return ()

    def log_probability(self, label: str) -> LogProbability:
        raise UsageError(f"{self.info.name} has no classifier; leave the class empty.")

    @property
    def has(self) -> tuple[str, ...]:
        known = (CLIP_SKIP, self.adapter.skips), (CACHE, self.adapter.caches)
        return ADDONS, *(name for name, there in known if there)

    @torch.inference_mode()
    def encode(self, pictures: np.ndarray) -> Tensor:
        x = torch.tensor(pictures).permute(0, 3, 1, 2).to(self.device) / 127.5 - 1.0

        def means(part: Tensor, tile: int) -> Tensor:
            return tiling.encode(self.autoencoder, part, tile).mean

        mean = self._room.coded(means, x, self.autoencoder).to(self.device)
        return self.autoencoder.normalised(mean).contiguous()

    @torch.inference_mode()
    def mixed(
        self, conditions: Sequence[TextFeatures], weights: Sequence[float], normalised: bool = True
    ) -> TextFeatures:
        return mixed(self.aligned(conditions), weights, normalised)

    @torch.inference_mode()
    def decode(self, latents: Tensor) -> np.ndarray:
        def pixels(part: Tensor, tile: int) -> Tensor:
            return tiling.decode(self.autoencoder, part, tile)

        raw = self.autoencoder.denormalised(latents.float())
        return shown(self._room.coded(pixels, raw, self.autoencoder), self.info.name)

    @torch.inference_mode()
    def preview(self, x0: Tensor) -> np.ndarray:
        if self._preview is None:
            told = self.info.path, self.adapter.tiny, x0.shape[1], self.place, self.notes
            self._preview = tiny_preview(*told) or fitted(self.autoencoder, self.place)
        return to_bytes(self._preview(x0.float()))

    def predict(
        self, x: Tensor, t: Tensor, condition: TextFeatures, guidance: float | None
    ) -> Tensor:
        """The denoiser's output at x (B, C, h, w), t (B,) in its path's unit, dressed as asked."""
        self._wardrobe.wear(self._addons)
        self._blocks.use(self._cache)
        x = x.to(self._parameter.dtype)

        def some(rows: slice) -> Tensor:
            return self.adapter.predict(x[rows], t[rows], condition.rows(rows), guidance)

        if self.overheard is unheard:
            return self._room.asked(some, len(x)).float()
        with self.overheard(x, t):  # maps are of all rows at once
            return some(slice(0, len(x))).float()

    def _features(self, prompt: str, negative: bool) -> TextFeatures:
        """One prompt's features (1, ...), in the denoiser's precision; the last are kept."""
        asked = self.adapter.avoided if negative else self.adapter.features

        def read() -> TextFeatures:
            self._wardrobe.wear(self._addons)
            with self._one_reader, self.reading():
                found = asked(prompts.one_phrase(prompt))
            place, kind = self.place, self._parameter.dtype
            tokens, pooled = (each.to(place, kind) for each in (found.tokens, found.pooled))
            return TextFeatures(tokens, found.mask.to(place), pooled)

        key = prompt, negative, self._addons, self.adapter.clip_skip
        return remembered(self._known, key, read)


def unheard(x: Tensor, t: Tensor) -> AbstractContextManager[None]:
    return nullcontext()


def fitted(autoencoder: ImageAutoencoder, device: torch.device) -> LinearPreview:
    """The linear map from normalised latents to colours that is nearest to what the autoencoder
    does with a picture of smooth colours: least squares over its positions."""
    fold, generator = autoencoder.downsampling, torch.Generator().manual_seed(0)
    noise, side = torch.rand((1, 3, 8, 8), generator=generator), min(SAMPLE, POSITIONS * fold)
    picture = torch.nn.functional.interpolate(noise, size=side, mode="bicubic").clamp(0, 1)
    kind = next(autoencoder.parameters()).dtype
    mean = autoencoder.encode((picture * 2 - 1).to(device, kind)).mean.float()
    latents = autoencoder.normalised(mean)[0].flatten(1).T.cpu()
    colours = torch.nn.functional.avg_pool2d(picture, fold)[0].flatten(1).T
    known = torch.cat([latents, torch.ones(len(latents), 1)], 1)
    solution = torch.linalg.lstsq(known, colours).solution.to(device)
    return LinearPreview(solution[:-1], solution[-1])


def open_checkpoint(
    info: ModelInfo, device: str, precision: str, check: Check, autoencoder: str = "",
    mapped: bool = True, packed: str = "",
) -> Checkpoint:  # fmt: skip
    """`check` is called at every weight and may raise Cancelled; `autoencoder` replaces the
    folder's own; `packed` is how linear layers are kept, one of `eight_bits.BESIDE` or "". Raises
    ModelError."""
    from studio.models.registry import open_autoencoder

    index = read_document(info.path / INDEX)
    family = family_of(index)
    assert family is not None  # described
    networks, read, check = {}, 0, reading(check)
    for name in parts_of(info.path, family, index):
        library, kind = index[name]
        how = device, precision, check, mapped, packed
        networks[name] = open_part(library, kind, info.path / name, *how)
        read += sum(map(bytes_of, weights_in(info.path / name)))
        check.reach(read)  # in the precision that they are kept in
    place = autoencoder or str(info.path / AUTOENCODER)
    opened = open_autoencoder(place, device, precision)
    check.reach(read + bytes_of(Path(place)))
    adapter = family(networks, index, opened.downsampling)
    path = info.path / "scheduler" / "scheduler_config.json"
    return ready(info, adapter, opened, read_document(path) | answered(info.path, check), path)


def ready(
    info: ModelInfo,
    adapter: Adapter,
    autoencoder: ImageAutoencoder,
    scheduler: Mapping[str, Any],
    path: Path,
) -> Checkpoint:
    """`scheduler` is the configuration that `path` says. Raises ModelError, also where the denoiser
    knows other latents than the autoencoder's."""
    if autoencoder.latent_channels != adapter.channels():
        raise ModelError(
            f"{info.path}: the autoencoder has {autoencoder.latent_channels} latent channels, the"
            f" denoiser {adapter.channels()}; choose the one that it was trained with."
        )
    return Checkpoint(info, adapter, autoencoder, *trained_as(scheduler, path), scheduler)


def module_of(library: str, path: Path) -> Any:
    """One of the packages of EXTRA, quiet and never online. Raises ModelError."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    logging.getLogger("torch.utils._pytree").setLevel(logging.ERROR)  # it frets about torchao
    try:
        module = importlib.import_module(library)
        if library != "accelerate":  # which says nothing
            telling = importlib.import_module(f"{library}.utils.logging")
            telling.disable_progress_bar()
            telling.set_verbosity_error()
        return module
    except ImportError as error:
        raise ModelError(
            f"{path} needs the packages diffusers, transformers and accelerate;"
            f" install them with: pip install '{EXTRA}'."
        ) from error


def open_part(
    library: str, kind: str, folder: Path, device: str, precision: str,
    check: Check = lambda: None, mapped: bool = True, packed: str = "",
) -> Any:  # fmt: skip
    """A network or a tokenizer of one of the two packages. Where the files are not `mapped` into
    memory, or linear layers `packed`, tensor by tensor. Raises ModelError, Cancelled."""
    module = module_of(library, folder)
    try:
        found = getattr(module, kind)
        if "Tokenizer" in kind or "Processor" in kind:
            return found.from_pretrained(folder, local_files_only=True)
        if packed or not mapped:
            from studio.models.single_file.folder import read_network

            return read_network(library, kind, folder, device, precision, check, packed)
        variant = VARIANT.search(weights_in(folder)[0].name) if weights_in(folder) else None
        with Watched(reading(check).add):
            network, report = found.from_pretrained(
                folder,
                local_files_only=True,
                use_safetensors=True,
                torch_dtype=getattr(torch, precision),
                variant=variant[1] if variant else None,
                output_loading_info=True,
            )
    except Exception as error:  # what is damaged fails in any way it likes
        if isinstance(error, Cancelled | ModelError) or is_out_of_memory(error):
            raise
        raise ModelError(f"{folder} cannot be opened: {reason(error)}") from error
    if missing := sorted(report["missing_keys"]):  # they would be random numbers
        raise ModelError(f"{folder} lacks {len(missing)} of its tensors: {missing[0]}, ...")
    return network.to(device).eval().requires_grad_(False)


def answered(path: Path, check: Check, but: Collection[str] = ()) -> dict[str, object]:
    """What the user has answered of a model, `but` these topics, in a scheduler's words."""
    known = {topic: said for topic, said in answers(path, check).items() if topic not in but}
    found: dict[str, object] = {}
    if said := known.get("prediction"):
        found["prediction_type"] = next(kind for kind, means in MEANT.items() if means == said)
    if said := known.get("zero terminal SNR"):
        found["rescale_betas_zero_snr"] = said == "yes"
    return found


def trained_as(config: Mapping[str, Any], path: Path) -> tuple[DiffusionPath, Prediction]:
    """What a scheduler's configuration, that of `path`, says the denoiser was trained for. Raises
    ModelError."""
    kind = str(config.get("prediction_type", "epsilon"))
    schedule, count = config.get("beta_schedule", "linear"), config.get("num_train_timesteps", 1000)
    try:
        if "FlowMatch" in str(config.get("_class_name")) or kind == "flow_prediction":
            return RectifiedFlow(), PREDICTIONS["velocity"]
        ends = float(config.get("beta_start", 1e-4)), float(config.get("beta_end", 0.02))
        if config.get("trained_betas"):
            chain = DiscreteDDPM.from_betas(tuple(map(float, config["trained_betas"])))
        elif schedule == "squaredcos_cap_v2":
            chain = DiscreteDDPM.cosine(count=int(count))
        elif schedule == "scaled_linear":
            chain = DiscreteDDPM.scaled_linear(*ends, int(count))
        elif schedule == "linear":
            chain = DiscreteDDPM.from_betas(evenly(*ends, int(count)))
        else:
            raise ModelError(f"{path} has betas that are not known here: {schedule}.")
        if config.get("rescale_betas_zero_snr"):
            chain = chain.with_zero_terminal_snr()
        return chain, PREDICTIONS[MEANT[kind]]
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{path} says nothing that can be used: {error}.") from error
