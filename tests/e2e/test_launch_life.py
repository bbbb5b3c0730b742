"""The whole life of one launch at an accelerated clock, while the bot is killed again and again.

People, a flag system and the clock go on as if nothing was: no post is lost or doubled, the flag system is
told in order, and the record holds until one byte of it is changed.
"""

import hmac
import random
import shutil
import sqlite3
import sys
from collections import Counter
from contextlib import closing
from datetime import time
from pathlib import Path
from typing import Any

import pytest

from bot.commands import verify
from bot.core.flag import signature
from tests.e2e import launch_data
from tests.e2e.house import House
from tests.e2e.launch_data import ID
from tests.e2e.launch_life import CHANNEL, Life
from tests.services.rollout_bench import FlagSystem, flag_server, metrics_server

SEED = "20261123"
SHORT_LIVED = str(Path(__file__).with_name("short_lived.py"))
ENGINEER, SCIENTIST, PM, MANAGER = "U0ENG", "U0DS", "U0PM", "U0EM"
SECRET = "sesame"
LOOKS = time(9, 0, 1)
DIGESTS = time(9, 30, 1)
REPLIES = ("inbox/", "dropped/")
"""Keys of what answers a person who typed or dropped something, and perhaps did so twice."""

TOML = """\
timezone = "Asia/Tokyo"
[roles]
engineer = ["U0ENG", "U0DS"]
owner = ["U0PM"]
approver = ["U0EM"]
[signoffs]
pm = ["U0PM"]
em = ["U0EM"]
applied_ml = ["U0ENG"]
[sources.prom]
kind = "prometheus"
url = "{metrics}"
[flags]
url = "{flags}"
[data]
path = "data"
"""


