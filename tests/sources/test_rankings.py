"""Rankings are scored where they are, as `bot.stats.ranking` scores one query in memory."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bot.core.logged import Clicks, Ranking, Rows
from bot.core.offline_metrics import Ranked, Score
from bot.errors import SourceError
from bot.services.harness import Place, click_shares, ranked
from bot.sources import gain_positions
from bot.stats.moments import Estimate
from bot.stats.ranking import Metric, metric, score
from bot.stats.undecided import Undecided

QUERIES, RESULTS = 120, 12
METRICS = ("ndcg@10", "ndcg@3", "recall@10", "mrr@10", "rbp@0.8", "clicks@5")
CLICKS = {"mobile": {1: 60, 2: 30, 3: 10}, "desktop": {1: 40, 2: 20, 3: 20, 4: 20}}


def judged(seed: int = 3) -> dict[str, Any]:
    """Graded results in two rankings that return ten of twelve; some queries have nothing relevant."""
    rng = np.random.default_rng(seed)
    rows: dict[str, list[Any]] = defaultdict(list)
    for query in range(QUERIES):
        grades = rng.integers(0, 4, RESULTS) * (rng.random(RESULTS) < 0.4) * (query % 20 != 0)
        for side in ("l6", "l12"):
            order = np.argsort(-grades + rng.normal(0, 2 if side == "l6" else 1.5, RESULTS))
            place = np.empty(RESULTS, int)
            place[order] = np.arange(1, RESULTS + 1)
            rows[side] += [int(at) if at <= 10 else None for at in place]
        rows["query"] += [f"q{query}"] * RESULTS
        rows["grade"] += grades.tolist()
        rows["device"] += [("mobile", "desktop")[query % 2]] * RESULTS
        rows["asked"] += [1 + query % 3] * RESULTS
    return rows


JUDGED = judged()
ASKED = Ranking(
    Rows(path="judged.parquet"), "query", "grade", "l6", "l12",
    tuple(one for word in METRICS if (one := metric(word)) is not None), top=3, device="device",
    weight="asked", clicks=Clicks(Rows(path="clicks.parquet"), "rank", "device", "n"),
)  # fmt: skip


def write(folder: Path, table: Mapping[str, Any], name: str = "judged") -> Path:
    """A Parquet file in the folder."""
    pq.write_table(pa.table(dict(table)), folder / f"{name}.parquet")
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Judged results and clicks."""
    found = write(tmp_path_factory.mktemp("rankings"), JUDGED)
    cells = [(device, rank, n) for device, places in CLICKS.items() for rank, n in places.items()]
    return write(
        found, dict(zip(("device", "rank", "n"), map(list, zip(*cells, strict=True)), strict=True)), "clicks"
    )


@pytest.fixture(scope="module")
def found(folder: Path) -> Ranked:
    """Everything scored."""
    return ranked(ASKED, Place({}, folder))


def one(found: Ranked, key: str, device: str = "") -> Score:
    """The score of a metric."""
    assert not isinstance(found.scores, Undecided)
    return next(score for score in found.scores if (score.metric.key, score.device) == (key, device))


def in_memory(what: Metric, device: str = "") -> tuple[float, float, int]:
    """Control, treatment and how many queries, weighted by how often they are asked."""
    rows = list(
        zip(*(JUDGED[name] for name in ("query", "grade", "l6", "l12", "device", "asked")), strict=True)
    )
    by_query: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        if device in ("", row[4]):
            by_query[row[0]].append(row)
    sums, many = np.zeros(3), 0
    for results in by_query.values():
        counts = CLICKS[results[0][4]]
        shares = {at: n / sum(counts.values()) for at, n in counts.items()}
        values = [
            score(
                what,
                {row[side]: row[1] for row in results if row[side]},
                [row[1] for row in results],
                top=3,
                shares=shares,
            )
            for side in (2, 3)
        ]
        if any(isinstance(value, Undecided) for value in values):
            continue
        many += 1
        sums += np.array([1, *values]) * results[0][5]
    return float(sums[1] / sums[0]), float(sums[2] / sums[0]), many


@pytest.mark.parametrize("key", METRICS)
@pytest.mark.parametrize("device", ["", "mobile"])
def test_every_metric_is_that_of_its_queries_in_memory(found: Ranked, key: str, device: str) -> None:
    """By device too, weighted; queries without a relevant result are left out and counted."""
    what = metric(key)
    assert what is not None
    control, treatment, many = in_memory(what, device)
    scored = one(found, key, device)
    assert isinstance(scored.control, Estimate)
    assert isinstance(scored.difference, Estimate)
    assert isinstance(scored.relative, Estimate)
    assert scored.control.value == pytest.approx(control, rel=1e-12)
    assert scored.difference.value == pytest.approx(treatment - control, rel=1e-9)
    assert scored.relative.value == pytest.approx(treatment / control - 1, rel=1e-9)
    assert scored.queries == many
    assert found.queries == QUERIES


def test_the_difference_is_one_of_pairs(found: Ranked, folder: Path) -> None:
    """Of the same queries: its standard error is that of their differences, by the delta method."""
    plain = ranked(
        replace(ASKED, weight="", device="", metrics=(Metric("rbp", persistence=0.8),)), Place({}, folder)
    )
    gap = one(plain, "rbp@0.8").difference
    assert isinstance(gap, Estimate)
    parts = np.zeros(QUERIES)
    for query, grade, first, second in zip(
        *(JUDGED[name] for name in ("query", "grade", "l6", "l12")), strict=True
    ):
        worth = (2**grade - 1) / 7
        for sign, place in ((-1, first), (1, second)):
            if place:
                parts[int(query[1:])] += sign * worth * 0.2 * 0.8 ** (place - 1)
    assert gap.value == pytest.approx(parts.mean())
    assert gap.se == pytest.approx(parts.std(ddof=1) / np.sqrt(QUERIES))


