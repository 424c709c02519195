"""Learns the bundled tokenisers' vocabularies from the studio's own captions and words.

python -m studio.training.vocabularies [FOLDER]
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

from studio.core.files import write_all
from studio.core.installation import ASSETS
from studio.dataset.catalogue import Catalogue
from studio.networks.tokenizers import KINDS
from studio.networks.tokenizers.bpe import UNKNOWN
from studio.networks.tokenizers.vocabulary import WORD, VocabularyTokenizer
from studio.training.corpus import Corpus

SEED = 15
TEXTS = 40_000
#: Pieces of each kind, at most.
SIZES = {"arbitrary": 2048, "word": 2560, "bpe": 2048, "wordpiece": 2048, "character": 256}


def learn(kind: str, texts: Sequence[str], size: int) -> list[Any]:
    """What a file of that kind holds as its pieces: at most `size`, the commonest."""
    prefixed = [KINDS[kind].prefix + text for text in texts]
    if kind == "bpe":
        state = _trained(models.BPE(unk_token=UNKNOWN), trainers.BpeTrainer, prefixed, size)
        singles = [piece for piece in state["vocab"] if len(piece) == 1]
        return sorted(singles) + state["merges"]
    if kind == "wordpiece":
        model = models.WordPiece(unk_token=UNKNOWN, continuing_subword_prefix="")
        trainer = trainers.WordPieceTrainer
        state = _trained(model, trainer, prefixed, size, continuing_subword_prefix="")
        return sorted(state["vocab"], key=state["vocab"].get)
    return _commonest(KINDS[kind]([]), prefixed, size)


def _commonest(kind: VocabularyTokenizer, texts: Iterable[str], size: int) -> list[str]:
    counted = Counter(part for text in texts for part in kind.cuts(text))
    return sorted(counted, key=lambda part: (-counted[part], part))[:size]


def _trained(
    model: Any, trainer: Any, texts: Iterable[str], size: int, **options: Any
) -> dict[str, Any]:
    """The library's model, as its file describes it."""
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(WORD.pattern), "isolated")
    tokenizer.train_from_iterator(
        texts, trainer(vocab_size=size, show_progress=False, special_tokens=[], **options)
    )
    return json.loads(tokenizer.to_str())["model"]


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ASSETS / "tokenizers"
    catalogue = Catalogue()
    words = [word for own in catalogue.words.values() for word in own]
    texts = Corpus(catalogue, None).texts([SEED], TEXTS) + words
    files = {}
    for kind, size in SIZES.items():
        document = {"kind": kind, "pieces": learn(kind, texts, size)}
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
        files[folder / f"{kind}.json"] = (text + "\n").encode()
        print(f"{kind}: {len(document['pieces'])} pieces, {len(text) / 1000:.0f} kB")
    write_all(files)


if __name__ == "__main__":
    main()
