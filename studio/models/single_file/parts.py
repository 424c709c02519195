"""Where each part of a generator is: in its file, beside it, in the folders of other programs, or
where the user says. Must not import torch."""

from __future__ import annotations

import importlib.util
import json
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from pathlib import Path

from studio.core.errors import ModelError, no_such
from studio.core.files import read_regular
from studio.core.installation import user_data
from studio.models.formats.checkpoint import AUTOENCODER
from studio.models.probe import header
from studio.models.probe.probe import Answer, probe
from studio.models.probe.rule import AUTOENCODER as VAE
from studio.models.probe.rule import ENCODER
from studio.models.single_file.layout import CHOSEN, Layout, answer_of, is_known, layout_of

TOKENIZER = "tokenizer"
VOCABULARY, MERGES = "vocab.json", "merges.txt"
PACKED = "bpe_simple_vocab_16e6.txt.gz"  # CLIP's merges, as OpenAI published them
PACKAGES = ("clip", "open_clip")  # that carry them
LARGEST = 2**23  # bytes of a vocabulary; CLIP's has one megabyte
CLIP_WORDS = 49408
MOST = 500  # files or folders looked at in one place
ENCODERS = ("text_encoders", "clip", "text_encoder")  # in ComfyUI's folder of models, or Forge's
AUTOENCODERS = ("vae", "VAE")
INSTALLED = ("ComfyUI", "stable-diffusion-webui", "stable-diffusion-webui-forge")


@dataclass(frozen=True)
class Located:
    """One part: its name in the pipeline, what it is in words, by which name another may be chosen;
    the file or folder it is in (None where it is missing), how it was found, where it was looked
    for."""

    part: str
    words: str
    choice: str
    path: Path | None
    source: str = ""
    looked: tuple[Path, ...] = ()


def parts_in(path: Path) -> tuple[Located, ...]:
    """Of a single file that can be opened; of anything else, and of a .ckpt, whose names cannot be
    read without its weights, none. Raises ModelError for a damaged one."""
    if path.suffix == ".ckpt" or not is_known(path):
        return ()
    answer = answer_of(path)
    try:
        layout = layout_of(path, answer)
    except ModelError:  # it is known, but not what it asks for
        return ()
    return located(path, header.read(path).tensors, layout, answer, {})


def located(
    path: Path, shapes: Collection[str], layout: Layout, answer: Answer, chosen: Mapping[str, str]
) -> tuple[Located, ...]:
    """Every part of the model in `path`, whose tensors have the names `shapes`; `chosen` are files
    and folders by a part's `choice`. Raises UsageError for a choice that there is not."""
    alone = {name: str(layout.parts[name]["alone"]) for name in layout.encoders()}
    choices = {name: words.lower().replace("-", "_") for name, words in alone.items()}
    known = [*choices.values(), TOKENIZER, AUTOENCODER]
    for name in chosen:
        if name not in known:
            raise no_such("part", name, known)

    def part(name: str, words: str, choice: str, inside: str, found: Iterator[Found]) -> Located:
        if choice in chosen:
            return Located(name, words, choice, Path(chosen[choice]).expanduser(), CHOSEN)
        if any(re.match(inside, each) for each in shapes):
            return Located(name, words, choice, path, "in the file")
        return _first(Located(name, words, choice, None), found)

    parts = [Located(layout.family.asked, "denoiser", "", path, "in the file")]
    for name, words in alone.items():
        inside, places = re.escape(layout.parts[name]["inside"]), _places(path, ENCODERS)
        parts.append(part(name, words, choices[name], inside, _holding(path, places, words)))
        tokenizer = name.replace("text_encoder", TOKENIZER)
        rows = layout.configs[name].get("vocab_size", CLIP_WORDS)
        vocabularies = _vocabularies(path, layout.folder, tokenizer, rows)
        parts.append(part(tokenizer, "CLIP's vocabulary", TOKENIZER, "(?!)", vocabularies))
    inside = r"(first_stage_model\.|vae\.)?decoder\.conv_in\.weight"
    kind, of = layout.latents, answer.family.removeprefix("SD ")
    found = _holding(path, _places(path, AUTOENCODERS), kind, of)
    return (*parts, part(AUTOENCODER, "autoencoder", AUTOENCODER, inside, found))


