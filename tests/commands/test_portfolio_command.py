"""`lookout portfolio`: what is printed, as text and as JSON, and the exit codes."""

import json
from pathlib import Path

import pytest

from bot.commands import portfolio
from bot.errors import InputError
from tests.core.portfolio_bench import TWELVE

GOLDEN = Path(__file__).parents[1] / "data" / "portfolio" / "aml_02.txt"
OUTCOMES = """
outcomes:
  - {candidate: "#1", shipped: true, sustained: true, lift: 0.4, significant: true, weeks: 13}
  - candidate: "#2"
    shipped: true
    sustained: true
    lift: 0.6
    low: 0.2
    high: 1.0
    significant: true
    weeks: 8
    record: ledger 88
  - {candidate: "#3", shipped: false, weeks: 22}
"""


def test_the_twelve_are_printed_as_a_director_reads_them(capsys: pytest.CaptureFixture[str]) -> None:
    """Verdict first, then the table, the reasons and what stands beside it."""
    assert portfolio.run(TWELVE) == 0
    out = capsys.readouterr().out
    told = out.partition("\n\n")[2]  # the findings name this machine's path
    assert told == GOLDEN.read_text(encoding="utf-8")
    assert max(map(len, told.splitlines())) < 400


def test_the_twelve_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    """Numbers for programs: null has a reason beside it, rates are fractions."""
    assert portfolio.run(TWELVE, json=True) == 0
    shape = json.loads(capsys.readouterr().out)
    assert shape["pick"]["ids"] == ["#1", "#2", "#3"]
    assert shape["pick"]["without_learning"] == ["#1", "#2", "#4"]
    assert shape["unit"] == {"reach": "sessions", "impact": "points", "family": ""}
    by_id = {one["id"]: one for one in shape["candidates"]}
    assert by_id["#1"]["rice"] == 200_000
    assert by_id["#11"]["rice_corrected"] == 62_500
    assert by_id["#6"]["expected_gain"] is None
    assert "nobody has said what its unit is worth" in by_id["#6"]["expected_gain_reason"]
    assert by_id["#7"]["rice"] is None
    assert by_id["#7"]["rice_reason"] == "no reach is given"
    assert [one["rule"] for one in by_id["#10"]["barred"]] == ["detectability"]
    assert by_id["#3"]["decisions"][0]["threshold"] == 0.6
    assert shape["beside"]["spearman"]["n"] == 6
    assert shape["retrospective"] is None
    assert {one["code"] for one in shape["findings"]} >= {"Q112", "Q113", "Q114", "Q115"}


def test_the_same_seed_prints_the_same_and_another_nearly(capsys: pytest.CaptureFixture[str]) -> None:
    """Said beside the figures."""
    gains = []
    for seed in (1, 1, 9):
        assert portfolio.run(TWELVE, json=True, seed=seed) == 0
        shape = json.loads(capsys.readouterr().out)
        assert shape["seed"] == seed
        gains.append(shape["pick"]["expected"])
    assert gains[0] == gains[1] != gains[2]
    assert gains[2] == pytest.approx(gains[0], rel=0.03)


def test_outcomes_in_the_file_are_looked_back_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Targets, calibration and the next haircut, as text and as JSON."""
    file = tmp_path / "q3.yaml"
    file.write_text(TWELVE.read_text(encoding="utf-8") + OUTCOMES, encoding="utf-8")
    assert portfolio.run(file) == 0
    out = capsys.readouterr().out
    assert "Looking back:" in out
    assert "✓ met: hit rate (shipped and sustained / picked) 0.67 (0.21 to 0.94)" in out
    assert "Gut feel: what #11, #4 brought is not on record" in out
    assert portfolio.run(file, json=True) == 0
    past = json.loads(capsys.readouterr().out)["retrospective"]
    assert past["realised"] == pytest.approx(3.92e6)
    assert past["gut_feel_realised"] is None
    assert past["rows"][1]["record"] == "ledger 88"
    assert past["haircut_after"]["tried"] == 28


def test_errors_go_to_stderr_and_exit_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One a line with where, what and how to mend it; JSON stays JSON."""
    file = tmp_path / "q.yaml"
    file.write_text(
        "kind: portfolio\ncandidates:\n  - {id: a, title: A, depends_on: [a]}\n", encoding="utf-8"
    )
    assert portfolio.run(file) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert "q.yaml:3: error Q110 candidates need each other in a circle: a needs a." in told.err
    assert "`lookout explain Q110` says more" in told.err
    assert portfolio.run(file, json=True) == 1
    assert json.loads(capsys.readouterr().out)["pick"] is None


def test_no_feasible_pick_exits_with_1_and_says_which_limit_binds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Everything is scored all the same."""
    file = tmp_path / "q.yaml"
    text = TWELVE.read_text(encoding="utf-8").replace("slots: 3", "slots: 0")
    file.write_text(text, encoding="utf-8")
    assert portfolio.run(file) == 1
    out = capsys.readouterr().out
    assert "no pick is feasible" in out
    assert "slots: there is none" in out
    assert "one slot more would add" in out


@pytest.mark.parametrize(
    ("content", "what"),
    [(None, "cannot be read"), (b"\xff\xfe\x00", "is not UTF-8 text")],
)
def test_an_unreadable_file_is_bad_usage(tmp_path: Path, content: bytes | None, what: str) -> None:
    """What, which, what next."""
    file = tmp_path / "none.yaml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InputError, match=what):
        portfolio.run(file)
    with pytest.raises(InputError, match="--seed -1 is negative"):
        portfolio.run(TWELVE, seed=-1)
