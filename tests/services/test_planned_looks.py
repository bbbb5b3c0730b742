"""Planned looks post by themselves at their hour: once, in the channel's zone, whatever happens meanwhile."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.core.launch import Kind, State
from bot.errors import StaleError
from bot.services import (
    amending,
    deciding,
    look_asking,
    look_keeping,
    looking,
    planned_looks,
    scheduled_looks,
)
from bot.store import slots
from bot.store.database import Database
from handlers.jobs import given_up, jobs
from handlers.schedules import Slots
from tests.services.incident_bench import Shown
from tests.services.look_bench import CHANNEL, EM, ID, ML, OPS, PM, TEXT, LookBench, order

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")


def berlin(day: int, hour: int = 9, minute: int = 0) -> datetime:
    """An hour of a November day (31 is 1 December) as clocks in Berlin show it, which is CET."""
    return datetime(2026, 11, 1, tzinfo=UTC) + timedelta(days=day - 1, hours=hour - 1, minutes=minute)


@pytest.fixture(autouse=True)
def _undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """No chart is drawn: that takes a second a look, and is tested elsewhere."""
    monkeypatch.setattr(looking.chart, "png", lambda *_: b"\x89PNG")


@pytest.fixture
def bench(database: Database, tmp_path: Path) -> LookBench:
    """A locked launch whose data are all there, on either kind of database."""
    return LookBench(database, tmp_path)


def waits(bench: LookBench) -> list[Shown]:
    """The message that tells of the wait, and what became of it, in order."""
    every = [*bench.effects("post"), *bench.effects("update")]
    return [Shown(one["message"]) for one in every if one["key"].endswith("/waiting")]


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


def test_data_that_are_late_are_waited_for_and_said_to_be_so_once(bench: LookBench) -> None:
    """One message, edited while it tries again; then the card."""
    bench.data(range(1, 4))
    bench.at(berlin(25, 10, 20))
    assert len([one for one in bench.effects("post") if one["key"].endswith("/waiting")]) == 1
    assert waits(bench)[0].notification == (
        "Look 1 of 4 waits for its data · ASOS experiment 0bad33: daily.csv ends on day 3; the look is at "
        "day 4. It tries again Wed 25 Nov 09:30 CET, until Wed 25 Nov 11:00 CET; then its owner is called."
    )
    assert "It tries again Wed 25 Nov 10:30 CET" in waits(bench)[-1].text
    bench.data(range(1, 5))
    bench.at(berlin(25, 10, 40))
    assert [one.taken_at for one in bench.records] == [berlin(25, 10, 30)]
    assert "Posted late: it was due Wed 25 Nov 09:00 CET." in bench.cards()[0].text
    assert "its data came by Wed 25 Nov 10:30 CET, and its card follows" in waits(bench)[-1].text


def test_data_that_do_not_come_by_the_deadline_call_the_owner(bench: LookBench) -> None:
    """In the launch's channel and in ops, once each; it is on record, and says what to do by hand."""
    bench.data(range(1, 4))
    bench.at(berlin(25, 15))
    assert [one.body["look"] for one in bench.entries(Kind.LATE)] == [1]
    pages = [one for one in bench.effects("post", "launch/") if "/late/" in one["key"]]
    assert [one["channel"] for one in pages] == [CHANNEL, OPS]
    page = Shown(pages[0]["message"])
    assert page.header == "Look 1 of 4 was not taken: its data did not come"
    assert f"<@{PM}>" in page.text
    assert f"`/experiment look {ID} 1`" in page.text
    assert "daily.csv ends on day 3; the look is at day 4" in page.text
    assert "no data by the deadline" in waits(bench)[-1].header
    assert bench.records == ()


def test_data_that_come_after_the_deadline_are_looked_at_by_hand(bench: LookBench) -> None:
    """The look given up goes on record when somebody asks, and the next one comes at its hour."""
    bench.data(range(1, 4))
    bench.at(berlin(26))
    bench.data(range(1, 15))
    bench.ask(1)
    bench.at(berlin(26, 10))
    assert [(one.number, one.day, one.asked_by) for one in bench.records] == [(1, 4.0, PM)]
    bench.at(berlin(28))
    assert [one.number for one in bench.records] == [1, 2]


