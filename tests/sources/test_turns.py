"""Measured turns from files: wide or spans, what is left out, and what cannot be read."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from bot.core.latency_budget import Budget, TurnFile
from bot.core.latency_reader import read_budget
from bot.core.measurements import Measurements
from bot.errors import SourceError
from bot.sources import turns as source
from bot.stats.turns import Turns

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


def budget(measured: str = "{path: turns.csv}", more: str = "") -> Budget:
    """Two stages, and where their turns are."""
    text = f"""kind: latency
id: turn
slo: {{ms: 800}}
stages:
  - {{name: parse, allocated_p95_ms: 30}}
  - {{name: rerank, allocated_p95_ms: 240}}
measured: {measured}
{more}
"""
    found, findings = read_budget(text, name="b.yaml")
    assert found is not None, findings
    return found


def read(folder: Path, rows: str, measured: str = "{path: turns.csv}", more: str = "") -> Measurements:
    """What is read of a CSV file."""
    (folder / "turns.csv").write_text(rows, encoding="utf-8")
    return source.measured(budget(measured, more), root=folder, sources={}, now=NOW)


def turns(found: Measurements) -> Turns:
    """The whole turns."""
    assert found.turns is not None
    return found.turns


def test_a_column_is_a_stage_by_its_name_with_or_without_its_unit(tmp_path: Path) -> None:
    """In the unit that the file says."""
    found = read(tmp_path, "parse,rerank_ms\n0.02,0.2\n0.03,0.4\n", "{path: turns.csv, unit_ms: 1000}")
    assert turns(found).ms["parse"].tolist() == pytest.approx([20, 30])
    assert turns(found).ms["rerank"].tolist() == pytest.approx([200, 400])
    assert (found.source, found.missing, found.notes) == ("2 turns of turns.csv", {}, ())


def test_turns_that_cannot_be_used_are_left_out_and_counted(tmp_path: Path) -> None:
    """Without a value, negative, infinite; nothing is silently 0."""
    rows = "parse,rerank\n20,200\n,210\n-1,220\n30,inf\n25,NaN\n"
    found = read(tmp_path, rows)
    assert turns(found).ms["rerank"].tolist() == [200]
    assert found.notes == (
        "2 of 5 turns have no value for some stage: left out.",
        "2 of 5 turns hold a negative or infinite time: left out.",
    )
    skipped = read(tmp_path, "parse,rerank\n20,200\n,210\n", "{path: turns.csv, skipped: true}")
    assert turns(skipped).ms["parse"].tolist() == [20, 0]


def test_a_stage_without_a_column_is_missing_with_the_reason(tmp_path: Path) -> None:
    """And one whose column holds words."""
    assert read(tmp_path, "parse\n20\n").missing == {"rerank": "has no column rerank or rerank_ms"}
    found = read(tmp_path, "parse,rerank\n20,fast\n")
    assert found.missing == {"rerank": "has a column that is VARCHAR, no number"}


def test_spans_of_a_turn_are_put_together(tmp_path: Path) -> None:
    """Retries add up; the root span is the total; turns stay in one order."""
    spans = [
        "b,parse,10", "a,parse,20", "a,rerank,100", "a,rerank,50", "b,rerank,90", "a,root,175", "b,root,120",
    ]  # fmt: skip
    rows = "\n".join(["id,span,ms,user", *(f"{one},u1" for one in spans)])
    where = "{path: turns.csv, turn: id, stage: span, duration: ms, total: root, cluster: user}"
    found = turns(read(tmp_path, rows, where))
    assert found.ms["rerank"].tolist() == [150, 90]
    assert found.total is not None
    assert found.total.tolist() == [175, 120]
    assert found.cluster is not None
    assert found.cluster.sizes.tolist() == [2]
    assert read(tmp_path, rows.replace("parse", "x"), where).missing == {"parse": "has no span parse"}


def test_turns_are_told_apart_by_cluster_and_cohort(tmp_path: Path) -> None:
    """A turn without a cluster is one by itself, and without a cohort's value of none."""
    rows = "parse,rerank,session,locale\n1,2,a,jp\n1,2,,en\n1,2,a,\n1,2,,jp\n"
    found = turns(read(tmp_path, rows, "{path: turns.csv, cluster: session, cohorts: [locale]}"))
    assert found.cluster is not None
    assert sorted(found.cluster.sizes.tolist()) == [1, 1, 2]
    assert found.cohorts is not None
    assert [found.cohort_names[one] for one in found.cohorts] == [
        "locale=jp", "locale=en", "locale=none", "locale=jp",
    ]  # fmt: skip


