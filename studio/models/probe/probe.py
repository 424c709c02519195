"""What is this file? The rules' evidence, put together; "unknown" where none fits: never a default.

A checkpoint is parts with prefixes; each part is told by itself. A LoRA is told by the modules that
it changes.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, replace
from functools import cache
from math import prod
from pathlib import Path

from studio.core.errors import no_such
from studio.core.tables import shortened
from studio.models.probe import folder, rules
from studio.models.probe.header import Header, read, read_index
from studio.models.probe.lora import dialect, modules
from studio.models.probe.rule import (
    AUTOENCODER,
    CHECKPOINT,
    DENOISER,
    ENCODER,
    LORA,
    Family,
    Hint,
    Key,
    Rule,
    keys,
)  # fmt: skip

Shapes = dict[str, tuple[int, ...] | None]

UNKNOWN = "unknown"
CERTAIN, LIKELY, NONE = "certain", "likely", "none"
PART = re.compile(
    r"model\.diffusion_model\.|diffusion_model\.|net\.|first_stage_model\.|vae\."
    r"|cond_stage_model\.(?:transformer|model)\.|conditioner\.embedders\.\d\.(?:transformer|model)\."
    r"|text_encoders\.\w+\.(?:transformer\.)?"
)
#: What says something of a model among a file's metadata.
TELLING = re.compile(
    r"modelspec\.(?!hash|thumb|description)|ss_(base_model|sd_model_name|v2|v_par)|general\."
)
#: How a name ends -> what is packed into whole numbers.
PACKED = {"bitsandbytes__nf4": "nf4", "bitsandbytes__fp4": "fp4", "wscales": "SVDQuant int4",
          "weight_scale_2": "nvfp4"}  # fmt: skip
SCALES = ("scale_weight", "weight_scale")  # ComfyUI's two dialects
PRECISIONS = {"F64": "fp64", "F32": "fp32", "F16": "fp16", "BF16": "bf16",
              "F8_E4M3": "fp8 e4m3", "F8_E5M2": "fp8 e5m2", "I8": "int8", "": UNKNOWN}  # fmt: skip


@dataclass(frozen=True)
class Prefilled:
    """A choice that the tensors leave open, and where its value is from."""

    topic: str
    value: str
    source: str


@dataclass(frozen=True)
class Answer:
    """`scales` says how fp8 weights are scaled; `layout` whose names the tensors have, or a LoRA's
    dialect; `confidence` is "certain", "likely" or "none"."""

    path: Path
    kind: str = UNKNOWN
    family: str = UNKNOWN
    variant: str = ""
    layout: str = ""
    precision: str = UNKNOWN
    scales: str = ""
    confidence: str = NONE
    supported: bool = False
    parts: tuple[str, ...] = ()
    prefilled: tuple[Prefilled, ...] = ()
    reasons: tuple[str, ...] = ()

    def overridden(self, topic: str, value: str) -> Answer:
        """With what the user knows better: "family", "variant", or a prefilled topic."""
        reasons = (*self.reasons, f"the {topic} is chosen by you")
        if topic == "family":
            return replace(self, family=value, reasons=reasons)
        if topic == "variant":
            return replace(self, variant=value, reasons=reasons)
        if topic not in {each.topic for each in self.prefilled}:
            raise no_such("topic", topic, ["family", "variant", *(e.topic for e in self.prefilled)])
        chosen = Prefilled(topic, value, "chosen by you")
        filled = tuple(chosen if each.topic == topic else each for each in self.prefilled)
        return replace(self, prefilled=filled)


@dataclass(frozen=True)
class _Evidence:
    family: Family
    rule: Rule
    variant: str
    certain: bool
    reasons: tuple[str, ...]


class _View:
    """Names and shapes, to be asked for keys."""

    def __init__(self, shapes: Shapes) -> None:
        self.shapes, self.text = shapes, "\n".join(shapes)

    def named(self, key: Key) -> Iterator[str]:
        if key.pattern is None:
            return iter((key.name,) if key.name in self.shapes else ())
        return (found[0] for found in key.pattern.finditer(self.text))

    def fits(self, words: str) -> tuple[bool, list[str]] | None:
        """Whether every shape is known, and what was found; None where a key does not fit."""
        certain, reasons = True, []
        for key in keys(words):
            names = (name for name in self.named(key) if _alike(self.shapes[name], key.shape))
            name = next(names, None)
            if (name is None) != key.absent:
                return None
            shape = self.shapes[name] if name else None
            certain &= shape is not None or key.shape is None
            reasons.append(f"{name} {_text(shape)}".strip() if name else f"no {key.name}")
        return certain, reasons


def _alike(found: tuple[int, ...] | None, wanted: tuple[int | None, ...] | None) -> bool:
    if found is None or wanted is None:
        return True
    pairs = zip(found, wanted, strict=False)
    return len(found) == len(wanted) and all(a == b or b is None or a < 0 for a, b in pairs)


def _text(shape: tuple[int, ...] | None) -> str:
    return "" if shape is None else "x".join(str(n) if n >= 0 else "?" for n in shape)


@cache
def families() -> tuple[Family, ...]:
    names = [found.name for found in pkgutil.iter_modules(rules.__path__)]
    found = [importlib.import_module(f"{rules.__name__}.{name}") for name in names]
    return tuple(family for module in found for family in module.FAMILIES)


def probe(path: Path) -> Answer:
    """Of a file, the index of a sharded one, or a diffusers folder. Raises ModelError, one line."""
    if path.is_dir():
        found = folder.read(path, families())
        answer = judge(found.header, path) if found.header else Answer(path, reasons=found.reasons)
        return _in_folder(found, answer) if found.family else answer
    if path.suffix in (".ckpt", ".pt", ".pth", ".bin"):
        return Answer(path, reasons=("PyTorch's own format has no header that can be read safely",))
    return judge(read_index(path) if path.suffix == ".json" else read(path), path)


def _in_folder(found: folder.Folder, answer: Answer) -> Answer:
    """What the configurations say; the denoiser's header, where there is one, must agree."""
    family = found.family
    assert family
    if answer.family not in (UNKNOWN, family.name):
        said = f"its configuration says {family.name}, its tensors {answer.family}"
        return Answer(answer.path, reasons=(said,))
    return replace(
        answer,
        kind=CHECKPOINT,
        family=family.name,
        variant=answer.variant or found.variant,
        layout="diffusers",
        confidence=CERTAIN,
        supported=family.supported,
        parts=found.parts,
        prefilled=tuple(_prefilled(family, CHECKPOINT, _about(answer.path, found.facts), set())),
        reasons=(*found.reasons, *(answer.reasons if found.header else ())),
    )


