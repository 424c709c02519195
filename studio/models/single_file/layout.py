"""What a single file's networks are: from configurations that lie beside it, else the family's own
in `layouts.toml`. Must not import torch."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from studio.core.errors import ModelError
from studio.models.families import adapters, family_of
from studio.models.families.adapter import Adapter
from studio.models.formats.checkpoint import AUTOENCODER, CONFIG, FILES, INDEX, size_in
from studio.models.network_folder import read_document
from studio.models.probe.probe import UNKNOWN, Answer, probe
from studio.models.probe.rule import CHECKPOINT, DENOISER
from studio.models.state_files import pickle_mentions

WHOLE = "model.diffusion_model."
#: Names in a .ckpt, whose shapes cannot be read without its weights -> the family.
PICKLED = {b"conditioner.embedders.1.": "SDXL", b"cond_stage_model.model.": "SD 2.x",
           b"cond_stage_model.transformer.": "SD 1.x"}  # fmt: skip
PREDICTIONS = {"epsilon": "epsilon", "v": "v_prediction"}  # the probe's words -> a scheduler's
READABLE = ("fp64", "fp32", "fp16", "bf16", "fp8", "Q", "IQ", UNKNOWN)  # how precisions begin
CHOSEN, BASE = "chosen by you", "the family's base model"


@dataclass(frozen=True)
class Layout:
    """`parts` says of each network its class, what stands before its names `inside` a whole file,
    what the probe calls a file that holds it `alone`, and how its texts become tokens; `latents`
    the same of the autoencoder, and how it scales. `folder` is where the configurations are from,
    None where they are the family's own."""

    family: type[Adapter]
    index: Mapping[str, Any]
    scheduler: Mapping[str, Any]
    configs: Mapping[str, Mapping[str, Any]]
    parts: Mapping[str, Mapping[str, Any]]
    latents: Mapping[str, Any]
    size: int
    folder: Path | None = None

    def encoders(self) -> Iterator[str]:
        return (name for name in self.parts if name != self.family.asked)


def answer_of(path: Path) -> Answer:
    """The probe's, and of a .ckpt what its names say. Raises ModelError."""
    answer = probe(path)
    if path.suffix != ".ckpt" or not pickle_mentions(path, WHOLE.encode()):
        return answer
    family = next((f for word, f in PICKLED.items() if pickle_mentions(path, word)), UNKNOWN)
    return replace(answer, kind=CHECKPOINT, family=family)


def is_known(path: Path) -> bool:
    """Whether a file holds a denoiser that can be opened, alone or with more. Raises ModelError."""
    if path.suffix not in FILES or not path.is_file():
        return False
    answer = answer_of(path)
    known = answer.family in _tables() or (answer.family == UNKNOWN and _beside(path))
    return answer.kind in (CHECKPOINT, DENOISER, UNKNOWN) and bool(known)


def layout_of(path: Path, answer: Answer) -> Layout:
    """Configurations beside the file count before the family's own. Raises ModelError, also for
    what the studio cannot do."""
    folder = _beside(path)
    if folder is None and answer.family in _tables() and (path.parent / INDEX).is_file():
        folder = path.parent if probe(path.parent).family == answer.family else None
    if folder is None and answer.family not in _tables():
        said = answer.reasons[-1] if answer.reasons else "no family's rules fit it"
        raise ModelError(f"{path} is no model that is known here: {said}.")
    table = _table(answer)
    told = _told(path, answer, table)
    if folder is None:
        return _own(table, told)
    layout = _from(folder, table)
    chosen = {each.topic for each in answer.prefilled if each.source == CHOSEN}
    return replace(layout, scheduler=_scheduled(layout.scheduler, told, chosen))


def _table(answer: Answer) -> Mapping[str, Any]:
    """The family's, with what is told; empty where it has none."""
    table = _tables().get(answer.family, {})
    for word in (answer.variant, *(each.value for each in answer.prefilled)):
        table = _over(table, table.get("when", {}).get(word, {}))
    return table


def _over(table: Mapping[str, Any], other: Mapping[str, Any]) -> Mapping[str, Any]:
    """The one with the other's entries, tables within them too."""
    return dict(table) | {
        key: _over(table[key], value) if isinstance(table.get(key), Mapping) else value
        for key, value in other.items()
    }


