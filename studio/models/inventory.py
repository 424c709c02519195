"""A model's parts: where each is, how large, in which precision; and what is missing. From headers
alone; must not import torch."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from math import prod
from pathlib import Path

from studio.core.errors import ModelError
from studio.models.eight_bits import kind_of
from studio.models.families import family_of
from studio.models.formats.checkpoint import AUTOENCODER, INDEX, weights_in
from studio.models.network_folder import read_document
from studio.models.probe import header
from studio.models.probe.header import BITS, GGUF_TYPES, Header
from studio.models.probe.probe import precision_of
from studio.models.single_file.layout import CHOSEN
from studio.models.single_file.parts import Located, parts_in
from studio.models.single_file.shelves import WEIGHTS

BITS_OF = BITS | {name: 8 * width / block for name, block, width in GGUF_TYPES.values()}


def inventory(path: Path, chosen: Mapping[str, str] | None = None) -> tuple[Located, ...]:
    """Of a generator, with what is `chosen` for it; of anything else nothing. Raises ModelError for
    a damaged one, UsageError for a choice that there is not."""
    _, places = kind_of(chosen or {})
    found = parts_in(path, places) or _of_folder(path, places)
    return tuple(_weighed(each) for each in found)


def _of_folder(path: Path, chosen: Mapping[str, str]) -> tuple[Located, ...]:
    index = read_document(path / INDEX) if (path / INDEX).is_file() else {}
    if (family := family_of(index)) is None:
        return ()
    found = []
    for name in (*family.parts, AUTOENCODER):
        optional = name != AUTOENCODER and family.parts[name].optional
        match index.get(name):
            case [_, str(words)]:
                pass
            case _ if optional:
                continue
            case _:
                words = name
        own = path / name if (path / name).is_dir() else None
        found.append(Located(name, words, "", own, "in the folder", (path,)))
    return (*found[:-1], _another(found[-1], chosen))


def _another(part: Located, chosen: Mapping[str, str]) -> Located:
    """The autoencoder, which may be chosen for a folder too."""
    own = replace(part, choice=AUTOENCODER)
    if AUTOENCODER not in chosen:
        return own
    return replace(own, path=Path(chosen[AUTOENCODER]).expanduser(), source=CHOSEN)


def _weighed(part: Located) -> Located:
    """What cannot be read has no size."""
    with suppress(OSError, ModelError):
        if part.path is not None and part.path.is_dir():
            weights = weights_in(part.path)
            files = weights or [each for each in part.path.iterdir() if each.is_file()]
            told = precision_of(header.read(weights[0]))[0] if weights else ""
            return replace(part, bytes=sum(each.stat().st_size for each in files), precision=told)
        if part.path is not None and part.path.suffix in WEIGHTS:
            whole = header.read(part.path).tensors
            own = {name: each for name, each in whole.items() if re.match(part.inside, name)}
            sizes = [(each.dtype, prod(each.shape or ())) for each in own.values()]
            size = int(sum(BITS_OF.get(kind, 0) * count for kind, count in sizes) / 8)
            numbers, told = sum(count for _, count in sizes), precision_of(Header(own))[0]
            return replace(part, bytes=size, numbers=numbers, precision=told)
        if part.path is not None:
            return replace(part, bytes=part.path.stat().st_size)
    return part
