"""A look before its day: refused with the rule; for who insists a peek, with its reason and cost."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.core.launch import Kind
from bot.core.ledger import Entry
from bot.errors import InputError, RefusedError, StaleError
from bot.limits import check_view
from bot.services import deciding, look_questions, looking, peeks
from bot.store.database import Database
from bot.views.experiment_actions import Reference
from handlers import switchboard
from tests.services.look_bench import (
    ID,
    ML,
    PM,
    REASON,
    TEXT,
    VIEWER,
    LookBench,
    ask,
    berlin,
    order,
    submit,
)

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")


@pytest.fixture(autouse=True)
def _undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """No chart is drawn: that takes a second a look, and is tested elsewhere."""
    monkeypatch.setattr(looking.chart, "png", lambda *_: b"\x89PNG")


@pytest.fixture
def bench(sqlite: Database, tmp_path: Path) -> LookBench:
    """Noon of Friday 27 November: look 1 is on record, day 6 is over, look 2 comes tomorrow."""
    return LookBench(sqlite, tmp_path).at(berlin(27, 12))


def peek(bench: LookBench, reason: str = REASON, by: str = ML) -> Entry:
    """Order a peek and have it taken; its entry in the ledger."""
    with bench.db.write() as session:
        peeks.order(session, bench.desk, order(reason, by), "inbox/7", bench.now)
    bench.work()
    return bench.entries(Kind.PEEK)[-1]


def test_a_look_before_its_day_is_refused_with_the_rule_and_when_it_comes(bench: LookBench) -> None:
    """Nothing is computed; the way for who insists is a button."""
    assert bench.ask(2) == ""
    told = bench.told()
    assert told.notification == (
        f"Look 2 of {ID} waits until its day is over: look 2, after day 7, posts Sat 28 Nov 09:00 CET by "
        "itself, and can be asked for from Sat 28 Nov 00:00 CET. The plan (obrien-fleming) grants this look "
        "its alpha then and not before; an earlier one is a peek, goes on record as one and may cost alpha."
    )
    assert told.buttons == ["Look anyway…"]
    assert bench.work() == 0
    assert len(bench.records) == 1


def test_a_look_may_be_asked_for_once_its_day_is_over_and_then_is_not_posted_again(bench: LookBench) -> None:
    """At midnight in Berlin the day is over; at nine nothing more comes."""
    midnight = berlin(28, 1) - timedelta(hours=1)
    bench.at(midnight - timedelta(seconds=1))
    assert bench.ask(2) == ""
    bench.at(midnight)
    assert bench.ask(2)
    bench.at(berlin(29))
    assert [(one.number, one.planned) for one in bench.records] == [(1, True), (2, True)]
    assert len(bench.cards()) == 2


def test_the_form_says_the_cost_before_it_asks_for_a_reason(bench: LookBench) -> None:
    """In alpha and in what the later looks ask because of it; the name goes on record."""
    with bench.db.read() as session:
        view = peeks.form(session, bench.desk, ML, Reference(ID, 2).encode(), bench.now)
    assert check_view({**view, "callback_id": peeks.FORM, "private_metadata": "{}"}) == []
    said = view["blocks"][0]["text"]["text"]
    assert "on day 6" in said
    assert (
        "It spends 0.0012 of alpha. With it, look 2 stops only below 0.0027 (0.0030 as registered)." in said
    )
    assert "It goes on record with your name, this reason and the cost" in said
    assert peeks.check({"reason": "curious"}) == {"reason": "At least 20 characters go on record."}
    assert peeks.check({"reason": REASON}) == {}


def test_the_button_of_the_refusal_opens_that_form() -> None:
    """By the names that the switchboard has."""
    assert switchboard.FORM_BUTTONS["experiment.peek"] == peeks.FORM
    assert switchboard.FORMS[peeks.FORM].submit is peeks.submit


def test_a_peek_goes_on_record_with_who_why_and_its_cost(bench: LookBench) -> None:
    """In the ledger and on its card, which says first that it is one; nothing follows from it."""
    with bench.db.write() as session:
        sent = submit(peeks.FORM, Reference(ID, 2).encode(), reason=REASON)
        peeks.submit(session, bench.desk, sent, "inbox/7", bench.now)
    bench.work()
    entry = bench.entries(Kind.PEEK)[0]
    assert (entry.by, entry.body["reason"], entry.body["day"]) == (ML, REASON, 6.0)
    assert entry.body["cost"].startswith("It spends 0.0012 of alpha.")
    card = bench.cards()[-1]
    assert card.header == "Peek on day 6: CONTINUE · not significant on the plan"
    assert card.text.splitlines()[1].startswith(
        f"*A peek, not in the plan*: <@{ML}> asked, because “{REASON}”."
    )
    assert card.text.count("It spends 0.0012 of alpha") == 1
    assert [one for one in bench.effects("post") if "decision" in one["key"]] == []


def test_every_later_verdict_says_that_a_peek_was_taken_and_what_it_moved(bench: LookBench) -> None:
    """On the cards of all later looks, and in the list of looks with who, why and the cost."""
    peek(bench)
    bench.at(datetime(2026, 12, 6, tzinfo=UTC))
    first, _, *later = bench.cards()
    assert "peek" not in first.text.lower()
    assert len(later) == 3
    for card in later:
        assert "⚠ A peek was taken on day 6 (record 2), not in the plan: its alpha is spent" in card.text
    assert "so look 2 asks for p below 0.0027 instead of 0.0030" in later[0].text
    (decision,) = (one for one in bench.effects("post") if "/decision/" in one["key"])
    said = "\n".join(block["text"]["text"] for block in decision["message"]["blocks"] if "text" in block)
    assert said.count("⚠ A peek was taken on day 6 (record 2), not in the plan: its alpha is spent") == 1
    with bench.db.write() as session:
        listed = look_questions.looks(session, bench.desk, ask("", "looks"), bench.now).text
        why = look_questions.why(session, bench.desk, ask("2 alpha"), bench.now).text
    assert f"Peek on day 6 by <@{ML}>, because “{REASON}”" in listed
    assert "It spends 0.0012 of alpha." in listed
    assert "Unplanned looks spent their part too: day 6." in why


def test_a_peek_at_a_plan_that_has_no_place_for_one_decides_nothing_and_is_said_all_the_same(
    sqlite: Database, tmp_path: Path
) -> None:
    """The exact boundaries know their own looks only: figures, no verdict, and no later boundary moves."""
    text = TEXT.replace("spending: obrien-fleming", "spending: exact-obrien-fleming")
    bench = LookBench(sqlite, tmp_path, text).at(berlin(27, 12))
    assert "does not say what an unplanned one may spend" in peek(bench).body["cost"]
    assert bench.cards()[-1].header.startswith("Peek on day 6: NO VERDICT")
    card = bench.at(berlin(28)).cards()[-1]
    assert "⚠ A peek was taken on day 6 (record 2), not in the plan: no boundary moved" in card.text


def test_a_second_peek_on_the_same_day_is_refused(bench: LookBench) -> None:
    """There is nothing more to see until tomorrow."""
    peek(bench)
    with pytest.raises(StaleError, match="No day is over since the last look: that was of day 6"):
        peek(bench)


def test_a_peek_on_the_day_of_a_look_is_that_look(bench: LookBench) -> None:
    """Once day 7 is over it is asked for by its number."""
    bench.sleep_until(berlin(28, 2))
    with pytest.raises(StaleError, match="That would be look 2, which the plan has after day 7") as refused:
        peek(bench)
    assert f"/experiment look {ID} 2" in refused.value.hint


@pytest.mark.parametrize("reason", ["", "curious", "   why   not   "])
def test_a_peek_without_a_reason_is_refused_with_its_cost(bench: LookBench, reason: str) -> None:
    """White space is no reason."""
    with pytest.raises(InputError, match=r"at least 20 characters.*It spends 0\.0012 of alpha"):
        peek(bench, reason)


def test_a_peek_takes_a_role_and_the_refusal_says_who_holds_it(bench: LookBench) -> None:
    """By command and by form."""
    with pytest.raises(RefusedError, match=f"engineer.*<@{ML}>"):
        peek(bench, by=VIEWER)
    with bench.db.read() as session, pytest.raises(RefusedError, match="engineer"):
        peeks.form(session, bench.desk, VIEWER, Reference(ID, 2).encode(), bench.now)


def test_before_the_first_day_is_over_there_is_nothing_to_peek_at(sqlite: Database, tmp_path: Path) -> None:
    """And before it is started nobody knows what day it is."""
    bench = LookBench(sqlite, tmp_path).at(berlin(21, 20))
    with pytest.raises(StaleError, match=r"No day of .* is over yet"):
        peek(bench)


def test_without_a_start_nobody_knows_the_day(sqlite: Database, tmp_path: Path) -> None:
    """The refusal says what sets it."""
    bench = LookBench(sqlite, tmp_path, TEXT.replace("\n  start: 2026-11-21", "")).at(berlin(27))
    with pytest.raises(StaleError, match="no start is registered") as refused:
        peek(bench)
    assert "/experiment start" in refused.value.hint


def test_a_peek_whose_data_cannot_be_read_goes_not_on_record(bench: LookBench) -> None:
    """It says so where it was asked, and how to ask again; no alpha is spent."""
    (bench.folder / "daily.csv").unlink()
    with bench.db.write() as session:
        peeks.order(session, bench.desk, order(REASON), "inbox/7", bench.now)
    bench.work()
    card = bench.cards()[-1]
    assert card.header == "Peek: not taken, the data could not be read"
    assert f"/experiment peek {ID} REASON" in card.text
    assert bench.entries(Kind.PEEK) == []


def test_a_peek_decided_before_it_was_computed_is_not_recorded(bench: LookBench) -> None:
    """The launch was stopped meanwhile: who asked is told why."""
    with bench.db.write() as session:
        peeks.order(session, bench.desk, order(REASON), "inbox/7", bench.now)
        deciding.order_stop(
            session, bench.desk, order("the traffic is needed elsewhere", PM, "stop"), "k", bench.now
        )
    bench.work()
    assert bench.entries(Kind.PEEK) == []
    assert f"The peek of {ID} was not recorded: it was decided" in bench.told().notification
