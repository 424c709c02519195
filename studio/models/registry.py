"""Finds and opens models: every module in `formats/` with a FORMAT is a format.

Listing reads no weights and imports no torch; opening does.
"""

from __future__ import annotations

import importlib
import logging
import os
import pkgutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from studio.core.errors import ModelError, UsageError
from studio.core.installation import ASSETS, user_data
from studio.models import formats
from studio.models.chosen import split
from studio.models.format import Check, Format
from studio.models.formats.diffusers_autoencoder import FORMAT as AUTOENCODER_IN
from studio.models.formats.taesd import HALVES
from studio.models.model import ImageAutoencoder, Model, ModelInfo
from studio.models.others import told_of

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Damaged:
    """What looks like a model, and why it is none."""

    name: str
    path: Path
    reason: str


log = logging.getLogger(__name__)

VAE = "vae"  # what diffusers' folders and `chosen` call an autoencoder
#: The formats whose models' parts can be opened too, and what they call their autoencoder.
BUNDLES = {"native": "autoencoder", "checkpoint": VAE}
#: The formats of other people's generators, whose parts may be chosen.
OTHERS = ("checkpoint", "checkpoint-file")
NAMED = 12  # names in a sentence, at most
AUTOENCODERS = "autoencoders"
COLLECTIONS = AUTOENCODERS, "encoders"  # folders of them, among the bundled models and the user's


def user_folder() -> Path:
    """Where users put models of their own."""
    return user_data("models")


def run_folder(name: str) -> Path:
    """Where the user's training of the autoencoder `name` works, and leaves its checkpoint."""
    return user_folder().parent / "runs" / name


def is_begun(name: str) -> bool:
    """Whether a training of this name can be gone on with."""
    return (run_folder(name) / "checkpoint.pt").is_file()


def list_models() -> tuple[ModelInfo, ...]:
    """Everything that can be opened, in assets/ and in the user's model folder, by name.

    A generator's own networks come after it: "studio-256", "studio-256/autoencoder", ...; what lies
    in one of COLLECTIONS goes by its own name. Of two with one name the bundled one counts.
    Damaged ones are left out, with a warning in the log; `survey` says what is wrong with each.
    """
    models, damaged = survey()
    for each in damaged:
        log.warning("%s", each.reason)
    return models


def survey() -> tuple[tuple[ModelInfo, ...], tuple[Damaged, ...]]:
    """The same, and the models that cannot be opened: none takes another with it."""
    found: dict[str, ModelInfo] = {}
    damaged = []
    for name, path in _candidates():
        try:
            found.setdefault(name, _describe(path, name))
        except ModelError as error:
            damaged.append(Damaged(name, path, str(error)))
    return tuple(found.values()), tuple(damaged)


def list_autoencoders() -> tuple[ModelInfo, ...]:
    """The autoencoders among the models: the bundled ones, generators' own, and the user's."""
    return tuple(info for info in list_models() if info.kind == "autoencoder")


