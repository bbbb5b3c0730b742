"""The chart of a look: a PNG that is the same for the same look, and says the same in words."""

import struct
import threading
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.core.analysis import analyse
from bot.core.look import LookResult
from bot.core.observation import Cell, Observations
from bot.core.registration import Registration, load
from bot.core.strict_yaml import parse
from bot.stats.guardrail import Status, Threshold
from bot.stats.sample import Sample
from bot.views import chart, chart_cohorts, chart_lines, chart_paint
from bot.views.chart import Seen

GOOD = (Path(__file__).parents[1] / "data" / "registrations" / "good.yaml").read_text(encoding="utf-8")
HISTORY = [Seen(1, 4, 1.3), Seen(2, 7, 2.05)]


def registration(metric: str = "rate", floor: float | None = 0.03, **sequential: Any) -> Registration:
    """The good registration on a summary table, its primary by another name, its looks changed."""
    data = parse(GOOD, name="x").data
    data["data"] = {"kind": "summary", "path": "x.csv"}
    data["metrics"] = {metric: {"kind": "mean"}, "csat": {"kind": "mean"}, "p95": {"kind": "mean"}}
    data["primary"]["metric"] = metric
    data["guardrails"].append({"metric": "p95", "max": 800})
    data["cohorts"]["max_relative_regression"] = floor
    data["sequential"] |= sequential
    return load(data)


def result(rule: Registration, number: int = 2) -> LookResult:
    """A look at two cohorts."""
    return analyse(rule, "0" * 64, observations(rule), look=number)


def observations(rule: Registration) -> Observations:
    """Two cohorts, one of them small."""
    cells = []
    for side, values in (("control", (0.183, 4.21, 720.0)), ("treatment", (0.187, 4.185, 741.0))):
        for locale, n in (("en", 16_000), ("jp", 4_000)):
            samples = {
                name: Sample.summary(n, mean, sd**2, "value")
                for name, mean, sd in zip(rule.metrics, values, (0.2, 0.55, 90.0), strict=True)
            }
            cells.append(Cell(side, (locale,), n, samples))  # type: ignore[arg-type]  # the two sides
    return Observations(cells=tuple(cells), summary=True)


def test_the_picture_is_a_png_wide_enough_for_a_phone_and_repeats_exactly() -> None:
    """1080 pixels wide; the same look gives the same bytes; no warning on the way."""
    rule = registration()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        first, second = (chart.png(rule, result(rule), HISTORY) for _ in range(2))
    width, height = struct.unpack(">II", first[16:24])
    assert first[:8] == b"\x89PNG\r\n\x1a\n"
    assert width == 1080
    assert 800 < height < 2400
    assert first == second


def test_the_alternative_text_says_the_same_in_words() -> None:
    """Every z with its boundary and the alpha spent, every line and cohort with what was measured."""
    rule = registration()
    minus = "\N{MINUS SIGN}"
    assert chart.alt(rule, result(rule), HISTORY) == (
        "z of rate against its boundary, two-sided, alpha 0.05: "
        "look 1 on day 4: z +1.30, boundary ±4.03 (p < 0.000055), spent 0.000055; "
        "look 2 on day 7: z +2.05, boundary ±2.96 (p < 0.0030), spent 0.0031; "
        "look 3 on day 11: to come, boundary ±2.29 (p < 0.022), spent 0.023; "
        "look 4 on day 14: to come, boundary ±2.02 (p < 0.043), spent 0.05. "
        "Now p = 0.046, asked below 0.0030. "
        f"Guardrails: csat {minus}0.6 % ({minus}0.8 … {minus}0.3), line {minus}1 % · holds; "
        "p95 741 (740 … 742), line ≤ 800 · holds. "
        f"Cohorts, floor {minus}3.0 %: all together +2.2 % (±0.0 … +4.4); "
        f"locale=en +2.2 % ({minus}0.2 … +4.6) · holds, pooled +2.2 %; "
        f"locale=jp +2.2 % ({minus}2.7 … +7.0) · under-powered, 37 % of the units needed, pooled +2.2 %."
    )


def test_rows_measure_how_much_of_the_allowed_change_is_used() -> None:
    """0 is the control, 1 the line, also for a level such as 741 of at most 800 from 720."""
    panel = chart_lines.panel(result(registration()))
    assert panel is not None
    rows = {row.label: row.ends or (0.0, 0.0, 0.0) for row in panel.rows}
    assert round(rows["csat"][1], 3) == round((1 - 4.185 / 4.21) / 0.01, 3)
    assert rows["p95"][1] == (741 - 720) / (800 - 720)
    assert rows["csat"][0] < rows["csat"][1] < rows["csat"][2]


def test_a_line_the_control_itself_is_beyond_has_words_and_no_track() -> None:
    """There is no room between the control and the line that an interval could be a share of."""
    rule = registration()
    p95 = next(one for one in result(rule).guardrails if one.metric == "p95")
    low = replace(p95, threshold=Threshold("max", 700))
    row = chart_lines.guardrail_row(low)
    assert row.ends is None
    assert row.figure == "741 (740 … 742), line ≤ 700"


