"""`lookout harness`: what it prints, its JSON, and what it says of files that cannot be used."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bot.commands import check, harness
from bot.errors import InputError, SourceError
from tests.services.test_harness_evidence import judged
from tests.sources import logged_bench

DATA = Path(__file__).parents[1] / "data"
OPEN_BANDIT = DATA / "open_bandit" / "harness.yaml"
LOGGED = "path: log.parquet, reward: click, propensity: p, action: item"


def written(folder: Path, text: str) -> Path:
    """A harness file beside a log and judged results."""
    logged_bench.write(folder, "log", logged_bench.log())
    pq.write_table(pa.table(judged((5, 8))), folder / "judged.parquet")
    file = folder / "harness.yaml"
    file.write_text(f"kind: harness\nid: search\n{text}\n", encoding="utf-8")
    return file


def printed(capsys: pytest.CaptureFixture[str], file: Path) -> dict[str, Any]:
    """The JSON of a harness."""
    harness.run(file, json=True)
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_the_open_bandit_sample_is_estimated_and_held_against_its_own_log(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As it stands in `tests/data/harness/open_bandit.txt`."""
    assert harness.run(OPEN_BANDIT) == 0
    said = capsys.readouterr().out
    golden = DATA / "harness" / "open_bandit.txt"
    assert said == golden.read_text(encoding="utf-8")


def test_json_has_fractions_intervals_and_reasons(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`null` where there is nothing, with the reason beside it."""
    file = written(
        tmp_path,
        f"""logged: {{{LOGGED}, target: {{column: q}}, device: device, clip: {{weight: 3}}}}
ranking:
  path: judged.parquet
  query: q
  grade: g
  rankings: {{control: l6, treatment: l12}}
  metrics: [ndcg@10, ndcg@3]
evidence:
  label_leakage: {{ordinary: 0.033, time_strict: 0.018}}""",
    )
    found = printed(capsys, file)
    logged = found["logged"]["all"]
    assert logged["rows"] == 800
    assert logged["ips"]["ci"][0] < logged["ips"]["value"] < logged["ips"]["ci"][1]
    assert logged["dr"] == {"value": None, "ci": None, "se": None, "reason": "no reward model is declared"}
    assert set(found["logged"]["devices"]) == set(logged_bench.DEVICES)
    assert "biased" in found["logged"]["remarks"][0]
    first, second = found["ranking"]["metrics"]
    assert (first["metric"], first["device"], first["queries"]) == ("ndcg@10", None, 200)
    assert first["difference"]["value"] > 0
    assert second["difference"] == {
        "value": None,
        "ci": None,
        "se": None,
        "reason": "it does not vary between units, so it has no interval",
    }
    assert found["evidence"]["label_leakage"][0]["verdict"] == "partial"
    assert found["evidence"]["goodharting"][0]["status"] == "unknown"


def test_a_log_that_contradicts_itself_is_undecided_and_exits_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Propensities of 0: how many rows, and no number."""
    file = written(tmp_path, f"logged: {{{LOGGED}, target: {{column: q}}}}")
    log = logged_bench.log()
    log["p"][:3] = 0.0
    logged_bench.write(tmp_path, "log", log)
    assert harness.run(file) == 1
    said = capsys.readouterr().out
    assert "IPS: undecided: 3 of 800 rows have a propensity of 0 or less" in said
    found = printed(capsys, file)["logged"]["all"]
    assert found["snips"]["value"] is None
    assert found["bad_rows"] == {"a propensity of 0 or less, though what they show was shown": 3}


def test_rankings_are_said_by_device(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The verdict is in the words: a difference that may be none says so."""
    file = written(
        tmp_path,
        "ranking: {path: judged.parquet, query: q, grade: g, device: device, "
        "rankings: {control: l6, treatment: l12}, metrics: [ndcg@10]}",
    )
    assert harness.run(file) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("search (search), sha256 ")
    assert lines[2] == "rankings: 200 queries; 95 % intervals, each by itself"
    assert [line.split(":")[0] for line in lines[3:]] == [
        "  NDCG@10",
        "  NDCG@10, desktop",
        "  NDCG@10, mobile",
    ]
    assert all(line.endswith("queries") for line in lines[3:])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (LOGGED.replace("log.", "gone.") + ", target: {column: q}", "no file matches gone.parquet"),
        (LOGGED + ", target: {column: nothing}", "has no column nothing"),
        (LOGGED.replace("log.", "../log.") + ", target: {column: q}", "leads outside"),
    ],
)
def test_data_that_cannot_be_read_are_one_line(tmp_path: Path, text: str, said: str) -> None:
    """Which `lookout` prints on stderr, with exit code 2."""
    with pytest.raises(SourceError, match=said):
        harness.run(written(tmp_path, f"logged: {{{text}}}"))


def test_a_file_with_errors_says_each_with_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And `lookout check` says the same."""
    file = written(
        tmp_path, "ranking: {path: judged.parquet, query: q, grade: g, rankings: {control: l6}, top: x}"
    )
    assert harness.run(file) == 1
    assert f"{file}:3: error not-a-number 'top' is 'x'." in capsys.readouterr().err
    assert check.run([file]) == 1
    assert "harness, refused" in capsys.readouterr().out
    assert check.run([OPEN_BANDIT]) == 0
    assert "harness, fine" in capsys.readouterr().out


def test_no_file_is_bad_usage(tmp_path: Path) -> None:
    """What, which value, what next."""
    with pytest.raises(InputError, match="cannot be read"):
        harness.run(tmp_path / "gone.yaml")
