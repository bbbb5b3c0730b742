"""`lookout look`: peeks, looks held before, and the record that `lookout verify --file` computes again."""

import json
import random
import shutil
from pathlib import Path

import pytest

from bot.commands import look, verify
from bot.errors import InputError

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

DATA = Path(__file__).parents[1] / "data"
ASOS = DATA / "asos" / "0bad33.yaml"


@pytest.fixture
def daily(tmp_path: Path) -> Path:
    """Look days 4, 7, 11, 14 on a table that has statistics of every day."""
    file = tmp_path / "daily.yaml"
    text = ASOS.read_text(encoding="utf-8").replace("0bad33.csv", "daily.csv")
    text = text.replace("[2, 14, 26, 35, 43]", "[4, 7, 11, 14]").replace(
        "horizon_days: 43", "horizon_days: 16"
    )
    file.write_text(text, encoding="utf-8")
    rows = ["time_since_start,arm,metric,count,mean,variance"]
    for day in range(1, 17):
        for arm, mean in (("c", 0.0700), ("t", 0.0711)):
            rows += [
                f"{day},{arm},{metric},{day * 40_000},{mean},0.065" for metric in ("m1", "m2", "m3", "m4")
            ]
    (tmp_path / "daily.csv").write_text("\n".join(rows), encoding="utf-8")
    return file


