"""A log is added up where it is, and gives what the same rows give in memory."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from bot.core.logged import Chosen, Clip, Counted, Logged, Modelled, OwnLog, Rows, Tabled, Written
from bot.core.offline_metrics import Counterfactual
from bot.errors import SourceError
from bot.services.harness import Place, counterfactual
from bot.sources import logged
from bot.sources.policy import Policy
from bot.stats.moments import Estimate
from bot.stats.off_policy import Column
from bot.stats.undecided import Undecided
from tests.sources import logged_bench

DATA = Path(__file__).parents[1] / "data" / "open_bandit"
OBP = json.loads((Path(__file__).parents[1] / "oracles" / "off_policy.json").read_text(encoding="utf-8"))
LOG = logged_bench.log()
ASKED = Logged(Rows(path="log.parquet"), "click", "p", "item", Written("q"), ("page",))
TABLED = Tabled(Rows(path="policy.parquet"), "item", ("page",), "probability")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The log and the policy as files."""
    found = tmp_path_factory.mktemp("logged")
    logged_bench.write(found, "log", LOG)
    logged_bench.write(found, "policy", logged_bench.policy())
    return found


def asked(folder: Path, one: Logged) -> Counterfactual:
    """The estimates of one question."""
    return counterfactual(one, Place({}, folder))


def changed(tmp_path: Path, **columns: Any) -> Path:
    """The log with other columns."""
    logged_bench.write(tmp_path, "log", {**LOG, **columns})
    logged_bench.write(tmp_path, "policy", logged_bench.policy())
    return tmp_path


def value(found: Estimate | Undecided) -> float:
    """Of an estimate that there is."""
    assert isinstance(found, Estimate), found
    return found.value


def test_a_log_gives_what_its_rows_give_in_memory(folder: Path) -> None:
    """Oracle: the sums written out in numpy; the interval's standard error by the delta method."""
    found = asked(folder, replace(ASKED, model=Modelled("model", "expected"))).whole
    weight, reward = LOG["q"] / LOG["p"], LOG["click"]
    rest = LOG["expected"] + weight * (reward - LOG["model"])
    assert value(found.logged) == pytest.approx(reward.mean())
    assert value(found.ips) == pytest.approx((weight * reward).mean())
    assert value(found.snips) == pytest.approx((weight * reward).sum() / weight.sum())
    assert value(found.dr) == pytest.approx(rest.mean())
    assert found.dm == pytest.approx(LOG["expected"].mean())
    assert isinstance(found.dr, Estimate)
    assert found.dr.se == pytest.approx(rest.std(ddof=1) / np.sqrt(len(rest)))
    assert found.weights.effective == pytest.approx(weight.sum() ** 2 / (weight**2).sum())
    assert found.weights.largest == pytest.approx(weight.max())
    assert not found.weights_off


def test_the_policy_may_be_a_column_or_a_table(folder: Path) -> None:
    """The same probabilities, the same estimates; a table says besides what the log never showed."""
    column, table = asked(folder, ASKED), asked(folder, replace(ASKED, target=TABLED))
    assert value(column.whole.snips) == pytest.approx(value(table.whole.snips), rel=1e-12)
    assert column.uncovered is None
    assert table.uncovered == 0


def test_a_policy_that_leaves_nothing_to_chance_is_held_against_what_was_shown(folder: Path) -> None:
    """The weight is 1 / p where both chose the same, else 0."""
    found = asked(folder, replace(ASKED, target=Chosen("best"), model="tabular")).whole
    same = LOG["item"] == LOG["best"]
    assert value(found.ips) == pytest.approx(float((same / LOG["p"] * LOG["click"]).mean()))
    assert isinstance(found.dm, float)
    assert value(found.dr) == pytest.approx(value(found.snips), abs=0.05)