def _told(path: Path, answer: Answer, table: Mapping[str, Any]) -> dict[str, str]:
    """What the probe prefilled. Raises ModelError for what no denoiser here can be."""
    told = {each.topic: each.value for each in answer.prefilled}
    known = ("", "base", *table.get("variants", ()))
    odd = [said for said in told.values() if said in table.get("refused", ())]
    wrong = ""
    if answer.variant not in known or odd:
        wrong = f"is for {' '.join(odd) or answer.variant}; choose {table.get('instead', BASE)}"
    elif told.get("prediction", "epsilon") not in PREDICTIONS:
        wrong = f"predicts as {told['prediction']} does; choose one that predicts epsilon or v"
    elif not answer.precision.startswith(READABLE):
        wrong = f"is kept as {answer.precision}; choose its edition in fp16, bf16, fp8 or GGUF"
    if wrong:
        raise ModelError(f"{path} cannot be opened: it {wrong}.")
    return told


def _own(table: Mapping[str, Any], told: Mapping[str, str]) -> Layout:
    family, parts = adapters()[table["pipeline"]], table["parts"]
    configs = {name: part.get("config", {}) for name, part in parts.items()}
    index = {"_class_name": table["pipeline"]} | table.get("index", {})
    index |= {name: [family.parts[name].library, part["class"]] for name, part in parts.items()}
    scheduler = _scheduled(table["scheduler"], told, set(told))
    side = configs[family.asked].get("sample_size", family.latent_side)
    size = table.get("fold", 8) * side
    return Layout(family, index, scheduler, configs, parts, table["latents"], size)


def _from(folder: Path, told: Mapping[str, Any]) -> Layout:
    """A folder's configurations, and the names that its pipeline's files have: in the table that is
    `told` by the probe, if it is of this pipeline."""
    index = read_document(folder / INDEX)
    family, pipeline = family_of(index), str(index.get("_class_name"))
    table = told if told.get("pipeline") == pipeline else _of_pipeline(family, pipeline)
    if family is None or not table:
        raise ModelError(f"{folder / INDEX} is of {pipeline}, whose single files are unknown here.")
    parts = {}
    for name, part in table["parts"].items():
        match index.get(name):
            case [_, str(kind)]:
                if kind not in family.parts[name].classes:
                    raise ModelError(f"{folder / INDEX} has {kind} as its {name}, which is not"
                                     " known here.")  # fmt: skip
                parts[name] = part | ({"class": kind} if name == family.asked else {})
    present = [*parts, *([AUTOENCODER] if (folder / AUTOENCODER / CONFIG).is_file() else [])]
    configs = {name: read_document(folder / name / CONFIG) for name in present}
    scheduler = read_document(folder / "scheduler" / "scheduler_config.json")
    size = size_in(folder, family)
    return Layout(family, index, scheduler, configs, parts, table["latents"], size, folder)


def _of_pipeline(family: type[Adapter] | None, pipeline: str) -> Mapping[str, Any]:
    """The table of a family's pipeline, else one of the same family; empty where there is none."""
    tables = [
        _over(table, more)
        for table in _tables().values()
        for more in ({}, *table.get("when", {}).values())
        if adapters()[table["pipeline"]] is family
    ]
    exact = (table for table in tables if table["pipeline"] == pipeline)
    return next(exact, next(iter(tables), {}))


def _scheduled(
    config: Mapping[str, Any], told: Mapping[str, str], topics: set[str]
) -> Mapping[str, Any]:
    """With what is told of these topics."""
    more: dict[str, Any] = {}
    if "prediction" in topics:
        more["prediction_type"] = PREDICTIONS[told["prediction"]]
    if "zero terminal SNR" in topics:
        more["rescale_betas_zero_snr"] = told["zero terminal SNR"] == "yes"
    return dict(config) | more


def _beside(path: Path) -> Path | None:
    """The folder with the file's own name, where it holds a pipeline's configurations."""
    folder = path.with_suffix("")
    return folder if (folder / INDEX).is_file() else None


@cache
def _tables() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "layouts.toml").read_text(encoding="utf-8"))
