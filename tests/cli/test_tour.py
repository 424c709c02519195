"""`tour`: the stops, and whether their figures hold."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from studio.core import tour
from studio.core.tour import Chapter
from tests.cli.conftest import Run


def test_the_stops_are_listed(run: Run) -> None:
    listed = run("tour", "--json").document["stops"]
    assert [each["id"] for each in listed] == [s.id for c in tour.chapters() for s in c.stops]
    assert listed[0]["range"] in run("tour").out


def test_a_measured_stop_holds(run: Run) -> None:
    (stop,) = run("tour", "dimension", "--measure", "--json").document["stops"]
    assert stop["value"] == 196608 and stop["holds"]


def test_a_figure_outside_its_range_is_a_failure(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    stop = tour.chapters()[0].stops[0]
    off = replace(stop, figure=replace(stop.figure, low=0, high=1))
    monkeypatch.setattr(tour, "chapters", lambda: (Chapter("T", (off,)),))
    outcome = run("tour", "--measure")
    assert outcome.code == 1 and "196,608" in outcome.out
    assert outcome.err.strip().endswith("error: not in their ranges: dimension.")


def test_a_measure_that_fails_is_said_and_the_others_go_on(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = tour.chapters()[0].stops[0]
    odd = replace(stop, id="odd", figure=replace(stop.figure, measure="pixel-number"))
    monkeypatch.setattr(tour, "chapters", lambda: (Chapter("T", (odd, stop)),))
    outcome = run("tour", "--measure")
    assert outcome.code == 1 and "failed" in outcome.out and "196,608" in outcome.out
    assert "error: odd: there is no measure 'pixel-number'" in outcome.err
    first, second = json.loads(run("tour", "--measure", "--json").out)["stops"]
    assert "value" not in first and first["error"] and second["holds"]


def test_an_unknown_stop_is_said(run: Run) -> None:
    assert "did you mean 'dimension'?" in run("tour", "dimensio").error
