"""`lookout latency`: the shipped budget in words, JSON and pictures; and what it says where it cannot."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.commands import latency
from bot.commands.check import run as check
from bot.errors import InputError, SourceError

SHIPPED = Path(__file__).parents[2] / "bot" / "demo" / "data" / "latency" / "aml_07.yaml"
GOLDEN = Path(__file__).parents[1] / "data" / "latency" / "aml_07.txt"
SMALL = """kind: latency
id: turn
slo: {ms: 300}
stages:
  - {name: parse, allocated_p95_ms: 30}
  - {name: rerank, allocated_p95_ms: 240}
"""


def test_the_shipped_budget_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    """Verdict first, three methods side by side, stages, cohorts, what-ifs, and how it was computed."""
    assert latency.run(SHIPPED) == 0
    assert capsys.readouterr().out == GOLDEN.read_text(encoding="utf-8")


def test_the_shipped_budget_as_json_by_the_command_line() -> None:
    """`lookout latency FILE --json`, with the same figures."""
    done = CliRunner().invoke(app, ["latency", str(SHIPPED), "--json", "--seed", "2"])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert (said["budget"], said["turns"], said["seed"]) == ("chatbot_turn", 12_000, 2)
    turn = said["now"]["turn"]
    assert turn["whole_turns"]["p95"]["ms"] == pytest.approx(613.4, abs=0.1)
    assert turn["added_up"]["p95"]["ms"] == pytest.approx(720, abs=0.1)
    assert turn["independent_stages"]["p95"]["ms"] / 720 == pytest.approx(0.78, abs=0.01)
    new = said["what_if"][0]
    assert (new["id"], new["fit"], new["judged_by"]) == ("new_reranker", "fits", "whole_turns")
    assert new["longer_than_now"]["low"] < new["longer_than_now"]["ms"] < new["longer_than_now"]["high"]
    assert {one["cohort"] for one in said["cohorts"]} == {
        f"locale={locale}, device={device}" for locale in ("en", "jp") for device in ("desktop", "mobile")
    }


def test_pictures_go_to_the_folder_that_is_named(tmp_path: Path) -> None:
    """A waterfall, a distribution, and no comparison where nothing is asked."""
    (tmp_path / "turns.csv").write_text("parse,rerank\n" + "20,200\n30,150\n25,210\n" * 40, encoding="utf-8")
    file = tmp_path / "b.yaml"
    file.write_text(SMALL + "measured: {path: turns.csv}\n", encoding="utf-8")
    assert latency.run(file, charts=tmp_path / "new" / "folder") == 0
    assert sorted(one.name for one in (tmp_path / "new" / "folder").iterdir()) == [
        "turn_distribution.png", "turn_waterfall.png",
    ]  # fmt: skip
    with pytest.raises(InputError, match="cannot be written"):
        latency.run(file, charts=file / "folder")


def test_a_budget_without_measurements_says_that_p95s_do_not_add_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is no error: 270 ms added up, and nothing is judged."""
    file = tmp_path / "b.yaml"
    file.write_text(SMALL, encoding="utf-8")
    assert latency.run(file) == 0
    out = capsys.readouterr().out
    assert out.startswith(
        "Turn: whether it keeps its SLO cannot be said: there are no measured turns. The stages' p95s come "
        "to 270 ms of 300 ms, and they do not add up.\n"
    )
    assert "whole turns              -" in out
    assert "draws" not in out


def test_a_stage_without_measurements_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The verdict holds only if stages are independent, and its allocation is marked assumed."""
    (tmp_path / "turns.csv").write_text("parse\n" + "20\n30\n" * 200, encoding="utf-8")
    file = tmp_path / "b.yaml"
    file.write_text(SMALL + "measured: {path: turns.csv}\n", encoding="utf-8")
    assert latency.run(file) == 0
    out = capsys.readouterr().out
    assert "Turn: keeps its SLO if stages are independent and rerank is as assumed. The p95 of" in out
    assert "rerank has no column rerank or rerank_ms: taken to be 240 ms always, its allocation." in out
    assert "assumed" in out


def test_a_what_if_that_cannot_be_computed_is_a_finding(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 1, and the reason in its place."""
    (tmp_path / "turns.csv").write_text("parse,rerank\n" + "20,200\n" * 100, encoding="utf-8")
    file = tmp_path / "b.yaml"
    what_if = (
        "what_if: [{id: n, title: the new one, do: [{durations: {stage: rerank, path: n.csv, column: ms}}]}]"
    )
    file.write_text(f"{SMALL}measured: {{path: turns.csv}}\n{what_if}\n", encoding="utf-8")
    assert latency.run(file) == 1
    out = capsys.readouterr().out
    assert "Nobody can say whether the new one fits: the durations of n.csv cannot be had: no file" in out


def test_a_file_with_errors_is_refused_with_its_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As `lookout check` says them, on stderr; `check` knows budgets too."""
    file = tmp_path / "b.yaml"
    file.write_text(SMALL.replace("rerank, ", "rerank, after: model, "), encoding="utf-8")
    assert latency.run(file) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert f"{file}:6: error L102 there is no stage 'model'. Stages: parse, rerank." in said.err
    assert check([file]) == 1
    assert check([SHIPPED]) == 0
    assert "latency, fine" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        (None, InputError, "cannot be read: No such file"),
        ("measured: {path: gone.parquet}\n", SourceError, "no file matches gone.parquet"),
    ],
)
def test_what_is_not_there_is_bad_usage(
    tmp_path: Path, text: str | None, error: type[Exception], said: str
) -> None:
    """One line on stderr and exit code 2, by the command's main."""
    file = tmp_path / "b.yaml"
    if text is not None:
        file.write_text(SMALL + text, encoding="utf-8")
    with pytest.raises(error, match=said):
        latency.run(file)
