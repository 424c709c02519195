"""Writes what the probe says into docs/checkpoints.md: `python -m tests.models.probe.table`."""

from __future__ import annotations

from pathlib import Path

import diffusers
import torch
from diffusers.loaders.single_file_utils import infer_diffusers_model_type

from tests.models.probe.stubs import STUBS, Stub

PAGE = Path(__file__).parents[3] / "docs" / "checkpoints.md"
SECTION = "## What the probe says"
INTRO = """

`python main.py models --probe FILE` says what a file is, from its header alone: no weight is read,
and what no rule fits stays unknown. Below is every header that the tests hold, with a few of the
real file's names and shapes in each (`tests/models/probe/stubs.py`), and what
`infer_diffusers_model_type` of diffusers {version} makes of the same header: `v1` is what it says
of anything it does not know, LoRA, embeddings and text encoders included, for which it is not made.
Prefilled is what tensors cannot tell, read from marker keys, metadata or the name, or assumed; each
can be overridden. This section is written by `python -m tests.models.probe.table`.

"""
HEADER = """\
| file | kind | family | variant | precision | layout or dialect | prefilled | diffusers |
| --- | --- | --- | --- | --- | --- | --- | --- |
"""


def guess(stub: Stub) -> str:
    """diffusers', on tensors without content."""
    tensors = {
        name: torch.empty(tensor.shape or (), device="meta")
        for name, tensor in stub.header.tensors.items()
    }
    try:
        return str(infer_diffusers_model_type(tensors))
    except Exception as error:  # it raises what it likes
        return type(error).__name__


def page() -> str:
    rows = []
    for stub in STUBS:
        cells = [cell.strip() for cell in stub.answer.split("|")]
        rows.append(f"| {' | '.join([stub.name, *cells, guess(stub)])} |\n")
    return SECTION + INTRO.format(version=diffusers.__version__) + HEADER + "".join(rows)


if __name__ == "__main__":
    before = PAGE.read_text(encoding="utf-8").partition(SECTION)[0]  # what opens, in words
    PAGE.write_text(before + page(), encoding="utf-8")