def test_doubly_robust_with_a_tabular_model_leaves_each_row_out(folder: Path) -> None:
    """Oracle: the leave-one-out means of numpy, drawn to the mean of all by credibility."""
    found = asked(folder, replace(ASKED, target=TABLED, model="tabular")).whole
    reward = LOG["click"].astype(float)
    cells = np.char.add(LOG["page"], LOG["item"])
    names, cell = np.unique(cells, return_inverse=True)
    many, total = np.bincount(cell), np.bincount(cell, reward)
    overall, own = reward.mean(), total / many
    inner = ((reward - own[cell]) ** 2).sum() / (len(reward) - len(names))
    between = (many * (own - overall) ** 2).sum()
    k = inner / ((between - (len(names) - 1) * inner) / (len(reward) - (many**2).sum() / len(reward)))
    full = (total + k * overall) / (many + k)
    left = (total[cell] - reward + k * overall) / (many[cell] - 1 + k)
    probability = {(p, i): float(logged_bench.TARGET[a, b]) for a, p in enumerate(logged_bench.PAGES)
                   for b, i in enumerate(logged_bench.ITEMS)}  # fmt: skip
    drawn = dict(zip(names.tolist(), full, strict=True))
    by_page = {
        page: sum(probability[page, item] * drawn[page + item] for item in logged_bench.ITEMS)
        for page in logged_bench.PAGES
    }
    model = np.array([by_page[page] for page in LOG["page"]]) + LOG["q"] * (left - full[cell])
    expected = model + LOG["q"] / LOG["p"] * (reward - left)
    assert value(found.dr) == pytest.approx(expected.mean(), rel=1e-9)
    assert found.dm == pytest.approx(model.mean(), rel=1e-9)


def test_rows_of_one_session_count_as_one_unit(folder: Path) -> None:
    """The estimate stays; its standard error is that of sessions, by the delta method."""
    rows, sessions = asked(folder, ASKED).whole, asked(folder, replace(ASKED, cluster="session")).whole
    weight = LOG["q"] / LOG["p"]
    above, below = (np.bincount(LOG["session"], one) for one in (weight * LOG["click"], weight))
    ratio = above.sum() / below.sum()
    error = np.sqrt(len(above)) * (above - ratio * below).std(ddof=1) / below.sum()
    assert isinstance(sessions.snips, Estimate)
    assert isinstance(rows.snips, Estimate)
    assert sessions.snips.value == pytest.approx(rows.snips.value)
    assert sessions.snips.se == pytest.approx(error)
    assert (rows.snips.units, sessions.snips.units) == (800, 200)


@pytest.mark.parametrize("cluster", ["", "session"])
def test_each_device_has_estimates_of_its_own(folder: Path, cluster: str) -> None:
    """The same as of its rows alone."""
    found = asked(folder, replace(ASKED, device="device", cluster=cluster)).found
    assert set(found) == {"", *logged_bench.DEVICES}
    mobile = LOG["device"] == "mobile"
    weight = (LOG["q"] / LOG["p"])[mobile]
    assert value(found["mobile"].snips) == pytest.approx((weight @ LOG["click"][mobile]) / weight.sum())
    assert found[""].weights.rows == 800
    assert value(found[""].snips) == pytest.approx(value(asked(folder, ASKED).whole.snips))


def test_clipping_says_what_it_took_off(folder: Path) -> None:
    """Of the weights, or from below the propensities; a remark says that it biases."""
    weight = LOG["q"] / LOG["p"]
    found = asked(folder, replace(ASKED, clip=Clip(weight=2)))
    assert value(found.whole.ips) == pytest.approx((np.minimum(weight, 2) * LOG["click"]).mean())
    assert found.whole.weights.clipped == (weight > 2).sum()
    assert found.whole.weights.cut_share == pytest.approx(1 - np.minimum(weight, 2).sum() / weight.sum())
    assert any("biased" in one for one in found.remarks)
    floored = asked(folder, replace(ASKED, clip=Clip(propensity=0.15))).whole
    assert value(floored.ips) == pytest.approx((LOG["q"] / np.maximum(LOG["p"], 0.15) * LOG["click"]).mean())


