"""Digests: subscribed to in words, posted once at their hour, and worth reading."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.core.inbound import Ask, Order, Place
from bot.core.launch import Kind
from bot.errors import InputError, RefusedError
from bot.services import digests, launches
from bot.services.launch_jobs import launch_jobs
from bot.store import outbox, slots, subscriptions
from bot.store.database import Database
from handlers import switchboard
from handlers.schedules import Slots
from tests.services import decision_bench
from tests.services.decision_bench import AML_05, CHANNEL, CLEAN, ENG, FLAT, ID, PM
from tests.services.incident_bench import Shown

OTHER = "C0OTHER"


class Bench(decision_bench.Bench):
    """A locked launch in #launches, and people who want to hear of it."""

    def __init__(self, db: Database, **more: Any) -> None:
        super().__init__(db, **more)
        with db.write() as session:
            outbox.remember_channel(session, "#launches", CHANNEL)

    def digest(self, verb: str, text: str = "", by: str = PM, channel: str = CHANNEL) -> None:
        """Type `/digest …` in a channel."""
        order = Order(by, Place(channel), "digest", verb, text)
        with self.db.write() as session:
            switchboard.ORDERS["digest", verb](session, self.desk, order, self._key(), self.now)

    def asked(self, channel: str = CHANNEL) -> str:
        """What `/digest status` answers."""
        ask = Ask(PM, Place(channel), "digest", "status")
        with self.db.read() as session:
            return switchboard.QUESTIONS["digest", "status"](session, self.desk, ask, self.now).text

    def tick(self) -> None:
        """The scheduler looks, then everything that is due is done."""
        slots.tick(self.db, self.now)
        worker = Slots(self.db, launch_jobs(self.db, self.desk), lambda: self.now, _fail)
        while worker.step():
            pass

    def posts(self, channel: str = CHANNEL) -> list[Shown]:
        """The digests posted in a channel."""
        found = [
            e for e in self.effects("post") if e["channel"] == channel and e["key"].startswith("digest/")
        ]
        return [Shown(e["message"]) for e in found]


def _fail(_session: object, slot: slots.Slot, _now: datetime) -> None:
    pytest.fail(f"job {slot.job} was given up")


@pytest.fixture
def bench(database: Database) -> Bench:
    """A bench on each kind of database."""
    return Bench(database)


@pytest.fixture
def lite(sqlite: Database) -> Iterator[Bench]:
    """A bench on SQLite, for what does not depend on the database."""
    return Bench(sqlite)  # type: ignore[return-value]  # a fixture that needs no tear-down


def test_a_daily_digest_comes_at_its_hour_in_its_zone_and_once(bench: Bench) -> None:
    """09:00 in Berlin; the tick and the workers run as often as they like."""
    bench.digest("subscribe", "daily 09:00 Europe/Berlin")
    bench.at(2026, 11, 23, 7).tick()
    assert bench.posts() == []
    for hour in (8, 9, 10):
        bench.at(2026, 11, 23, hour).tick()
    assert len(bench.posts()) == 1
    bench.at(2026, 11, 24, 8).tick()
    assert len(bench.posts()) == 2


def test_missed_digests_are_caught_up_once_and_cover_the_silence(lite: Bench) -> None:
    """Three days down: one digest, which says that it is late, and the next one at its hour."""
    lite.sign()
    lite.digest("subscribe", "daily 09:00 UTC")
    lite.at(2026, 11, 24, 9).tick()
    lite.at(2026, 11, 25, 12)
    lite.write(Kind.DECIDED, _decided("stop"), PM)
    lite.at(2026, 11, 28, 3).tick()
    late = lite.posts()[-1]
    assert len(lite.posts()) == 2
    assert "caught up late" in late.text
    assert "`us-mle-02-reranker` stop by <@U0PM>" in late.text
    lite.at(2026, 11, 28, 9).tick()
    assert len(lite.posts()) == 3
    assert "caught up late" not in lite.posts()[-1].text
    assert "stop by" not in lite.posts()[-1].text


def test_a_schedule_survives_a_restart(bench: Bench) -> None:
    """Made anew from the table at start-up, it neither moves nor doubles what is due."""
    bench.digest("subscribe", "weekly friday 16:00 Asia/Tokyo")
    for _ in range(3):
        with bench.db.write() as session:
            digests.schedule(session, bench.now)
    bench.at(2026, 11, 27, 7).tick()
    (only,) = bench.posts()
    assert only.notification.startswith("Launch week · Fri 27 Nov")


def test_an_hour_that_the_clock_change_leaves_out_or_repeats_comes_once(lite: Bench) -> None:
    """02:30 in Berlin on 28 March and on 31 October 2027."""
    lite.digest("subscribe", "daily 02:30 Europe/Berlin")
    for day, start in (((2027, 3, 28), 0), ((2027, 10, 31), 0)):
        lite.at(*day, start)
        lite.tick()
        before = len(lite.posts())
        for half in range(8):
            lite.now = datetime(*day, tzinfo=UTC) + timedelta(minutes=30 * half)
            lite.tick()
        assert len(lite.posts()) == before + 1