def judge(header: Header, path: Path) -> Answer:
    """What a header says; the path is only a name that may tell what tensors cannot."""
    precision, scales = precision_of(header)
    blank = Answer(path, precision=precision, scales=scales)
    parts: dict[str, Shapes] = {}
    if changed := modules(header.tensors):
        blank = replace(blank, kind=LORA, layout=dialect(header.tensors))
        parts[""] = changed
    else:
        for name, tensor in header.tensors.items():
            prefix = found[0] if (found := PART.match(name)) else ""
            parts.setdefault(prefix, {})[name[len(prefix) :]] = tensor.shape
    evidence, doubts = [], []
    for shapes in parts.values():
        fitting = _fitting(_View(shapes), blank.kind == LORA)
        names = {each.family.name for each in fitting}
        if len(names) == 1:
            evidence.append(fitting[0])
        elif names:
            doubts.append(f"it could be {' or '.join(sorted(names))}")
    if not evidence:
        first = ", ".join(shortened(name) for name in list(header.tensors)[:3]) or "none"
        count = f"no family's rules fit its {len(header.tensors)} tensors: {first}"
        return replace(blank, reasons=(*doubts, count))
    names = set(header.tensors).union(*parts.values())
    return _told(evidence, blank, _about(path, header.metadata), names)