def test_the_uniform_log_tells_what_thompson_sampling_earned() -> None:
    """Open Bandit, men: obp's estimates to the last digit, and an interval that holds its own click rate."""
    target = Counted(Rows(path="bts_men.csv.gz"), "item_id", ("position",))
    log = Logged(
        Rows(path="random_men.csv.gz"), "click", "propensity_score", "item_id", target, ("position",),
        model="tabular", own_log=OwnLog(Rows(path="bts_men.csv.gz"), "click"),
    )  # fmt: skip
    found = counterfactual(log, Place({}, DATA))
    oracle = OBP["open_bandit"]["counted"]
    assert value(found.whole.ips) == pytest.approx(oracle["ips"], rel=1e-9)
    assert value(found.whole.snips) == pytest.approx(oracle["snips"], rel=1e-9)
    assert isinstance(found.own, Estimate)
    assert found.own.value == pytest.approx(OBP["open_bandit"]["own"])
    assert isinstance(found.whole.dr, Estimate)
    assert found.whole.dr.low < found.own.value < found.whole.dr.high
    assert all(isinstance(one, Estimate) and not one.beyond_zero for one in found.apart.values())
    assert "the shares by position of 10,000 rows" in found.remarks[-1]


def test_thompson_sampling_by_its_priors_is_estimated_as_obp_does() -> None:
    """The policy as a table, 34 items by three positions."""
    target = Tabled(Rows(path="bernoulli_ts_men.csv"), "item_id", ("position",), "probability")
    log = Logged(
        Rows(path="random_men.csv.gz"), "click", "propensity_score", "item_id", target, ("position",)
    )
    found = counterfactual(log, Place({}, DATA)).whole
    assert value(found.ips) == pytest.approx(OBP["open_bandit"]["thompson"]["ips"], rel=1e-9)
    assert value(found.snips) == pytest.approx(OBP["open_bandit"]["thompson"]["snips"], rel=1e-9)


