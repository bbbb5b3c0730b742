"""A look whose data are late, gone or renamed: said once, tried again, then people are called."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.core.launch import Kind
from bot.services import (
    look_asking,
    looking,
    planned_looks,
)
from bot.store.database import Database
from handlers.jobs import given_up, jobs
from handlers.schedules import Slots
from tests.services.incident_bench import Shown
from tests.services.look_bench import CHANNEL, ID, OPS, PM, TEXT, LookBench, berlin

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")


@pytest.fixture(autouse=True)
def _undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """No chart is drawn: that takes a second a look, and is tested elsewhere."""
    monkeypatch.setattr(looking.chart, "png", lambda *_: b"\x89PNG")


@pytest.fixture
def bench(sqlite: Database, tmp_path: Path) -> LookBench:
    """A locked launch whose data are all there."""
    return LookBench(sqlite, tmp_path)


def test_data_that_are_late_are_waited_for_and_said_to_be_so_once(bench: LookBench) -> None:
    """One message, edited while it tries again; then the card."""
    bench.data(range(1, 4))
    bench.at(berlin(25, 10, 20))
    assert len([one for one in bench.effects("post") if one["key"].endswith("/waiting")]) == 1
    assert bench.waits()[0].notification == (
        "Look 1 of 4 waits for its data · ASOS experiment 0bad33: daily.csv ends on day 3; the look is at "
        "day 4. It tries again Wed 25 Nov 09:30 CET, until Wed 25 Nov 11:00 CET; then its owner is called."
    )
    assert "It tries again Wed 25 Nov 10:30 CET" in bench.waits()[-1].text
    bench.data(range(1, 5))
    bench.at(berlin(25, 10, 40))
    assert [one.taken_at for one in bench.records] == [berlin(25, 10, 30)]
    assert "Posted late: it was due Wed 25 Nov 09:00 CET." in bench.cards()[0].text
    assert "its data came by Wed 25 Nov 10:30 CET, and its card follows" in bench.waits()[-1].text


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
    assert "no data by the deadline" in bench.waits()[-1].header
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
    assert "daily.csv" in bench.waits()[0].text
    assert bench.records == ()
    away.rename(table)
    bench.at(berlin(25, 9, 30))
    assert [one.number for one in bench.records] == [1]


def test_a_column_renamed_between_looks_is_named_with_what_is_there_now(bench: LookBench) -> None:
    """The second look waits instead of judging without the metric, and says which column is missing."""
    bench.at(berlin(27))
    bench.data(range(1, 15), spoilt="average")
    bench.at(berlin(28))
    said = bench.waits()[0].text
    assert "no column mean" in said
    assert "average" in said
    assert len(bench.records) == 1
    bench.data(range(1, 15))
    bench.at(berlin(28, 9, 30))
    assert [one.number for one in bench.records] == [1, 2]


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
    for said in (bench.waits()[0].text, pages[0].text, by_hand.text):
        assert "no column mean" in said
        assert "average" in said
        assert mend in said
    assert len(bench.records) == 1


def test_an_amendment_that_names_the_new_column_lets_the_look_be_taken(bench: LookBench) -> None:
    """At the next try; it breaks the plan, and the card says so."""
    bench.at(berlin(27))
    bench.data(range(1, 15), spoilt="average")
    bench.at(berlin(28, 9, 10))
    bench.amend(TEXT.replace("n: count}", "n: count, mean: average}"), breaking=True)
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
    sqlite: Database, tmp_path: Path
) -> None:
    """The schedule does not judge without what an earlier look had; who asks by hand sees what is missing."""
    rows(tmp_path, 14)
    bench = LookBench(sqlite, tmp_path, ROWS)
    bench.at(berlin(27))
    assert [one.number for one in bench.records] == [1]
    rows(tmp_path, 14, csat="stars")
    bench.at(berlin(28))
    said = bench.waits()[0].text
    assert "an earlier look had what is no longer there. csat: rows.csv has no column csat" in said
    assert "it has user, arm, day, rate, stars" in said
    bench.ask(2)
    bench.work()
    assert [one.number for one in bench.records] == [1, 2]
    assert "? csat: unknown, rows.csv has no column csat (csat); it has user, arm, day, rate, stars" in (
        bench.cards()[-1].text
    )
    bench.at(berlin(28, 10))
    assert "no longer waits for its data: it is on record" in bench.waits()[-1].text


def test_rows_that_lag_are_waited_for(sqlite: Database, tmp_path: Path) -> None:
    """Rows up to day 3 at the look of day 4; with a lag allowed in the registration it is taken."""
    rows(tmp_path, 3)
    bench = LookBench(sqlite, tmp_path, ROWS).at(berlin(25))
    assert "rows.csv ends on day 3; the look is at day 4" in bench.waits()[0].text
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