@pytest.mark.timeout(600)
async def test_a_launch_lives_through_a_bot_that_keeps_dying(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the file that is dropped to the check four weeks after the launch."""
    deaths, calm = tmp_path / "deaths", tmp_path / "calm"
    (tmp_path / "data").mkdir()
    launch_data.write(tmp_path / "data")
    with metrics_server() as metrics, flag_server() as flags:
        metrics.set("turn_latency_ms_bucket", 1240)
        house = House(
            tmp_path,
            toml=TOML.format(metrics=metrics.url, flags=flags.url),
            command=(sys.executable, SHORT_LIVED),
            environment={
                "SEED": SEED,
                "DEATHS": str(deaths),
                "CALM": str(calm),
                "LOOKOUT_FLAGS_SECRET": SECRET,
            },
        )
        house.expected_warnings = ("did not acknowledge",)
        async with house:
            house.local.hub.rules.event_retries = (0.1,) * 300  # Slack's hour of patience, at this pace
            life = Life(house, SEED, calm)
            await _locked(life)
            await _rolled_out(life, flags)
            await _looked_at(life)
            await _shipped(life)
            await _after(life)
            await life.until(life.quiet, "nothing left to do")
            calm.touch()
            await house.ready()
    assert len(deaths.read_text().splitlines()) + life.struck > 12
    posted = life.said()
    assert [key for key, times in posted.items() if times > 1] == []
    assert {key for key in posted if not key.startswith((*REPLIES, "drill/"))} == set(life.expected)
    _told_in_order(flags)
    _verified(tmp_path / "lookout.db", capsys)


async def _locked(life: Life) -> None:
    """A file dropped into the channel is registered, its warnings taken on, signed by three, and locks."""
    await life.comes(0, time(10))
    await life.types(PM, "/digest subscribe daily 09:30 Asia/Tokyo", "comes here every day")
    await life.drops(SCIENTIST, "ranker.yaml", launch_data.REGISTRATION, "Register")
    await life.presses(SCIENTIST, "Register", f"experiment/{ID}/card")
    await life.presses(MANAGER, "Acknowledge 2 warnings: R123", f"launch/{ID}/2/acknowledged")
    await life.presses(PM, "Sign as pm", f"launch/{ID}/3/signed")
    await life.presses(MANAGER, "Sign as em", f"launch/{ID}/4/signed")
    await life.presses(ENGINEER, "Sign as applied_ml", f"launch/{ID}/5/signed")
    await life.posts(f"launch/{ID}/6/locked", f"launch/{ID}/rollout")


async def _rolled_out(life: Life, flags: FlagSystem) -> None:
    """Day 1 is the Monday; 1 %, 10 %, half, each once its days are over; the flag system is busy at first."""
    flags.answers.append((503, {}, "busy"))
    await life.presses(ENGINEER, "Start", f"launch/{ID}/8/stage")
    await life.posts(f"launch/{ID}/8/flags/stage")
    await _digest(life, "daily", 1)
    await life.comes(1, time(12))
    await life.presses(ENGINEER, "Advance to 10%", f"launch/{ID}/9/stage")
    await _digest(life, "daily", 2)
    await _digest(life, "daily", 3)
    await life.comes(3, time(13))
    await life.presses(ENGINEER, "Advance to 50%", f"launch/{ID}/10/stage")


async def _looked_at(life: Life) -> None:
    """Looks 1 to 3 post themselves the morning after their days; the digest comes weekly from now on."""
    await _look(life, 1, 4)
    await _digest(life, "daily", 4)
    await life.types(PM, "/digest unsubscribe daily", "No more daily digests here")
    await life.types(PM, "/digest subscribe weekly monday 09:30 Asia/Tokyo", "weekly digest comes here")
    await _digest(life, "weekly", 7)
    await _look(life, 2, 9)
    await _look(life, 3, 14)
    await life.posts(f"launch/{ID}/decision/3")
    await _digest(life, "weekly", 14)


async def _shipped(life: Life) -> None:
    """It ships, with a document, and is then given to everybody."""
    await life.sends(PM, "Ship…", f"launch/{ID}/14/decided")
    await life.posts(f"{ID}-ship-14.md")
    await life.presses(ENGINEER, "Advance to 100%", f"launch/{ID}/16/stage")


async def _after(life: Life) -> None:
    """Three weeks without a bot cost two digests, of which one is caught up; then the check and the draft."""
    await _digest(life, "weekly", 21)
    await life.comes(42, LOOKS)
    await life.posts(_digest_key(life, "weekly", 35))
    await life.posts(f"launch/{ID}/17/after", f"{ID}-retrospective.md")
    await _digest(life, "weekly", 42)


async def _look(life: Life, number: int, day: int) -> None:
    await life.comes(day, LOOKS)
    await life.posts(f"look/planned/{ID}/{number}/{life.day(day)}T00:00:00+00:00/card")


async def _digest(life: Life, kind: str, day: int) -> None:
    await life.comes(day, DIGESTS)
    await life.posts(_digest_key(life, kind, day))


def _digest_key(life: Life, kind: str, day: int) -> str:
    return f"digest/{CHANNEL}/{kind}/{life.day(day)}T09:30[Asia/Tokyo]"


def _verified(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`lookout verify` is green; with one byte of any record changed it is red and names the row."""
    assert verify.run({"LOOKOUT_DATABASE_URL": f"sqlite:///{file}"}) == 0
    assert capsys.readouterr().out.startswith("3 of 3 looks on record can be reproduced.\nThe ledger's 18 ")
    rng, copy = random.Random(SEED), file.with_name("copy.db")
    for table, key in (("ledger", "number"), ("experiment", "id"), ("look", "id")):
        with closing(sqlite3.connect(file)) as before:
            before.row_factory = sqlite3.Row
            rows = before.execute(f"SELECT * FROM {table}").fetchall()
        columns = rows[0].keys()
        for column in (name for name in columns if name != key):
            row = rng.choice([one for one in rows if one[column] is not None])
            shutil.copy(file, copy)
            with closing(sqlite3.connect(copy)) as spoilt:
                triggers = spoilt.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
                for (name,) in triggers:
                    spoilt.execute(f"DROP TRIGGER {name}")
                change = (_one_byte_of(row[column], rng), row[key])
                spoilt.execute(f"UPDATE {table} SET {column} = ? WHERE {key} = ?", change)
                spoilt.commit()
            assert verify.run({"LOOKOUT_DATABASE_URL": f"sqlite:///{copy}"}) == 1, (table, row[key], column)
            found = capsys.readouterr().out.splitlines()
            named = f"{'record' if table == 'look' else table} {row[key]}"
            assert any(line.startswith((f"{table} {row[key]}", named)) for line in found), found


def _one_byte_of(value: Any, rng: random.Random) -> Any:
    """The value with one byte changed, or put where none was."""
    if not isinstance(value, str | bytes):
        return value + 1
    if not value:
        return "x"
    at = rng.randrange(len(value))
    if isinstance(value, bytes):
        return value[:at] + bytes([value[at] ^ 1]) + value[at + 1 :]
    return value[:at] + chr(ord(value[at]) ^ 1) + value[at + 1 :]


def _told_in_order(flags: FlagSystem) -> None:
    """Every delivery signed; one may come twice, none after a later one."""
    told: list[dict[str, Any]] = []
    for headers, body, raw in flags.heard:
        signed = signature(SECRET, int(headers["X-Lookout-Timestamp"]), raw)
        assert hmac.compare_digest(headers["X-Lookout-Signature"], signed)
        if not told or told[-1]["delivery"] != body["delivery"]:
            told.append(body)
    assert [(one["event"], one["stage"]) for one in told] == [
        ("stage", "1%"), ("stage", "10%"), ("stage", "50%"), ("shipped", "50%"), ("stage", "100%"),
    ]  # fmt: skip
    assert max(Counter(one["delivery"] for one in told).values()) == 1
