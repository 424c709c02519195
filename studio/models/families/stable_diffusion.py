"""Stable Diffusion 1.x and 2.x (Rombach et al. 2022, arXiv:2112.10752) and XL (Podell et al. 2023,
arXiv:2307.01952): a U-Net that attends to CLIP's tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from studio.core.errors import UsageError
from studio.core.prompts import plain
from studio.core.settings import Defaults
from studio.models.families.adapter import ATTENTION, LIKENESS, Adapter, Part
from studio.networks.tokenizer import words_of

if TYPE_CHECKING:
    from torch import Tensor

    from studio.core.prompts import Phrase
    from studio.core.tokens import Counted
    from studio.models.families.clip import ClipText
    from studio.models.families.hearing import Cross
    from studio.networks.text import TextFeatures
    from studio.networks.tokenizer import Word

TOKENIZERS = ("CLIPTokenizer", "CLIPTokenizerFast")
CLIP = ("CLIPTextModel", "CLIPTextModelWithProjection")
#: What a distilled one does: noise anew after each jump, or steps straight on.
ANEW, STRAIGHT = Defaults("euler-ancestral", 4, 1.0), Defaults("ddim", 8, 1.0)
DISTILLED = {"Turbo": ANEW, "LCM": ANEW, "DMD2": ANEW, "Lightning": STRAIGHT, "Hyper-SD": STRAIGHT}
PLAIN, XL = Defaults("dpmpp-2m", 25, 7.5), Defaults("dpmpp-2m", 30, 6.0)


class StableDiffusion(Adapter):
    asked = "unet"
    maps = ATTENTION, LIKENESS
    skips = True
    pipelines = ("StableDiffusionPipeline", "StableDiffusionXLPipeline")
    parts: ClassVar[Mapping[str, Part]] = {
        "unet": Part(("UNet2DConditionModel",)),
        "tokenizer": Part(TOKENIZERS, "transformers"),
        "text_encoder": Part(CLIP, "transformers"),
        "tokenizer_2": Part(TOKENIZERS, "transformers", optional=True),
        "text_encoder_2": Part(CLIP, "transformers", optional=True),
    }

    @classmethod
    def defaults(cls, told: Mapping[str, str], index: Mapping[str, Any]) -> Defaults:
        own = XL if "XL" in index["_class_name"] else PLAIN
        return DISTILLED.get(told.get("distilled", ""), own)

    @cached_property
    def texts(self) -> tuple[ClipText, ...]:
        from studio.models.families.clip import ClipText

        pairs = (("tokenizer", "text_encoder"), ("tokenizer_2", "text_encoder_2"))
        return tuple(
            ClipText(self.networks[a], self.networks[b]) for a, b in pairs if b in self.networks
        )

    @property
    def xl(self) -> bool:
        return len(self.texts) > 1

    @property
    def tiny(self) -> str:
        return "taesdxl" if self.xl else "taesd"

    def skipping(self, clip_skip: int) -> StableDiffusion:
        layers = min(text.encoder.config.num_hidden_layers for text in self.texts)
        if clip_skip > layers:
            raise UsageError(f"clip skip must be 1 to {layers} for this model, not {clip_skip}.")
        view = copy(self)
        view.clip_skip = clip_skip
        return view

    def features(self, phrase: Phrase) -> TextFeatures:
        """XL reads nothing where there is no text."""
        import torch

        found = self._read(phrase)
        if self.xl and not phrase.text and self.index.get("force_zeros_for_empty_prompt"):
            zeros = torch.zeros_like(found.tokens), found.mask, torch.zeros_like(found.pooled)
            return type(found)(*zeros)
        return found

    def _read(self, phrase: Phrase) -> TextFeatures:
        """XL reads both encoders side by side, their last layer but one or an earlier one, as it
        is; the others an earlier one as if it were the last, through the norm behind that."""
        import torch

        from studio.networks.text import TextFeatures

        chunks = max(len(text.chunks(phrase.text)) for text in self.texts)
        skip = max(self.clip_skip, 2) if self.xl else self.clip_skip
        read = [text(phrase, skip, chunks, not self.xl) for text in self.texts]
        tokens, pooled = torch.cat([tokens for tokens, _ in read], -1), read[-1][1]
        return TextFeatures(tokens, tokens.new_ones(tokens.shape[:2]).bool(), pooled)

    def aligned(self, features: Sequence[TextFeatures]) -> Sequence[TextFeatures]:
        """Each with as many chunks as the longest, the further ones without words."""
        import torch

        lengths = {each.tokens.shape[1] for each in features}
        if len(lengths) == 1:
            return features
        empty = self._read(plain("")).tokens

        def filled(short: TextFeatures) -> TextFeatures:
            more = (max(lengths) - short.tokens.shape[1]) // empty.shape[1]
            filler = empty.to(short.tokens).repeat(len(short.tokens), more, 1)
            filler = filler * bool(short.tokens.any())  # nothing goes on as nothing
            tokens = torch.cat([short.tokens, filler], 1)
            return replace(short, tokens=tokens, mask=tokens.new_ones(tokens.shape[:2]).bool())

        return [filled(each) for each in features]

    def predict(
        self, x: Tensor, t: Tensor, features: TextFeatures, guidance: float | None
    ) -> Tensor:
        more = {"added_cond_kwargs": self._added(x, features)} if self.xl else {}
        output: Tensor = self.denoiser(x, t, features.tokens, return_dict=False, **more)[0]
        return output

    def _added(self, x: Tensor, features: TextFeatures) -> dict[str, Tensor]:
        """XL is told the picture's size, that nothing was cropped, and the size again."""
        height, width = (self.downsampling * side for side in x.shape[-2:])
        sizes = x.new_tensor([height, width, 0, 0, height, width]).expand(len(x), -1)
        return {"text_embeds": features.pooled, "time_ids": sizes}

    def words(self, phrase: Phrase) -> list[Word]:
        return words_of(phrase, self.texts[0].placed(phrase))

    def heard(self, x: Tensor, texts: Mapping[str, Tensor], rows: int) -> Cross:
        from studio.models.families.hearing import Cross

        return Cross(self.denoiser, x, texts, rows)

    def counted(self, phrase: Phrase) -> Counted:
        return self.texts[0].counted(phrase)


FAMILY = StableDiffusion