def test_the_digest_says_how_a_running_launch_stands(lite: Bench) -> None:
    """Days, next look, alpha spent, worst guardrail with its distance, split, freshness, age of the look."""
    lite.sign().stage()
    lite.look({**CLEAN, "useful_answer_rate": (0.183, 0.186, 0.04)}, number=2)
    lite.digest("now")
    lite.tick()
    text = lite.posts()[-1].text
    line = next(one for one in text.splitlines() if f"`{ID}` ·" in one)
    assert "day 14 of 14 (over)" in line or "day" in line
    assert re.search(r"look 3 \w{3} \d+ \w{3} \d\d:\d\d UTC", line)
    assert "alpha 0.0031 of 0.05 spent" in line
    assert "worst guardrail" in line
    assert "left" in line
    assert "split fine" in line
    assert "as of look 2, 0 s ago" in line
    assert "Offline→online correlation: unknown, no launch has both deltas on record yet" in text


def test_a_veto_needs_somebody_and_stands_first(lite: Bench) -> None:
    """The notification says how many need somebody; the line says how far CSAT is beyond its line."""
    lite.sign().stage()
    lite.look(AML_05)
    lite.digest("now")
    lite.tick()
    shown = lite.posts()[-1]
    assert "1 running. One needs somebody." in shown.notification
    assert "⚠ `us-mle-02-reranker` vetoed: open the investigation, or stop it" in shown.text
    assert "✗ `us-mle-02-reranker`" in shown.text
    assert "worst guardrail csat" in shown.text
    assert "0.43 points beyond (veto)" in shown.text
    lite.press("Open investigation", ENG)
    lite.write(Kind.TASK_DONE, {"task": "hold.1", "note": ""}, ENG)
    lite.now += timedelta(minutes=1)
    lite.digest("now")
    lite.tick()
    assert (
        "⚠ `us-mle-02-reranker` vetoed: 5 of 6 tasks of the investigation are left; stop it, or run it again"
        in lite.posts()[-1].text
    )


def test_a_signature_waited_for_is_overdue_after_two_days(lite: Bench) -> None:
    """Registered on 3 November and unsigned: who has not signed, and since when."""
    lite.at(2026, 11, 4)
    lite.digest("now")
    lite.tick()
    assert "waits for the signature of pm, em, applied_ml" in lite.posts()[-1].text
    assert "*Overdue*" not in lite.posts()[-1].text
    lite.at(2026, 11, 6)
    lite.digest("now")
    lite.tick()
    assert "• sign-off em for `us-mle-02-reranker`: 3 d" in lite.posts()[-1].text


def test_a_look_whose_data_do_not_come_is_late(lite: Bench) -> None:
    """Its moment is past and nothing is on record."""
    lite.sign().stage().at(2026, 11, 9, 18)
    lite.digest("now")
    lite.tick()
    assert "data late: look 1 was due" in lite.posts()[-1].text


def test_the_weekly_digest_adds_what_happened_with_the_lifts(lite: Bench) -> None:
    """Looks with verdict, effect and interval."""
    lite.sign().stage()
    lite.look({**CLEAN, "useful_answer_rate": (0.183, 0.186, 0.04)}, number=2)
    lite.now += timedelta(hours=1)
    lite.digest("now", "weekly")
    lite.tick()
    text = lite.posts()[-1].text
    assert "*What happened over the week*" in text
    assert "look 2: CONTINUE, +1.6" in text


def test_verdicts_under_a_plan_changed_after_a_look_say_so_in_the_digest(lite: Bench) -> None:
    """Only those since; the change itself stands between them."""
    lite.sign().stage().at(2026, 11, 20, 3).look(FLAT, number=1)
    sha256 = lite.launch().sha256
    proposal = {"sha256": sha256, "text_sha256": "", "reason": "x", "diff": [], "touches": ["primary"]}
    lite.write(Kind.AMENDMENT, proposal | {"breaking": True, "signoffs": [], "warnings": []}, PM)
    lite.write(Kind.AMENDED, {"sha256": sha256, "breaking": True}, PM)
    lite.look(FLAT, number=2)
    lite.now += timedelta(hours=1)
    lite.digest("now", "weekly")
    lite.tick()
    text = lite.posts()[-1].text
    assert "look 1: CONTINUE, " in text
    assert "amended, breaking the plan" in text
    assert "look 2: CONTINUE (under a plan changed after a look), " in text


def test_nothing_to_say_is_one_line(lite: Bench) -> None:
    """A channel without launches."""
    lite.digest("now", channel=OTHER)
    lite.tick()
    (only,) = lite.posts(OTHER)
    assert len(only.blocks) == 1
    assert "no launch is going on, nothing was decided, nothing is overdue" in only.notification


