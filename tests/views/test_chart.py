"""The chart of a look: a PNG that is the same for the same look, and says the same in words."""

import struct
import threading
import warnings
from pathlib import Path

from bot.core.analysis import analyse
from bot.core.look import LookResult
from bot.core.observation import Cell, Observations
from bot.core.registration import Registration, load
from bot.core.strict_yaml import parse
from bot.stats.sample import Sample
from bot.views import chart
from bot.views.chart import Seen

GOOD = (Path(__file__).parents[1] / "data" / "registrations" / "good.yaml").read_text(encoding="utf-8")
HISTORY = [Seen(1, 4, 1.3), Seen(2, 7, 2.05)]


def registration(metric: str = "rate") -> Registration:
    """The good registration on a summary table, its primary by another name."""
    data = parse(GOOD, name="x").data
    data["data"] = {"kind": "summary", "path": "x.csv"}
    data["metrics"] = {metric: {"kind": "mean"}, "csat": {"kind": "mean"}, "p95": {"kind": "mean"}}
    data["primary"]["metric"] = metric
    data["guardrails"].append({"metric": "p95", "max": 800})
    return load(data)


def result(rule: Registration, number: int = 2) -> LookResult:
    """A look at two cohorts."""
    cells = []
    for side, values in (("control", (0.183, 4.21, 720.0)), ("treatment", (0.187, 4.185, 741.0))):
        for locale, n in (("en", 16_000), ("jp", 4_000)):
            samples = {
                name: Sample.summary(n, mean, sd**2, "value")
                for name, mean, sd in zip(rule.metrics, values, (0.2, 0.55, 90.0), strict=True)
            }
            cells.append(Cell(side, (locale,), n, samples))  # type: ignore[arg-type]  # the two sides
    return analyse(rule, "0" * 64, Observations(cells=tuple(cells), summary=True), look=number)


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
    """Every z with its boundary, every line with what was measured."""
    rule = registration()
    minus = "\N{MINUS SIGN}"
    assert chart.alt(rule, result(rule), HISTORY) == (
        "rate against its boundary. look 1 on day 4: z +1.30, boundary ±4.03; look 2 on day 7: z +2.05, "
        "boundary ±2.96 (p = 0.046, asked below 0.0030). Lines: "
        f"csat {minus}0.6 %, line {minus}1.0 %, holds; p95 741 ≤ 800, holds; "
        f"locale=en +2.2 %, line {minus}3.0 %, holds; locale=jp +2.2 %, line {minus}3.0 %, under-powered."
    )


def test_rows_measure_how_much_of_the_allowed_change_is_used() -> None:
    """0 is the control, 1 the line, also for a level such as 741 of at most 800 from 720."""
    rows = {row.label: row for row in chart.lines(registration(), result(registration()))}
    assert round(rows["csat"].at, 3) == round((1 - 4.185 / 4.21) / 0.01, 3)
    assert rows["p95"].at == (741 - 720) / (800 - 720)
    assert rows["locale=en"].at < 0
    assert rows["csat"].low < rows["csat"].at < rows["csat"].high


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
