"""FLUX.1 dev and schnell (Black Forest Labs 2024): T5's tokens beside the picture's, CLIP's vector
and the time modulating both; guidance is a number it is told (dev) or inside (schnell)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from studio.core.guided import EMBEDDED, NOT_AT_ALL
from studio.core.settings import Defaults
from studio.models.families.adapter import ATTENTION, T5_TOKENIZERS, Adapter, Part
from studio.models.families.chat import ChatText
from studio.models.families.flow import published
from studio.models.families.stable_diffusion import TOKENIZERS
from studio.models.families.t5 import T5Text
from studio.networks.tokenizer import words_of

if TYPE_CHECKING:
    from torch import Tensor

    from studio.core.prompts import Phrase
    from studio.core.tokens import Counted
    from studio.diffusion.schedules import Schedule
    from studio.models.families.hearing import Joint
    from studio.networks.text import TextFeatures
    from studio.networks.tokenizer import Word

DEV, SCHNELL = Defaults("flow-euler", 28, 3.5), Defaults("flow-euler", 4, 1.0)
FEWER = Defaults("flow-euler", 8, 3.5)  # of dev, distilled once more
PACK = 2  # latents a side in one token


class Flux(Adapter):
    """And what its kin share."""

    asked, tiny = "transformer", "taef1"
    maps = (ATTENTION,)
    caches = True
    latent_side = 128
    usual = DEV.guidance
    pipelines: ClassVar[tuple[str, ...]] = ("FluxPipeline",)
    parts: ClassVar[Mapping[str, Part]] = {
        "transformer": Part(("FluxTransformer2DModel",)),
        "tokenizer": Part(TOKENIZERS, "transformers"),
        "text_encoder": Part(("CLIPTextModel",), "transformers"),
        "tokenizer_2": Part(T5_TOKENIZERS, "transformers"),
        "text_encoder_2": Part(("T5EncoderModel",), "transformers"),
    }

    @classmethod
    def defaults(cls, told: Mapping[str, str], index: Mapping[str, Any]) -> Defaults:
        if told["variant"] == "schnell":
            return SCHNELL
        return FEWER if told.get("distilled") == "8 steps" else DEV

    @property
    def guidance(self) -> str:
        return EMBEDDED if self.denoiser.config.guidance_embeds else NOT_AT_ALL

    @cached_property
    def reader(self) -> T5Text | ChatText:
        """schnell was trained with fewer tokens."""
        length = 512 if self.guidance == EMBEDDED else 256
        return T5Text(self.networks["tokenizer_2"], self.networks["text_encoder_2"], length)

    def features(self, phrase: Phrase) -> TextFeatures:
        from studio.models.families.clip import ClipText

        clip = ClipText(self.networks["tokenizer"], self.networks["text_encoder"])
        return replace(self.reader(phrase), pooled=clip(phrase)[1])

    def predict(
        self, x: Tensor, t: Tensor, features: TextFeatures, guidance: float | None
    ) -> Tensor:
        """Packed two by two: (B, C, h, w) to (B, h w / 4, 4 C), and back."""
        from torch.nn.functional import pixel_shuffle, pixel_unshuffle

        x = pixel_unshuffle(x, PACK)
        image, words = self.places(x, features.tokens.shape[1])
        more = self.more(x, features)
        if self.guidance == EMBEDDED:
            more["guidance"] = t.new_full((len(x),), self.usual if guidance is None else guidance)
        output = self.denoiser(
            x.flatten(2).transpose(1, 2),
            encoder_hidden_states=features.tokens,
            timestep=t,
            img_ids=image,
            txt_ids=words,
            return_dict=False,
            **more,
        )[0]
        return pixel_shuffle(output.transpose(1, 2).unflatten(2, x.shape[-2:]), PACK)

    def places(self, x: Tensor, length: int) -> tuple[Tensor, Tensor]:
        """0, row and column of each of the picture's tokens, and 0, 0, 0 of each of the text's."""
        import torch

        rows, columns = (torch.arange(side, device=x.device) for side in x.shape[-2:])
        image = torch.cartesian_prod(torch.zeros_like(rows[:1]), rows, columns)
        return image, image.new_zeros(length, 3)

    def more(self, x: Tensor, features: TextFeatures) -> dict[str, Any]:
        """What else the denoiser is given."""
        return {"pooled_projections": features.pooled}

    def words(self, phrase: Phrase) -> list[Word]:
        return words_of(phrase, self.reader.placed(phrase))

    def heard(self, x: Tensor, texts: Mapping[str, Tensor], rows: int) -> Joint:
        from studio.models.families.hearing import Joint

        return Joint((x.shape[-2] // PACK, x.shape[-1] // PACK), rows)

    def counted(self, phrase: Phrase) -> Counted:
        return self.reader.counted(phrase)

    def schedule(self, height: int, width: int, config: Mapping[str, Any]) -> Schedule:
        return published(config, height * width // PACK**2)

    def channels(self) -> int:
        return super().channels() // 4  # two by two positions are one token

    def fold(self) -> int:
        return PACK


FAMILY = Flux
