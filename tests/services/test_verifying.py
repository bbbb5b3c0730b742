"""`lookout verify`: every look on record computed again, and a changed byte found wherever it is."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.commands import verify
from bot.errors import ConfigError, InputError
from bot.services import experiments, look_asking, looking, verifying
from bot.services.opening import open_desk
from bot.settings import DataSettings, Settings
from bot.store import experiments as records
from bot.store.database import Database
from bot.store.experiments import LookRecord, Registered
from tests.services.tampering import tamper

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

DATA = Path(__file__).parents[1] / "data"
ASOS = (DATA / "asos" / "0bad33.yaml").read_text(encoding="utf-8")
NOW = datetime(2026, 11, 23, 3, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """No chart is drawn: that takes a second a look, and is tested elsewhere."""
    monkeypatch.setattr(looking.chart, "png", lambda *_: b"\x89PNG")


@pytest.fixture
def taken(database: Database) -> tuple[Database, Registered, LookRecord]:
    """Look 3 of an experiment on record."""
    desk = open_desk(Settings(data=DataSettings(path=DATA / "asos")))
    by: dict[str, Any] = {"by": "U0PM", "channel": "C0LAUNCH", "now": NOW}
    with database.write() as session:
        registered = experiments.register(session, desk, text=ASOS, name="asos.yaml", **by)
    payload = {"experiment": "asos-0bad33", "look": 3, "by": "U0PM", "channel": "C0LAUNCH", "slot": "s"}
    asked = payload | {"asked_at": NOW.isoformat()}
    finish = look_asking.run_look(database, desk, asked, now=NOW + timedelta(seconds=1, microseconds=7))
    with database.write() as session:
        finish(session)
    with database.read() as session:
        (record,) = records.looks(session, "asos-0bad33")
    return database, registered, record


def reason(registered: Registered, record: LookRecord) -> str:
    """Why a record does not hold."""
    return verifying.check(registered, record).reason


def test_a_look_on_record_is_computed_again_bit_for_bit(
    taken: tuple[Database, Registered, LookRecord],
) -> None:
    """From what either database gives back, the seal over it all included."""
    database, _, record = taken
    with database.read() as session:
        whole = verifying.verify(session)
    (found,) = whole.looks
    assert (whole.ok, whole.faults) == (True, ())
    assert (found.ok, found.record, found.experiment, found.look) == (True, record.id, "asos-0bad33", 3)
    assert record.seal


def _leaves(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    if isinstance(value, Mapping):
        return [leaf for key, item in value.items() for leaf in _leaves(item, (*path, key))]
    if isinstance(value, list):
        return [leaf for at, item in enumerate(value) for leaf in _leaves(item, (*path, at))]
    return [path]


def _changed(value: Any) -> Any:
    """The smallest change there is: the last bit of a number, one character of a text."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float):
        return value * (1 + 2**-52) if value else 5e-324
    return f"{value}x" if isinstance(value, str) else 0


def _with(value: Any, path: tuple[str | int, ...]) -> Any:
    copy = json.loads(json.dumps(value))
    at = copy
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = _changed(at[path[-1]])
    return copy


@pytest.mark.parametrize("part", ["observations", "result"])
def test_every_value_of_a_record_is_held_against_the_others(
    taken: tuple[Database, Registered, LookRecord], part: str
) -> None:
    """One value changed by one bit, wherever in what was seen and in what came of it."""
    _, registered, record = taken
    whole = getattr(record, part)
    leaves = _leaves(whole)
    assert len(leaves) > 20
    for path in leaves[:: max(1, len(leaves) // 40)]:
        spoilt = replace(record, **{part: _with(whole, path)})
        assert reason(registered, spoilt), path


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"verdict": "ship"}, "verdict is ship in the record, and continue in its result"),
        ({"number": 2}, "look is 2 in the record, and 3 in its result"),
        ({"day": 27.0}, "day is 27.0 in the record, and 26 in its result"),
        ({"earlier": (2.0, 13.0)}, 'reasons[0] is "p = 0.073, and look 3 stops only below 0.0078'),
        ({"fingerprint": "0" * 64}, "data_fingerprint is 000000"),
        ({"asked_by": "U0EM"}, "its seal does not fit"),
        ({"taken_at": NOW}, "its seal does not fit"),
        ({"seal": ""}, "its seal does not fit"),
        ({"sha256": "0" * 64}, "it is of registration 000000000000…, and asos-0bad33 has"),
    ],
)
def test_what_does_not_hold_is_named_with_its_value(
    taken: tuple[Database, Registered, LookRecord], change: dict[str, Any], said: str
) -> None:
    """What, which value on either side."""
    _, registered, record = taken
    assert said in reason(registered, replace(record, **change))


