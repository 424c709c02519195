"""PixArt-Alpha (Chen et al. 2023, arXiv:2310.00426) and Sigma (2024, arXiv:2403.04692): a
transformer on a DDPM chain that attends to T5's tokens."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from studio.core.settings import Defaults
from studio.models.families.adapter import ATTENTION, Adapter, Part
from studio.models.families.t5 import T5Text, weighed
from studio.networks.tokenizer import words_of

if TYPE_CHECKING:
    from torch import Tensor

    from studio.core.prompts import Phrase
    from studio.core.tokens import Counted
    from studio.models.families.hearing import Cross
    from studio.networks.text import TextFeatures
    from studio.networks.tokenizer import Word

LENGTHS = {"PixArtAlphaPipeline": 120, "PixArtSigmaPipeline": 300}  # tokens, the end among them


class PixArt(Adapter):
    asked = "transformer"
    maps = (ATTENTION,)
    usually = Defaults("dpmpp-2m", 20, 4.5)
    pipelines = tuple(LENGTHS)
    parts: ClassVar[Mapping[str, Part]] = {
        "transformer": Part(("PixArtTransformer2DModel", "Transformer2DModel")),
        "tokenizer": Part(("T5Tokenizer", "T5TokenizerFast"), "transformers"),
        "text_encoder": Part(("T5EncoderModel",), "transformers"),
    }

    @cached_property
    def text(self) -> T5Text:
        length = LENGTHS.get(self.index["_class_name"], 120)
        return T5Text(self.networks["tokenizer"], self.networks["text_encoder"], length)

    def features(self, phrase: Phrase) -> TextFeatures:
        """In lower-case letters, as it was trained, and nothing of what the text does not fill."""
        import torch

        found = self.text.tokenizer(
            phrase.text.lower(),
            max_length=self.text.length,
            truncation=True,
            return_offsets_mapping=True,
            return_tensors="pt",
        )
        encoder = self.text.encoder
        with torch.inference_mode():
            states = encoder(found.input_ids.to(encoder.device)).last_hidden_state
        return weighed(phrase, states, found.offset_mapping[0].tolist())

    def predict(
        self, x: Tensor, t: Tensor, features: TextFeatures, guidance: float | None
    ) -> Tensor:
        """Of the noise and its variance the noise."""
        output: Tensor = self.denoiser(
            x,
            features.tokens,
            t,
            added_cond_kwargs=self._sizes(x),
            encoder_attention_mask=features.mask,
            return_dict=False,
        )[0]
        return output[:, : x.shape[1]]

    def _sizes(self, x: Tensor) -> dict[str, Any]:
        """Some are told the picture's size and shape."""
        if not self.denoiser.use_additional_conditions:
            return {"resolution": None, "aspect_ratio": None}
        height, width = (self.downsampling * side for side in x.shape[-2:])
        sizes = x.new_tensor([[height, width]]).expand(len(x), -1)
        return {"resolution": sizes, "aspect_ratio": sizes[:, :1] / sizes[:, 1:]}

    def words(self, phrase: Phrase) -> list[Word]:
        low = phrase.lowered()
        return words_of(low, self.text.placed(low))

    def heard(self, x: Tensor, texts: Mapping[str, Tensor], rows: int) -> Cross:
        from studio.models.families.hearing import Cross

        return Cross(self.denoiser, x, texts, rows)

    def counted(self, phrase: Phrase) -> Counted:
        return self.text.counted(phrase.lowered())

    def fold(self) -> int:
        return int(self.denoiser.config.patch_size)


FAMILY = PixArt