def test_a_look_nobody_took_counts_as_held_by_the_next_one(bench: LookBench) -> None:
    """Its alpha is spent on its day all the same: the next look asks what the plan has for it."""
    bench.data(range(1, 4))
    bench.at(berlin(27))
    bench.data(range(1, 15))
    bench.at(berlin(28))
    assert [(one.number, one.earlier) for one in bench.records] == [(2, (4.0,))]
    assert "look 2 stops only below 0.0030" in bench.cards()[0].text


def test_a_source_that_is_down_is_waited_for(bench: LookBench) -> None:
    """What it answered is in the message; nothing is half-done."""
    table = bench.folder / "daily.csv"
    away = table.rename(bench.folder / "gone.csv")
    bench.at(berlin(25))
    assert "daily.csv" in waits(bench)[0].text
    assert bench.records == ()
    away.rename(table)
    bench.at(berlin(25, 9, 30))
    assert [one.number for one in bench.records] == [1]


def test_a_column_renamed_between_looks_is_named_with_what_is_there_now(bench: LookBench) -> None:
    """The second look waits instead of judging without the metric, and says which column is missing."""
    bench.at(berlin(27))
    bench.data(range(1, 15), spoilt="average")
    bench.at(berlin(28))
    said = waits(bench)[0].text
    assert "no column mean" in said
    assert "average" in said
    assert len(bench.records) == 1
    bench.data(range(1, 15))
    bench.at(berlin(28, 9, 30))
    assert [one.number for one in bench.records] == [1, 2]


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


def amend(bench: LookBench, text: str, *, breaking: bool = False) -> None:
    """An amendment comes into force."""
    proposal = amending.Proposal(ML, text, "daily.yaml", "the traffic halved since", breaking)
    with bench.db.write() as session:
        amending.propose(session, bench.desk, ID, proposal, bench.now)


def test_an_amendment_between_computing_and_storing_has_the_look_computed_anew(bench: LookBench) -> None:
    """Nothing that was computed under the old text is kept; the record is of the text in force."""
    bench.sleep_until(berlin(25))
    payload = {"experiment": ID, "look": 1, "moment": berlin(25).isoformat()}
    finish = planned_looks.run(bench.db, bench.desk, payload, bench.now)
    before = bench.launch.sha256
    amend(bench, TEXT.replace("title: ASOS", "title: The ASOS"))
    assert bench.launch.sha256 != before
    with bench.db.write() as session:
        finish(session)
    assert bench.records == ()
    bench.work()
    assert [one.sha256 for one in bench.records] == [bench.launch.sha256]
    assert len(bench.cards()) == 1


def test_an_amendment_that_moves_the_looks_moves_the_slots(bench: LookBench) -> None:
    """The old moment passes in silence; the new one posts."""
    amend(bench, TEXT.replace("[4, 7, 11, 14]", "[5, 14]"))
    bench.at(berlin(25, 12))
    assert bench.records == ()
    bench.at(berlin(26, 12))
    assert [(one.number, one.day) for one in bench.records] == [(1, 5.0)]


def test_a_plan_broken_by_an_amendment_is_said_on_every_later_card(bench: LookBench) -> None:
    """Who, when and why, on each look after it."""
    bench.at(berlin(25, 12))
    amend(bench, TEXT.replace("[4, 7, 11, 14]", "[4, 8, 11, 14]"), breaking=True)
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
    assert "Look 1 of 4 no longer waits for its data: it was decided" in waits(bench)[-1].text


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


def test_a_renamed_column_says_what_to_do_about_it(bench: LookBench) -> None:
    """While it waits, when the owner is called, and to whoever asks by hand."""
    bench.at(berlin(27))
    bench.data(range(1, 15), spoilt="average")
    bench.at(berlin(28, 12))
    mend = "give it back under its old name (a view will do), or amend the registration"
    pages = [Shown(one["message"]) for one in bench.effects("post", "launch/") if "/late/" in one["key"]]
    bench.ask(2)
    bench.work()
    by_hand = bench.cards()[-1]
    assert by_hand.header == "Look 2 of 4: not taken, the data could not be read"
    for said in (waits(bench)[0].text, pages[0].text, by_hand.text):
        assert "no column mean" in said
        assert "average" in said
        assert mend in said
    assert len(bench.records) == 1