def check(path: Path, parts: Iterable[Located]) -> None:
    """Raises ModelError that says what is missing, where it was looked for, and what to do."""
    for each in parts:
        if each.path is None:
            places = ", ".join(map(str, each.looked)) or "no folder"
            hint = "install the package clip-anytorch, or " if TOKENIZER in each.part else ""
            raise ModelError(
                f"{path} needs {each.words} ({each.part}), which is not in it, nor in {places};"
                f" {hint}say where it is: --with {each.choice}=PATH."
            )
        if not each.path.exists():
            raise ModelError(f"{each.path}, chosen as {each.choice}, is not there.")


Found = tuple[Path, Path | None, str]  # where it was looked, what was found there, and how


def _first(part: Located, places: Iterator[Found]) -> Located:
    looked: list[Path] = []
    for place, path, source in places:
        looked.append(place)
        if path is not None:
            return replace(part, path=path, source=source, looked=tuple(looked))
    return replace(part, looked=tuple(looked))


def _places(path: Path, names: Iterable[str]) -> Iterator[tuple[Path, str]]:
    """The file's own folder, and those of this name among the models of other programs."""
    yield path.parent, "beside the file"
    for models in _models(path):
        for name in names:
            if (models / name).is_dir():
                yield models / name, f"in {models}"


def _models(path: Path) -> Iterator[Path]:
    """Folders in which other programs keep models, the nearest first."""
    yield from (folder for folder in path.absolute().parents if folder.name == "models")
    yield from (Path.home() / name / "models" for name in INSTALLED)
    yield user_data("models")


def _holding(
    path: Path, places: Iterable[tuple[Path, str]], family: str, latents: str = ""
) -> Iterator[Found]:
    """The files that the probe says are an encoder of this family, or an autoencoder of it, made
    for these latents."""
    for folder, source in places:
        files = (file for file in _listed(folder) if file.suffix == ".safetensors" and file != path)
        match = next((file for file in files if _is(file, family, latents)), None)
        yield folder, match, source


def _is(file: Path, family: str, latents: str) -> bool:
    try:
        answer = probe(file)
    except ModelError:
        return False
    of = [each.value for each in answer.prefilled if each.topic == "latents of"]
    fits = any(latents in value for value in of) if answer.kind == VAE else answer.kind == ENCODER
    return answer.family == family and fits


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(islice(folder.iterdir(), MOST))
    except OSError:
        return []


def _vocabularies(path: Path, own: Path | None, name: str, rows: int) -> Iterator[Found]:
    """CLIP's, with so many words: of the configurations, beside the file, in ComfyUI's, Forge's and
    Hugging Face's folders, in a package."""
    if own is not None:
        found = own / name if (own / name).is_dir() else None
        yield own, found, "beside the file"
    for place, pattern in _shelves(path):
        folders = (place, *islice(place.glob(pattern), MOST)) if place.is_dir() else ()
        yield place, next((f for f in folders if _is_clip(f, rows)), None), f"in {place}"
    for package in PACKAGES if rows == CLIP_WORDS else ():
        spec = importlib.util.find_spec(package)
        for home in (spec and spec.submodule_search_locations) or ():
            file = Path(home) / PACKED
            yield file, file if file.is_file() else None, f"in the package {package}"


def _shelves(path: Path) -> Iterator[tuple[Path, str]]:
    yield path.parent, TOKENIZER
    for models in _models(path):
        yield models.parent / "comfy", "sd1_tokenizer"
        yield models.parent / "backend" / "huggingface", f"*/*/{TOKENIZER}*"
    home = os.environ.get("HF_HOME", Path.home() / ".cache" / "huggingface")
    hub = Path(os.environ.get("HF_HUB_CACHE", Path(home) / "hub"))
    yield hub, "models--*/snapshots/*"
    yield hub, f"models--*/snapshots/*/{TOKENIZER}*"


def _is_clip(folder: Path, rows: int) -> bool:
    if not (folder / VOCABULARY).is_file() or not (folder / MERGES).is_file():
        return False
    stat = (folder / VOCABULARY).stat()
    return _words(folder / VOCABULARY, stat.st_mtime_ns) == rows


@cache
def _words(vocabulary: Path, modified: int) -> int:
    """How many CLIP's vocabulary has; of another's, 0. `modified` is there for the cache."""
    del modified
    try:
        words = json.loads(read_regular(vocabulary, LARGEST))
    except (OSError, ValueError, RecursionError):
        return 0
    return len(words) if isinstance(words, dict) and "<|startoftext|>" in words else 0