def _told(
    evidence: list[_Evidence], blank: Answer, about: tuple[str, str], names: Set[str]
) -> Answer:
    """A denoiser with an autoencoder or an encoder is a checkpoint, and else what it is."""
    order = (DENOISER, AUTOENCODER, ENCODER)
    evidence.sort(key=lambda e: order.index(e.rule.kind) if e.rule.kind in order else -1)
    main, kinds = evidence[0], {each.rule.kind for each in evidence}
    whole = main.rule.kind == DENOISER and kinds & {AUTOENCODER, ENCODER}
    kind = CHECKPOINT if whole else main.rule.kind
    parts = [DENOISER if e.rule.kind == DENOISER else e.family.name for e in evidence]
    return replace(
        blank,
        kind=kind,
        family=main.family.name,
        variant=main.variant,
        layout=blank.layout or main.rule.layout,
        confidence=CERTAIN if main.certain else LIKELY,
        supported=main.family.supported,
        parts=tuple(parts) if len(parts) > 1 else (),
        prefilled=tuple(_prefilled(main.family, kind, about, names)),
        reasons=main.reasons,
    )


def _fitting(view: _View, lora: bool) -> list[_Evidence]:
    """Of the rules that fit those that ask for most; of several families where it is open."""
    found = [
        evidence
        for family in families()
        for rule in family.rules
        if (rule.kind == LORA) == lora and (evidence := _evidence(view, family, rule))
    ]
    best = max(((e.certain, len(keys(e.rule.required))) for e in found), default=None)
    return [e for e in found if (e.certain, len(keys(e.rule.required))) == best]


def _evidence(view: _View, family: Family, rule: Rule) -> _Evidence | None:
    if rule.most and len(view.shapes) > rule.most:
        return None
    found = view.fits(rule.required)
    if found is None or any(any(view.named(key)) for key in keys(rule.forbidden)):
        return None
    certain, reasons = found
    for variant, words in rule.variants.items():
        if (more := view.fits(words)) and more[0]:
            return _Evidence(family, rule, variant, certain, (*reasons, *more[1]))
    return _Evidence(family, rule, "", certain, tuple(reasons))


def _about(path: Path, metadata: Mapping[str, str]) -> tuple[str, str]:
    """The name, and the lines of metadata that say something of a model."""
    lines = [f"{k}={v[:200]}" for k, v in metadata.items() if TELLING.match(k)]
    return path.name, "\n".join(lines)


def _prefilled(
    family: Family, kind: str, about: tuple[str, str], names: Set[str]
) -> Iterator[Prefilled]:
    filled: set[str] = set()
    for hint in family.hints:
        if hint.topic in filled or kind not in hint.kinds:
            continue
        if source := _source(hint, about, names):
            filled.add(hint.topic)
            yield Prefilled(hint.topic, hint.value, source)


def _source(hint: Hint, about: tuple[str, str], names: Set[str]) -> str:
    """Where a hint's value is from; nothing where the hint does not apply."""
    if key := next((key for key in hint.keys if key in names), ""):
        return f"the key {key}"
    for where, text in zip(("name", "metadata"), about, strict=True):
        if hint.text and (found := re.search(hint.text, text, re.IGNORECASE)):
            return f"{found[0]!r} in its {where}"
    return "" if hint.keys or hint.text else "assumed: nothing says otherwise"


def precision_of(header: Header) -> tuple[str, str]:
    """That of most numbers, and the dialect of fp8's scales."""
    share: Counter[str] = Counter()
    for tensor in header.tensors.values():
        share[tensor.dtype] += prod(tensor.shape or ())
    dtype = max(share, key=lambda each: share[each], default="")
    ends = {name.rpartition(".")[2] for name in header.tensors}
    if packed := next((name for end, name in PACKED.items() if end in ends), ""):
        return packed, ""
    if not dtype.startswith(("F8", "I8")):
        return PRECISIONS.get(dtype, dtype), ""
    return PRECISIONS.get(dtype, dtype), next((end for end in SCALES if end in ends), "none")
