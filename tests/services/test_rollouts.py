"""A launch goes through its stages: checked on schedule and on demand, aborted, held, decided, amended."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlmodel import select

from bot.core.launch import Kind, State
from bot.errors import LookoutError, StaleError
from bot.services.rollout_stages import CHECK_JOB
from bot.store.database import Database
from bot.store.incident_rows import IncidentRow
from tests.services.rollout_bench import (
    APPROVER,
    LAUNCH,
    NOBODY,
    OWNER,
    ROLLOUT,
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

SHORT = """
rollout:
  - {stage: 10%, days: 2, population: 400 users}
  - {stage: 50% A/B}
  - {stage: 100%}
"""


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


# Starting


def test_a_locked_launch_is_started_by_a_button_and_checked_at_once(
    database: Database, clock: Any, prom: Metrics
) -> None:
    """Nobody is exposed before; today is day 1 where the registration does not say."""
    bench = RolloutBench(database, clock, prom=prom.url)
    bench.lock()
    card = bench.card()
    assert card.header == "Rollout ready: Reranker L6 to L12"
    assert "Nobody is exposed yet. [Start] begins with 1%" in card.text
    assert "1%: to come, 1 day; aborted if p99_latency_ms &gt; 1500 or error_rate &gt; 1" in card.text
    assert card.buttons == ["[Start]"]
    assert bench.work() == []
    bench.press("Start")
    assert bench.launch.start is not None
    assert bench.launch.start.isoformat() == "2026-11-23"
    assert CHECK_JOB in bench.work()
    card = bench.card()
    assert card.header == "Rollout at stage 1 of 4, 1%: Reranker L6 to L12"
    assert "2 of 2 fine" in card.text
    assert "✓ fine: p99_latency_ms 900 ms ≤ 1,500 ms; locale=jp" in card.text
    assert card.buttons == ["Check now", "Pause…"]
    assert "stage 1 of 4, 1%" in bench.said()[0]


def test_who_presses_start_second_is_told_who_was_first(bench: RolloutBench) -> None:
    """Also by the command; one stage is entered once."""
    said = refused(lambda: bench.order("start", by=OWNER))
    assert said == "It runs already, at 1%: 0 s ago by <@U0ENG>."
    assert len(bench.entries(Kind.STAGE)) == 1


def test_a_launch_that_was_vetoed_before_it_started_is_not_started(lite: RolloutBench) -> None:
    """Its looks may come from data that others collect."""
    bench = RolloutBench(lite.db, lite.clock)
    bench.lock(LAUNCH.replace("reranker-l12", "reranker-l13"))
    before = bench.card()
    bench.veto()
    assert "Look 1 of `reranker-l13` vetoed" in refused(lambda: bench.press("Start", card=before))
    assert bench.entries(Kind.STAGE) == []


@pytest.mark.parametrize("who", [APPROVER, NOBODY])
def test_only_engineers_and_owners_roll_a_launch_out(lite: RolloutBench, who: str) -> None:
    """The refusal says which role is needed and who holds it."""
    lite.clock.advance(days=1)
    lite.work()
    for act in (
        lambda: lite.press("Advance to 10%", by=who),
        lambda: lite.order("start", by=who),
    ):
        said = refused(act)
        assert "engineer" in said
        assert "<@U0ENG>" in said
        assert "<@U0OWN>" in said
    assert lite.launch.stage == 0


# Checks on schedule and on demand


def test_checks_go_on_every_quarter_of_an_hour_and_are_never_made_up_for(
    bench: RolloutBench, prom: Metrics
) -> None:
    """The bot was down for five hours: one check, of now, and the next in a quarter."""
    prom.asked.clear()
    bench.clock.advance(hours=5)
    assert bench.work().count(CHECK_JOB) == 1
    assert sorted(prom.asked) == ["errors", "p99"]
    (waiting,) = bench.waiting(CHECK_JOB)
    assert (waiting.due - bench.clock()).total_seconds() == 15 * 60
    assert bench.said()[1:] == []


def test_a_check_on_demand_takes_the_place_of_the_next(bench: RolloutBench, prom: Metrics) -> None:
    """Anybody may ask; the card shows the new figures, and nothing is posted."""
    prom.set("p99", 1200)
    bench.clock.advance(minutes=4)
    bench.press("Check now", by=NOBODY)
    bench.work()
    assert "p99_latency_ms 1,200 ms ≤ 1,500 ms" in bench.card().text
    (waiting,) = bench.waiting(CHECK_JOB)
    assert (waiting.due - bench.clock()).total_seconds() == 15 * 60
    assert len(bench.said()) == 1


def test_a_source_that_is_down_for_one_check_is_a_hiccup_for_two_it_holds_the_launch(
    bench: RolloutBench, prom: Metrics, system: FlagSystem
) -> None:
    """Said once, to the owner, on record, and to the flag system; said again once it can be judged."""
    prom.raw = "<html>bad gateway</html>"
    bench.clock.advance(minutes=15)
    bench.work()
    assert len(bench.said()) == 1
    assert "? unknown: p99_latency_ms &gt; 1500: prom" in bench.card().text
    for _ in range(4):
        bench.clock.advance(minutes=15)
        bench.work()
    assert len(bench.said()) == 2
    shown = bench.last()
    assert "⚠ `reranker-l12` held at 1%: 2 of 2 unknown, so it is held" in shown.text
    assert "<@U0OWN>: it was so twice in a row" in shown.text
    (entry,) = bench.entries(Kind.HELD)
    assert f"ledger {entry.number}" in shown.text
    prom.raw = None
    bench.clock.advance(minutes=15)
    bench.work()
    bench.clock.advance(minutes=15)
    bench.work()
    assert [one for one in bench.said() if "no longer held at 1%: 2 of 2 fine" in one] == bench.said()[2:]
    assert events(system) == [("stage", "person"), ("held", "data"), ("released", "data")]
    assert bench.launch.paused is None


def test_presses_in_a_row_do_not_make_a_hiccup_a_hold(lite: RolloutBench, prom: Metrics) -> None:
    """Three people press [Check now] in a second while the source restarts."""
    prom.raw = "rubbish"
    for _ in range(3):
        lite.press("Check now")
        lite.work()
        lite.clock.advance(seconds=1)
    assert lite.entries(Kind.HELD) == []
    assert "2 of 2 unknown" in lite.card().text


def test_a_chain_of_checks_that_broke_is_mended_within_an_hour(lite: RolloutBench) -> None:
    """Should every worker die at one, people stay watched."""
    from bot.services import rollout_checks
    from bot.store import slots

    with lite.db.write() as session:
        assert slots.cancel(session, job=CHECK_JOB, prefix=f"{lite.id}/") == 1
    lite.clock.advance(minutes=50)
    with lite.db.write() as session:
        rollout_checks.tend(session, lite.desk, {}, lite.clock())
        rollout_checks.tend(session, lite.desk, {}, lite.clock())
    assert len(lite.waiting(CHECK_JOB)) == 1


# A breach


def test_a_breach_pauses_the_launch_and_says_what_where_and_by_how_much(
    bench: RolloutBench, prom: Metrics, system: FlagSystem
) -> None:
    """At the next check; the flag system is told why, so that it can take back what people get."""
    prom.series["p99"] = [({"locale": "en"}, "900"), ({"locale": "jp"}, "1740"), ({"locale": "x"}, "1600")]
    bench.clock.advance(minutes=15)
    bench.work()
    shown = bench.last()
    assert shown.header == "reranker-l12 paused at 1%: p99_latency_ms crossed its line"
    assert "p99_latency_ms 1,740 ms &gt; 1,500 ms, 16\N{NO-BREAK SPACE}% beyond the line" in shown.text
    assert "locale=jp, the worst of 3 series" in shown.text
    assert "<@U0OWN>: find out why, then resume with a reason or stop the launch" in shown.text
    assert shown.buttons == ["Open incident", "Resume…"]
    assert "asked prom · ledger" in shown.text
    breach, paused = bench.entries(Kind.BREACH)[0], bench.entries(Kind.PAUSED)[0]
    assert paused.number == breach.number + 1
    assert bench.launch.state is State.PAUSED
    assert events(system) == [("stage", "person"), ("paused", "condition")]
    card = bench.card()
    assert card.header.startswith("Paused at stage 1 of 4, 1%")
    assert card.buttons == ["Resume…", "Check now"]
    assert bench.waiting(CHECK_JOB) == []
    bench.clock.advance(hours=3)
    assert bench.work() == []


@pytest.mark.parametrize("twice", ["other", "same"])
def test_open_incident_names_the_launch_as_suspect_in_the_incidents_channel(
    bench: RolloutBench, prom: Metrics, twice: str
) -> None:
    """The incident says which launch, stage and condition, and where; the launch says which incident."""
    prom.set("p99", 1740, locale="jp")
    bench.clock.advance(minutes=15)
    bench.work()
    breach = bench.last()
    bench.press("Open incident", card=breach, by=NOBODY)
    with bench.db.read() as session:
        (incident,) = session.exec(select(IncidentRow)).all()
    assert incident.title == "launch reranker-l12: p99_latency_ms 1,740 ms > 1,500 ms at stage 1%"
    assert incident.started == bench.entries(Kind.BREACH)[0].at
    there = [e["message"] for e in bench.effects("post") if e["channel"] == incident.channel]
    told = next(one for one in there if "Suspected" in one["text"])
    assert "launch `reranker-l12`, paused at 1%; its channel is <#C0LAUNCH>" in told["text"]
    assert "p99_latency_ms 1,740 ms &gt; 1,500 ms" in str(told["blocks"])
    assert "INC-1 is open for `reranker-l12` at 1%" in bench.said()[-1]
    by = OWNER if twice == "other" else NOBODY
    said = refused(lambda: bench.press("Open incident", card=breach, by=by))
    assert said == "INC-1 is open for it already."


def test_a_breach_that_is_over_leaves_a_button_that_says_so(bench: RolloutBench, prom: Metrics) -> None:
    """The message of the breach stays in the channel for ever; its [Resume…] does not act twice."""
    prom.set("p99", 1740)
    bench.clock.advance(minutes=15)
    bench.work()
    breach = bench.last()
    prom.set("p99", 900)
    bench.press("Resume", card=breach, reason="the index was rebuilt")
    bench.work()
    bench.clock.advance(minutes=2)
    said = refused(lambda: bench.press("Resume", card=breach, reason="and again"))
    assert said == "It is not paused: resumed 2 min ago by <@U0ENG>."


# A veto, a decision, an amendment


def test_after_a_veto_the_launch_stays_and_is_still_watched(
    bench: RolloutBench, prom: Metrics, system: FlagSystem
) -> None:
    """No [Advance], not by an old card either; a breach still pauses, and a pause is not resumed."""
    ahead = offered(bench)
    bench.veto()
    bench.work()
    card = bench.card()
    assert card.header.startswith("Held at stage 1 of 4, 1%")
    assert "it stays where it is until that is decided. It is still checked." in card.text
    assert card.buttons == ["Check now", "Pause…"]
    said = refused(lambda: bench.press("Advance to 10%", card=ahead))
    assert said == "Look 1 vetoed, so it stays at 1%. Decide on the veto first."
    assert len(bench.waiting(CHECK_JOB)) == 1
    prom.set("p99", 2000)
    bench.clock.advance(minutes=15)
    bench.work()
    breach = bench.last()
    assert bench.launch.paused is not None
    assert bench.card().buttons == ["Check now"]
    prom.set("p99", 900)
    said = refused(lambda: bench.press("Resume", card=breach, reason="all is well"))
    assert said == "Look 1 of `reranker-l12` vetoed, so it stays paused. Decide on the veto first."
    assert events(system) == [("stage", "person"), ("held", "veto"), ("paused", "condition")]


def test_after_stop_every_timer_stops_and_no_button_is_left(bench: RolloutBench, system: FlagSystem) -> None:
    """The flag system is told; the old card's buttons say that it is over."""
    ahead = offered(bench)
    bench.decide("stop", "no-ship")
    bench.work()
    card = bench.card()
    assert card.header.startswith("Rollout over")
    assert "• 1%: from" in card.text
    assert "• 100%: not reached" in card.text
    assert card.buttons == []
    assert bench.waiting(CHECK_JOB) == []
    assert events(system)[-1] == ("stopped", "decision")
    for label in ("Advance to 10%", "Pause"):
        fields = {"reason": "it looks odd"} if label == "Pause" else {}
        with pytest.raises(StaleError):
            bench.press(label, card=ahead, **fields)
    bench.clock.advance(days=2)
    assert bench.work() == []


