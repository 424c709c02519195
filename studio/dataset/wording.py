"""Emoji labels as English noun phrases: article, plural, and plain words for ':' labels."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True)
class Noun:
    """A thing's name. `article` may be empty; `plural` is None where counting makes no sense."""

    singular: str
    article: str
    plural: str | None

    @property
    def phrase(self) -> str:
        return f"{self.article} {self.singular}".strip()


def labels(words: str) -> frozenset[str]:
    return frozenset(words.split("|"))


ZODIAC = labels(
    "aries|taurus|gemini|cancer|leo|virgo|libra|scorpio|sagittarius|capricorn|aquarius|pisces|"
    "ophiuchus"
)
SIGNS = labels(
    "warning|prohibited|radioactive|biohazard|customs|passport control|baggage claim|left luggage|"
    "potable water|non-potable water|children crossing|place of worship|multiply|plus|minus|divide|"
    "infinity|copyright|registered|trade mark|information|currency exchange|wireless|construction|"
    "high voltage|men’s room|women’s room|om|yin yang|part alternation mark|cinema|restroom"
)
REWORDED = {
    "star-struck": "star-struck face",
    "rolling on the floor laughing": "face rolling on the floor laughing",
    "head shaking horizontally": "head shaking from side to side",
    "head shaking vertically": "head nodding up and down",
    "hundred points": "hundred points symbol",
    "zzz": "zzz sleep symbol",
    "index pointing up": "index finger pointing up",
    "index pointing at the viewer": "index finger pointing at the viewer",
    "breast-feeding": "woman breast-feeding a baby",
    "locked": "locked padlock",
    "unlocked": "unlocked padlock",
    "locked with pen": "locked padlock with pen",
    "locked with key": "locked padlock with key",
    "dizzy": "dizzy swirling star",
    "foggy": "foggy cityscape",
    "cooking": "frying pan with an egg",
    "hourglass done": "hourglass",
    "hourglass not done": "hourglass with flowing sand",
    "globe showing americas": "globe showing the americas",
    "hot springs": "hot springs symbol",
    "camping": "camping tent at night",
    "keycap: #": "keycap with a hash sign",
    "keycap: *": "keycap with an asterisk",
    "kiss: woman, man": "woman and man kissing",
    "kiss: man, man": "two men kissing",
    "kiss: woman, woman": "two women kissing",
    "couple with heart: woman, man": "woman and man with a heart",
    "couple with heart: man, man": "two men with a heart",
    "couple with heart: woman, woman": "two women with a heart",
}
PROPER = {"santa claus", "mrs. claus", "mx claus", "mount fuji", "tokyo tower"}
DEFINITE = {"statue of liberty", "kaaba", "milky way"}
MASS_LABELS = labels(
    "bread|butter|salt|cooked rice|curry rice|spaghetti|sushi|sake|popcorn|bacon|canned food|"
    "broccoli|ginger root|garlic|mate|ice|coral|pouring liquid|fog|fire|wood|soft ice cream|"
    "ice cream|shaved ice|oden|custard|fondue|dango|falafel|dashing away|tennis|bowling|"
    "field hockey|ice hockey|lacrosse|ping pong|badminton|luggage|nail polish|horse racing|soap|"
    "yarn|thread|dna|cricket game|leafy green|money with wings|palms up together|chart increasing|"
    "chart decreasing|building construction|sheaf of rice|meat on bone|lightning|honey"
)
COUNTED_OTHERWISE = {"chart increasing", "chart decreasing", "sheaf of rice"}  # take "a" after all
IRREGULAR = {
    "man": "men", "woman": "women", "person": "people", "child": "children", "foot": "feet",
    "tooth": "teeth", "mouse": "mice", "goose": "geese", "ox": "oxen", "knife": "knives",
    "leaf": "leaves", "wolf": "wolves", "elf": "elves", "loaf": "loaves", "fish": "fish",
    "deer": "deer", "shrimp": "shrimp", "squid": "squid", "bison": "bison", "moose": "moose",
    "merman": "mermen", "snowman": "snowmen", "ram": "rams", "potato": "potatoes",
    "tomato": "tomatoes", "mango": "mangoes", "volcano": "volcanoes", "mosquito": "mosquitoes",
    "superhero": "superheroes", "die": "dice", "buffalo": "buffalo", "salmon": "salmon",
    "cactus": "cacti", "scarf": "scarves", "shelf": "shelves", "half": "halves",
}  # fmt: skip
# Words that begin what follows the head of a phrase: "clocks | showing twelve o'clock".
LINKS = labels(
    "with|without|of|in|on|at|behind|under|over|off|from|showing|wearing|facing|holding|pointing|"
    "getting|feeding|blowing|savoring|exhaling|vomiting|rolling|screaming|shaking|nodding|"
    "fluttering|increasing|decreasing|tilted|pointed|curving|splayed"
)
# Vowel letters that sound like consonants, and consonants that sound like vowels.
SAYS_CONSONANT = re.compile(r"(uni(?!n)|use|eu|ewe|one\b|one-|once|ute|u\b)")
SAYS_VOWEL = re.compile(r"(hour|honest|herb|heir|x-|x\b|atm\b|ng\b|sos\b|8|11|18|m\b|f\b|l\b|s\b)")
PLURALS = {"people", "men", "women", "skis"}
ABSTRACT = {"up", "down"}  # thumbs up, thumbs down: one gesture