def test_of_too_many_turns_the_same_ones_are_drawn(tmp_path: Path) -> None:
    """And that is said."""
    rows = "parse,rerank\n" + "".join(f"{at},{at}\n" for at in range(1000))
    (tmp_path / "turns.csv").write_text(rows, encoding="utf-8")
    first, again = (source.from_files(budget(), TurnFile("turns.csv"), tmp_path, most=100) for _ in range(2))
    assert len(turns(first)) == 100
    assert (turns(first).ms["parse"] == turns(again).ms["parse"]).all()
    assert first.notes == ("100 turns were drawn of 1,000.",)


@pytest.mark.parametrize(
    ("rows", "measured", "said"),
    [
        ("parse,rerank\n", "{path: turns.csv}", "it has no row"),
        ("", "{path: turns.csv}", "it has no row"),
        ("parse,rerank\nx,y\n", "{path: turns.csv}", "parse has a column that is VARCHAR, no number"),
        ("a,b\n1,2\n", "{path: turns.csv}", "none of its columns (a, b) is one of the stages parse, rerank"),
        ("parse,rerank\n", "{path: turns.csv}", "turns.csv holds no measured turn"),
        ("parse,rerank\n-1,1\n", "{path: turns.csv}", "1 of 1 turns hold a negative or infinite time"),
        (
            "parse,rerank\n1,2\n",
            "{path: turns.csv, cluster: day}",
            "there is no column day: columns are parse",
        ),
        ("parse,rerank\n1,2\n", "{path: turns.csv, total: all}", "there is no column all"),
        ("parse\n1\n", "{path: none.csv}", "no file matches none.csv"),
        (
            "id,span,ms\n1,parse,x\n",
            "{path: turns.csv, turn: id, stage: span, duration: ms}",
            "the column ms is VARCHAR, no number",
        ),
    ],
)
def test_what_cannot_be_read_says_why(tmp_path: Path, rows: str, measured: str, said: str) -> None:
    """A reason that can be shown."""
    with pytest.raises(SourceError) as caught:
        read(tmp_path, rows, measured)
    assert said in str(caught.value)


def test_a_file_that_is_no_parquet_is_said_to_be_none(tmp_path: Path) -> None:
    """Whatever its name."""
    (tmp_path / "turns.parquet").write_text("parse\n", encoding="utf-8")
    with pytest.raises(SourceError, match=r"turns\.parquet cannot be read"):
        source.measured(budget("{path: turns.parquet}"), root=tmp_path, sources={}, now=NOW)


def test_names_of_columns_and_values_cannot_break_out_of_the_query(tmp_path: Path) -> None:
    """Quotes in them are data."""
    rows = 'parse,"re""rank; DROP",who\n1,2,"o\'neil"\n'
    (tmp_path / "turns.csv").write_text(rows, encoding="utf-8")
    one = budget("{path: turns.csv, cohorts: [who]}")
    stages = tuple(
        stage if stage.name == "parse" else replace(stage, column='re"rank; DROP') for stage in one.stages
    )
    found = source.measured(replace(one, stages=stages), root=tmp_path, sources={}, now=NOW)
    assert turns(found).ms["rerank"].tolist() == [2]
    assert turns(found).cohort_names == ("who=o'neil",)


def test_durations_of_a_what_if_are_read_or_their_absence_is_kept(tmp_path: Path) -> None:
    """From another file; a wrong one spoils no other what-if."""
    (tmp_path / "new.csv").write_text("ms\n10\n-3\n20\n", encoding="utf-8")
    more = """what_if:
  - {id: new, do: [{durations: {stage: rerank, path: new.csv, column: ms}}]}
  - {id: gone, do: [{durations: {stage: rerank, path: gone.csv, column: ms}}]}
"""
    found = read(tmp_path, "parse,rerank\n1,2\n", more=more)
    assert [one.tolist() for one in found.others.values()] == [[10, 20]]
    assert found.missing == {"gone.csv": f"no file matches gone.csv in {tmp_path.name}/"}


def test_the_shipped_turns_have_the_p95s_of_aml_07(tmp_path: Path) -> None:
    """Each stage's, with the old reranker; drawn again they are the same."""
    from bot.demo.data.turns import P95_MS, TURNS
    from bot.demo.data.turns import turns as draw

    folder = Path(__file__).parents[2] / "bot" / "demo" / "data" / "latency"
    shipped = read_budget((folder / "aml_07.yaml").read_text(encoding="utf-8"), name="b")[0]
    assert shipped is not None
    found = turns(source.measured(shipped, root=folder, sources={}, now=NOW))
    assert len(found) == TURNS
    drawn = draw()
    for name, p95 in P95_MS.items():
        assert np.quantile(found.ms[name], 0.95, method="inverted_cdf") == pytest.approx(p95, abs=0.06)
        assert found.ms[name] == pytest.approx(drawn[name], abs=0.06)
