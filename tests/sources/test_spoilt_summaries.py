"""Tables of ready statistics that make no sense: invalid, undecided or refused, each with its reason."""

from pathlib import Path

import pytest

from bot.core.analysis import analyse
from bot.core.look import LookResult
from bot.core.look_json import look_json
from bot.core.registration import load
from bot.errors import SourceError
from bot.sources.samples import observe

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

SHAPE = {
    "id": "spoilt-summary",
    "arms": {"control": "a", "treatment": "b"},
    "horizon_days": 4,
    "data": {"kind": "summary", "path": "stats.csv"},
    "metrics": {"rate": {"kind": "mean"}},
    "primary": {"metric": "rate", "baseline": 0.2, "sd": 0.1, "mde": {"relative": 0.1}},
    "sequential": {"looks": [2, 4]},
}

SUMMARY = """\
day,arm,metric,n,mean,variance
2,a,rate,1000,0.2,0.01
2,b,rate,1010,0.21,0.01
4,a,rate,2000,0.2,0.01
4,b,rate,2020,0.21,0.01
"""


def summary_look(folder: Path, *changes: tuple[str, str], number: int = 2) -> LookResult:
    """A look at a summary table with some text replaced."""
    text = SUMMARY
    for old, new in changes:
        text = text.replace(old, new)
    (folder / "stats.csv").write_text(text)
    plan = load(SHAPE)
    seen = observe(plan, day=plan.looks[number - 1], sources={}, root=folder)
    return analyse(plan, "0" * 64, seen, look=number)


def test_counts_that_fall_are_not_cumulative(tmp_path: Path) -> None:
    """Fewer units on day 4 than on day 2: daily figures where cumulative ones are asked for."""
    result = summary_look(tmp_path, ("2000", "500"), ("2020", "505"))
    assert result.verdict == "invalid"
    assert result.reasons[0] == (
        "The n of rate in arm a falls from 1,000 on day 2 to 500 on day 4: the statistics are not cumulative."
    )


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("0.01", "", "rate: the variance is not known"),
        ("0.01", "-0.01", "the variance -0.01 is not possible"),
        (",0.2,", ",,", "the mean is not finite"),
        ("0.01", "0", "no variance in either arm"),
    ],
)
def test_a_summary_without_a_variance_or_mean_is_undecided(
    tmp_path: Path, old: str, new: str, reason: str
) -> None:
    """Continue at the first look, with the reason and no p."""
    result = summary_look(tmp_path, (old, new), number=1)
    assert result.verdict == "continue"
    assert reason in result.reasons[0]
    assert look_json(result)["primary"]["p"] is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("1000", "-5", "n is -5, not a count"),
        ("1000", "1e30", "n is 1e+30, not a count"),
        ("1000", "", "n is empty, not a count"),
        ("0.21", "abc", "Could not convert string 'abc'"),
        ("2,", "0,", "stats.csv has no rows of the days from 1 to 2"),
    ],
)
def test_a_summary_that_makes_no_sense_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    """Counts that are none, text, days before the first."""
    with pytest.raises(SourceError) as caught:
        summary_look(tmp_path, (old, new), number=1)
    assert message in str(caught.value)


def test_statistics_that_the_look_before_had_are_not_looked_at_again(tmp_path: Path) -> None:
    """The table has not moved since: no second look at the same data."""
    with pytest.raises(ValueError, match="the newest statistics are of day 2, and the look on day 2 had them"):
        summary_look(tmp_path, ("4,", "9,"))
