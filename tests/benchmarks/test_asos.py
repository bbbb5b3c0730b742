"""The report over real streams, on the sample in tests/data/asos (Liu et al. 2021, CC BY 4.0)."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from benchmarks.asos import KEY, judge, lines, report

FOLDER = Path(__file__).parents[1] / "data" / "asos"


def _wide() -> pd.DataFrame:
    """The sample with one row per metric and day, as the data set has it."""
    parts = []
    for file in sorted(FOLDER.glob("*.csv")):
        long = pd.read_csv(file)
        wide = long.pivot(index=["time_since_start", "metric"], columns="arm")
        wide.columns = [f"{figure}_{arm}" for figure, arm in wide.columns]
        wide = wide.reset_index().rename(columns={"metric": "metric_id"})
        parts.append(wide.assign(experiment_id=file.stem, variant_id=1))
    return pd.concat(parts)


def _p(rows: pd.DataFrame) -> np.ndarray:
    """Welch's p of every row, by scipy; NaN where a variance is missing or 0."""
    arms = [
        rows[f"{figure}_{arm}"].to_numpy(float) for arm in "tc" for figure in ("mean", "variance", "count")
    ]
    spread = np.sqrt(arms[1]), np.sqrt(arms[4])
    return stats.ttest_ind_from_stats(
        arms[0], spread[0], arms[2], arms[3], spread[1], arms[5], equal_var=False
    ).pvalue


def test_peeking_is_counted_as_scipy_and_pandas_count_it() -> None:
    """Significant at some look, at the last one, and at some look but not the last."""
    table = _wide().sort_values("time_since_start")
    streams = [rows for _, rows in table.assign(p=_p(table)).groupby(KEY)]
    some = np.array([(rows.p < 0.05).any() for rows in streams])
    last = np.array([rows.p.iloc[-1] < 0.05 for rows in streams])
    found = report(table)
    assert (found.streams, found.looks) == (52, 260)
    assert (found.peeking_wins, found.end_wins) == (some.sum(), last.sum())
    assert found.peeking_gone == (some & ~last).sum() > 0
    assert found.some_undecided == sum(rows.p.isna().any() for rows in streams) > 0


def test_the_plan_calls_fewer_than_peeking_and_fewer_of_them_fade() -> None:
    """What the report is for, on the sample's 52 streams."""
    found = report(_wide())
    assert found.plan_wins < found.peeking_wins
    assert found.plan_gone < found.peeking_gone


def test_a_stream_without_variance_is_counted_and_never_won() -> None:
    """No variance at any look: undecided throughout."""
    rows = _wide().query("experiment_id == '0bad33' and metric_id == 'm1'")
    found = judge(rows.assign(variance_c=math.nan))
    assert (found.looks, found.undecided) == (5, 5)
    assert not found.peeked
    assert not found.crossed
    assert report(rows.assign(variance_c=math.nan)).without_variance == 1


@pytest.mark.parametrize(("counts", "uneven"), [((10_000, 10_400), 0), ((10_000, 10_500), 1)])
def test_a_sample_ratio_mismatch_is_counted_once_per_variant(counts: tuple[int, int], uneven: int) -> None:
    """chi-square p .0051 and .00048 (scipy.stats.chisquare): only the second is below .001."""
    rows = _wide().query("experiment_id == '0bad33'").assign(count_c=counts[0], count_t=counts[1])
    found = report(rows)
    assert (found.pairs, found.halves, found.uneven) == (1, 1, uneven)


def test_a_split_that_was_never_a_half_is_not_called_a_mismatch() -> None:
    """One to four was planned so: the data set does not say, and the report does not guess."""
    rows = _wide().query("experiment_id == '0bad33'").assign(count_c=80_000, count_t=20_000)
    assert (report(rows).halves, report(rows).uneven) == (0, 0)


def test_the_paragraph_names_the_figures_of_the_table() -> None:
    """The last line is the one for the README."""
    found = report(_wide())
    paragraph = list(lines(found))[-1]
    assert f"In {found.streams} real metric streams" in paragraph
    assert f"would have called {found.peeking_wins}" in paragraph
    assert f"called {found.plan_wins}, of which {found.plan_gone} faded" in paragraph
