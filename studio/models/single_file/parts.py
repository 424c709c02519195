"""Where each part of a generator is: in its file, beside it, in the folders of other programs, or
where the user says. Must not import torch."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from studio.core.errors import ModelError, no_such
from studio.models.formats.checkpoint import AUTOENCODER
from studio.models.probe import header
from studio.models.single_file.layout import CHOSEN, WHOLE, Layout, answer_of, is_known, layout_of
from studio.models.single_file.shelves import CLIP, CLIP_WORDS, Found, holding, places, tokenizers
from studio.models.single_file.shelves import TOKENIZER as TOKENIZER

ENCODERS = ("text_encoders", "clip", "text_encoder")  # in ComfyUI's folder of models, or Forge's
AUTOENCODERS = ("vae", "VAE")
INSIDE = "in the file"


@dataclass(frozen=True)
class Located:
    """One part: its name in the pipeline, what it is in words, by which name another may be chosen;
    the file or folder it is in (None where it is missing), how it was found, where it was looked
    for, and whether the model opens without it; what its tensors' names begin with in a file that
    holds others; its size in bytes and numbers, and its precision, once it is weighed
    (`inventory`)."""

    part: str
    words: str
    choice: str
    path: Path | None
    source: str = ""
    looked: tuple[Path, ...] = ()
    optional: bool = False
    inside: str = ""
    bytes: int = 0
    numbers: int = 0
    precision: str = ""


def parts_in(path: Path, chosen: Mapping[str, str] | None = None) -> tuple[Located, ...]:
    """Of a single file that can be opened; of anything else, and of a .ckpt, whose names cannot be
    read without its weights, none. Raises ModelError for a damaged one."""
    if path.suffix == ".ckpt" or not is_known(path):
        return ()
    answer = answer_of(path)
    try:
        layout = layout_of(path, answer)
    except ModelError:  # it is known, but not what it asks for
        return ()
    return located(path, header.read(path).tensors, layout, chosen or {})


def located(
    path: Path, shapes: Collection[str], layout: Layout, chosen: Mapping[str, str]
) -> tuple[Located, ...]:
    """Every part of the model in `path`, whose tensors have the names `shapes`; `chosen` are files
    and folders by a part's `choice`. Raises UsageError for a choice that there is not."""
    known = layout.family.parts
    readers = {name: str(layout.parts[name].get("reads", CLIP)) for name in layout.encoders()}

    def part(name: str, words: str, choice: str, inside: str, found: Iterator[Found]) -> Located:
        needless = name in known and known[name].optional
        if choice in chosen:
            return Located(name, words, choice, Path(chosen[choice]).expanduser(), CHOSEN)
        if any(re.match(inside, each) for each in shapes):
            return Located(name, words, choice, path, INSIDE, inside=inside)
        return _first(Located(name, words, choice, None, optional=needless), found)

    whole = WHOLE if any(name.startswith(WHOLE) for name in shapes) else ""
    parts = [Located(layout.family.asked, "denoiser", "", path, INSIDE, inside=re.escape(whole))]
    for name in layout.encoders():
        own, kind = layout.parts[name], readers[name]
        words, inside = str(own["alone"]), re.escape(own["inside"])
        found = holding(path, places(path, ENCODERS), words)
        parts.append(encoder := part(name, words, _choice(words), inside, found))
        called, rows = _tokenizer(name), layout.configs[name].get("vocab_size", CLIP_WORDS)
        folders = tokenizers(path, layout.folder, called, kind, rows)
        read = part(called, f"{kind}'s vocabulary", _first_of(kind, readers), "(?!)", folders)
        needless = encoder.path is None and encoder.optional  # who has the encoder wants it used
        parts.append(replace(read, optional=needless))
    inside = r"(first_stage_model|vae)\.(encoder|decoder|conv|quant|post_quant|bn)"
    shelves = places(path, AUTOENCODERS)
    found = holding(path, shelves, layout.latents["kind"], layout.latents.get("of", ""))
    parts.append(part(AUTOENCODER, "autoencoder", AUTOENCODER, inside, found))
    choices = {each.choice: each for each in parts if each.choice}
    for choice in chosen.keys() - choices.keys():
        raise no_such("part", choice, [*choices])
    return tuple(parts)


def _choice(words: str) -> str:
    return re.sub(r"\W+", "_", words).lower()


def _tokenizer(encoder: str) -> str:
    return encoder.replace("text_encoder", TOKENIZER)


def _first_of(kind: str, readers: Mapping[str, str]) -> str:
    """Encoders that read the same words share a choice."""
    return _tokenizer(next(name for name, other in readers.items() if other == kind))


def check(path: Path, parts: Collection[Located]) -> None:
    """Raises ModelError that says what is missing, where it was looked for, and what to do."""
    if missing := [each for each in parts if each.path is None and not each.optional]:
        what = ", ".join(f"{each.words} ({each.part})" for each in missing)
        looked = dict.fromkeys(str(p) for each in missing for p in each.looked if p.is_dir())
        clip = any(each.words == f"{CLIP}'s vocabulary" for each in missing)
        hint = "install the package clip-anytorch, or " if clip else ""
        say = " ".join(dict.fromkeys(f"--with {each.choice}=PATH" for each in missing))
        raise ModelError(
            f"{path} needs {what}, not in it, nor in {', '.join(looked) or 'any folder'};"
            f" {hint}say where it is: {say}."
        )
    for each in parts:
        if each.path is not None and not each.path.exists():
            raise ModelError(f"{each.path}, chosen as {each.choice}, is not there.")


def _first(part: Located, places: Iterator[Found]) -> Located:
    looked: list[Path] = []
    for place, path, source in places:
        looked.append(place)
        if path is not None:
            return replace(part, path=path, source=source, looked=tuple(looked))
    return replace(part, looked=tuple(looked))
