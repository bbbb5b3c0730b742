"""Tables of ready statistics that make no sense: invalid, undecided or refused, each with its reason."""

from pathlib import Path

import pytest

from bot.core.analysis import analyse
from bot.core.look import LookResult
from bot.core.look_json import look_json
from bot.core.observation import Observations
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
    with pytest.raises(
        ValueError, match="the newest statistics are of day 2, and the look on day 2 had them"
    ):
        summary_look(tmp_path, ("4,", "9,"))


CROSSED = SHAPE | {"cohorts": {"dimensions": {"locale": ["en", "jp"], "device": ["app", "web"]}}}
CELLS = (("en", "app", 400), ("en", "web", 300), ("jp", "app", 200), ("jp", "web", 100))


def crossed(folder: Path, *extra: str, cells: tuple[tuple[str, str, int], ...] = CELLS) -> Observations:
    """What is seen of four cells per arm and day, and of some rows more."""
    lines = ["day,arm,metric,locale,device,n,mean,variance"]
    for day in (2, 4):
        for arm in "ab":
            lines += [f"{day},{arm},rate,{x},{y},{n * day},0.2,0.01" for x, y, n in cells]
            lines += [one.replace("DAY", str(day)).replace("ARM", arm) for one in extra]
    (folder / "stats.csv").write_text("\n".join(lines) + "\n")
    return observe(load(CROSSED), day=4, sources={}, root=folder)


def test_the_units_of_earlier_days_are_kept(tmp_path: Path) -> None:
    """Both arms of the primary on every day before, the aggregate not counted twice."""
    seen = crossed(tmp_path, "DAY,ARM,rate,all,all,4000,0.2,0.01")
    assert seen.earlier == ((2.0, 4000, 4000),)
    assert (seen.units("control"), seen.units("treatment")) == (4000, 4000)
    assert crossed(tmp_path).earlier == ((2.0, 2000, 2000),)


def test_rows_of_one_dimension_are_left_out_with_a_word(tmp_path: Path) -> None:
    """They are in the crossing already, whatever word says so; nothing is counted twice."""
    seen = crossed(
        tmp_path,
        "DAY,ARM,rate,en,all,2800,0.2,0.01",
        "DAY,ARM,rate,Total,web,1600,0.2,0.01",
        "DAY,ARM,rate,all,all,4000,0.2,0.01",
    )
    assert seen.units("control") == 4000
    assert seen.aggregate["control"]["rate"].n == 4000
    assert seen.remarks == (
        "4 rows of some dimensions only were left out: marginals are computed from the full crossing.",
    )
    assert list(seen.codes.values()) == ["marginal-rows"]


def test_empty_cohorts_are_the_aggregate_where_their_units_add_up(tmp_path: Path) -> None:
    """Rows of everybody and of one dimension, written with nothing in the other columns."""
    seen = crossed(
        tmp_path,
        "DAY,ARM,rate,,,4000,0.2,0.01",
        "DAY,ARM,rate,jp,,1200,0.2,0.01",
    )
    assert seen.units("control") == 4000
    assert seen.aggregate["treatment"]["rate"].n == 4000


def test_empty_cohorts_are_a_group_of_their_own_where_they_are_few(tmp_path: Path) -> None:
    """90 users of unknown locale are no sum of 4,000; nor are 50 of unknown device one of 1,200."""
    seen = crossed(tmp_path, "DAY,ARM,rate,,,90,0.2,0.01", "DAY,ARM,rate,jp,,50,0.2,0.01")
    assert seen.units("control") == 4140
    assert seen.aggregate == {}
    assert seen.count("control", {1: None}) == 140
    assert seen.count("control", {0: "jp"}) == 1250


