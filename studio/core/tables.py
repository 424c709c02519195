"""Values from files against the types and ranges that a dataclass's fields state.

`Annotated[int, Within(1, 64)]` bounds a number, or each number of a tuple.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin, get_type_hints

LARGEST_INT, LARGEST_FLOAT = 2**16, 1e9  # where a field states no range


@dataclass(frozen=True)
class Within:
    """Both ends are allowed."""

    low: float
    high: float


Share = Annotated[float, Within(0, 1)]
Weight = Annotated[float, Within(0, 1e6)]


def hints(kind: type[Any]) -> dict[str, Any]:
    """The fields' types by name, ranges included."""
    return get_type_hints(kind, include_extras=True)


def checked(name: str, value: Any, hint: Any) -> Any:
    """`value` as the field of that type wants it. Raises ValueError: what is allowed."""
    kind, *stated = get_args(hint) if get_origin(hint) is Annotated else (hint,)
    bounds = stated[0] if stated else None
    if kind in (bool, str):
        if type(value) is kind:
            return value
        raise _wrong(name, value, "true or false" if kind is bool else "text")
    if kind is int:
        within = bounds or Within(0, LARGEST_INT)
        if type(value) is int and within.low <= value <= within.high:
            return value
        raise _wrong(name, value, f"a whole number from {_ends(within)}")
    if kind is float:
        within = bounds or Within(-LARGEST_FLOAT, LARGEST_FLOAT)
        if type(value) in (int, float) and within.low <= value <= within.high:
            return float(value)
        raise _wrong(name, value, f"a number from {_ends(within)}")
    if get_args(kind) == (int, ...):
        return _numbers(name, value, bounds or Within(0, LARGEST_INT))
    return _weights(name, value)


def _numbers(name: str, value: Any, within: Within) -> tuple[int, ...]:
    whole = isinstance(value, list | tuple) and all(
        type(each) is int and within.low <= each <= within.high for each in value
    )
    if not whole:
        raise _wrong(name, value, f"a list of whole numbers from {_ends(within)}")
    return tuple(value)


def _weights(name: str, value: Any) -> tuple[tuple[str, float], ...]:
    pairs = list(value.items()) if isinstance(value, Mapping) else value
    good = isinstance(pairs, list) and all(
        isinstance(each, list | tuple)
        and [type(part) for part in each[:1]] == [str]
        and len(each) == 2
        and type(each[1]) in (int, float)
        and math.isfinite(each[1])
        and 0 <= each[1] <= LARGEST_FLOAT
        for each in pairs
    )
    if not good:
        raise _wrong(name, value, "a table of names with a weight of 0 or more each")
    return tuple((str(word), float(weight)) for word, weight in pairs)


def _ends(within: Within) -> str:
    return f"{within.low:.12g} to {within.high:.12g}"


def _wrong(name: str, value: Any, allowed: str) -> ValueError:
    return ValueError(f"{name} is {shortened(value)}; it must be {allowed}")


def shortened(value: Any) -> str:
    """A value of any size, for a line."""
    text = repr(value) if not isinstance(value, int) or abs(value) < 10**40 else "a huge number"
    return text if len(text) <= 60 else f"{text[:57]}..."
