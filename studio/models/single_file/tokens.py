"""Tokenizers from where they were found. Imports transformers late."""

from __future__ import annotations

import gzip
import importlib
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from studio.core.errors import ModelError
from studio.models.checkpoint import module_of, open_part
from studio.models.single_file.layout import Layout
from studio.models.single_file.shelves import CLIP, MERGES, VOCABULARY
from studio.models.state_files import reason

PUBLISHED = slice(1, 49152 - 256 - 2 + 1)  # the lines of CLIP's published list that it uses
LONGEST = 77  # tokens that CLIP reads
CLASSES = {"T5": "T5Tokenizer", "Qwen": "Qwen2Tokenizer", "Gemma": "GemmaTokenizer",
           "Mistral": "PreTrainedTokenizerFast"}  # fmt: skip
#: What Qwen3's words go on with after Qwen2.5's, which ComfyUI has.
QWEN2, MORE = 151665, ["<tool_response>", "</tool_response>", "<think>", "</think>"]


def tokenizer(path: Path, layout: Layout, name: str, part: Mapping[str, Any]) -> Any:
    """That of the configurations as it is; of any other folder, or a package, the words that the
    encoder's `part` reads, used as its family does. Raises ModelError."""
    if layout.folder is not None and path.parent == layout.folder:
        library, kind = layout.index[name]
        return open_part(library, kind, path, "cpu", "float32")
    reads = part.get("reads", CLIP)
    try:
        if reads == CLIP:
            return _clip(path, part["pad"])
        found = getattr(module_of("transformers", path), CLASSES[reads]).from_pretrained(
            path, local_files_only=True
        )
        if reads == "Qwen" and len(found) == QWEN2:
            found.add_tokens(MORE)
        found.pad_token = part.get("pad", found.pad_token)
        found.padding_side = part.get("padding", "right")
        found.chat_template = part.get("template", found.chat_template)
        return found
    except Exception as error:  # what is damaged fails in any way it likes
        raise ModelError(f"{path} cannot be opened: {reason(error)}") from error


def _clip(path: Path, pad: str) -> Any:
    kind, given = module_of("transformers", path).CLIPTokenizer, {"pad_token": pad}
    if path.is_dir():
        files = str(path / VOCABULARY), str(path / MERGES)
        return kind(*files, **given, model_max_length=LONGEST)
    with tempfile.TemporaryDirectory() as folder:
        return kind(*_unpacked(path, Path(folder)), **given, model_max_length=LONGEST)


def _unpacked(path: Path, folder: Path) -> tuple[str, str]:
    """OpenAI's list of merges as transformers' two files."""
    bytes_of = importlib.import_module("transformers.convert_slow_tokenizer").bytes_to_unicode
    with gzip.open(path, "rt", encoding="utf-8") as file:
        merges = file.read(2**23).splitlines()[PUBLISHED]
    letters = list(bytes_of().values())
    pieces = [*letters, *(letter + "</w>" for letter in letters)]
    pieces += ["".join(merge.split()) for merge in merges] + ["<|startoftext|>", "<|endoftext|>"]
    words, listed = folder / VOCABULARY, folder / MERGES
    words.write_text(json.dumps({p: n for n, p in enumerate(pieces)}), encoding="utf-8")
    listed.write_text("\n".join(["#version: 0.2", *merges, ""]), encoding="utf-8")
    return str(words), str(listed)