def test_everybody_gets_it_only_after_ship_and_a_complete_readiness_check(
    bench: RolloutBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows that are missing are named with who can supply them; stages between are skipped."""
    from bot.services import readiness

    missing = list(readiness_rows())
    monkeypatch.setattr(readiness, "missing", lambda *_: tuple(missing))
    bench.decide("ship")
    bench.work()
    assert "Next: 100%, which is closed: still missing of `/launch check`: AML-09" in bench.card().text
    assert "Advance" not in str(bench.card().buttons)
    said = refused(lambda: ask(bench, 3))
    assert said.startswith(
        "100% is closed: still missing of `/launch check`: AML-09 Rehearsal (owner (<@U0OWN>)"
    )
    missing.clear()
    bench.press("Check now")
    bench.work()
    assert bench.card().buttons == ["[Advance to 100%]", "Check now", "Pause…"]
    bench.press("Advance to 100%")
    bench.work()
    assert bench.launch.stage_name == "100%"
    assert "• 10%: skipped" in bench.card().text
    assert "This is the last stage. It declares no condition, so nothing is checked." in bench.card().text
    assert "no condition is declared" not in bench.card().text
    assert bench.card().buttons == ["Pause…"]


def readiness_rows() -> Iterator[Any]:
    """One row of the check that is missing."""
    from bot.core.readiness import Row

    yield Row("AML-09", "Rehearsal", present=False, artefact="", why="nobody rehearsed", supply=("owner",))


def test_the_stage_for_everybody_is_closed_before_the_decision(sqlite: Database, clock: Any) -> None:
    """Running to the end of the stage before is not enough."""
    bench = begun(RolloutBench(sqlite, clock), LAUNCH.replace(ROLLOUT, SHORT))
    assert "*10%: now* since" in bench.card().text
    assert "400 users, 2 days" in bench.card().text
    bench.clock.advance(days=2)
    bench.work()
    bench.press("Advance to 50% A/B")
    bench.work()
    assert "Next: 100%, which is closed: it takes a decision to ship." in bench.card().text
    assert "Advance" not in str(bench.card().buttons)
    assert refused(lambda: ask(bench, 2)) == "100% is closed: it takes a decision to ship."


def test_a_launch_that_shipped_goes_on_being_watched_until_everybody_has_it_and_then(
    bench: RolloutBench, prom: Metrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """People are exposed as before: what breaches after the decision pauses too."""
    from bot.services import readiness

    monkeypatch.setattr(readiness, "missing", lambda *_: ())
    bench.decide("ship")
    bench.work()
    prom.set("p99", 1740)
    bench.clock.advance(minutes=15)
    bench.work()
    assert bench.launch.paused is not None
    assert bench.card().header.startswith("Paused at stage 1 of 4")


AMENDED = """
rollout:
  - {stage: 0.1%}
  - {stage: 1%, days: 1, abort_if: ["p99_latency_ms > 1500"]}
  - {stage: 100%}
"""


def test_an_amendment_of_the_stages_finds_the_present_one_by_its_name(lite: RolloutBench) -> None:
    """A stage put before it does not make it another one."""
    lite.amend(LAUNCH.replace(ROLLOUT, ROLLOUT.partition("rollout:\n")[0] + AMENDED.strip() + "\n"))
    lite.press("Check now")
    lite.work()
    card = lite.card()
    assert card.header.startswith("Rollout at stage 2 of 3, 1%")
    assert "1 of 1 fine" in card.text
    assert "Next: 100%, which is closed" in card.text


def test_an_amendment_that_takes_the_present_stage_away_holds_the_launch(lite: RolloutBench) -> None:
    """Nothing says what would abort it, so it is unknown."""
    ahead = offered(lite)
    stages = "rollout:\n  - {stage: 3%}\n  - {stage: 100%}\n"
    lite.amend(LAUNCH.replace(ROLLOUT, stages))
    lite.press("Check now")
    lite.work()
    card = lite.card()
    assert "the registration in force has no stage 1% any more: amend it, or stop" in card.text
    assert card.buttons == ["Check now", "Pause…"]
    with pytest.raises(LookoutError):
        lite.press("Advance to 10%", card=ahead)


def test_what_is_rolled_out_is_in_the_change_log_for_who_asks_what_changed(lite: RolloutBench) -> None:
    """Each stage once, with the one before it."""
    from bot.store.changes import ChangeRow

    offered(lite)
    lite.press("Advance to 10%")
    lite.work()
    with lite.db.read() as session:
        rows = session.exec(select(ChangeRow)).all()
    assert sorted((row.title, row.previous_version) for row in rows) == [
        ("launch reranker-l12 at stage 1%", ""),
        ("launch reranker-l12 at stage 10%", "1%"),
    ]


def test_what_ships_while_it_is_paused_stays_paused_until_somebody_resumes_it(
    bench: RolloutBench, system: FlagSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The decision says that it is good; the pause says that something is wrong with it now."""
    from bot.services import readiness

    monkeypatch.setattr(readiness, "missing", lambda *_: ())
    bench.press("Pause", reason="the index is being rebuilt")
    bench.decide("ship")
    bench.work()
    assert bench.card().buttons == ["Resume…", "Check now"]
    assert refused(lambda: ask(bench, 3)) == "It is paused: the index is being rebuilt. Resume it first."
    bench.press("Resume", reason="it is rebuilt")
    bench.work()
    assert "[Advance to 100%]" in bench.card().buttons
    assert [event for event, _ in events(system)] == ["stage", "paused", "shipped", "resumed"]


def test_who_shipped_what_never_began_here_gives_it_to_everybody_at_once(
    lite: RolloutBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stages before were somebody else's; the one for everybody is still a button and a check."""
    from bot.services import readiness

    monkeypatch.setattr(readiness, "missing", lambda *_: ())
    bench = RolloutBench(lite.db, lite.clock)
    bench.lock(LAUNCH.replace("reranker-l12", "reranker-l13").replace(ROLLOUT, SHORT))
    bench.decide("ship")
    bench.work()
    assert bench.card().buttons == ["[Advance to 100%]"]
    bench.press("Advance to 100%")
    bench.work()
    assert bench.launch.stage_name == "100%"
