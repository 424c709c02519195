"""Words and pictures in one space: tokens, vectors, maps, and what the encoders look at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from studio.core.errors import StudioError
from studio.core.files import saving
from studio.core.installation import user_cache
from studio.core.language import (
    Describe,
    Described,
    Embed,
    Embedded,
    Known,
    KnownVectors,
    Look,
    Looked,
    Read,
    ReadText,
    Scatter,
    Scattered,
    Tokenize,
    Tokenized,
    TokenRow,
)
from studio.core.learning import Preparing
from studio.dataset.catalogue import bundled
from studio.metrics.tsne import principal, tsne
from studio.models.encoders import PART
from studio.networks.attention import Record
from studio.networks.positions import sinusoids
from studio.networks.tokenizers import KINDS, open_tokenizer
from studio.networks.tokenizers.protocol import TextTokenizer

if TYPE_CHECKING:
    from studio.engine.worker import Worker
    from studio.models.format import Check

EVERY = 10  # steps of t-SNE between two looks at it
DENSE = 2  # views of a picture a side, moved by a part of a patch: finer maps
CAPTIONER = "captioner"
DRAWN, TEMPERATURE = 12, 0.7  # prompts that are sampled beside the likeliest


_tokenizer = cache(open_tokenizer)  # asked at every letter that is typed


def tokenize(worker: Worker, request: Tokenize, check: Check, job: int) -> Iterator[Tokenized]:
    """Each kind of tokenizer, the text tower's own last."""
    known: list[TextTokenizer] = [*map(_tokenizer, KINDS), worker.encoders.tokenizer]
    rows = [
        TokenRow(
            each.name,
            tuple(each.pieces(request.text)),
            tuple(each.encode(request.text)),
            tuple(each.unknown(request.text)),
            each.size,
        )
        for each in known
    ]
    yield Tokenized(job, request.text, tuple(rows))


def embed(worker: Worker, request: Embed, check: Check, job: int) -> Iterator[Embedded]:
    encoders, name = worker.encoders, request.encoder
    towers = encoders.towers(name)
    pictures = encoders.pictures(request.pictures, name, check)
    texts = encoders.texts(request.texts, name)
    scale, bias = float(towers.scale()), float(towers.bias)
    vectors = array(texts), array(pictures)
    yield Embedded(job, *vectors, scale, bias, towers.config.loss, encoders.digest(name))


def known(
    worker: Worker, request: Known, check: Check, job: int
) -> Iterator[Preparing | KnownVectors]:
    """Reads the pictures of one style once and keeps their vectors on disk."""
    catalogue, encoders = bundled(), worker.encoders
    codes = catalogue.codes(request.style)
    labels = tuple(catalogue.by_code[code].label for code in codes)
    words = tuple(dict.fromkeys((*labels, *(w for c in codes for w in catalogue.words.get(c, ())))))
    groups = tuple(catalogue.by_code[code].group for code in codes)
    path = user_cache("vectors") / f"{request.style}-{encoders.digest(request.encoder)}.npy"
    vectors = _read(path, len(codes))
    if vectors is None:
        parts = []
        for start in range(0, len(codes), PART):
            check()
            yield Preparing(job, "reading the dataset", start, len(codes), None)
            read = [catalogue.on_white(c, request.style) for c in codes[start : start + PART]]
            parts.append(array(encoders.pictures(read, request.encoder)))
        vectors = np.concatenate(parts)
        with suppress(StudioError), saving(path) as draft, draft.open("wb") as file:
            np.save(file, vectors)
    word_vectors = array(encoders.texts(words, request.encoder))
    yield KnownVectors(job, request.style, codes, labels, groups, vectors, words, word_vectors)


def _read(path: Path, count: int) -> np.ndarray | None:
    with suppress(OSError, ValueError):
        vectors = np.load(path, allow_pickle=False)
        if vectors.ndim == 2 and len(vectors) == count and np.isfinite(vectors).all():
            return vectors  # type: ignore[no-any-return]
    return None


def scatter(worker: Worker, request: Scatter, check: Check, job: int) -> Iterator[Scattered]:
    steps = tsne(
        torch.from_numpy(np.ascontiguousarray(request.vectors, np.float32)), request.perplexity
    )
    for step, points in enumerate(steps):
        check()
        last = points
        if step % EVERY == 0:
            yield Scattered(job, array(points), step, False)
    yield Scattered(job, array(last), step, True)


