"""Planned looks post by themselves at their hour: once, in the channel's zone, whatever happens meanwhile."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.core.launch import Kind, State
from bot.errors import StaleError
from bot.services import (
    deciding,
    look_keeping,
    looking,
    planned_looks,
    scheduled_looks,
)
from bot.store import slots
from bot.store.database import Database
from tests.services.incident_bench import Shown
from tests.services.look_bench import CHANNEL, EM, ID, ML, PM, TEXT, LookBench, berlin, order

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")


@pytest.fixture(autouse=True)
def _undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """No chart is drawn: that takes a second a look, and is tested elsewhere."""
    monkeypatch.setattr(looking.chart, "png", lambda *_: b"\x89PNG")


@pytest.fixture
def bench(database: Database, tmp_path: Path) -> LookBench:
    """A locked launch whose data are all there, on either kind of database."""
    return LookBench(database, tmp_path)


def test_every_planned_look_posts_by_itself_at_its_hour(bench: LookBench) -> None:
    """Four looks, four cards, each at nine in Berlin on the morning after its day."""
    bench.at(berlin(25) - timedelta(seconds=1))
    assert bench.cards() == []
    bench.at(datetime(2026, 12, 6, tzinfo=UTC))
    assert [one.header.partition(":")[0] for one in bench.cards()] == [f"Look {n} of 4" for n in (1, 2, 3, 4)]
    assert [one.taken_at for one in bench.records] == [berlin(25), berlin(28), berlin(32), berlin(35)]
    assert [(one.planned, one.channel, one.asked_by) for one in bench.records] == [(True, CHANNEL, "")] * 4
    assert [one.body["record"] for one in bench.entries(Kind.LOOK)] == [1, 2, 3, 4]


def test_the_card_says_the_verdict_first_and_then_what_next_and_when(bench: LookBench) -> None:
    """As a phone shows it: the verdict, p beside its boundary, and the hour of the next look."""
    card = bench.at(berlin(28)).cards()[1]
    assert card.notification == (
        "Look 2 of 4: CONTINUE · ASOS experiment 0bad33. p = 0.309, and look 2 stops only below 0.0030. "
        "Nothing to decide before Wed 2 Dec 09:00 CET (look 3, after day 11)."
    )
    assert "Alpha spent 0.0031 of 0.05 · split 50.0/50.0, fine · data to day 7 (Fri 27 Nov)" in card.text
    assert "head" in card.text.splitlines()[-1]
    assert [one["key"] for one in bench.effects("upload", "look/")] == [
        f"look/planned/{ID}/{n}/{berlin(day).isoformat()}/chart" for n, day in ((1, 25), (2, 28))
    ]


def test_a_look_is_posted_once_however_often_its_slot_is_worked_off(bench: LookBench) -> None:
    """Another replica makes the same slots again at every start, and takes the look at the same moment."""
    bench.at(berlin(25))
    with bench.db.write() as session:
        scheduled_looks.plan_looks(session, bench.desk, bench.launch, bench.now)
    payload = {"experiment": ID, "look": 1, "moment": berlin(25).isoformat()}
    finish = planned_looks.run(bench.db, bench.desk, payload, bench.now)
    with bench.db.write() as session:
        finish(session)
    assert bench.work() == 0
    assert (len(bench.cards()), len(bench.records), len(bench.entries(Kind.LOOK))) == (1, 1, 1)


@pytest.mark.parametrize(
    ("start", "at", "posted", "said"),
    [
        (
            "2027-03-24",
            "02:30",
            datetime(2027, 3, 28, 1, 30, tzinfo=UTC),
            "Sun 28 Mar 03:30 CEST (the clock leaves out 02:30 that day): ",
        ),
        (
            "2027-10-27",
            "02:30",
            datetime(2027, 10, 31, 0, 30, tzinfo=UTC),
            "Sun 31 Oct 02:30 CEST (02:30 comes twice that day: the first): ",
        ),
        ("2027-03-24", "09:00", datetime(2027, 3, 28, 7, 0, tzinfo=UTC), "Sun 28 Mar 09:00 CEST: "),
        ("2027-10-27", "09:00", datetime(2027, 10, 31, 8, 0, tzinfo=UTC), "Sun 31 Oct 09:00 CET: "),
    ],
    ids=["spring, left out", "autumn, twice", "spring", "autumn"],
)
def test_on_a_clock_change_a_look_is_posted_once_at_the_hour_its_registration_names(
    database: Database, tmp_path: Path, start: str, at: str, posted: datetime, said: str
) -> None:
    """An hour that does not exist is meant by as much later; one that comes twice, its first time."""
    text = TEXT.replace("2026-11-21", start) + f'schedule: {{at: "{at}"}}\n'
    bench = LookBench(database, tmp_path, text)
    assert f"Look 1, after day 4, posts {said}" in Shown(bench.effects("post")[0]["message"]).text
    bench.at(posted - timedelta(seconds=1))
    assert bench.cards() == []
    bench.at(posted + timedelta(hours=3))
    assert [one.taken_at for one in bench.records] == [posted]


def test_a_process_that_was_down_over_the_hour_posts_late_once_and_says_so(bench: LookBench) -> None:
    """Two looks missed come in their order, each once, each with when it was due."""
    bench.sleep_until(berlin(28, 14)).work()
    assert [one.number for one in bench.records] == [1, 2]
    first, second = bench.cards()
    assert "Posted late: it was due Wed 25 Nov 09:00 CET." in first.text
    assert "Posted late: it was due Sat 28 Nov 09:00 CET." in second.text
    assert bench.work() == 0


def test_a_process_killed_between_claim_and_store_leaves_a_look_that_is_taken_again(bench: LookBench) -> None:
    """Its lease runs out, another one takes the slot, and what the first computed can no longer be stored."""
    bench.sleep_until(berlin(25))
    slot = slots.claim(bench.db, now=bench.now, lease=timedelta(minutes=2))
    assert slot is not None
    finish = planned_looks.run(bench.db, bench.desk, slot.payload, bench.now)
    assert bench.work() == 0
    bench.sleep_until(berlin(25, 9, 3)).work()
    assert len(bench.records) == 1
    with bench.db.write() as session:
        finish(session)
        assert not slots.done(session, slot)
        session.rollback()
    assert (len(bench.cards()), len(bench.records), len(bench.entries(Kind.LOOK))) == (1, 1, 1)


def test_two_looks_asked_for_at_once_are_one_record_and_one_card(bench: LookBench) -> None:
    """By hand while the schedule computes it: the one who asks is told, and nothing more is started."""
    bench.sleep_until(berlin(25) + timedelta(seconds=3))
    assert bench.ask(1) == ""
    assert bench.told().notification == (
        f"Look 1 of {ID} is being computed since 3 s; its card comes by itself. Nothing more was started."
    )
    bench.work()
    bench.ask(1, by=EM)
    bench.work()
    assert (len(bench.cards()), len(bench.records), len(bench.entries(Kind.LOOK))) == (1, 1, 1)
    assert "is on record already, on the same data: CONTINUE (record 1" in bench.told().text


def test_two_that_were_both_computed_are_stored_once(bench: LookBench) -> None:
    """The second finds the first on record when it has the ledger's lock, and tells who asked."""
    bench.sleep_until(berlin(25))
    taken = [looking.take(bench.db, bench.desk, ID, 1) for _ in (1, 2)]
    asked = {"channel": CHANNEL, "asked_at": bench.now.isoformat()}
    for number, (by, one) in enumerate(zip((PM, EM), taken, strict=True)):
        with bench.db.write() as session:
            look_keeping.keep(session, bench.desk, one, {**asked, "by": by, "slot": f"s{number}"}, bench.now)
    assert (len(bench.cards()), len(bench.records), len(bench.entries(Kind.LOOK))) == (1, 1, 1)
    assert "on record already" in bench.told().text