def test_one_ranking_alone_has_no_difference(folder: Path) -> None:
    """Only its own level."""
    scored = one(ranked(replace(ASKED, treatment=""), Place({}, folder)), "ndcg@10")
    assert isinstance(scored.control, Estimate)
    assert (scored.treatment, scored.difference, scored.relative) == (None, None, None)


def test_a_query_on_two_devices_is_one_unit(tmp_path: Path) -> None:
    """Its results on both do not count as independent."""
    twice = {name: [*values, *values] for name, values in JUDGED.items()}
    twice["device"] = ["mobile"] * len(JUDGED["query"]) + ["desktop"] * len(JUDGED["query"])
    asked = replace(ASKED, weight="", clicks=None, metrics=(Metric("ndcg", k=10),))
    found = ranked(asked, Place({}, write(tmp_path, twice)))
    whole, mobile = one(found, "ndcg@10").control, one(found, "ndcg@10", "mobile").control
    assert isinstance(whole, Estimate)
    assert isinstance(mobile, Estimate)
    assert whole.se == pytest.approx(mobile.se)
    assert whole.units == QUERIES
    assert one(found, "ndcg@10").queries == one(found, "ndcg@10", "mobile").queries


def test_the_gain_is_split_by_position(folder: Path) -> None:
    """Positions add up to the whole difference; what is seen ends where it is told to."""
    place = Place({}, folder)
    ndcg = Metric("ndcg", k=10)
    with place.table(ASKED.rows) as table:
        found = gain_positions.gains(table, ASKED, ndcg, "judged", {"": 3, "mobile": 2})
    control, treatment, _ = in_memory(ndcg)
    weight, inside, whole = found.sums[""].mean
    assert whole / weight == pytest.approx(treatment - control)
    assert sum(found.by_position.values()) == pytest.approx(treatment - control)
    with place.table(ASKED.rows) as table:
        near = gain_positions.gains(table, ASKED, ndcg, "judged", {"": 3})
    assert near.sums[""].mean[1] / near.sums[""].mean[0] == pytest.approx(
        sum(value for at, value in near.by_position.items() if at <= 3)
    )
    assert inside != pytest.approx(near.sums[""].mean[1])


def test_clicks_are_counted_by_device(folder: Path) -> None:
    """And together, as shares."""
    shares = click_shares(Clicks(Rows(path="clicks.parquet"), "rank", "device", "n"), Place({}, folder))
    assert shares["mobile"] == pytest.approx({1: 0.6, 2: 0.3, 3: 0.1})
    assert shares[""] == pytest.approx({1: 0.5, 2: 0.25, 3: 0.15, 4: 0.1})


def with_one(column: str, bad: Any, at: int = 5) -> dict[str, Any]:
    """The judged rows with one bad value."""
    values = list(JUDGED[column])
    values[at] = bad
    return {**JUDGED, column: values}


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (with_one("grade", None), "1 rows without a grade"),
        (with_one("grade", 4), "1 rows with a grade below 0 or above 3"),
        (with_one("l6", 0), "1 rows with a l6 that is no whole number from 1"),
        (
            {**JUDGED, "l12": [None if at is None else at + 0.5 for at in JUDGED["l12"]]},
            "l12 that is no whole number",
        ),
        ({**JUDGED, "l6": [1] * len(JUDGED["l6"])}, "120 queries with two results at one l6"),
        (with_one("asked", -1), "1 rows without a weight, or with one below 0"),
        (with_one("asked", 9), "1 queries with several weights"),
        (with_one("query", None), "1 rows without a query"),
    ],
)
def test_rankings_that_contradict_themselves_are_undecided(tmp_path: Path, table: Any, reason: str) -> None:
    """Never a number; how many rows, and what is wrong with them."""
    found = ranked(
        replace(ASKED, clicks=None, metrics=(Metric("ndcg", k=10),)), Place({}, write(tmp_path, table))
    )
    assert isinstance(found.scores, Undecided)
    assert reason in found.scores.reason


def test_without_a_relevant_result_nothing_is_said(tmp_path: Path) -> None:
    """No query of it can be ranked better or worse."""
    nothing = {**JUDGED, "grade": [0] * len(JUDGED["grade"])}
    asked = replace(ASKED, clicks=None, device="", metrics=(Metric("ndcg", k=10),))
    scored = one(ranked(asked, Place({}, write(tmp_path, nothing))), "ndcg@10")
    assert isinstance(scored.difference, Undecided)
    assert scored.queries == 0


@pytest.mark.parametrize(
    ("ranks", "reason"),
    [
        ([0, 1], "1 row with a rank that is no whole number from 1"),
        ([1.5, 2.5], "2 rows with a rank that is no"),
    ],
)
def test_clicks_at_no_position_are_refused(tmp_path: Path, ranks: list[float], reason: str) -> None:
    """A log that counts from 0 would put every click one place too high."""
    write(tmp_path, {"rank": ranks}, "clicks")
    with pytest.raises(SourceError, match=reason):
        click_shares(Clicks(Rows(path="clicks.parquet"), "rank"), Place({}, tmp_path))