def test_values_that_were_not_declared_are_one_group(tmp_path: Path) -> None:
    """Two locales more, each with both devices: together they are `other`, in the whole only."""
    more = (("fr", "app", 30), ("de", "app", 20), ("fr", "web", 10))
    seen = crossed(tmp_path, cells=(*CELLS, *more))
    assert seen.count("control", {0: None}) == 4 * 60
    assert seen.count("control", {0: None, 1: "app"}) == 4 * 50
    assert seen.sample("control", "rate", {0: None}).n == 240  # type: ignore[union-attr]  # it has one


def test_a_declared_value_named_all_is_a_cohort(tmp_path: Path) -> None:
    """A dimension may have such a value; the words stand for everybody only where it has not."""
    plan = load(SHAPE | {"cohorts": {"dimensions": {"locale": ["all", "jp"]}}})
    rows = "".join(f"4,{arm},rate,{x},500,0.2,0.01\n" for arm in "ab" for x in ("all", "jp"))
    (tmp_path / "stats.csv").write_text("day,arm,metric,locale,n,mean,variance\n" + rows)
    seen = observe(plan, day=4, sources={}, root=tmp_path)
    assert seen.count("control", {0: "all"}) == 500
    assert seen.aggregate == {}


def test_a_metric_that_only_the_aggregate_has_is_judged_in_all(tmp_path: Path) -> None:
    """Cohort rows for the primary alone: the guardrail is known for everybody, and units count once."""
    plan = load(
        CROSSED
        | {
            "metrics": {"rate": {"kind": "mean"}, "stars": {"kind": "mean"}},
            "guardrails": [{"metric": "stars", "max_relative_regression": 0.01}],
        }
    )
    crossed(tmp_path, "DAY,ARM,stars,all,all,4000,4.2,1.0")
    seen = observe(plan, day=4, sources={}, root=tmp_path)
    assert seen.units("control") == 4000
    assert seen.sample("control", "stars").n == 4000  # type: ignore[union-attr]  # it has one
    result = analyse(plan, "0" * 64, seen, look=2)
    assert str(result.guardrails[0].judgement.status) != "undecided"


def test_an_aggregate_stated_twice_is_refused(tmp_path: Path) -> None:
    """Two words for the same rows."""
    with pytest.raises(SourceError, match="states rate of all in arm a twice"):
        crossed(tmp_path, "DAY,ARM,rate,all,all,4000,0.2,0.01", "DAY,ARM,rate,total,total,4000,0.3,0.01")


def test_a_cell_given_twice_is_refused(tmp_path: Path) -> None:
    """Neither is believed."""
    with pytest.raises(SourceError, match="has two rows for rate in jp, web, control on day 4"):
        crossed(tmp_path, "DAY,ARM,rate,jp,web,400,0.2,0.01")


def test_a_falling_aggregate_is_not_cumulative(tmp_path: Path) -> None:
    """Cohort rows grow, what is stated of all does not."""
    for day, n in ((2, 9000), (4, 4000)):
        more = f"{day},a,rate,all,all,{n},0.2,0.01"
        lines = (
            (tmp_path / "stats.csv").read_text()
            if day == 4
            else "day,arm,metric,locale,device,n,mean,variance\n"
        )
        cells = "".join(f"{day},{arm},rate,{x},{y},{n * day},0.2,0.01\n" for arm in "ab" for x, y, n in CELLS)
        (tmp_path / "stats.csv").write_text(f"{lines}{cells}{more}\n")
    seen = observe(load(CROSSED), day=4, sources={}, root=tmp_path)
    assert seen.broken == (
        "the n of rate in arm a falls from 9,000 on day 2 to 4,000 on day 4: "
        "the statistics are not cumulative",
    )
    assert seen.codes[seen.broken[0]] == "decreasing-counts"


def test_what_is_seen_survives_its_record(tmp_path: Path) -> None:
    """Aggregate, earlier days and codes come back from JSON as they were."""
    seen = crossed(tmp_path, "DAY,ARM,rate,all,all,4000,0.2,0.01", "DAY,ARM,rate,en,all,2800,0.2,0.01")
    assert Observations.from_json(seen.to_json()) == seen
