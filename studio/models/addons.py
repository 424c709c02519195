"""LoRA and embedding files: found, told by their headers, and held against the model."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from studio.core.addons import EMBEDDING, LORA, AddOn
from studio.core.errors import ModelError, StudioError, UsageError
from studio.core.settings import Settings
from studio.models import registry
from studio.models.chosen import split
from studio.models.probe import header
from studio.models.probe.probe import UNKNOWN, probe

#: Where people keep them: beside their models, in ComfyUI's folders and A1111's.
FOLDERS = {LORA: ("loras", "Lora"), EMBEDDING: ("embeddings",)}
ABOVE = 3  # folders from a model upwards that may hold them
DIGITS = 16  # of the digest
VECTORS = {"emb_params", "clip_l", "clip_g"}  # an embedding's tensors, however wide
TAG = re.compile(r"[ \t]*<lora:([^:<>\n]+)(?::([+-]?\d*\.?\d+))?(?::[^<>\n]*)?>", re.I)


def resolved(settings: Settings) -> Settings:
    """With the files that its prompts name, as <lora:name:0.8> or an embedding's name, and each
    told by its header and its digest.

    Raises UsageError where the model takes none, ModelError for files that are missing, damaged,
    changed or made for another family.
    """
    if (home := _home(settings.model)) is not None:
        settings = _with_named(settings, home)
    if not settings.addons:
        return settings
    home = _taking(settings.model)
    found = replace(settings, addons=tuple(_found(each, home) for each in settings.addons))
    found.check()
    return found


def _taking(model: str) -> Path:
    """Where a model lies that takes such files. Raises UsageError for others."""
    info = registry.find(model)
    if info.format not in registry.OTHERS:
        raise UsageError(
            f"{info.name} takes no LoRA or embedding files: its networks are of its own kind, and"
            " its one LoRA is Turbo; take the files out, or choose a checkpoint they are made for."
        )
    return info.path


def _home(model: str) -> Path | None:
    """Where a model of the user's lies; None for a bundled one."""
    model = split(model)[0]
    for path in (os.path.expanduser(model), os.path.join(registry.user_folder(), model)):
        if model and os.path.exists(path):
            return Path(path).resolve()
    return None


def _with_named(settings: Settings, home: Path) -> Settings:
    """The prompts without tags, and the files that these and the words of prompts stand for."""
    texts = settings.prompt, settings.negative
    tags = (found for text in texts for found in TAG.findall(text))
    tagged = [AddOn(name.strip(), weight=float(w or 1), kind=LORA) for name, w in tags]
    prompt, negative = (TAG.sub("", text) if tagged else text for text in texts)
    known = {each.name.casefold() for each in settings.addons}
    words = [
        found
        for folder in _folders(home, EMBEDDING)
        for path in sorted(folder.glob("*.safetensors"))
        if path.stem.casefold() not in known
        and re.search(rf"(?<!\w){re.escape(path.stem)}(?!\w)", "\n".join(texts), re.I)
        and (found := _fitting(path, home)) is not None
    ]
    addons = (*settings.addons, *tagged, *{each.name: each for each in reversed(words)}.values())
    return replace(settings, prompt=prompt, negative=negative, addons=addons)


def _fitting(path: Path, home: Path) -> AddOn | None:
    """An embedding that nobody asked for, unless it is for other models."""
    try:
        return _found(AddOn(str(path), kind=EMBEDDING), _taking(str(home)))
    except StudioError:
        return None


def _folders(home: Path, kind: str) -> Iterator[Path]:
    roots = (home, *home.parents[:ABOVE], registry.user_folder())
    return (found for root in roots for name in FOLDERS[kind] if (found := root / name).is_dir())


def _found(addon: AddOn, home: Path) -> AddOn:
    path = _located(addon, home)
    try:
        status = path.stat()
        digest, kind = _told(path, str(home), status.st_mtime_ns, status.st_size)
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}.") from error
    if addon.digest not in ("", digest):
        raise ModelError(
            f"{path} is not the file that these settings name (its digest is {digest}, not"
            f" {addon.digest}); choose the right one, or take it out."
        )
    if addon.kind not in ("", kind):
        raise UsageError(f"{path} is of the kind {kind}, not {addon.kind}; give it as such.")
    return AddOn(str(path), digest, addon.weight, kind)


def _located(addon: AddOn, home: Path) -> Path:
    """The path itself, or a file of that name where such files are kept."""
    if os.path.isfile(given := os.path.expanduser(addon.file)):
        return Path(given).resolve()
    kinds = [addon.kind] if addon.kind else [LORA, EMBEDDING]
    folders = [folder for kind in kinds for folder in _folders(home, kind)]
    for folder in folders:
        if os.path.isfile(path := os.path.join(folder, f"{addon.name}.safetensors")):
            return Path(path)
    looked = ", ".join(map(str, folders)) or registry.user_folder() / FOLDERS[kinds[0]][0]
    raise ModelError(f"there is no file {addon.file!r}; give its path, or put it into {looked}.")


@lru_cache(maxsize=256)
def _told(path: Path, model: str, modified: int, size: int) -> tuple[str, str]:
    """Its digest and kind; `modified` and `size` are there for the cache. Raises ModelError for
    what cannot be meant for the model."""
    del modified, size
    if path.suffix != ".safetensors":
        raise ModelError(f"{path} is no safetensors file; nothing else is read.")
    answer, family = probe(path), registry.find(model).trained.get("family", UNKNOWN)
    names = set(header.read(path).tensors)
    kind = EMBEDDING if names and names <= VECTORS else answer.kind
    if kind not in (LORA, EMBEDDING):
        raise ModelError(f"{path} is no LoRA and no embedding ({kind}); choose another file.")
    if "DoRA" in answer.layout and "PEFT" not in answer.layout:
        raise ModelError(f"{path} is a DoRA, of which diffusers reads one half; choose a LoRA.")
    if UNKNOWN not in (answer.family, family) and answer.family != family:
        raise ModelError(
            f"{path} is made for {answer.family}, and {model} is {family}; choose another."
        )
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:DIGITS], kind