def test_under_powered_cohorts_are_marked_with_and_without_a_floor() -> None:
    """Hollow and grey, and in words how much of the units needed there is."""
    for one in (registration(), registration(floor=None)):
        panel = chart_cohorts.panel(one, result(one))
        assert panel is not None
        assert [cohort.status is Status.UNDERPOWERED for cohort in panel.cohorts] == [False, True]
        assert "under-powered, 37 % of the units needed" in panel.words(2000)


def test_what_is_left_out_is_counted() -> None:
    """Of many cohorts the first, and those over the floor wherever they stand; the alternative text fits."""
    data = parse(GOOD, name="x").data
    values = [f"a-rather-long-locale-{n}" for n in range(20)]
    data["cohorts"] = {"dimensions": {"locale": values}, "max_relative_regression": 0.03}
    data["data"] = {"kind": "summary", "path": "x.csv"}
    data["sequential"]["looks"] = list(range(1, 15))
    rule = load(data)
    cells = [
        Cell(side, (value,), 40_000, {"rate": Sample.summary(40_000, mean, 0.04, "value")})  # type: ignore[arg-type]
        for value in values
        for side, mean in (
            ("control", 0.183),
            ("treatment", 0.16 if value.endswith("-19") else 0.184),
        )
    ]
    seen = Observations(cells=tuple(cells), summary=True)
    found = analyse(rule, "0" * 64, seen, look=2)
    panel = chart_cohorts.panel(rule, found)
    assert panel is not None
    assert [one.name for one in panel.cohorts][-1] == "locale=a-rather-long-locale-19"
    assert (len(panel.cohorts), panel.more) == (10, 10)
    said = chart.alt(rule, found, [Seen(2, 2, 1.0)])
    assert len(said) <= 2000
    assert "more, in the matrix." in said
    assert chart.png(rule, found, [Seen(2, 2, 1.0)]).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "changes",
    [
        {"looks": [14]},
        {"looks": [1, 2, 3, 28], "futility": {"spending": "pocock"}},
        {"looks": list(range(1, 41))},
        {"sided": 1},
    ],
)
def test_every_plan_is_drawn_and_told(changes: dict[str, Any]) -> None:
    """One look, crowded ones, forty, a futility bound, one side; also a z far beyond the edge."""
    rule = registration(**changes)
    found = result(rule, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for z in (-40.0, 2.05):
            assert chart.png(rule, found, [Seen(1, float(rule.looks[0]), z)]).startswith(b"\x89PNG")
    said = chart.alt(rule, found, [Seen(1, float(rule.looks[0]), -2.0)])
    assert ("one-sided" in said) == ("sided" in changes)
    assert ("futile beyond" in said) == ("futility" in changes)
    assert ("and 24 more looks" in said) == (len(rule.looks) == 40)


def test_a_peek_is_told_as_one() -> None:
    """With its boundary where the plan spends by a function, without a verdict where it does not."""
    rule = registration()
    found = analyse(rule, "0" * 64, observations(rule), look=0, day=9, earlier=[4.0, 7.0])
    said = chart.alt(rule, found, [*HISTORY, Seen(0, 9, 2.0)])
    assert "peek on day 9: z +2.00, boundary ±2.60" in said
    fixed = registration(spending="nominal", alphas=[0.01, 0.01, 0.01, 0.03])
    found = analyse(fixed, "0" * 64, observations(fixed), look=0, day=9, earlier=[4.0, 7.0])
    said = chart.alt(fixed, found, [*HISTORY, Seen(0, 9, 2.0)])
    assert "peek on day 9: z +2.00, no verdict, the plan does not have it" in said


def test_long_names_are_cut_where_they_end_and_not_what_was_measured() -> None:
    """No wider than its room, with an ellipsis; a short one stays whole."""
    name = chart_paint.fitted("a_metric_with_a_very_long_name", 80)
    assert name.endswith("…")
    assert chart_paint.breadth(name) <= 80
    assert chart_paint.fitted("csat", 80) == "csat"


def test_names_are_drawn_as_text_whatever_they_contain() -> None:
    """Dollar signs are no formulas; letters the font lacks become boxes, without a warning."""
    rule = registration("$\\frac$ 検索_$x$")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert chart.png(rule, result(rule), HISTORY).startswith(b"\x89PNG")


def test_charts_can_be_drawn_side_by_side() -> None:
    """Two slots at once: no state is shared between the figures."""
    rule = registration()
    expected, drawn = chart.png(rule, result(rule), HISTORY), []
    threads = [
        threading.Thread(target=lambda: drawn.append(chart.png(rule, result(rule), HISTORY)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert drawn == [expected] * 3


def test_a_look_without_any_z_still_has_a_boundary() -> None:
    """Nothing measured yet: the plan alone."""
    rule = registration()
    assert chart.png(rule, result(rule), []).startswith(b"\x89PNG")
