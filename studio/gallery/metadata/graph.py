"""ComfyUI's graph: nodes, the links between them, and the values and texts that these lead to.

A graph is {"3": {"class_type": "KSampler", "inputs": {"steps": 20, "model": ["4", 0]}}, ...}; a
list of a node's name and an output's number is a link.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from studio.gallery.metadata.foreign import MOST_CHARACTERS, Lost, number

MOST_VISITS = 20_000  # to inputs of nodes with texts, which may lead to themselves or all to one
MOST_DEPTH = 100
CUT = MOST_CHARACTERS + 1  # one more, so that cutting is told
_VALUES = ("value", "text", "string", "int", "float", "number", "seed", "noise_seed", "prompt", "")
_FINAL = ("populated_text", "result")  # what other inputs of the same node came to
_DELIMITERS = ("delimiter", "separator", "sep", "joiner", "join_with")
_BEFORE, _AFTER = ("prefix", "prepend", "before"), ("suffix", "append", "after")
_TEXT = re.compile(
    r"(?:text|string|str|prompt|value|words?|input|positive|negative|wildcard_text|[a-e])"
    r"(?:_?(?:prompt|text|string|[a-z]|\d{1,3}))?|" + "|".join((*_BEFORE, *_AFTER))
)
_JOINS = re.compile(r"concat|join|combin|append|merge|stringfunction|add", re.I)
_SHOWS = re.compile(r"show|preview|display", re.I)
_CHANGES = re.compile(
    r"replace|regex|format|translat|styl|random|wildcard|dynamic|gpt|llm|llama|caption|interrog"
    r"|tagger|split|slice|extract|trunc",
    re.I,
)


@dataclass(frozen=True)
class Node:
    """One step of the graph; `inputs` are values or links."""

    name: str
    kind: str
    inputs: dict[str, Any]


@dataclass
class Met:
    """What was met while texts were followed: nodes not known, and nodes that may change them."""

    lost: dict[str, None] = field(default_factory=dict)
    unsure: dict[str, None] = field(default_factory=dict)
    visits: int = 0


@dataclass(frozen=True)
class Graph:
    """Nodes by name. Links may lead nowhere or in circles; every walk here ends all the same."""

    nodes: dict[str, Node]

    @classmethod
    def of(cls, graph: dict[str, Any]) -> Graph:
        """Leaves out what is no node."""
        nodes = {}
        for name, node in graph.items():
            if isinstance(node, dict) and isinstance(node.get("inputs"), dict):
                kind = node.get("class_type")
                nodes[name] = Node(name, kind if isinstance(kind, str) else "", node["inputs"])
        return cls(nodes)

    def behind(self, value: object) -> Node | None:
        """The node that a link leads to; None for a value that is no link, or leads nowhere."""
        if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str | int):
            return self.nodes.get(str(value[0]))
        return None

    def value(self, node: Node | None, *names: str, numeric: bool = False) -> Any:
        """The first input of these names that has a value, followed through nodes that hold one.

        Lost where a link leads to nodes that are not known to hold one (or no number).
        """
        lost = None
        for name in names:
            if node is not None and name in node.inputs:
                found = self._followed(node.inputs[name], name, numeric)
                if found is not None and not isinstance(found, Lost):
                    return found
                lost = lost or found
        return lost

    def _followed(self, value: object, asked: str, numeric: bool) -> Any:
        if not isinstance(value, list):
            return None if isinstance(value, dict) else value
        seen: set[str] = set()
        last = Lost("a missing node")
        while isinstance(value, list):
            node = self.behind(value)
            if node is None or node.name in seen:
                return last
            seen.add(node.name)
            last = Lost(node.kind or node.name)
            value = next((node.inputs[n] for n in (asked, *_VALUES) if n in node.inputs), None)
        known = isinstance(value, str | int | float) and not (numeric and number(value) is None)
        return value if known else last

    def chain(self, node: Node | None, *names: str) -> Iterator[Node]:
        """The nodes that follow each other through links of these names, each once."""
        seen: set[str] = set()
        while node is not None and node.name not in seen:
            seen.add(node.name)
            yield node
            links = (self.behind(node.inputs.get(name)) for name in names)
            node = next((each for each in links if each is not None), None)

    def before(self, node: Node, names: tuple[str, ...], seen: set[str]) -> Iterator[Node]:
        """Every node behind this one and not yet `seen`, the nearest first, through links that
        begin with a name."""
        waiting = deque([node])
        while waiting:
            for name, value in waiting.popleft().inputs.items():
                found = self.behind(value) if name.lower().startswith(names) else None
                if found is not None and found.name not in seen:
                    seen.add(found.name)
                    yield found
                    waiting.append(found)

    def text(self, value: object, met: Met, depth: int = 0) -> str | None:
        """The text that a value is or that a link leads to, joined where nodes join texts."""
        if isinstance(value, str):
            return value[:CUT]
        node = self.behind(value)
        if node is None:
            return None
        met.visits += 1 + len(node.inputs)
        if met.visits > MOST_VISITS or depth > MOST_DEPTH:
            met.lost[node.kind] = None
            return None
        if _CHANGES.search(node.kind):
            met.unsure[node.kind] = None
        return self.text_of(node, met, depth)

    def text_of(self, node: Node, met: Met, depth: int = 0) -> str | None:
        """What comes out of a node that is given texts; None if that is not known."""
        final = [node.inputs[n] for n in _FINAL if isinstance(node.inputs.get(n), str)]
        if any(final):
            met.unsure.pop(node.kind, None)
            return next(filter(None, final))
        given = sorted((n for n in node.inputs if _TEXT.fullmatch(n.lower())), key=_order)
        if _SHOWS.search(node.kind):
            given = given[:1]
        if list(node.inputs) == [""]:  # a reroute
            given = [""]
        values = [node.inputs[name] for name in given]
        values = [each for each in values if isinstance(each, str) or self.behind(each)]
        delimiter = next((node.inputs[n] for n in _DELIMITERS if n in node.inputs), None)
        joins = delimiter is not None or _JOINS.search(node.kind)
        if not values or (len(values) > 1 and not joins) or "replace" in node.inputs.values():
            met.lost[node.kind] = None
            return None
        texts = [self.text(each, met, depth + 1) for each in values]
        between = ", " if node.inputs.get("tidy_tags") == "yes" else " "
        if delimiter is not None:
            between = self.text(delimiter, met, depth + 1) or ""
        said = [each for each in texts if each]
        return between.replace("\\n", "\n").join(said)[:CUT] if said or None not in texts else None


def _order(name: str) -> tuple[int, str, int]:
    """text_2 before text_10, a prefix before all."""
    place = name.lower().startswith(_AFTER) - name.lower().startswith(_BEFORE)
    digits = re.search(r"\d+$", name)
    return place, re.sub(r"\d+$", "", name), int(digits[0]) if digits else 0