def test_a_registration_changed_after_the_look_is_found(
    taken: tuple[Database, Registered, LookRecord],
) -> None:
    """Another alpha is another hash; another comment the same hash and another seal."""
    _, registered, record = taken
    rule = replace(registered, text=ASOS.replace("mde: {relative: 0.01}", "mde: {relative: 0.02}"))
    assert reason(rule, record).startswith("the registration's text has SHA-256 ")
    assert "its seal does not fit" in reason(replace(registered, text=ASOS + "\n#"), record)
    assert "cannot be computed again" in reason(replace(registered, text="a: ["), record)


def test_a_record_of_an_earlier_version_holds_without_the_fields_it_never_had(
    taken: tuple[Database, Registered, LookRecord],
) -> None:
    """What a newer version adds to the result is no difference; a field that went away is one."""
    _, registered, record = taken
    added = ("peek", "alpha_at_look", "information", "remaining")
    old = {key: value for key, value in record.result.items() if key not in added}
    seen = {key: value for key, value in record.observations.items() if key not in ("engine", "earlier")}
    before = replace(record, result=old, observations=seen, seal="")
    assert reason(registered, before) == ""
    gone = replace(before, result=old | {"forgotten": 1.5})
    assert "forgotten is 1.5 in the record, and is not computed at all" in reason(registered, gone)


def _environment(database: Database) -> dict[str, str]:
    return {"LOOKOUT_DATABASE_URL": f"sqlite:///{database.path}"}


def test_the_command_prints_what_does_not_hold_and_fails(
    sqlite: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 0 and a summary; with a byte changed in the file exit 1 and the record's number."""
    assert verify.run(_environment(sqlite)) == 0
    empty = "0 of 0 looks on record can be reproduced.\nThe ledger has no entry.\n"
    assert capsys.readouterr().out == empty
    desk = open_desk(Settings(data=DataSettings(path=DATA / "asos")))
    by: dict[str, Any] = {"by": "U0PM", "channel": "C0LAUNCH", "now": NOW}
    with sqlite.write() as session:
        experiments.register(session, desk, text=ASOS, name="asos.yaml", **by)
    payload = {"experiment": "asos-0bad33", "look": 1, "by": "U0PM", "channel": "C0LAUNCH", "slot": "s"}
    finish = look_asking.run_look(sqlite, desk, payload | {"asked_at": NOW.isoformat()}, now=NOW)
    with sqlite.write() as session:
        finish(session)
    assert verify.run(_environment(sqlite)) == 0
    assert capsys.readouterr().out.startswith(
        "1 of 1 look on record can be reproduced.\nThe ledger's 3 entries hold; its head is 3:"
    )
    with sqlite.write() as session:
        change = (
            "UPDATE look SET observations = replace(observations, '\"both_arms\"\\:0', '\"both_arms\"\\:7')"
        )
        tamper(session, change)
    assert verify.run(_environment(sqlite)) == 1
    out = capsys.readouterr().out
    assert out.startswith("record 1, look 1 of asos-0bad33: the data have fingerprint ")
    assert "\n0 of 1 look on record can be reproduced.\n" in out
    assert verify.run(_environment(sqlite), json=True) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["ok"] is False
    assert {key: found["looks"][0][key] for key in ("record", "experiment", "look", "ok")} == {
        "record": 1, "experiment": "asos-0bad33", "look": 1, "ok": False,
    }  # fmt: skip


def test_without_a_database_the_command_says_what_to_set(tmp_path: Path) -> None:
    """No file is made, and nothing counts as reproduced; tables of another version are named."""
    environment = {"LOOKOUT_DATABASE_URL": f"sqlite:///{tmp_path}/none.db"}
    with pytest.raises(InputError, match=r"There is no database .*none\.db\. Set LOOKOUT_DATABASE_URL"):
        verify.run(environment)
    assert not (tmp_path / "none.db").exists()
    (tmp_path / "none.db").touch()
    with pytest.raises(ConfigError, match="has not the tables of this version"):
        verify.run(environment)