def test_a_channel_hears_of_its_own_launches_and_the_launches_channel_of_all(lite: Bench) -> None:
    """Moved away, a launch is still in the digest of #launches, with its home."""
    lite.sign().stage()
    with lite.db.write() as session:
        launches.note(session, ID, Kind.MOVED, by=PM, body={"channel": OTHER}, now=lite.now)
    lite.digest("now")
    lite.digest("now", channel=OTHER)
    lite.digest("now", channel="C0THIRD")
    lite.tick()
    assert f"`{ID}`" in lite.posts()[-1].text
    assert f"<#{OTHER}>" in lite.posts()[-1].text
    assert f"`{ID}`" in lite.posts(OTHER)[-1].text
    assert ID not in str(lite.posts("C0THIRD")[-1])


def test_unsubscribing_ends_it_even_while_it_is_being_made(bench: Bench) -> None:
    """The schedule, what waits, and what is just being put together."""
    bench.digest("subscribe", "daily 09:00 UTC")
    finish = digests.post(bench.db, bench.desk, {"channel": CHANNEL, "digest": "daily"}, bench.now)
    bench.digest("unsubscribe", "daily")
    with bench.db.write() as session:
        finish(session)
    bench.at(2026, 11, 24, 12).tick()
    assert bench.posts() == []
    assert bench.asked().startswith("This channel gets no digest.")
    with pytest.raises(InputError, match="This channel gets no daily digest"):
        bench.digest("unsubscribe", "daily")


def test_subscribing_again_changes_the_hour_or_says_that_nothing_changed(bench: Bench) -> None:
    """What is left out stays as it was."""
    bench.digest("subscribe", "daily 09:00 Europe/Berlin")
    bench.digest("subscribe", "daily")
    bench.digest("subscribe", "daily 17:30")
    said = [e["message"]["text"] for e in bench.effects("post")]
    assert "comes here every day at 09:00 Europe/Berlin" in said[0]
    assert "gets the daily digest already, every day at 09:00 Europe/Berlin" in said[1]
    assert "changed to every day at 17:30 Europe/Berlin" in said[2]
    with bench.db.read() as session:
        assert [row.at for row in subscriptions.every(session)] == ["17:30"]
    bench.at(2026, 11, 23, 9).tick()
    assert bench.posts() == []
    bench.at(2026, 11, 23, 17).tick()
    assert len(bench.posts()) == 1


def test_the_zone_left_out_is_the_channels(lite: Bench) -> None:
    """As configured by its name, else the configured one."""
    assert "09:00 UTC" in _subscribed(lite, "daily", OTHER)
    settings = lite.desk.settings.model_copy(
        update={
            "launches": lite.desk.settings.launches.model_copy(update={"zones": {"launches": "Asia/Tokyo"}})
        }
    )
    object.__setattr__(lite.desk, "settings", settings)
    assert "09:00 Asia/Tokyo" in _subscribed(lite, "daily", CHANNEL)


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("", "No digest was named"),
        ("hourly", "Read `hourly`; there is a daily and a weekly one"),
        ("daily 25:00", "`25:00` is no time of day: hours go from 00:00 to 23:59"),
        ("daily 9:60", "`9:60` is no time of day"),
        ("daily 9", "`9` is no time of day"),
        ("daily 09:00 Mars/Base", "`Mars/Base` is neither a time nor an IANA time zone"),
        ("daily ../etc/passwd", "is neither a time nor an IANA time zone"),
        ("daily monday", "A daily digest has no weekday"),
        ("daily <!channel>", "`&lt;!channel&gt;` is neither"),
    ],
)
def test_a_wish_that_cannot_be_read_is_told_what_is_expected(lite: Bench, typed: str, message: str) -> None:
    """Which word, what it should be, an example; nothing is subscribed."""
    with pytest.raises(InputError) as caught:
        lite.digest("subscribe", typed)
    assert message in caught.value.message
    assert "/digest subscribe daily 09:00 Europe/Berlin" in caught.value.hint
    with lite.db.read() as session:
        assert subscriptions.every(session) == []


def test_subscribing_takes_a_role(lite: Bench) -> None:
    """The refusal names the role; posting one now is for everybody."""
    for verb in ("subscribe", "unsubscribe"):
        with pytest.raises(RefusedError, match="To change what Lookout posts takes the role owner"):
            lite.digest(verb, "daily", by=ENG)
    lite.digest("now", by=ENG)
    lite.tick()
    assert len(lite.posts()) == 1


def _subscribed(bench: Bench, text: str, channel: str) -> str:
    bench.digest("subscribe", text, channel=channel)
    said: str = bench.effects("post")[-1]["message"]["text"]
    return said


def _decided(decision: str) -> dict[str, Any]:
    return {
        "decision": decision,
        "verdict": "continue",
        "record": 0,
        "look": 0,
        "acknowledged": [],
        "override": None,
        "reason": "enough",
    }