def article(words: str) -> str:
    """ "a" or "an", by sound."""
    if SAYS_VOWEL.match(words):
        return "an"
    return "an" if words[0] in "aeiou" and not SAYS_CONSONANT.match(words) else "a"


def plural_of(word: str) -> str:
    """The plural of one word."""
    stem, dash, last = word.rpartition("-")
    if last in IRREGULAR:
        return stem + dash + IRREGULAR[last]
    if re.search(r"(s|x|z|ch|sh)$", word):
        return word + "es"
    return word[:-1] + "ies" if re.search(r"[^aeiou]y$", word) else word + "s"


def _enumeration(people: str) -> str:
    """ "man, woman, boy, boy" -> "a man, a woman and two boys"."""
    names = people.split(", ")
    parts = [
        f"two {plural_of(n)}" if names.count(n) == 2 else f"{article(n)} {n}"
        for n in dict.fromkeys(names)
    ]
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


def plain(label: str) -> str:
    """A label as words a person would say, without ':' constructs, brackets or curly quotes."""
    if label in REWORDED:
        return REWORDED[label]
    words = label.replace("’", "'")
    if label in ZODIAC:
        return f"{label} zodiac sign"
    if label in SIGNS or label.startswith("no "):
        return f"{words} sign"
    if label.startswith("input "):
        return f"{words} button"
    if words.endswith("o'clock") or re.fullmatch(r"\w+-thirty", words):
        return f"clock showing {words}"
    if blood := re.fullmatch(r"(\w+) button \(blood type\)", words):
        return f"blood type {blood[1]} button"
    head, colon, rest = words.partition(": ")
    if not colon:
        return words
    if head == "keycap":
        return f"keycap with the number {rest}"
    if head == "family":
        return f"family of {_enumeration(rest)}"
    if rest == "bald":
        return f"bald {head}"
    if rest.startswith("facing"):
        return f"{head} {rest}"
    return f"{head} with {'a beard' if rest == 'beard' else rest}"


def _head(words: list[str]) -> int:
    """Index of the word that carries the plural."""
    if words[0] in ("person", "man", "woman", "people", "men", "women") and len(words) > 1:
        after = words[1]
        if after in LINKS or after.endswith("ing") or words[1:] == ["mountain", "biking"]:
            return 0
    for i, word in enumerate(words):
        if i and word in LINKS:
            return i - 1
    return len(words) - 1


@lru_cache(maxsize=4096)
def noun(label: str) -> Noun:
    """The noun phrase of an emoji label."""
    words = plain(label)
    if words.endswith(" sign"):
        return Noun(words, article(words), words + "s")
    if label in PROPER:
        return Noun(words, "", None)
    if label in DEFINITE:
        return Noun(words, "the", None)
    if label in MASS_LABELS and label not in COUNTED_OTHERWISE:
        return Noun(words, "", None)
    parts = words.split()
    index = _head(parts)
    head = parts[index]
    invariant = head in IRREGULAR and IRREGULAR[head] == head
    is_plural = head in PLURALS or re.search(r"[^suio']s$", head)
    if is_plural and not invariant:
        return Noun(words, "", None)
    if parts[0] == "two" or "and" in parts or head in ABSTRACT or label in COUNTED_OTHERWISE:
        return Noun(words, "" if parts[0] == "two" else article(words), None)
    many = [*parts]
    many[index] = plural_of(head)
    if parts[0] in ("man", "woman") and index > 0:  # woman firefighter: women firefighters
        many[0] = IRREGULAR[parts[0]]
    return Noun(words, article(words), " ".join(many))