def test_a_look_is_not_held_again_because_its_data_changed(bench: LookBench) -> None:
    """Asking again and again until rewritten rows say SHIP is peeking: what was seen first stands."""
    bench.at(datetime(2026, 11, 25, 12, tzinfo=UTC))
    (first,) = bench.records
    bench.data(range(1, 15), lift=0.02)
    bench.ask(1)
    bench.work()
    assert bench.records == (first,)
    assert len(bench.entries(Kind.LOOK)) == 1
    (told,) = [one for one in bench.effects("ephemeral") if one["key"].endswith("/told")]
    assert "is on record already, and the data have changed since: CONTINUE" in told["message"]["text"]


def test_an_invalid_look_is_taken_again_once_its_data_are_sound(bench: LookBench) -> None:
    """It judged nothing, so nothing is spent."""
    table = bench.folder / "daily.csv"
    table.write_text(re.sub(r"(4,t,m\d),120000", r"\1,60000", sound := table.read_text()))
    bench.at(datetime(2026, 11, 25, 12, tzinfo=UTC))
    assert [one.verdict for one in bench.records] == ["invalid"]
    table.write_text(sound)
    bench.ask(1)
    bench.work()
    assert [one.verdict for one in bench.records] == ["invalid", "continue"]


def test_an_amendment_between_computing_and_storing_has_the_look_computed_anew(bench: LookBench) -> None:
    """Nothing that was computed under the old text is kept; the record is of the text in force."""
    bench.sleep_until(berlin(25))
    payload = {"experiment": ID, "look": 1, "moment": berlin(25).isoformat()}
    finish = planned_looks.run(bench.db, bench.desk, payload, bench.now)
    before = bench.launch.sha256
    bench.amend(TEXT.replace("title: ASOS", "title: The ASOS"))
    assert bench.launch.sha256 != before
    with bench.db.write() as session:
        finish(session)
    assert bench.records == ()
    bench.work()
    assert [one.sha256 for one in bench.records] == [bench.launch.sha256]
    assert len(bench.cards()) == 1


