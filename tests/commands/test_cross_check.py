"""`lookout look --cross-check`: the mixed model of AML-06 beside the two stages, on units from a file."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from bot.commands import cross_check
from bot.commands import look as command
from bot.core.registration import load
from bot.sources.raw_rows import RawRows, fetch
from bot.stats.undecided import Undecided

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

COHORTS = ("en", "jp", "mixed", "fr", "de", "it")
EFFECTS = (0.6, -0.5, 0.3, 0.1, 0.5, -0.2)
SHAPE: dict[str, Any] = {
    "id": "cross-check",
    "hypothesis": {
        "intervention": "do(ranker = new)",
        "h0": "no",
        "h1": "yes",
        "disconfirming": ["nothing moves"],
    },
    "population": "all",
    "arms": {"control": "c", "treatment": "t"},
    "horizon_days": 4,
    "data": {"path": "rows.parquet", "unit": "user", "arm": "arm", "day": "day"},
    "metrics": {
        "rate": {"kind": "mean", "column": "rate"},
        "part": {"kind": "ratio", "numerator": "rate", "denominator": "day"},
    },
    "primary": {"metric": "rate", "baseline": 5.0, "sd": 1.2, "mde": {"absolute": 0.2}},
    "sequential": {"looks": [4]},
    "cohorts": {"dimensions": {"locale": list(COHORTS)}, "max_relative_regression": 0.5},
}


def write(folder: Path, each: int = 200) -> dict[str, Any]:
    """Users of six locales with two days each; the unit's value is the mean of its days."""
    rng = np.random.default_rng(20261123)
    count = each * len(COHORTS)
    where, treated = np.arange(count) % len(COHORTS), (np.arange(count) // len(COHORTS)) % 2 == 1
    level = 5 + rng.normal(0, 0.5, len(COHORTS))[where]
    value = level + np.array(EFFECTS)[where] * treated + rng.normal(size=count)
    swing = rng.normal(0, 0.3, count)
    rows = {
        "user": np.repeat(np.arange(count), 2),
        "day": np.tile([1.0, 4.0], count),
        "arm": np.where(treated, "t", "c").repeat(2),
        "locale": np.array(COHORTS)[where].repeat(2),
        "rate": np.column_stack([value + swing, value - swing]).ravel(),
    }
    pq.write_table(pa.table(rows), folder / "rows.parquet")
    return {"value": value, "treated": treated, "where": where}


def plan(folder: Path, **changes: Any) -> Path:
    """The registration's file."""
    file = folder / "plan.yaml"
    file.write_text(yaml.safe_dump(SHAPE | changes, sort_keys=False), encoding="utf-8")
    return file


def test_the_units_come_rolled_up_and_named(tmp_path: Path) -> None:
    """One value per user, the mean of its days, with its arm and its cohort."""
    made = write(tmp_path)
    rows = fetch(load(SHAPE), day=4, sources={}, root=tmp_path, most=20_000)
    assert isinstance(rows, RawRows)
    assert np.sort(rows.values) == pytest.approx(np.sort(made["value"]), rel=1e-9)
    for number, name in enumerate(COHORTS):
        inside = np.array([one == f"locale={name}" for one in rows.cohorts])
        expected = made["value"][(made["where"] == number) & made["treated"]]
        assert rows.values[inside & rows.treated].mean() == pytest.approx(expected.mean(), rel=1e-9)


def test_the_models_figures_are_printed_beside_the_look(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its mean effect, its spread, and that the two stages agree; in JSON too."""
    write(tmp_path)
    file = plan(tmp_path)
    assert command.run(file, look=1, check=True) == 0
    line = capsys.readouterr().out.splitlines()[-1]
    assert line.startswith("Cross-check on 1,200 units, 6 cohorts, without CUPED: mixed model +0.")
    assert line.endswith("they agree")
    assert command.run(file, look=1, check=True, json=True) == 0
    found = json.loads(capsys.readouterr().out)["cross_check"]
    assert found["mean"] == pytest.approx(np.mean(EFFECTS), abs=3 * found["se"])
    assert found["tau2"] ** 0.5 == pytest.approx(np.std(EFFECTS, ddof=1), rel=0.3)
    assert found["tau2"] == pytest.approx(found["two_stage"]["tau2"], rel=0.1)
    assert (found["units"], found["cohorts"], found["agrees"]) == (1200, 6, True)


def test_a_look_does_not_fit_it_unless_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The units are not even fetched."""
    write(tmp_path)
    assert command.run(plan(tmp_path), look=1, json=True) == 0
    assert "cross_check" not in json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"data": {"kind": "summary", "path": "rows.parquet"}}, "ready statistics has no units"),
        ({"cohorts": {}}, "no cohorts were declared"),
        ({"primary": {"metric": "part"}}, "part is a ratio, and it is for means and proportions"),
        ({"metrics": {"rate": {"kind": "mean", "window_days": 3}}}, "is winsorised or has a window"),
    ],
)
def test_what_it_is_not_made_for_says_so(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    """Undecided with the reason, in words and in JSON."""
    write(tmp_path, 2)
    found = cross_check.run(load(SHAPE | changes), day=4, sources={}, root=tmp_path)
    assert isinstance(found, Undecided)
    assert reason in cross_check.as_text(found)
    assert cross_check.as_json(found)["cross_check_reason"] == found.reason


def test_too_many_units_are_not_fetched(tmp_path: Path) -> None:
    """One more than the limit is enough to know."""
    write(tmp_path, 4)
    assert isinstance(fetch(load(SHAPE), day=4, sources={}, root=tmp_path, most=24), RawRows)
    found = fetch(load(SHAPE), day=4, sources={}, root=tmp_path, most=23)
    assert isinstance(found, Undecided)
    assert "at most 23 units, and there are more" in found.reason


def test_a_table_of_one_row_per_unit_serves_too(tmp_path: Path) -> None:
    """Without a day the rows are the units; those of other arms and locales are left out."""
    rows = {
        "user": [1, 2, 3, 4, 5, 6],
        "arm": ["c", "t", "c", "t", "x", "t"],
        "locale": ["en", "en", "jp", "jp", "jp", "xx"],
        "rate": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
    }
    pq.write_table(pa.table(rows), tmp_path / "rows.parquet")
    shape = SHAPE | {"data": {"path": "rows.parquet", "unit": "user", "arm": "arm"}}
    found = fetch(load(shape), day=4, sources={}, root=tmp_path, most=100)
    assert isinstance(found, RawRows)
    assert sorted(zip(found.values.tolist(), found.treated.tolist(), found.cohorts, strict=True)) == [
        (1.0, False, "locale=en"),
        (2.0, True, "locale=en"),
        (3.0, False, "locale=jp"),
        (4.0, True, "locale=jp"),
    ]
