"""The modules that a LoRA changes, whoever wrote it: `_` for `.`, and (outputs, inputs) for shape.

Text encoders' modules begin with `te:`, `te1:` or `te2:`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from studio.models.probe.header import Tensor

#: Ends of names: what each factor multiplies. LoKr's shapes multiply, LoHa's second pair repeats.
SUFFIX = re.compile(
    r"[._](?:(lora_down|lora_A|lora\.down|lora\.A|down|lokr_w[12]_b|hada_w1_b)"
    r"|(lora_up|lora_B|lora\.up|lora\.B|up|lokr_w[12]_a|hada_w1_a)|(lokr_w[12])"
    r"|lora_mid|lokr_t2|hada_w2_[ab]|hada_t[12]|alpha|dora_scale|diff|diff_b|lora_magnitude_vector"
    r")(?:\.(?:default|[\w-]+_\d))?(?:\.weight|\.bias)?$"
)
SURE = re.compile(r"lora_|lokr_|hada_|[._]lora\.|_lora\d?\.|dora_scale")
TEXT = re.compile(
    r"(?:lora_|lycoris_)te(?P<n>[123]?)_|text_encoder(?:_(?P<m>[23]))?[._]|text_encoders?\.clip_l\."
)
REST = re.compile(
    r"(?:base_model\.model\.)?(?:lora_unet_|lora_transformer_|lora_prior_unet_|lycoris_(?:unet_)?"
    r"|model\.diffusion_model\.|diffusion_model\.|transformer\.|unet\.)?"
)
DIALECTS = (
    ("XLabs", r"\.processor\.(?:qkv|proj)_lora\d?\."),
    ("kohya", r"^lora_(?:unet|te\d?)_"),
    ("OneTrainer", r"^lora_transformer_"),
    ("LyCORIS", r"^lycoris_"),
    (
        "diffusers / PEFT",
        r"^(?:base_model\.model|transformer|unet|text_encoder(?:_\d)?)\..*\.lora_[AB]\.",
    ),
    ("diffusers / PEFT", r"^transformer\.|^(?:single_)?transformer_blocks\."),
    ("diffusers", r"^(?:unet|text_encoder(?:_\d)?)\.|\.processor\."),
    ("ComfyUI / ai-toolkit", r"^(?:model\.)?diffusion_model\."),
    ("BFL", r"^(?:double_blocks|single_blocks|img_in|txt_in|time_in|vector_in)\."),
)
KINDS = (("LoKr", r"[._]lokr_"), ("LoHa", r"[._]hada_"), ("DoRA", r"dora_scale|lora_magnitude"))


def modules(tensors: Mapping[str, Tensor]) -> dict[str, tuple[int, ...] | None]:
    """Nothing where the tensors are no LoRA's. A length that is not told is -1."""
    if not any(SURE.search(name) and SUFFIX.search(name) for name in tensors):
        return {}
    found: dict[str, tuple[int, ...] | None] = {}
    for name, tensor in tensors.items():
        if end := SUFFIX.search(name):
            module = module_of(name[: end.start()])
            outputs, inputs = found.get(module) or (-1, -1)
            shape = tensor.shape or ()
            if len(shape) >= 2 and (end[1] or end[3]):
                inputs = abs(inputs) * shape[1]
            if len(shape) >= 2 and (end[2] or end[3]):
                outputs = abs(outputs) * shape[0]
            found[module] = (outputs, inputs)
    return found


def dialect(names: Iterable[str]) -> str:
    """Whose names these are, and the algorithm where it is not LoRA."""
    text = "\n".join(names)
    whose = next((who for who, mark in DIALECTS if re.search(mark, text, re.M)), "unknown dialect")
    kinds = [kind for kind, mark in KINDS if re.search(mark, text)]
    return ", ".join([whose, *kinds])


def module_of(name: str) -> str:
    if text := TEXT.match(name):
        return f"te{text['n'] or text['m'] or ''}:" + name[text.end() :].replace(".", "_")
    rest = REST.match(name)
    return name[rest.end() if rest else 0 :].replace(".", "_")
