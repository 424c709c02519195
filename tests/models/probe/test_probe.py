"""What a file is, from its header: over all families, kinds and dialects."""

from __future__ import annotations

import pytest

from studio.models.probe.probe import Answer, judge
from tests.models.probe.stubs import STUBS, Stub


def line(answer: Answer) -> str:
    precision = ", ".join(filter(None, (answer.precision, answer.scales)))
    filled = "; ".join(f"{each.topic}: {each.value}" for each in answer.prefilled)
    return " | ".join(
        (answer.kind, answer.family, answer.variant, precision, answer.layout, filled)
    )


def squeezed(text: str) -> str:
    return "|".join(cell.strip() for cell in text.split("|"))


@pytest.mark.parametrize("stub", STUBS, ids=lambda stub: stub.name)
def test_stub(stub: Stub) -> None:
    answer = judge(stub.header, stub.path)
    assert squeezed(line(answer)) == squeezed(stub.answer), answer.reasons
    assert answer.reasons
    assert (answer.confidence == "certain") == (answer.family != "unknown")


def test_there_are_enough() -> None:
    assert len(STUBS) >= 60 and len({stub.name for stub in STUBS}) == len(STUBS)