def find(name_or_path: str) -> ModelInfo:
    """A listed name, or a path; what is chosen for it (`chosen`) is left aside. Raises ModelError
    that says what is wrong, or what there is."""
    name_or_path = split(name_or_path)[0]
    names: dict[str, Path] = {}
    for name, path in _candidates():
        names.setdefault(name, path)
    if name_or_path in names:
        return _describe(names[name_or_path], name_or_path)
    path = Path(os.path.expanduser(name_or_path))
    if name_or_path and os.path.exists(path):  # False, where Path raises, for a name too long
        return _describe(path.resolve(), _name_of(path.resolve()))
    close = get_close_matches(name_or_path, names, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"there are: {_some(names) or 'none'}."
    raise ModelError(f"there is no model {name_or_path!r}; {hint}")


def _some(names: Iterable[str]) -> str:
    """As many names as can be read."""
    first = list(islice(names, NAMED + 1))
    return ", ".join(first[:NAMED]) + (", ..." if len(first) > NAMED else "")


def open_model(
    name_or_path: str, device: str = "cpu", precision: str = "float32",
    check: Check = lambda: None, mapped: bool = True,
) -> Model:  # fmt: skip
    """A generator, ready. `device` and `precision` in torch's words; `check` may raise Cancelled;
    other people's files are `mapped` into memory, where that saves a copy, or only read.

    Raises ModelError with one sentence.
    """
    info, (_, chosen) = find_generator(name_or_path), split(name_or_path)
    if chosen and info.format not in OTHERS:
        raise UsageError(f"{info.name} keeps its own parts; choose {', '.join(chosen)} for others.")
    others = (chosen, mapped) if info.format in OTHERS else ()
    return cast(Model, _open(info, device, precision, check, *others))


def find_generator(name_or_path: str) -> ModelInfo:
    """As `find`. Raises ModelError, too, for what makes no pictures from prompts."""
    info = find(name_or_path)
    if info.kind != "generator":
        raise ModelError(f"{name_or_path} is a model of kind {info.kind!r}; choose a generator.")
    return info


def open_network(
    name_or_path: str, kind: str, device: str = "cpu", precision: str = "float32"
) -> nn.Module:
    """One network of a kind ("autoencoder", "text", "towers", "denoiser"), in eval mode.

    A generator's name or path means its own network of that kind. Raises ModelError.
    """
    info = find(name_or_path)
    if info.kind == "generator":
        info = _within(info, kind)
    if info.kind != kind:
        raise ModelError(f"{name_or_path} is a model of kind {info.kind!r}, not {kind!r}.")
    return cast("nn.Module", _open(info, device, precision, lambda: None))


def autoencoder_of(generator: str) -> ModelInfo:
    """What a generator decodes with, named by its path. Raises ModelError."""
    chosen = split(generator)[1].get(VAE)
    info = find(chosen) if chosen else find_generator(generator)
    own = _within(info, "autoencoder") if info.kind == "generator" else info
    return replace(own, name=str(own.path))


def _within(info: ModelInfo, kind: str) -> ModelInfo:
    """A generator's own network of a kind. Raises ModelError."""
    if info.format not in BUNDLES:  # the autoencoder in a single file
        return replace(AUTOENCODER_IN.describe(info.path), name=info.name)
    part = BUNDLES[info.format] if kind == "autoencoder" else kind
    return _describe(info.path / part, f"{info.name}/{part}")


def open_autoencoder(
    name_or_path: str, device: str = "cpu", precision: str = "float32"
) -> ImageAutoencoder:
    """An autoencoder of any format by its name or path, or a generator's. Raises ModelError."""
    network = open_network(name_or_path, "autoencoder", device, precision)
    return cast(ImageAutoencoder, network)


@cache
def _formats() -> tuple[Format, ...]:
    names = sorted(found.name for found in pkgutil.iter_modules(formats.__path__))
    modules = [importlib.import_module(f"{formats.__name__}.{name}") for name in names]
    return tuple(module.FORMAT for module in modules)


def _format_of(path: Path) -> Format | None:
    return next((each for each in _formats() if _recognised(each, path)), None)


def _recognised(form: Format, path: Path) -> bool:
    try:
        return form.recognises(path)
    except Exception:  # whatever lies among the models, the others are listed
        log.exception("%s was not recognised", path)
        return False


def _candidates() -> Iterator[tuple[str, Path]]:
    """Names and paths of what looks like a model, bundled ones first."""
    for root in (ASSETS, user_folder()):
        collections = [root / name for name in COLLECTIONS]
        for folder in (root, *collections):
            for path in _entries(folder):
                if path not in collections:
                    yield from _candidate(path)


def _candidate(path: Path) -> Iterator[tuple[str, Path]]:
    """A model and, of a bundle, its networks; of a folder that is none, the models in its files."""
    form = _format_of(path)
    if form is not None:
        yield _name_of(path), path
    bundle, collection = form is not None and form.name in BUNDLES, path.parent.name in COLLECTIONS
    if not bundle and (form is not None or not collection):
        return
    for part in _entries(path):
        if part.is_dir() == bundle and _format_of(part) is not None:
            yield f"{_name_of(path)}/{_name_of(part)}", part


def _name_of(path: Path) -> str:
    """A folder's name; a file's without its ending, and what the two halves of a pair share."""
    if path.is_dir():
        return path.name
    for half in HALVES:
        if path.stem.endswith(half):
            return path.stem.removesuffix(half)
    return path.stem


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir()) if folder.is_dir() else []
    except OSError:
        return []


def _describe(path: Path, name: str) -> ModelInfo:
    form = _format_of(path)
    if form is None and (said := told_of(path)):
        raise ModelError(said)
    if form is None:
        inside = [part.name for part in _entries(path) if _format_of(part) is not None]
        hint = f"; choose one inside it: {_some(inside)}" if inside else ""
        raise ModelError(f"{path} is not a model in any known format{hint}.")
    try:
        info = form.describe(path)
    except ModelError:
        raise
    except Exception as error:  # as above
        log.exception("%s was not understood", path)
        raise ModelError(f"{path} is damaged: {type(error).__name__}.") from error
    return replace(info, name=name)


def _open(
    info: ModelInfo, device: str, precision: str, check: Check, *others: object
) -> Model | nn.Module:
    form: Any = next(each for each in _formats() if each.name == info.format)
    return form.open(info.path, device, precision, check, *others)  # those of OTHERS take them