def test_an_amendment_that_moves_the_looks_moves_the_slots(bench: LookBench) -> None:
    """The old moment passes in silence; the new one posts."""
    bench.amend(TEXT.replace("[4, 7, 11, 14]", "[5, 14]"))
    bench.at(berlin(25, 12))
    assert bench.records == ()
    bench.at(berlin(26, 12))
    assert [(one.number, one.day) for one in bench.records] == [(1, 5.0)]


def test_a_plan_broken_by_an_amendment_is_said_on_every_later_card(bench: LookBench) -> None:
    """Who, when and why, on each look after it."""
    bench.at(berlin(25, 12))
    bench.amend(TEXT.replace("[4, 7, 11, 14]", "[4, 8, 11, 14]"), breaking=True)
    bench.at(berlin(32, 12))
    assert [(one.number, one.day) for one in bench.records] == [(1, 4.0), (2, 8.0), (3, 11.0)]
    before, *after = bench.cards()
    assert "broken" not in before.text
    for card in after:
        assert f"⚠ The plan was changed after a look by <@{ML}>" in card.text
        assert "the traffic halved since" in card.text
        assert "⚠ The plan was changed after a look." in card.notification


def test_no_look_is_taken_after_the_launch_was_decided(bench: LookBench) -> None:
    """Its slots pass in silence, and a message that says it waits is put right."""
    bench.data(range(1, 4))
    bench.at(berlin(25, 9, 10))
    reason = "the traffic is needed elsewhere"
    with bench.db.write() as session:
        deciding.order_stop(session, bench.desk, order(reason, PM, "stop"), "k", bench.now)
    bench.data(range(1, 15))
    bench.at(datetime(2026, 12, 6, tzinfo=UTC))
    assert bench.records == ()
    assert "Look 1 of 4 no longer waits for its data: it was decided" in bench.waits()[-1].text


def test_no_look_is_taken_after_a_veto(bench: LookBench) -> None:
    """The veto stands; the decision card is there, and the later looks stay away."""
    bench.data(range(1, 15), lift=-0.004)
    bench.at(berlin(25))
    assert bench.launch.state is State.VETOED
    assert len([one for one in bench.effects("post") if "decision" in one["key"]]) == 1
    bench.at(datetime(2026, 12, 6, tzinfo=UTC))
    assert [one.number for one in bench.records] == [1]


def test_a_look_asked_for_after_a_veto_is_refused_with_why(bench: LookBench) -> None:
    """In words: which look vetoed, and that no later one outweighs it."""
    bench.data(range(1, 15), lift=-0.004)
    bench.at(berlin(28, 12))
    with pytest.raises(StaleError, match=r"look 1 vetoed .*, and no later look outweighs a veto"):
        bench.ask(2)


def test_a_look_that_allows_a_launch_is_followed_by_its_decision_card(bench: LookBench) -> None:
    """The card says so, and the next message has the buttons."""
    bench.data(range(1, 15), lift=0.01)
    bench.at(berlin(25))
    assert "The decision card follows." in bench.cards()[0].text
    posts = [one["key"] for one in bench.effects("post")]
    after = posts[posts.index(f"look/planned/{ID}/1/{berlin(25).isoformat()}/card") + 1 :]
    assert after == [one for one in posts if "decision" in one]
    assert len(after) == 1


def test_without_a_start_a_look_is_asked_for_by_hand_until_somebody_starts_it(
    database: Database, tmp_path: Path
) -> None:
    """Then every look has its moment."""
    bench = LookBench(database, tmp_path, TEXT.replace("\n  start: 2026-11-21", ""))
    bench.at(berlin(29))
    assert bench.records == ()
    bench.note(Kind.STARTED, ML, date="2026-11-29")
    with bench.db.write() as session:
        scheduled_looks.plan_looks(session, bench.desk, bench.launch, bench.now)
    bench.at(berlin(33))
    assert [(one.number, one.taken_at) for one in bench.records] == [(1, berlin(33))]
