"""Text to token numbers and back: a kind a file, all of them to one protocol.

The bundled ones lie in assets/tokenizers/; `studio.training.vocabularies` learns them. A window
counts tokens: must not import torch.
"""

from __future__ import annotations

import json
from pathlib import Path

from studio.core.errors import ModelError
from studio.core.files import read_regular
from studio.core.installation import bundled
from studio.networks.tokenizers.arbitrary import Arbitrary
from studio.networks.tokenizers.bpe import BytePairs
from studio.networks.tokenizers.character import Characters
from studio.networks.tokenizers.vocabulary import VocabularyTokenizer
from studio.networks.tokenizers.word import Words
from studio.networks.tokenizers.wordpiece import WordPieces

KINDS: dict[str, type[VocabularyTokenizer]] = {
    kind.name: kind for kind in (Arbitrary, Words, BytePairs, WordPieces, Characters)
}
LARGEST = 2**22  # bytes


def open_tokenizer(name_or_path: str) -> VocabularyTokenizer:
    """A bundled kind ("arbitrary", "word", "bpe", "wordpiece", "character"), or a file of one.

    Raises:
        ModelError: the file is missing or damaged.
    """
    path = bundled(f"tokenizers/{name_or_path}.json") if name_or_path in KINDS else None
    path = path or Path(name_or_path)
    try:
        document = json.loads(read_regular(path, LARGEST))
        return KINDS[document["kind"]].read(document["pieces"])
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise ModelError(f"{path} is no tokeniser: {str(error)[:120]}.") from None