def test_a_policy_that_was_counted_adds_its_own_chance(folder: Path, tmp_path: Path) -> None:
    """Few rows behind it, a wider interval; the same shares from many rows, nearly that of a known policy."""
    errors = []
    for rows in (40, 40_000):
        pages = np.array(logged_bench.PAGES)[np.arange(rows) % 2]
        items = np.array([logged_bench.ITEMS[at // 2 * 10 // (rows // 2) % 4] for at in range(rows)])
        where = changed(tmp_path)
        logged_bench.write(where, "own", {"page": pages, "item": items})
        target = Counted(Rows(path="own.parquet"), "item", ("page",))
        found = asked(where, replace(ASKED, target=target, model="tabular")).whole.dr
        assert isinstance(found, Estimate)
        errors.append(found.se)
    assert errors[0] > 1.2 * errors[1]


def test_the_chance_of_a_counted_policy_is_that_of_its_draws(folder: Path) -> None:
    """Simulated: the variance of IPS over 4,000 policies, each counted from 60 rows a page, on one log."""
    place, rng = Place({}, folder), np.random.default_rng(5)
    known = {
        (page, item): float(logged_bench.TARGET[at, to])
        for at, page in enumerate(logged_bench.PAGES)
        for to, item in enumerate(logged_bench.ITEMS)
    }
    policy = Policy(known, {(page,): 60.0 for page in logged_bench.PAGES})
    with place.table(ASKED.rows) as table:
        found = logged.gather(table, replace(ASKED, target=TABLED), policy, "log")[""]
    assert found.policy is not None
    per = np.array([
        [(LOG["click"] / LOG["p"])[(LOG["page"] == page) & (LOG["item"] == item)].sum() / 800
         for item in logged_bench.ITEMS]
        for page in logged_bench.PAGES
    ])  # fmt: skip
    drawn = np.stack([rng.multinomial(60, shares, 4000) / 60 for shares in logged_bench.TARGET], axis=1)
    assert found.policy[Column.WEIGHTED, Column.WEIGHTED] == pytest.approx(
        (drawn * per).sum(axis=(1, 2)).var(), rel=0.06
    )


def with_one(column: str, bad: Any) -> dict[str, Any]:
    """The log's column with one bad value."""
    values = LOG[column].tolist()
    values[7] = bad
    return {column: pa.array(values)}


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        (with_one("p", 0.0), "1 of 800 rows have a propensity of 0 or less, though what they show was shown"),
        (with_one("p", 1.2), "1 of 800 rows have a propensity above 1"),
        (with_one("p", None), "1 of 800 rows have no propensity"),
        (with_one("p", float("nan")), "1 of 800 rows have no propensity"),
        (with_one("q", 1.5), "1 of 800 rows have a probability under the target policy below 0 or above 1"),
        (with_one("q", None), "1 of 800 rows have no probability under the target policy"),
        (with_one("click", None), "1 of 800 rows have no reward"),
        (with_one("item", None), "1 of 800 rows have no action"),
        ({"q": np.zeros(800)}, "would have shown nothing of what was logged"),
        ({"click": np.zeros(800)}, "0 rewarded rows with a weight, and 5 are needed"),
    ],
)
def test_a_log_that_cannot_be_estimated_from_says_why(
    tmp_path: Path, columns: Mapping[str, Any], reason: str
) -> None:
    """Never a number."""
    found = asked(changed(tmp_path, **columns), ASKED).whole
    for one in (found.ips, found.snips):
        assert isinstance(one, Undecided)
        assert reason in one.reason


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (replace(ASKED, reward="clicks"), r"log\.parquet has no column clicks \(reward\); it has page"),
        (replace(ASKED, propensity="page"), r"column page \(propensity\) is string, not a number"),
        (replace(ASKED, rows=Rows(path="gone.parquet")), "no file matches gone.parquet"),
        (replace(ASKED, rows=Rows(source="shop", table="log")), "source shop is not configured"),
        (replace(ASKED, target=replace(TABLED, probability="p")), "has no column p"),
    ],
)
def test_data_that_cannot_be_read_is_an_error_with_what_there_is(
    folder: Path, one: Logged, reason: str
) -> None:
    """Raised for the command, or kept as the reason."""
    with pytest.raises(SourceError, match=reason):
        asked(folder, one)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"probability": [0.2] * 8}, "the probabilities of page=(home|search) add up to 0.8, not 1"),
        ({"probability": [-0.1, 0.6, 0.3, 0.2, 0.7, 0.1, 0.1, 0.1]}, "has probabilities below 0, or none"),
        ({"item": ["a", "a", "c", "d", "a", "b", "c", "d"]}, "has 2 rows for item a in one context"),
        ({"item": [None, "b", "c", "d", "a", "b", "c", "d"]}, "has rows without item"),
    ],
)
def test_a_table_that_is_no_policy_is_refused(tmp_path: Path, change: dict[str, Any], reason: str) -> None:
    """With the context that is wrong."""
    where = changed(tmp_path)
    logged_bench.write(where, "policy", {**logged_bench.policy(), **change})
    with pytest.raises(SourceError, match=reason):
        asked(where, replace(ASKED, target=TABLED))


def test_what_the_log_never_showed_is_said(tmp_path: Path) -> None:
    """The target's favourite on the search page was left out of the log."""
    kept = ~((LOG["page"] == "search") & (LOG["item"] == "a"))
    where = changed(tmp_path)
    logged_bench.write(where, "log", {name: column[kept] for name, column in LOG.items()})
    found = asked(where, replace(ASKED, target=TABLED))
    search = (LOG["page"][kept] == "search").mean()
    assert found.uncovered == pytest.approx(0.7 * search)
    assert any("was never logged" in one for one in found.remarks)