def look(worker: Worker, request: Look, check: Check, job: int) -> Iterator[Looked]:
    """Patches finer than the network's own: it sees the picture several times, moved by a part of a
    patch each, and the answers are put in each other's gaps."""
    encoders = worker.encoders
    vision = encoders.vision(request.encoder)
    size, patch = vision.config.size, vision.config.patch
    picture = encoders.prepared([request.picture], size)
    side = size // patch
    fine = side * DENSE
    patches = torch.zeros(fine, fine, vision.config.width)
    attention = torch.zeros(vision.config.depth, vision.config.heads, fine, fine)
    labels: tuple[tuple[str, float], ...] = ()
    for down in range(DENSE):
        for across in range(DENSE):
            check()
            record = Record()
            moved = _moved(picture, down * patch // DENSE, across * patch // DENSE)
            with torch.no_grad():
                features = vision(moved, record)
            patches[down::DENSE, across::DENSE] = features.patches[0].reshape(side, side, -1).cpu()
            seen = torch.stack([weights[0, :, 0, 1:] for weights in record.weights])
            attention[:, :, down::DENSE, across::DENSE] = seen.unflatten(-1, (side, side)).cpu()
            if not (down or across) and features.logits.shape[1]:
                labels = _best(features.logits[0], encoders.classes(request.encoder))
    found = array(patches), array(attention) / DENSE**2, components(patches).numpy()
    yield Looked(job, *found, labels)


def _moved(picture: Tensor, down: int, across: int) -> Tensor:
    """Up and left by so many pixels; the edge goes on."""
    padded = torch.nn.functional.pad(picture, (0, across, 0, down), mode="replicate")
    return padded[..., down:, across:]


def components(patches: Tensor) -> Tensor:
    """The first three principal components of patches (h, w, D), each stretched to 0 to 255: (h, w,
    3) uint8. Their signs make the largest deviation bright."""
    parts = principal(patches.flatten(0, 1), 3)
    parts = parts * parts.gather(0, parts.abs().argmax(0, keepdim=True)).sign()
    low, high = parts.amin(0), parts.amax(0)
    shares = (parts - low) / (high - low).clamp_min(1e-9)
    return (255 * shares).round().to(torch.uint8).unflatten(0, patches.shape[:2])


def _best(logits: Tensor, classes: tuple[str, ...]) -> tuple[tuple[str, float], ...]:
    found = logits.float().softmax(-1).topk(5)
    pairs = zip(found.indices.tolist(), found.values.tolist(), strict=True)
    return tuple((classes[index], share) for index, share in pairs)


def read(worker: Worker, request: Read, check: Check, job: int) -> Iterator[ReadText]:
    encoders, record = worker.encoders, Record()
    ids, mask = (each.to(encoders.device) for each in encoders.tokenizer([request.text]))
    with torch.no_grad():
        encoders.text(ids, mask, record)
    weights = torch.stack([each[0] for each in record.weights])
    pieces = encoders.tokenizer.pieces(request.text)[: ids.shape[1] - 2]
    positions = encoders.text.positions
    found = array(weights), array(positions), array(sinusoids(*positions.shape))
    yield ReadText(job, ("[CLS]", *pieces, "[SEP]"), *found)


def describe(worker: Worker, request: Describe, check: Check, job: int) -> Iterator[Described]:
    """What the captioner finds likeliest to be said and what it says at random, the same for the
    same picture, ordered by how well it fits."""
    encoders = worker.encoders
    captioner = encoders.captioner(CAPTIONER)
    size = captioner.vision.config.size
    memory = captioner.memory(encoders.prepared([request.picture], size))
    check()
    said = captioner.likeliest(memory)
    check()
    dice = torch.Generator().manual_seed(0)
    said += captioner.drawn(memory.expand(DRAWN, -1, -1), TEMPERATURE, dice)
    prompts = tuple(dict.fromkeys(filter(None, said)))
    vectors = encoders.texts(prompts) @ encoders.pictures([request.picture]).T
    order = vectors[:, 0].argsort(descending=True).tolist()
    yield Described(
        job, tuple(prompts[i] for i in order), tuple(float(vectors[i, 0]) for i in order)
    )


def array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().float().cpu().numpy()
