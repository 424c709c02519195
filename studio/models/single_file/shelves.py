"""Where people keep models' parts: beside the file, in the folders of other programs, in Hugging
Face's cache. Must not import torch."""

from __future__ import annotations

import importlib.util
import json
import os
import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from itertools import islice
from pathlib import Path

from studio.core.errors import ModelError
from studio.core.files import read_regular
from studio.core.installation import user_data
from studio.models.probe.probe import Answer, probe
from studio.models.probe.rule import AUTOENCODER, ENCODER

TOKENIZER = "tokenizer"
VOCABULARY, MERGES, SETTINGS = "vocab.json", "merges.txt", "tokenizer_config.json"
PACKED = "bpe_simple_vocab_16e6.txt.gz"  # CLIP's merges, as OpenAI published them
PACKAGES = ("clip", "open_clip")  # that carry them
LARGEST = 2**23  # bytes of a vocabulary; CLIP's has one megabyte
CLIP, CLIP_WORDS = "CLIP", 49408
WEIGHTS = (".safetensors", ".sft", ".gguf")  # how files end, the best first
MOST = 500  # files or folders looked at in one place
INSTALLED = ("ComfyUI", "stable-diffusion-webui", "stable-diffusion-webui-forge")
#: What the settings of a tokenizer's folder say of it, and of its kin that reads otherwise.
SAID = {
    "T5": (r"<extra_id_99>", r"<extra_id_100>"),
    "Qwen": (r'"Qwen2Tokenizer', r"(?!)"),
    "Gemma": (r'"GemmaTokenizer', r"<image_soft_token>"),
    "Mistral": (r"\[SYSTEM_PROMPT\]", r"(?!)"),
}
Found = tuple[Path, Path | None, str]  # where it was looked, what was found there, and how


def places(path: Path, names: Iterable[str]) -> Iterator[tuple[Path, str]]:
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


def holding(
    path: Path, shelves: Iterable[tuple[Path, str]], family: str, latents: str = ""
) -> Iterator[Found]:
    """The files that the probe says are an encoder of this family, or an autoencoder of it, made
    for these latents. Weights in full come before those that are packed."""
    for folder, source in shelves:
        files = (file for file in _listed(folder) if file != path)
        match = next((file for file in files if _is(file, family, latents)), None)
        yield folder, match, source


def _is(file: Path, family: str, latents: str) -> bool:
    answer = _told(file, file.stat().st_mtime_ns) if file.is_file() else None
    if answer is None or answer.family != family or answer.kind not in (AUTOENCODER, ENCODER):
        return False
    of = [each.value for each in answer.prefilled if each.topic == "latents of"]
    return not latents or any(latents in value for value in of)


@lru_cache(maxsize=4096)
def _told(file: Path, modified: int) -> Answer | None:
    """Every part asks of every file. `modified` is there for the cache."""
    del modified
    try:
        return probe(file)
    except ModelError:
        return None


def _listed(folder: Path) -> list[Path]:
    try:
        files = [file for file in islice(folder.iterdir(), MOST) if file.suffix in WEIGHTS]
    except OSError:
        return []
    return sorted(files, key=lambda file: (WEIGHTS.index(file.suffix), file))


def tokenizers(path: Path, own: Path | None, name: str, kind: str, rows: int) -> Iterator[Found]:
    """Folders with a tokenizer of this kind (CLIP's with so many words): of the configurations,
    beside the file, in ComfyUI's, Forge's and Hugging Face's folders; CLIP's also in a package."""
    if own is not None:
        found = own / name if (own / name).is_dir() else None
        yield own, found, "beside the file"
    for place, pattern in _shelves(path):
        folders = (place, *islice(place.glob(pattern), MOST)) if place.is_dir() else ()
        fitting = (folder for folder in folders if _reads(folder, kind, rows))
        yield place, next(fitting, None), f"in {place}"
    for package in PACKAGES if (kind, rows) == (CLIP, CLIP_WORDS) else ():
        spec = importlib.util.find_spec(package)
        for home in (spec and spec.submodule_search_locations) or ():
            file = Path(home) / PACKED
            yield file, file if file.is_file() else None, f"in the package {package}"


def _shelves(path: Path) -> Iterator[tuple[Path, str]]:
    yield path.parent, f"*{TOKENIZER}*"
    for models in _models(path):
        yield models.parent / "comfy", "sd1_tokenizer"
        yield models.parent / "comfy" / "text_encoders", f"*{TOKENIZER}*"
        yield models.parent / "backend" / "huggingface", f"*/*/{TOKENIZER}*"
    home = os.environ.get("HF_HOME", Path.home() / ".cache" / "huggingface")
    hub = Path(os.environ.get("HF_HUB_CACHE", Path(home) / "hub"))
    yield hub, "models--*/snapshots/*"
    yield hub, f"models--*/snapshots/*/{TOKENIZER}*"


def _reads(folder: Path, kind: str, rows: int) -> bool:
    try:
        if kind == CLIP:
            stat = (folder / VOCABULARY).stat()
            return (folder / MERGES).is_file() and rows == _words(
                folder / VOCABULARY, stat.st_mtime_ns
            )
        known, other = SAID[kind]
        said = read_regular(folder / SETTINGS, LARGEST).decode(errors="replace")
    except OSError:
        return False
    return bool(re.search(known, said)) and not re.search(other, said)


@cache
def _words(vocabulary: Path, modified: int) -> int:
    """How many CLIP's vocabulary has; of another's, 0. `modified` is there for the cache."""
    del modified
    try:
        words = json.loads(read_regular(vocabulary, LARGEST))
    except (OSError, ValueError, RecursionError):
        return 0
    return len(words) if isinstance(words, dict) and "<|startoftext|>" in words else 0