def test_an_amendment_that_names_the_new_column_lets_the_look_be_taken(bench: LookBench) -> None:
    """At the next try; it breaks the plan, and the card says so."""
    bench.at(berlin(27))
    bench.data(range(1, 15), spoilt="average")
    bench.at(berlin(28, 9, 10))
    amend(bench, TEXT.replace("n: count}", "n: count, mean: average}"), breaking=True)
    bench.at(berlin(28, 10))
    assert [(one.number, one.taken_at) for one in bench.records] == [
        (1, berlin(25)),
        (2, berlin(28, 9, 30)),
    ]
    assert "⚠ The plan was changed after a look" in bench.cards()[-1].text


ROWS = """
id: asos-0bad33
title: Rows
owner: asos
hypothesis: {intervention: do(x = 1), h0: no lift, h1: a lift, disconfirming: [no lift]}
arms: {control: c, treatment: t}
horizon_days: 14
data: {path: rows.csv, unit: user, arm: arm, day: day, start: 2026-11-21}
metrics:
  rate: {kind: mean, column: rate}
  csat: {kind: mean, column: csat}
primary: {metric: rate, baseline: 0.5, sd: 0.3, mde: {relative: 0.05}}
sequential: {looks: [4, 7, 11, 14]}
guardrails:
  - {metric: csat, max_relative_regression: 0.2}
"""


def rows(folder: Path, days: int, csat: str = "csat") -> None:
    """A unit a day and arm and some, with two figures each."""
    lines = [f"user,arm,day,rate,{csat}"]
    for user in range(days * 20):
        day, arm = user % days + 1, "ct"[user // days % 2]
        lines.append(f"{user},{arm},{day},{0.5 + user % 7 / 20},{4 + user % 5 / 10}")
    (folder / "rows.csv").write_text("\n".join(lines), encoding="utf-8")


def test_a_guardrail_whose_column_is_gone_is_waited_for_and_by_hand_is_unknown(
    database: Database, tmp_path: Path
) -> None:
    """The schedule does not judge without what an earlier look had; who asks by hand sees what is missing."""
    rows(tmp_path, 14)
    bench = LookBench(database, tmp_path, ROWS)
    bench.at(berlin(27))
    assert [one.number for one in bench.records] == [1]
    rows(tmp_path, 14, csat="stars")
    bench.at(berlin(28))
    said = waits(bench)[0].text
    assert "an earlier look had what is no longer there. csat: rows.csv has no column csat" in said
    assert "it has user, arm, day, rate, stars" in said
    bench.ask(2)
    bench.work()
    assert [one.number for one in bench.records] == [1, 2]
    assert "? csat: unknown, rows.csv has no column csat (csat); it has user, arm, day, rate, stars" in (
        bench.cards()[-1].text
    )
    bench.at(berlin(28, 10))
    assert "no longer waits for its data: it is on record" in waits(bench)[-1].text


def test_rows_that_lag_are_waited_for(database: Database, tmp_path: Path) -> None:
    """Rows up to day 3 at the look of day 4; with a lag allowed in the registration it is taken."""
    rows(tmp_path, 3)
    bench = LookBench(database, tmp_path, ROWS).at(berlin(25))
    assert "rows.csv ends on day 3; the look is at day 4" in waits(bench)[0].text
    rows(tmp_path, 4)
    bench.at(berlin(25, 9, 30))
    assert [one.number for one in bench.records] == [1]


@pytest.mark.parametrize("by_hand", [False, True])
def test_a_look_at_which_lookout_itself_fails_is_said_where_it_was_to_come(
    bench: LookBench, by_hand: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the last try: the owner is called for one on schedule; ops hears of both."""
    bench.at(berlin(25) - timedelta(minutes=1))

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(planned_looks if not by_hand else look_asking, "take", broken)
    worker = Slots(bench.db, jobs(bench.db, bench.desk), lambda: bench.now, given_up(bench.desk))
    if by_hand:
        with bench.db.write() as session:
            look_asking.ask(session, bench.launch, look=1, by=PM, channel=CHANNEL, thread=None, now=bench.now)
    for _ in range(6):
        bench.sleep_until(bench.now + timedelta(minutes=1))
        while worker.step():
            pass
    posts = [Shown(one["message"]) for one in bench.effects("post")]
    heads = [one.header for one in posts if any(b["type"] == "header" for b in one.blocks)]
    if by_hand:
        assert "Look 1 of 4: not taken, Lookout failed at it" in heads
    else:
        assert heads.count("Look 1 of 4 was not taken: Lookout failed at it") == 2
        assert [one.body["look"] for one in bench.entries(Kind.LATE)] == [1]
    assert any("was given up after 5 tries" in one.notification for one in posts)
