"""The dashboard's picture: it can be drawn of whatever was found, and says the same in words."""

import struct
from datetime import UTC, datetime, timedelta

import pytest

from bot.core import chart_spec
from bot.core.change import Change, ChangeKind
from bot.core.chart_spec import Bar
from bot.core.metric_history import SPANS, History, Span, held, overlaid
from bot.views import chart_evidence
from bot.views.chart_history import broken

NOW = datetime(2026, 11, 23, 3, 6, tzinfo=UTC)
ONSET = NOW - timedelta(hours=2)
HOSTILE = "<!channel> $\\frac{1}{0}$ \N{FIRE}\u200b" + "x" * 500


def history(value=0.9, *, spans=None, **more):
    """The past of a metric that is the same all the time."""
    told = tuple(
        Span(name, length, tuple((NOW - length + step * n, value) for n in range(int(length / step) + 1)))
        for name, length, step in SPANS
    )
    return History("ndcg (jp-mobile)", NOW, ONSET, spans or told, **{"usual": 0.91, **more})


def size(png):
    """Width and height of a PNG."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", png[16:24])


def test_it_is_as_wide_as_a_phone_can_show_and_the_same_facts_give_the_same_bytes():
    """Three spans, a change over them, bars and a line below."""
    changes = (Change("mlflow", "1", ChangeKind.MODEL, HOSTILE, ONSET - timedelta(minutes=20)),)
    charts = [
        chart_spec.bars(HOSTILE, [Bar(HOSTILE, 0.41, usual=0.9, off=True), Bar("shard-1", None)]),
        chart_spec.line("rows", [(NOW, 1e6)], band=(9e5, 1.1e6)),
    ]
    past = history(changes=changes, bounds=(ONSET, NOW))
    first = chart_evidence.png(past, charts)
    assert first == chart_evidence.png(past, charts)
    assert size(first)[0] == 1080
    said = chart_evidence.alt(past, charts)
    assert said.startswith(
        "ndcg (jp-mobile) over 7 d 0.9 → 0.9, 24 h 0.9 → 0.9, 60 min 0.9 → 0.9; usual 0.91;"
    )
    assert len(said) <= 1000


def test_spans_without_points_are_drawn_with_their_reason():
    """One that timed out, between two that came."""
    whole = history().spans
    spans = (whole[0], Span("24 h", timedelta(hours=24), reason="prom timed out after 4 s"), whole[2])
    past = history(spans=spans, usual=None)
    assert size(chart_evidence.png(past, []))[0] == 1080
    assert "24 h unknown (prom timed out after 4 s)" in chart_evidence.alt(past, [])


def test_what_is_no_chart_is_left_out():
    """A key nobody draws, no points, no rows; and a past without a point."""
    empty = history(spans=(Span("7 d", timedelta(days=7), reason="no"),))
    none = [{"kind": "metric", "value": 1}, {"kind": "line", "points": []}, {"kind": "bars", "rows": []}, {}]
    assert chart_evidence.panels(empty, none) == []


def test_a_line_is_broken_where_points_are_missing():
    """Nothing is drawn through a night without scrapes."""
    times, values = broken([(0, 1.0), (1, 1.0), (2, 1.0), (9, 1.0)])
    assert times == [0, 1, 2, 5.5, 9]
    assert values[3] != values[3]  # not a number: a hole
    assert broken([(0, 1.0)]) == ([0], [1.0])


def test_the_changes_drawn_are_the_nearest_to_the_onset_in_order():
    """Five at most, of the last seven days."""

    def at(hours):
        return Change("s", f"{hours}", ChangeKind.CONFIG, "c", NOW - timedelta(hours=hours))

    found = overlaid([at(h) for h in (1, 2, 3, 4, 5, 30, 200, -1)], onset=ONSET, now=NOW)
    assert [change.id for change in found] == ["5", "4", "3", "2", "1"]


@pytest.mark.parametrize(
    ("values", "minutes"), [((), None), ((0.6,), 0.0), ((0.78, 0.6, 0.78, 0.77), 1.0), ((0.78,) * 5, 4.0)]
)
def test_how_long_a_metric_has_been_back_counts_from_its_last_miss(values, minutes):
    """A minute between two points."""
    points = [(NOW + timedelta(minutes=n), value) for n, value in enumerate(values)]
    found = held(points, baseline=0.78, within=0.025)
    assert found == minutes


WILD = [None, float("nan"), float("inf"), -1e12, 1e12, 0.0, 5e-324]


def test_any_figures_can_be_drawn():
    """Whatever a check found: names of any letters, values of any size, or none."""
    rows = [Bar(HOSTILE, value, usual=value, limit=WILD[n - 1]) for n, value in enumerate(WILD)]
    points = [(NOW + timedelta(minutes=n), value) for n, value in enumerate(WILD) if value is not None]
    charts = [chart_spec.bars("any", rows, unit="ms"), chart_spec.line("any", points, usual=1.0)]
    assert size(chart_evidence.png(None, charts))[0] == 1080
    assert chart_evidence.alt(None, charts)
