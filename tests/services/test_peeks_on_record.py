"""Looks in Slack and offline: peeks on record count, and both say the same of the same data."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.commands import look as command
from bot.services import experiments, look_asking, look_record, looking, verifying
from bot.services.desk import Desk
from bot.services.opening import open_desk
from bot.settings import DataSettings, Settings
from bot.store import experiments as records
from bot.store.database import Database
from bot.store.experiments import LookRecord

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

ASOS = (Path(__file__).parents[1] / "data" / "asos" / "0bad33.yaml").read_text(encoding="utf-8")
NOW = datetime(2026, 11, 23, 3, 12, tzinfo=UTC)
ID = "asos-0bad33"
PLAN = "[4, 7, 11, 14]\n  information: units\n  planned_units: 1000000"


def table(folder: Path, units: Mapping[int, int]) -> None:
    """Statistics of every day, with so many units an arm by then."""
    rows = ["time_since_start,arm,metric,count,mean,variance"]
    for day, count in units.items():
        for arm, mean in (("c", 0.0700), ("t", 0.0708)):
            rows += [f"{day},{arm},{metric},{count},{mean},0.065" for metric in ("m1", "m2", "m3", "m4")]
    (folder / "daily.csv").write_text("\n".join(rows), encoding="utf-8")


@pytest.fixture(autouse=True)
def _undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """No chart is drawn: that takes a second a look, and is tested elsewhere."""
    monkeypatch.setattr(looking.chart, "png", lambda *_: b"\x89PNG")


class House:
    """A database, a folder of data and the registration in it."""

    def __init__(self, db: Database, folder: Path, rule: str = "") -> None:
        self.db, self.folder, self.file = db, folder, folder / "daily.yaml"
        text = ASOS.replace("0bad33.csv", "daily.csv")
        text = text.replace("[2, 14, 26, 35, 43]", "[4, 7, 11, 14]" if rule else PLAN)
        text = text.replace("spending: obrien-fleming", f"spending: {rule or 'obrien-fleming'}")
        self.file.write_text(text, encoding="utf-8")
        table(folder, {day: day * 30_000 for day in range(1, 15)})
        self.desk: Desk = open_desk(Settings(data=DataSettings(path=folder)))
        with db.write() as session:
            experiments.register(
                session, self.desk, text=text, name="daily.yaml", by="U0PM", channel="C0LAUNCH", now=NOW
            )

    def look(self, number: int, day: int | None = None) -> LookRecord:
        """Take a look, or a peek on `day` when the number is 0, and return its record."""
        with self.db.read() as session:
            taken = len(records.looks(session, ID))
        payload: dict[str, Any] = {"experiment": ID, "look": number, "by": "U0PM", "channel": "C0LAUNCH"}
        payload |= {"slot": f"s{taken}", "asked_at": NOW.isoformat(), "day": day}
        finish = look_asking.run_look(self.db, self.desk, payload, now=NOW + timedelta(minutes=taken))
        with self.db.write() as session:
            finish(session)
        with self.db.read() as session:
            return records.looks(session, ID)[-1]

    def offline(self, capsys: pytest.CaptureFixture[str], **asked: Any) -> dict[str, Any]:
        """The JSON of `lookout look`."""
        capsys.readouterr()
        assert command.run(self.file, json=True, **asked) == 0
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found


@pytest.fixture
def house(sqlite: Database, tmp_path: Path) -> House:
    """A plan that counts units, on a table with statistics of every day."""
    return House(sqlite, tmp_path)


def test_slack_and_the_command_line_say_the_same(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    """Look by look, the whole JSON: information, boundary, verdict, fingerprint."""
    for number in (1, 2, 3, 4):
        assert house.look(number).result == house.offline(capsys, look=number)


def test_a_peek_on_record_is_counted_by_the_looks_after_it(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    """Taken on day 9: look 3 asks for less because of it, as `--held 4,7,9` says offline."""
    house.look(1)
    house.look(2)
    peek = house.look(0, 9)
    assert (peek.number, peek.planned, peek.result["look"], peek.earlier) == (0, False, None, (4.0, 7.0))
    assert peek.result == house.offline(capsys, day=9)
    third = house.look(3)
    assert third.earlier == (4.0, 7.0, 9.0)
    assert third.result == house.offline(capsys, look=3, held="4,7,9")
    unspoilt = house.offline(capsys, look=3)
    assert third.result["primary"]["boundary_p"] < unspoilt["primary"]["boundary_p"]
    with house.db.read() as session:
        assert [one.reason for one in verifying.verify(session).looks] == [""] * 4
        assert (
            experiments.status(session, house.desk, channel="C0LAUNCH", now=NOW).text.count("look 3 of 4")
            == 1
        )


def test_what_a_look_on_record_saw_is_its_information(house: House) -> None:
    """Rows that came late for day 7 do not change what look 2 had: look 3 counts what was recorded."""
    house.look(2)
    table(house.folder, {day: day * 30_000 + (20_000 if day == 7 else 0) for day in range(1, 15)})
    seen = house.look(3).observations["earlier"]
    assert [7.0, 210_000, 210_000] in seen
    assert [4.0, 120_000, 120_000] in seen


def test_fewer_units_than_a_look_on_record_had_are_invalid(house: House) -> None:
    """Units that vanished between look 2 and look 3: the data are unfit, and it is said which arm."""
    house.look(2)
    table(house.folder, {day: day * 15_000 for day in range(1, 15)})
    third = house.look(3)
    assert third.verdict == "invalid"
    assert "had 210,000 units on day 7 and has 165,000 now" in third.result["reasons"][0]


def test_peeks_count_for_nothing_where_the_rule_has_no_function(sqlite: Database, tmp_path: Path) -> None:
    """Recorded, without a verdict; look 3 stands as registered."""
    house = House(sqlite, tmp_path, rule="exact-pocock")
    peek = house.look(0, 9)
    assert (peek.verdict, peek.result["verdict"], peek.result["alpha_at_look"]) == ("unjudged", None, 0)
    third = house.look(3)
    assert third.earlier == (4.0, 7.0)
    assert third.result["primary"]["boundary_p"] == pytest.approx(peek.result["remaining"][0]["boundary_p"])
    with house.db.read() as session:
        assert [one.reason for one in verifying.verify(session).looks] == ["", ""]


def test_records_are_read_in_order_of_their_days(house: House) -> None:
    """A look asked for twice counts once, with its newest sound record; later looks do not count."""
    for number in (1, 3, 2, 2):
        house.look(number)
    with house.db.read() as session:
        taken = records.looks(session, ID)
        registered = records.load(session, ID)
    assert registered is not None
    before = look_record.before_look(look_record.registration_of(registered), taken, 3, 11.0)
    assert [one.number for one in before] == [1, 2]
