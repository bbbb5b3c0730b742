"""A stage is left by a button, with its check beside it; a rollout is paused and resumed with a reason."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from bot.core.launch import Kind, State
from bot.errors import LookoutError, RefusedError, StaleError, UserError
from bot.services.rollout_stages import CHECK_JOB
from bot.store.database import Database
from tests.services.rollout_bench import (
    APPROVER,
    ENG,
    NOBODY,
    OWNER,
    FlagSystem,
    Metrics,
    RolloutBench,
    ask,
    begun,
    events,
    flag_server,
    metrics_server,
    offered,
    refused,
)


@pytest.fixture
def prom() -> Iterator[Metrics]:
    """A metrics server on which all is well."""
    with metrics_server() as told:
        told.set("p99", 900, locale="jp")
        told.set("errors", 0.002)
        yield told


@pytest.fixture
def system() -> Iterator[FlagSystem]:
    """A flag system that takes everything."""
    with flag_server() as told:
        yield told


@pytest.fixture
def bench(database: Database, clock: Any, prom: Metrics, system: FlagSystem) -> RolloutBench:
    """A launch at its first stage, checked once, on each kind of database."""
    return begun(RolloutBench(database, clock, prom=prom.url, flags=system.url))


@pytest.fixture
def lite(sqlite: Database, clock: Any, prom: Metrics, system: FlagSystem) -> RolloutBench:
    """The same on SQLite, for what does not depend on the database."""
    return begun(RolloutBench(sqlite, clock, prom=prom.url, flags=system.url))


# Advancing


def test_advance_is_offered_when_the_days_are_over_with_the_check_beside_it(bench: RolloutBench) -> None:
    """To the minute, also when no check would fall there; pressing checks once more."""
    bench.clock.advance(hours=23, minutes=50)
    bench.work()
    assert "Next: 10%, from <!date^" in bench.card().text
    assert bench.card().buttons == ["Check now", "Pause…"]
    (waiting,) = bench.waiting(CHECK_JOB)
    assert (waiting.due - bench.clock()).total_seconds() == 10 * 60
    bench.clock.advance(minutes=10)
    bench.work()
    card = bench.card()
    assert card.buttons == ["[Advance to 10%]", "Check now", "Pause…"]
    assert "2 of 2 fine" in card.text
    bench.press("Advance to 10%", by=OWNER)
    bench.work()
    shown = bench.last()
    assert "reranker-l12 advanced: stage 2 of 4, 10%" in shown.text
    assert "By <@U0OWN>, with the check of that moment: 2 of 2 fine" in shown.text
    entry = bench.entries(Kind.STAGE)[-1]
    assert (entry.by, entry.body["name"], len(entry.body["check"]["readings"])) == (OWNER, "10%", 2)
    assert f"ledger {entry.number}" in shown.text


def test_a_stage_whose_days_are_not_over_cannot_be_left_by_an_old_card_either(lite: RolloutBench) -> None:
    """The time of a pause does not count as time in which something could have shown."""
    ahead = offered(lite)
    lite.press("Advance to 10%")
    lite.work()
    with pytest.raises(StaleError, match="It is at 10% already: advanced"):
        lite.press("Advance to 10%", card=ahead, by=OWNER)
    lite.clock.advance(days=1)
    lite.work()
    lite.press("Pause", reason="the weekend")
    lite.clock.advance(days=3)
    lite.press("Resume", reason="it is Monday")
    lite.work()
    assert "Advance" not in str(lite.card().buttons)
    lite.clock.advance(hours=23)
    said = refused(lambda: ask(lite, 2))
    assert said.startswith("10% runs for 1 h more before 50% A/B.")
    lite.clock.advance(hours=1)
    lite.work()
    assert "[Advance to 50% A/B]" in lite.card().buttons


@pytest.mark.parametrize("stage", [-5, 0, 2, 3, 99])
def test_no_stage_is_left_out_or_made_up(lite: RolloutBench, stage: int) -> None:
    """Whatever a button's value says."""
    offered(lite)
    with pytest.raises(LookoutError):
        ask(lite, stage)
    assert lite.launch.stage == 0


def test_while_a_condition_cannot_be_read_nobody_advances(bench: RolloutBench, prom: Metrics) -> None:
    """Unknown is not fine: the button goes, and one that was pressed before is not acted on."""
    ahead = offered(bench)
    prom.raw = "rubbish"
    bench.press("Advance to 10%", card=ahead)
    bench.work()
    assert bench.launch.stage == 0
    shown = bench.last()
    assert "`reranker-l12` not advanced to 10%: 2 of 2 unknown, so it is held" in shown.text
    assert "Asked for by <@U0ENG>" in shown.text
    card = bench.card()
    assert card.buttons == ["Check now", "Pause…"]
    assert "Held: p99_latency_ms, error_rate cannot be read. Next: 10%, once a check is fine." in card.text
    prom.raw = None
    bench.press("Check now")
    bench.work()
    assert "[Advance to 10%]" in bench.card().buttons


def test_an_advance_that_finds_a_breach_pauses_instead(bench: RolloutBench, prom: Metrics) -> None:
    """Nobody new gets what is being aborted."""
    ahead = offered(bench)
    prom.set("errors", 0.05)
    bench.press("Advance to 10%", card=ahead)
    bench.work()
    assert bench.launch.state is State.PAUSED
    assert "error_rate 5" in bench.last().text
    assert len(bench.entries(Kind.STAGE)) == 1


