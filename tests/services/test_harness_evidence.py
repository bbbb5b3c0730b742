"""Evidence of the five causes is gathered where a team has named its data; what cannot be had says why."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bot.core.evidence import EvidenceStatus
from bot.core.found import Found
from bot.core.harness_declared import Cause, Declared, read_declared
from bot.core.strict_yaml import Document
from bot.core.yaml_fields import Fields
from bot.services.desk import Desk
from bot.services.harness_evidence import evidence
from bot.settings import Settings
from bot.settings.shape import DataSettings

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
SIDES = {"control": "l6", "treatment": "l12"}
BOTH = {"path": "judged.parquet", "query": "q", "grade": "g", "rankings": SIDES}
ALL: Mapping[str, Any] = {
    "selection_bias": {
        "eval_set": {"path": "eval.parquet", "segment": "kind"},
        "production": {"path": "asked.parquet", "segment": "kind", "time": "at"},
    },
    "label_leakage": {
        "ordinary": {"ranking": BOTH},
        "time_strict": {"ranking": {**BOTH, "path": "strict.parquet"}},
    },
    "distribution_shift": {
        "eval_set": {"path": "eval.parquet", "built": "built_at"},
        "catalog": {"path": "titles.parquet", "added": "added_at"},
    },
    "metric_proxy": {
        "clicks": {"path": "clicks.parquet", "position": "rank", "device": "device"},
        "ranking": {**BOTH, "device": "device"},
    },
    "goodharting": {
        "metric": "ndcg@10", "training_loss": "NDCG@10", "others": ["ndcg@3", "recall@10"], "ranking": BOTH,
    },
}  # fmt: skip


def judged(gain_at: tuple[int, int], queries: int = 200, share: float = 1.0, seed: int = 1) -> dict[str, Any]:
    """Ten results a query; the relevant one stands last in a span, and treatment moves it up within it."""
    rng = np.random.default_rng(seed)
    rows: dict[str, list[Any]] = {name: [] for name in ("q", "g", "l6", "l12", "device")}
    low, high = gain_at
    for query in range(queries):
        old = high
        new = int(rng.integers(low, high)) if rng.random() < share else high
        for place in range(1, 11):
            moved = {old: new, new: old}.get(place, place)
            rows["q"].append(query)
            rows["g"].append(1.0 if place in (old, 1) else 0.0)
            rows["l6"].append(place)
            rows["l12"].append(moved)
            rows["device"].append("mobile" if query % 10 < 7 else "desktop")
    return rows


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The data of a team whose gain is at positions 5 to 8, with clicks at 1 to 3."""
    rng = np.random.default_rng(2)
    built = [NOW - timedelta(days=21)] * 500
    tables = {
        "judged": judged((5, 8)),
        "strict": judged((5, 8), share=0.55, seed=3),
        "eval": {"kind": ["classic"] * 400 + ["new"] * 100, "built_at": built},
        "asked": {
            "kind": ["classic"] * 3000 + ["new"] * 1500 + ["seasonal"] * 500 + ["old"] * 5000,
            "at": [NOW - timedelta(days=2)] * 5000 + [NOW - timedelta(days=60)] * 5000,
        },
        "titles": {"added_at": [NOW - timedelta(days=days) for days in [90] * 86 + [5] * 14]},
        "clicks": {
            "rank": rng.choice([1, 2, 3, 4, 5], 2000, p=[0.55, 0.25, 0.12, 0.05, 0.03]),
            "device": ["mobile"] * 1400 + ["desktop"] * 600,
        },
    }
    for name, table in tables.items():
        write(tmp_path, name, table)
    return tmp_path


def write(folder: Path, name: str, table: Mapping[str, Any]) -> None:
    """A Parquet file of these columns."""
    pq.write_table(pa.table(dict(table)), folder / f"{name}.parquet")


def declared(**parts: Any) -> Declared:
    """As it stands under `evidence:`."""
    fields = Fields(Document("h.yaml", dict(parts), {}))
    found = read_declared(fields, ("evidence",), dict(parts))
    assert fields.findings == []
    return found


def desk(folder: Path) -> Desk:
    """A desk whose data folder this is."""
    settings = Settings(data=DataSettings(path=folder))
    return Desk(settings=settings, playbooks=cast(Any, None), templates=cast(Any, None), prometheus={})


def gather(folder: Path, cause: Cause, parts: Mapping[str, Any] = ALL) -> list[tuple[str, str]]:
    """Verdict and line of each."""
    found = evidence(desk(folder), declared(**parts), cause, now=NOW)
    return [(verdict(one), one.line) for one in found]


