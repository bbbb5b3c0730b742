"""Real experiments (ASOS, CC BY 4.0): every look equals an independent computation from the same row."""

import csv
import math
from pathlib import Path
from typing import Any

import pytest
from scipy import stats

from bot.core.analysis import analyse
from bot.core.lint import check_document
from bot.core.look_json import look_json
from bot.core.registration import Registration, sha256
from bot.core.strict_yaml import parse
from bot.sources.samples import observe

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

FOLDER = Path(__file__).parents[1] / "data" / "asos"
FILES = sorted(FOLDER.glob("*.yaml"))

Row = dict[str, Any]


def rows_of(file: Path) -> dict[tuple[float, str, str], Row]:
    """The table's rows by day, metric and arm, read without the product."""
    with file.with_suffix(".csv").open(newline="") as lines:
        return {(float(r["time_since_start"]), r["metric"], r["arm"]): r for r in csv.DictReader(lines)}


def read(file: Path) -> tuple[Registration, str]:
    """The registration and its hash."""
    document = parse(file.read_text(encoding="utf-8"), name=file.name)
    registration, findings = check_document(document)
    assert registration is not None
    assert findings == []
    return registration, sha256(document.data)


def test_there_are_at_least_ten_experiments_with_five_looks() -> None:
    """What the folder promises."""
    assert len(FILES) >= 10
    assert all(len(read(file)[0].looks) == 5 for file in FILES)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_look_has_the_estimate_variance_and_p_of_scipy(file: Path) -> None:
    """Welch's t from n, mean and variance of the row; a null variance is undecided, with the reason."""
    registration, hashed = read(file)
    rows = rows_of(file)
    for number, day in enumerate(registration.looks, start=1):
        seen = observe(registration, day=day, sources={}, root=FOLDER)
        result = look_json(analyse(registration, hashed, seen, look=number))
        judged = [result["primary"], *result["guardrails"]]
        assert [one["metric"] for one in judged][:1] == ["m1"]
        for one in judged:
            pair = [rows[(float(day), one["metric"], arm)] for arm in ("c", "t")]
            _same(one, pair[0], pair[1])


def _same(found: Row, control: Row, treatment: Row) -> None:
    (n_c, m_c, v_c), (n_t, m_t, v_t) = (
        (int(row["count"]), float(row["mean"]), row["variance"]) for row in (control, treatment)
    )
    if not v_c or not v_t:
        assert found["p"] is None
        assert "variance" in found["reason"]
        return
    variance = float(v_c) / n_c + float(v_t) / n_t
    reference = stats.ttest_ind_from_stats(
        m_t, math.sqrt(float(v_t)), n_t, m_c, math.sqrt(float(v_c)), n_c, equal_var=False
    )
    assert found["p"] == pytest.approx(reference.pvalue, rel=1e-9)
    assert found["effect_rel"] == pytest.approx(m_t / m_c - 1, rel=1e-9)
    if "se" in found:
        assert found["effect_abs"] == pytest.approx(m_t - m_c, rel=1e-9)
        assert found["se"] ** 2 == pytest.approx(variance, rel=1e-12)
        assert (found["control"]["n"], found["treatment"]["n"]) == (n_c, n_t)


def test_a_missing_variance_leaves_the_guardrail_undecided() -> None:
    """Experiment ee6ff7 has rows without variance: shown as unknown, never as p = 1."""
    registration, hashed = read(FOLDER / "ee6ff7.yaml")
    found = [
        one
        for number, day in enumerate(registration.looks, start=1)
        for one in look_json(
            analyse(
                registration,
                hashed,
                observe(registration, day=day, sources={}, root=FOLDER),
                look=number,
            )
        )["guardrails"]
        if one["status"] == "undecided"
    ]
    assert found
    assert all(one["p"] is None and "the variance is not known" in one["reason"] for one in found)