def test_advance_and_pause_at_once_end_in_one_of_two_orders(bench: RolloutBench) -> None:
    """Each is done whole; whoever was second is told what the first did."""
    ahead = offered(bench)
    told: list[str] = []

    def press(label: str, by: str, **fields: str) -> None:
        try:
            bench.press(label, by=by, card=ahead, key=f"{label}/{by}", **fields)
        except UserError as error:
            told.append(error.message)

    pressing = [
        threading.Thread(target=press, args=("Advance to 10%", ENG)),
        threading.Thread(target=press, args=("Pause", OWNER), kwargs={"reason": "something is odd"}),
    ]
    for one in pressing:
        one.start()
    for one in pressing:
        one.join()
    bench.work()
    launch = bench.launch
    assert launch.paused is not None
    assert launch.stage == 0
    whispers = [e["message"]["text"] for e in bench.effects("ephemeral")]
    assert len(told) + len(whispers) == 1
    assert "It is paused: something is odd." in (told + whispers)[0]


def test_two_who_press_advance_at_once_take_one_step(bench: RolloutBench) -> None:
    """The second is told that it is being checked, and by whom it was asked."""
    offered(bench)
    bench.press("Advance to 10%")
    bench.clock.advance(seconds=3)
    said = refused(lambda: bench.press("Advance to 10%", by=OWNER))
    assert said == "It is being checked already: <@U0ENG> asked 3 s ago."
    bench.work()
    assert [one.body["name"] for one in bench.entries(Kind.STAGE)] == ["1%", "10%"]


def test_a_step_asked_for_before_the_bot_went_down_for_hours_is_not_taken(lite: RolloutBench) -> None:
    """Who asked has gone home; they are told."""
    offered(lite)
    lite.press("Advance to 10%")
    lite.clock.advance(hours=5)
    lite.work()
    assert lite.launch.stage == 0
    (whisper,) = lite.effects("ephemeral")
    assert whisper["message"]["text"] == "It was asked for too long ago to be done now. Press it again."


# Pausing and resuming


@pytest.mark.parametrize("who", [ENG, OWNER, APPROVER])
def test_whoever_sees_something_pauses_and_who_rolls_out_resumes(bench: RolloutBench, who: str) -> None:
    """Both take a reason, which the ledger and the channel keep."""
    bench.press("Pause", by=who, reason="<!channel> the *chart* looks odd")
    assert (
        "&lt;!channel&gt; the \N{ASTERISK OPERATOR}chart\N{ASTERISK OPERATOR} looks odd" in bench.last().text
    )
    with pytest.raises(RefusedError) as caught:
        bench.press("Resume", by=APPROVER, reason="it is fine")
    assert "engineer" in caught.value.message + caught.value.hint
    bench.press("Resume", reason="it was the chart")
    bench.work()
    assert bench.launch.paused is None
    assert "reranker-l12 resumed at 1%" in bench.last().text
    assert "it was the chart" in bench.last().text
    assert bench.entries(Kind.RESUMED)[0].body["why"] == "it was the chart"
    assert len(bench.waiting(CHECK_JOB)) == 1


def test_nobody_pauses_without_the_right_or_a_reason(lite: RolloutBench) -> None:
    """The form says what it wants."""
    from bot.services import pausing

    assert "To pause a rollout takes the role" in refused(
        lambda: lite.press("Pause", by=NOBODY, reason="because")
    )
    assert "5 characters or more" in pausing.check({"reason": "  a  "})["reason"]
    assert "5 characters or more" in pausing.check({})["reason"]


def test_a_breach_that_goes_on_is_not_resumed(bench: RolloutBench, prom: Metrics) -> None:
    """Resuming checks first, and says what is still beyond its line."""
    prom.set("p99", 1740)
    bench.clock.advance(minutes=15)
    bench.work()
    bench.press("Resume", reason="it should be fine")
    bench.work()
    assert bench.launch.paused is not None
    assert "`reranker-l12` not resumed: 1 of 2 breached" in bench.last().text


def test_a_rate_of_people_who_do_not_come_while_it_is_paused_does_not_keep_it_paused(
    bench: RolloutBench, prom: Metrics
) -> None:
    """0 errors of 0 requests is no number; the checks that follow say whether it comes back."""
    prom.set("errors", 0.05)
    bench.clock.advance(minutes=15)
    bench.work()
    prom.set("errors", "NaN")
    bench.press("Resume", reason="the fix is out")
    bench.work()
    assert bench.launch.paused is None
    assert "1 of 2 unknown, so it is held" in bench.last().text
    for _ in range(2):
        bench.clock.advance(minutes=15)
        bench.work()
    assert len(bench.entries(Kind.HELD)) == 1


def test_two_who_resume_at_once_resume_it_once(bench: RolloutBench, system: FlagSystem) -> None:
    """The second is told by whom it was done."""
    bench.press("Pause", reason="it looks odd")
    paused = bench.card()
    bench.press("Resume", card=paused, reason="it was a chart")
    bench.press("Resume", card=paused, by=OWNER, reason="all is well")
    bench.work()
    assert len(bench.entries(Kind.RESUMED)) == 1
    (whisper,) = bench.effects("ephemeral")
    assert whisper["user"] == OWNER
    assert whisper["message"]["text"] == "It is not paused: resumed 0 s ago by <@U0ENG>."
    assert events(system).count(("resumed", "person")) == 1