def verdict(one: Found) -> str:
    """What the line speaks for."""
    return one.finding or one.status.value


def test_the_reference_is_diagnosed_from_its_data(folder: Path) -> None:
    """AML-04: the metric's positions are the primary hit; the others are partial hits."""
    found = {cause: gather(folder, cause) for cause in Cause}
    assert {cause: [one for one, _ in lines] for cause, lines in found.items()} == {
        Cause.SELECTION_BIAS: ["partial", "partial"],
        Cause.LABEL_LEAKAGE: ["partial"],
        Cause.DISTRIBUTION_SHIFT: ["partial"],
        Cause.METRIC_PROXY: ["hit"],
        Cause.GOODHARTING: ["partial"],
    }
    mixed, unseen = (line for _, line in found[Cause.SELECTION_BIAS])
    assert "10 % of production is in segments of which the eval set has no row" in unseen
    assert "500 and 5,000 rows" in mixed  # the last week's alone
    shift = found[Cause.DISTRIBUTION_SHIFT][0][1]
    assert "catalog turnover 14 % since the eval set was built, 21 days ago" in shift
    line = found[Cause.METRIC_PROXY][0][1]
    assert (
        "of clicks are at positions 1 to 3 (desktop 1 to 3, mobile 1 to 3), and there is 0 % (in every query)"
        in line
    )


def test_a_gain_where_people_look_is_clear(folder: Path) -> None:
    """The same clicks, and a reranker that helps at the top."""
    write(folder, "judged", judged((1, 3), seed=4))
    ((said, line),) = gather(folder, Cause.METRIC_PROXY)
    assert said == "clear"
    assert "there is 100 % (in every query)" in line


def test_numbers_may_be_declared_where_no_data_are(folder: Path) -> None:
    """The reference's own: +3.3 and +1.8 points."""
    ((said, line),) = gather(
        folder, Cause.LABEL_LEAKAGE, {"label_leakage": {"ordinary": 0.033, "time_strict": 0.018}}
    )
    assert said == "partial"
    assert "as declared, without intervals" in line


@pytest.mark.parametrize("cause", list(Cause))
def test_a_cause_without_data_says_where_to_name_them(folder: Path, cause: Cause) -> None:
    """And is neither clear nor a hit."""
    assert gather(folder, cause, {}) == [
        ("unknown", f"no data are named: fill in `{cause.value}` under `evidence`")
    ]


EMPTY = {"rank": pa.array([], pa.int64()), "device": pa.array([], pa.string())}


@pytest.mark.parametrize(
    ("cause", "file", "table", "reason"),
    [
        (Cause.SELECTION_BIAS, "eval", {"kind": ["a"] * 20}, "20 and 5000 rows have a segment"),
        (Cause.SELECTION_BIAS, "asked", {"kind": ["a"] * 200}, "asked.parquet has no column at (time)"),
        (Cause.LABEL_LEAKAGE, "strict", {"q": [1]}, "strict.parquet has no column g (grade), l6 (control)"),
        (Cause.LABEL_LEAKAGE, "judged", judged((5, 8), share=0.0), "it does not vary between units"),
        (Cause.DISTRIBUTION_SHIFT, "titles", {"added_at": ["soon"]}, "soon"),
        (Cause.METRIC_PROXY, "clicks", {"rank": [0, 1], "device": ["a", "b"]}, "positions begin at 1"),
        (Cause.METRIC_PROXY, "clicks", EMPTY, "clicks.parquet has no clicks"),
        (Cause.METRIC_PROXY, "judged", {**judged((5, 8)), "g": [0.0] * 2000}, "no query has a relevant"),
        (Cause.METRIC_PROXY, "judged", {**judged((5, 8)), "l12": [1] * 2000}, "two results at one l12"),
        (Cause.GOODHARTING, "judged", {**judged((5, 8)), "g": [7.0] * 2000}, "a grade below 0 or above 1"),
    ],
)
def test_data_that_say_nothing_are_unknown(
    folder: Path, cause: Cause, file: str, table: Mapping[str, Any], reason: str
) -> None:
    """With the reason; never an error."""
    write(folder, file, table)
    ((said, line),) = gather(folder, cause)
    assert said == "unknown"
    assert reason in line


def test_without_a_folder_for_data_no_path_is_read(folder: Path) -> None:
    """As for registrations given in Slack."""
    bare = replace(desk(folder), settings=Settings())
    (found,) = evidence(bare, declared(**ALL), Cause.METRIC_PROXY, now=NOW)
    assert found.status is EvidenceStatus.UNKNOWN
    assert "no folder for data is configured" in found.line
