"""Differences of settings, whatever fields settings have."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from studio.core.settings import Settings
from studio.gallery.history.difference import Difference, differences

ONE = Settings("a bear", guidance_interval=(0.1, 0.9), options=(("eta", 0.5),))


def other(value: object) -> object:
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return value + "!"
        case _:
            return (("another", 1),)


def test_equal_settings_do_not_differ() -> None:
    assert differences(ONE, replace(ONE)) == ()


@pytest.mark.parametrize("name", [field.name for field in fields(Settings)])
def test_each_field_is_told(name: str) -> None:
    before = getattr(ONE, name)
    changed = replace(ONE, **{name: other(before)})  # type: ignore[arg-type]
    expected = Difference(name, name.replace("_", " "), before, getattr(changed, name))
    assert differences(ONE, changed) == (expected,)


def test_all_come_in_the_order_of_the_fields() -> None:
    changed = replace(ONE, **{f.name: other(getattr(ONE, f.name)) for f in fields(Settings)})
    assert [each.name for each in differences(ONE, changed)] == [f.name for f in fields(Settings)]
    assert [each.before for each in differences(changed, ONE)] == [
        each.after for each in differences(ONE, changed)
    ]