def test_a_peek_reads_well(daily: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """That it is one, what it costs, and what the looks to come ask now."""
    assert look.run(daily, day=9) == 0
    out = capsys.readouterr().out
    assert out.startswith("ASOS experiment 0bad33: a peek, day 9: CONTINUE\n")
    assert "this peek stops only below 0.0094." in out
    assert "⚠ A peek: the plan has no look on day 9. It spends 0.0073 of alpha." in out
    assert "With it, look 3 stops only below 0.020 (0.022 as registered)" in out
    assert "Alpha spent 0.01 of 0.05, 0.0073 of it at this look" in out


def test_a_look_counts_the_peeks_that_were_held(daily: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--held 4,7,9` makes look 3 ask for less than without the peek."""
    boundaries = []
    for held in ("", "4,7", "4,7,9"):
        assert look.run(daily, look=3, held=held, json=True) == 0
        boundaries.append(json.loads(capsys.readouterr().out)["primary"]["boundary_p"])
    assert boundaries[0] == boundaries[1] > boundaries[2]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, r"Neither --look nor --day is given\. It has looks 1 \(day 4\)"),
        ({"look": 9}, r"Look 9 is not in the plan of asos-0bad33\. It has looks"),
        ({"day": 0}, r"Day 0 is no day of asos-0bad33\. Days count from 1\."),
        ({"day": 17}, r"Day 17 lies beyond the horizon of asos-0bad33, 16 days\. Name a day up to 16\."),
        ({"day": 15}, r"Day 15 comes after the last look .* day 14\. .* --look 4 --day 15\."),
        ({"day": 9, "held": "7,4"}, r"--held 7,4 is no list of rising days\. For example --held 4,7,9\."),
        ({"day": 9, "held": "4,x"}, r"--held 4,x is no list of rising days"),
        ({"day": 9, "held": "4,nan"}, r"--held 4,nan is no list of rising days"),
        ({"day": 9, "held": "4,9"}, r"--held 4,9 names day 9, and this look is on day 9\."),
        ({"look": 2, "held": "4,9"}, r"--held 4,9 names day 9, and this look is on day 7\."),
    ],
)
def test_a_look_that_cannot_be_taken_as_asked_says_which_value(
    daily: Path, asked: dict[str, int | str], said: str
) -> None:
    """One line: what, which value, what next."""
    with pytest.raises(InputError, match=said):
        look.run(daily, **asked)  # type: ignore[arg-type]  # numbers and one text


def test_a_peek_at_statistics_of_a_look_before_is_refused(tmp_path: Path) -> None:
    """Day 20 on a table whose newest day until then is 14: look 2 had those already."""
    with pytest.raises(InputError, match=r"newest statistics are of day 14, and the look on day 14 had them"):
        look.run(ASOS, day=20)


def kept(tmp_path: Path, **asked: int) -> Path:
    """The record of a look in a file."""
    record = tmp_path / "record.json"
    assert look.run(ASOS, record=record, **(asked or {"look": 3})) == 0  # type: ignore[arg-type]  # look, day
    return record


def test_a_record_in_a_file_is_enough_to_compute_the_look_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Moved away from its data and its registration: exit 0."""
    away = tmp_path / "elsewhere"
    away.mkdir()
    record = shutil.move(kept(tmp_path), away / "r.json")
    capsys.readouterr()
    assert verify.run({}, file=record) == 0
    assert capsys.readouterr().out == "1 of 1 look on record can be reproduced.\n"
    content = json.loads(record.read_text(encoding="utf-8"))
    assert content["engine"].startswith("duckdb ")
    assert len(content["query_sha256"]) == 64
    assert content["registration"]["text"] == ASOS.read_text(encoding="utf-8")


def test_a_byte_changed_anywhere_in_a_record_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Any byte, also one that no figure needs: exit 1, or 2 where it is no record any more."""
    record = kept(tmp_path)
    sound = record.read_bytes()
    capsys.readouterr()
    chosen = random.Random(7)
    places = [sound.index(b'"lookout"') + 13, sound.index(b'"engine"') + 12, len(sound) - 1]
    for at in [*places, *chosen.sample(range(len(sound)), 60)]:
        spoilt = bytearray(sound)
        spoilt[at] = chosen.choice([one for one in b"0123456789ax, \n" if one != sound[at]])
        record.write_bytes(bytes(spoilt))
        try:
            assert verify.run({}, file=record, json=True) == 1, at
        except InputError:
            continue
        (found,) = json.loads(capsys.readouterr().out)["looks"]
        assert found["reason"]


@pytest.mark.parametrize("content", ["", "[]", '{"kind": "other"}', "x"])
def test_what_is_no_record_is_bad_input(tmp_path: Path, content: str) -> None:
    """Not JSON, or not a look's: exit 2 with the file's name."""
    file = tmp_path / "r.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=r"r\.json is no .*Give a file that `lookout look --record` wrote"):
        verify.run({}, file=file)
    with pytest.raises(InputError, match=r"none\.json cannot be read"):
        verify.run({}, file=tmp_path / "none.json")


def test_a_record_that_lost_a_part_says_which(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 1: the field that is not there."""
    record = kept(tmp_path)
    content = json.loads(record.read_text(encoding="utf-8"))
    del content["observations"]
    record.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    capsys.readouterr()
    assert verify.run({}, file=record) == 1
    assert "it has no field 'observations': restore the file." in capsys.readouterr().out


def test_rows_count_the_units_of_every_day_a_look_was_held(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A unit a row and day: by day 9, where a peek was held, nine tenths of the units of day 10."""
    rows = ["user,arm,day,m1,m2,m3,m4"]
    for unit in range(2000):
        arm, first, value = "ct"[unit % 2], 1 + unit // 200, unit % 7
        rows += [f"{unit},{arm},{day},{value},{value},{value},{value}" for day in range(first, 11)]
    (tmp_path / "rows.csv").write_text("\n".join(rows), encoding="utf-8")
    text = ASOS.read_text(encoding="utf-8").replace("[2, 14, 26, 35, 43]", "[4, 7, 10]\n  information: units")
    text = text.replace("  information: units", "  information: units\n  planned_units: 2000")
    text = text.replace(
        "  kind: summary\n  path: 0bad33.csv\n", "  path: rows.csv\n  unit: user\n  arm: arm\n  day: day\n"
    )
    text = text.replace("  columns: {day: time_since_start, n: count}\n", "").replace(
        "{kind: proportion}", "{kind: mean, column: m1}"
    )
    for metric in ("m2", "m3", "m4"):
        text = text.replace(f"{metric}: {{kind: mean}}", f"{metric}: {{kind: mean, column: {metric}}}")
    file = tmp_path / "rows.yaml"
    file.write_text(text, encoding="utf-8")
    assert look.run(file, look=3, held="4,7,9", json=True) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["information"] == {"fraction": 1.0, "counted_in": "units"}
    assert "Counted as well: the unplanned look on day 9." in found["notes"]
    assert look.run(file, day=9, json=True) == 0
    peek = json.loads(capsys.readouterr().out)
    assert peek["information"] == {"fraction": 0.9, "counted_in": "units"}
    assert peek["alpha_spent"] == pytest.approx(found["alpha_spent"] - found["alpha_at_look"], abs=1e-9)
