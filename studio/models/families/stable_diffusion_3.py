"""Stable Diffusion 3 and 3.5 (Esser et al. 2024, arXiv:2403.03206): two CLIPs and T5 side by side
with the picture in one transformer, on a rectified flow."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from studio.core.errors import UsageError
from studio.core.settings import Defaults
from studio.models.families.adapter import ATTENTION, T5_TOKENIZERS, Adapter, Part
from studio.models.families.flow import published
from studio.models.families.stable_diffusion import TOKENIZERS
from studio.models.families.t5 import T5Text
from studio.networks.tokenizer import words_of

if TYPE_CHECKING:
    from torch import Tensor

    from studio.core.prompts import Phrase
    from studio.core.tokens import Counted
    from studio.diffusion.schedules import Schedule
    from studio.models.families.clip import ClipText
    from studio.models.families.hearing import Joint
    from studio.networks.text import TextFeatures
    from studio.networks.tokenizer import Word

CLIP = Part(("CLIPTextModelWithProjection",), "transformers")
TIME = 1000.0  # its unit: a thousandth of the way
T5_LENGTH = 256
TURBO = Defaults("flow-euler", 4, 1.0)
DEFAULTS = {
    "3.5 large": Defaults("flow-euler", 28, 3.5),
    "3.5 medium": Defaults("flow-euler", 40, 4.5),
}


class StableDiffusion3(Adapter):
    asked, tiny = "transformer", "taesd3"
    maps = (ATTENTION,)
    pipelines = ("StableDiffusion3Pipeline",)
    parts: ClassVar[Mapping[str, Part]] = {
        "transformer": Part(("SD3Transformer2DModel",)),
        "tokenizer": Part(TOKENIZERS, "transformers"),
        "text_encoder": CLIP,
        "tokenizer_2": Part(TOKENIZERS, "transformers"),
        "text_encoder_2": CLIP,
        "tokenizer_3": Part(T5_TOKENIZERS, "transformers", optional=True),
        "text_encoder_3": Part(("T5EncoderModel",), "transformers", optional=True),
    }

    @classmethod
    def defaults(cls, told: Mapping[str, str], index: Mapping[str, Any]) -> Defaults:
        if told.get("distilled", "no") != "no":
            return TURBO
        return DEFAULTS.get(told["variant"], Defaults("flow-euler", 28, 7.0))

    @cached_property
    def clips(self) -> tuple[ClipText, ...]:
        from studio.models.families.clip import ClipText

        pairs = (("tokenizer", "text_encoder"), ("tokenizer_2", "text_encoder_2"))
        return tuple(ClipText(self.networks[a], self.networks[b]) for a, b in pairs)

    @cached_property
    def t5(self) -> T5Text | None:
        """A folder without it reads less well, and nothing beyond CLIP's 77 tokens."""
        if "text_encoder_3" not in self.networks:
            return None
        return T5Text(self.networks["tokenizer_3"], self.networks["text_encoder_3"], T5_LENGTH)

    def features(self, phrase: Phrase) -> TextFeatures:
        import torch
        from torch.nn.functional import pad

        from studio.networks.text import TextFeatures

        read = [clip(phrase, skip=2) for clip in self.clips]
        short = torch.cat([tokens for tokens, _ in read], -1)
        width = self.denoiser.config.joint_attention_dim
        long = self.t5(phrase).tokens if self.t5 else short.new_zeros(1, T5_LENGTH, width)
        tokens = torch.cat([pad(short, (0, width - short.shape[-1])), long], 1)
        mask = torch.ones(tokens.shape[:2], dtype=torch.bool, device=tokens.device)
        return TextFeatures(tokens, mask, torch.cat([pooled for _, pooled in read], -1))

    def predict(
        self, x: Tensor, t: Tensor, features: TextFeatures, guidance: float | None
    ) -> Tensor:
        config = self.denoiser.config
        most = config.pos_embed_max_size * config.patch_size
        if max(x.shape[-2:]) > most:
            raise UsageError(f"it has no places beyond {most * self.downsampling} pixels a side.")
        output: Tensor = self.denoiser(
            x, features.tokens, features.pooled, TIME * t, return_dict=False
        )[0]
        return output

    def words(self, phrase: Phrase) -> list[Word]:
        """CLIP's tokens and T5's."""
        first = self.clips[0]
        placed = [each for each in first.placed(phrase) if each[0] < first.length]
        long = self.t5.placed(phrase) if self.t5 else []
        return words_of(phrase, [*placed, *((first.length + n, a, b) for n, a, b in long)])

    def heard(self, x: Tensor, texts: Mapping[str, Tensor], rows: int) -> Joint:
        from studio.models.families.hearing import Joint

        height, width = (side // self.fold() for side in x.shape[-2:])
        return Joint((height, width), rows, text_at=height * width)

    def counted(self, phrase: Phrase) -> Counted:
        return self.t5.counted(phrase) if self.t5 else self.clips[0].counted_once(phrase)

    def schedule(self, height: int, width: int, config: Mapping[str, Any]) -> Schedule:
        return published({"max_shift": 1.16, **config}, height * width // self.fold() ** 2)

    def fold(self) -> int:
        return int(self.denoiser.config.patch_size)


FAMILY = StableDiffusion3
