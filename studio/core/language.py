"""Words and pictures in one space: what can be asked of the engine, and what it says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from studio.core.errors import UsageError
from studio.core.messages import Event, Request

if TYPE_CHECKING:
    import numpy as np

MOST_TEXTS = 512
MOST_PICTURES = 512
MOST_POINTS = 5_000  # exact neighbours and repulsion: time grows with the square


@dataclass(frozen=True)
class Tokenize(Request):
    """How each tokenizer cuts a text."""

    text: str


@dataclass(frozen=True)
class TokenRow:
    """One tokenizer's pieces of a text and their numbers; the `unknown` parts are not in its
    vocabulary of `size` pieces."""

    tokenizer: str
    pieces: tuple[str, ...]
    ids: tuple[int, ...]
    unknown: tuple[str, ...]
    size: int


@dataclass(frozen=True)
class Tokenized(Event):
    text: str
    rows: tuple[TokenRow, ...]


@dataclass(frozen=True, eq=False)
class Embed(Request):
    """Texts and pictures (H, W, 3) uint8 as vectors of one space, by a pair of encoders: the
    bundle's own, or one of those in assets/encoders."""

    texts: tuple[str, ...] = ()
    pictures: tuple[np.ndarray, ...] = ()
    encoder: str = ""

    def check(self) -> None:
        for what, count, most in (
            ("texts", len(self.texts), MOST_TEXTS),
            ("pictures", len(self.pictures), MOST_PICTURES),
        ):
            if count > most:
                raise UsageError(f"at most {most} {what} at a time, not {count}.")


@dataclass(frozen=True, eq=False)
class Embedded(Event):
    """Unit vectors, texts (T, D) and pictures (P, D), float32. Log-odds that a text fits a picture
    are `scale` times their cosine plus `bias`; a pair that learnt by softmax (`loss` "clip", not
    "siglip") has no bias and compares texts of one picture, or pictures of one text. Vectors of
    other `weights` (a digest) are not to be compared with these."""

    texts: np.ndarray
    pictures: np.ndarray
    scale: float
    bias: float
    loss: str
    weights: str


def chances(cosines: np.ndarray, scale: float, bias: float, axis: int | None) -> np.ndarray:
    """How likely texts and pictures fit, float64: the softmax of scale * cosine along an axis; of
    None, the sigmoid of scale * cosine + bias, each pair for itself."""
    import numpy as np

    logits = cosines.astype(np.float64) * scale
    if axis is None:
        return np.exp(-np.logaddexp(0, -(logits + bias)))
    odds = np.exp(logits - logits.max(axis, keepdims=True))
    return np.asarray(odds / odds.sum(axis, keepdims=True))


@dataclass(frozen=True)
class Known(Request):
    """The dataset's things in one style as vectors: their pictures, and the words for them."""

    style: str = "fluent-3d"
    encoder: str = ""


@dataclass(frozen=True, eq=False)
class KnownVectors(Event):
    """`pictures` (P, D) of the things with these `codes`, `labels` and `groups`, in one `style`;
    the `words` there are for them with their vectors (W, D)."""

    style: str
    codes: tuple[str, ...]
    labels: tuple[str, ...]
    groups: tuple[str, ...]
    pictures: np.ndarray
    words: tuple[str, ...]
    word_vectors: np.ndarray


@dataclass(frozen=True, eq=False)
class Scatter(Request):
    """Vectors (N, D) laid out on a plane by t-SNE, so that neighbours stay neighbours."""

    vectors: np.ndarray
    perplexity: float = 30.0

    def check(self) -> None:
        if not 3 <= len(self.vectors) <= MOST_POINTS:
            raise UsageError(f"a map needs 3 to {MOST_POINTS:,} points, not {len(self.vectors):,}.")


@dataclass(frozen=True, eq=False)
class Scattered(Event):
    """Points (N, 2) after `step` steps; `done` at the end."""

    points: np.ndarray
    step: int
    done: bool


@dataclass(frozen=True, eq=False)
class Look(Request):
    """What a vision transformer sees in a picture (H, W, 3) uint8; `encoder` "vit", "dino", ..."""

    picture: np.ndarray
    encoder: str


@dataclass(frozen=True, eq=False)
class Looked(Event):
    """`patches` (h, w, D): the last layer's vector of each patch of the picture, which lies on a
    white square. `attention` (layers, heads, h, w): how much [CLS] attends to each, the rest of 1
    being for itself. `components` (h, w, 3) uint8: the patches' first three principal components,
    each stretched to 0 to 255. `labels` are the class head's five best with their probabilities,
    where there is one."""

    patches: np.ndarray
    attention: np.ndarray
    components: np.ndarray
    labels: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Read(Request):
    """What the text tower does with a text, layer by layer."""

    text: str


@dataclass(frozen=True, eq=False)
class ReadText(Event):
    """`pieces` (L) of the text that are read, between two marks; `attention` (layers, heads, L,
    L), a row for each piece that asks; `positions` (length, W), what is added to a piece's vector
    for its place, and the `sinusoids` of that shape."""

    pieces: tuple[str, ...]
    attention: np.ndarray
    positions: np.ndarray
    sinusoids: np.ndarray


@dataclass(frozen=True, eq=False)
class Describe(Request):
    """A prompt for a picture (H, W, 3) uint8."""

    picture: np.ndarray


@dataclass(frozen=True)
class Described(Event):
    """`prompts`, the best first, and how well each fits the picture (`scores`, cosines)."""

    prompts: tuple[str, ...]
    scores: tuple[float, ...]
