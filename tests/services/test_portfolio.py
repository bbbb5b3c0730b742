"""A quarter's portfolio in Slack, whole stories: imported, picked, felt, locked, watched, looked back on."""

from datetime import UTC, date, datetime, timedelta

import pytest

from bot.core.ledger import broken
from bot.core.portfolio_reader import read_portfolio
from bot.core.thing import Thing, ThingKind
from bot.errors import InputError, RefusedError, StaleError
from bot.services import quarter_files
from bot.settings import Settings
from bot.store import candidates, ledger, links, portfolios
from bot.store.database import Database
from tests.services.incident_bench import Shown
from tests.services.portfolio_bench import APPROVER, ENG, NOBODY, OWNER, PortfolioBench, messages

TINY = """
kind: portfolio
capacity: {slots: 1}
candidates:
  - id: a
    title: Reranker
    reach: {value: 8M, unit: sessions}
    impact: {value: 0.5, unit: points, metric: useful_answer_rate, baseline: 0.183, sd: 0.142}
    confidence: 0.6
    effort: {weeks: 8}
    test: {units: 2M, weeks: 2}
  - id: b
    title: Cold start
    reach: {value: 2M, unit: sessions}
    impact: {value: 0.5, unit: points, metric: useful_answer_rate, baseline: 0.183, sd: 0.142}
    confidence: 0.4
    effort: {weeks: 6}
    test: {units: 1M, weeks: 2}
"""
CARD, SCORES, RETRO = "portfolio/2027-Q1/card", "portfolio/2027-Q1/scores", "portfolio/2027-Q1/retro"


@pytest.fixture
def bench(sqlite: Database) -> PortfolioBench:
    """Two candidates for 2027-Q1, which begins in two weeks."""
    bench = PortfolioBench(sqlite)
    bench.type(f"import {TINY}")
    return bench


def picked(bench: PortfolioBench) -> PortfolioBench:
    """The pick is on its card, and the gut feel beside it."""
    bench.type("gut CAN-2 because everybody asks for it")
    return bench


def test_a_quarter_is_picked_felt_locked_and_on_record(database: Database) -> None:
    """On both databases: the card, the lock with its hashes, the file, the links."""
    bench = PortfolioBench(database)
    bench.type(f"import {TINY}")
    bench.type("pick")
    card = bench.card(CARD)
    assert card.header == "Proposed for 2027-Q1: CAN-1"
    assert "nothing is locked without one" in card.text
    assert card.buttons == ["[Gut feel…]", "Pick again", "Scores"]
    bench.type("gut CAN-2 CAN-1 because everybody asks for it")
    assert bench.card(CARD).buttons == ["[Lock…]", "Gut feel…", "Pick again", "Scores"]
    assert f"gut feel of <@{OWNER}> after the pick was shown: CAN-2, CAN-1" in bench.card(CARD).text
    bench.type("lock")
    (entry,) = bench.entries("2027-Q1")
    assert entry.kind == "portfolio_locked"
    assert entry.body["picked"] == ["CAN-1"]
    assert entry.body["gut"]["picked"] == ["CAN-2", "CAN-1"]
    assert entry.body["rice"] == ["CAN-1", "CAN-2"]
    assert (entry.body["late"], entry.body["overruled"]) == ("", "")
    said = bench.card(f"portfolio/2027-Q1/{entry.number}")
    assert said.header == "Portfolio of 2027-Q1 locked: CAN-1"
    assert f"ledger {entry.number} · head {entry.hash[:12]}" in said.text
    portfolio, _ = read_portfolio(bench.file(f"portfolio/2027-Q1/{entry.number}/file"), name="2027-Q1.json")
    assert portfolio is not None
    assert quarter_files.sealed(portfolio)[1] == entry.body["sha256"]
    with database.read() as session:
        later = links.after(session, Thing(ThingKind.CANDIDATE, "CAN-1"), ThingKind.PORTFOLIO)
        assert [one.id for one in later] == ["2027-Q1"]
        assert broken(ledger.every(session)) is None
        assert portfolios.picked_in(session, "CAN-1") == "2027-Q1"
    assert bench.card(CARD).header == "Locked for 2027-Q1: CAN-1"


def test_the_same_candidates_are_the_same_edition(bench: PortfolioBench) -> None:
    """Picking again changes nothing; a changed candidate makes a new edition, on the same card."""
    bench.type("pick")
    bench.type("pick")
    assert bench.said() == "The card shows edition 1 of 2027-Q1."
    bench.type("edit CAN-2 confidence=0.9; reach=20M sessions")
    bench.type("pick")
    assert "edition 2" in bench.card(CARD).text
    assert bench.card(CARD).header == "Proposed for 2027-Q1: CAN-2"


def test_importing_again_changes_what_is_there_and_adds_nothing_twice(bench: PortfolioBench) -> None:
    """By the ids of the file; a waiver on record stays."""
    bench.type("waive CAN-1 we may not see it in a quarter", by=APPROVER)
    bench.type("import " + TINY.replace("confidence: 0.4", "confidence: 0.5"))
    assert "0 new, 1 changed and 1 unchanged" in messages(bench.db)[-1][1].text
    with bench.db.read() as session:
        first, second = candidates.every(session)
    assert first.candidate.waiver is not None
    assert second.candidate.confidence == 0.5


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind: portfolio\ncandidates: []", "needs a list 'candidates'"),
        (TINY.replace("confidence: 0.6", "confidence: 60"), "no probability"),
        (TINY.replace("id: b", "id: b\n    depends_on: [z]"), "there is no candidate 'z'"),
        (
            TINY.replace("id: a", "id: a\n    depends_on: [b]").replace(
                "id: b", "id: b\n    depends_on: [a]"
            ),
            "in a circle: a needs b needs a",
        ),
        ("id,title\na", "a"),
        ("just some words", "not a mapping"),
    ],
)
def test_a_file_with_faults_is_shown_with_its_lines_and_changes_nothing(
    sqlite: Database, text: str, said: str
) -> None:
    """To the person alone."""
    bench = PortfolioBench(sqlite)
    bench.type(f"import {text}")
    shown = messages(sqlite)[-1][1]
    assert said in shown.text
    with sqlite.read() as session:
        if "id,title" not in text:
            assert candidates.every(session) == ()


def test_a_waiver_in_a_file_counts_only_from_who_may_waive(sqlite: Database) -> None:
    """An engineer's file cannot let itself in; an approver's goes into the ledger."""
    bench = PortfolioBench(sqlite)
    text = TINY.replace("id: b", "id: b\n    waiver: {by: Dora, why: a replay shows it sooner}")
    bench.type(f"import {text}", by=ENG)
    assert "the waivers of CAN-2 do not count" in messages(sqlite)[-1][1].text
    assert bench.entries("CAN-2") == []
    bench.type(f"import {text}", by=APPROVER)
    assert [one.kind for one in bench.entries("CAN-2")] == ["candidate_waived"]


def test_what_counts_something_else_is_ranked_apart_and_said_so(bench: PortfolioBench) -> None:
    """Images and sessions stand in rankings of their own, and only one unit is picked from."""
    bench.type("add Cover art; reach=12M images; impact=+5 auc of detector quality; confidence=0.3; effort=5")
    bench.type("score")
    text = bench.card(SCORES).text
    assert "⚠ They count 2 different units, so there are 2 rankings" in text
    assert "*images x auc*, by RICE\n1. `CAN-3` Cover art" in text
    assert "cannot be added or ranked together" in text


def test_candidates_in_a_circle_or_without_what_they_need_are_named(bench: PortfolioBench) -> None:
    """Before anything is worked out."""
    bench.type("edit CAN-1 needs=CAN-2")
    bench.type("edit CAN-2 needs=CAN-1")
    bench.type("pick")
    assert "in a circle: CAN-1 needs CAN-2 needs CAN-1" in bench.said()
    bench.type("edit CAN-2 needs=")
    bench.type("drop CAN-2 nobody can build it now")
    bench.type("pick")
    assert "CAN-1 needs CAN-2, which is not in the backlog" in bench.said()


def test_no_feasible_pick_names_what_forbids_it(sqlite: Database) -> None:
    """The limits stand on the card, and nothing can be locked."""
    bench = PortfolioBench(sqlite)
    bench.type("import " + TINY.replace("{slots: 1}", "{slots: 1, engineer_weeks: 3}"))
    bench.type("pick")
    card = bench.card(CARD)
    assert card.header.startswith("No pick for 2027-Q1: engineer-weeks: CAN-2 alone takes")
    bench.type("gut CAN-1")
    assert "[Lock…]" not in bench.card(CARD).buttons


def test_gut_feel_said_as_the_file_had_it_is_on_record(sqlite: Database) -> None:
    """A file's gut feel names nobody; said by a person it counts, though no candidate changed by it."""
    bench = PortfolioBench(sqlite)
    bench.type("import " + TINY + "gut_feel: [b]\n")
    bench.type("pick")
    bench.type("gut CAN-2")
    bench.type("lock")
    assert bench.entries("2027-Q1")[0].body["gut"]["picked"] == ["CAN-2"]


def test_nothing_is_locked_without_gut_feel_or_after_a_change(bench: PortfolioBench) -> None:
    """Each refusal says what to do first."""
    bench.type("pick")
    with pytest.raises(InputError, match="No pick by gut feel is on record"):
        bench.type("lock")
    picked(bench)
    bench.type("edit CAN-2 confidence=0.1")
    with pytest.raises(StaleError, match="have changed since edition 2"):
        bench.type("lock")


def test_a_quarter_that_has_begun_is_locked_only_as_late(bench: PortfolioBench) -> None:
    """With a reason that stands on record."""
    picked(bench)
    bench.now = datetime(2027, 1, 20, tzinfo=UTC)
    with pytest.raises(RefusedError, match="2027-Q1 has begun"):
        bench.type("lock 2027-Q1")
    bench.type("lock 2027-Q1 late we were in an incident for two weeks")
    entry = bench.entries("2027-Q1")[0]
    assert entry.body["late"] == "we were in an incident for two weeks"
    assert "⚠ Locked late" in bench.card(f"portfolio/2027-Q1/{entry.number}").text


def test_another_pick_by_hand_takes_a_reason_and_obeys_the_rules(bench: PortfolioBench) -> None:
    """The form shows the computed pick; what a rule bars cannot be chosen over it."""
    bench.type(
        "add Two-tower; reach=2M sessions; impact=+1 points of useful_answer_rate; confidence=0.5; effort=24"
    )
    picked(bench)
    view = bench.open("portfolio.lock", "2027-Q1")
    value = view["private_metadata"].partition('"value": "')[2].partition('"')[0]
    with pytest.raises(InputError, match="Say why in at least 40 characters"):
        bench.send("portfolio.lock", value, {"picked": "CAN-2", "why": "nicer"})
    with pytest.raises(RefusedError, match="CAN-3 cannot be picked: 24 engineer-weeks"):
        bench.send("portfolio.lock", value, {"picked": "CAN-3", "why": "x" * 40})
    bench.send(
        "portfolio.lock", value, {"picked": "CAN-2", "why": "The cold start team is free, the other is not."}
    )
    entry = bench.entries("2027-Q1")[-1]
    assert (entry.body["picked"], entry.body["computed"]) == (["CAN-2"], ["CAN-1"])
    assert "It is not the computed pick" in bench.card(f"portfolio/2027-Q1/{entry.number}").text


def test_what_is_locked_cannot_be_picked_imported_or_dropped_again(bench: PortfolioBench) -> None:
    """The next quarter is offered instead."""
    picked(bench)
    bench.type("lock")
    bench.type("pick 2027-Q1")
    assert "is locked (ledger 1)" in bench.said()
    bench.type("import " + TINY.replace("kind: portfolio", "kind: portfolio\nquarter: 2027-Q1"))
    assert "is locked (ledger 1)" in bench.said()
    with pytest.raises(StaleError, match="CAN-1 was picked for 2027-Q1"):
        bench.type("drop CAN-1 nobody wants it any more")
    with pytest.raises(StaleError, match="is locked"):
        bench.type("gut 2027-Q1 CAN-1")


def test_what_one_quarter_picked_the_next_one_does_not_pick_again(bench: PortfolioBench) -> None:
    """It counts as done for what needs it."""
    picked(bench)
    bench.type("lock")
    bench.type("edit CAN-2 needs=CAN-1")
    bench.type("pick 2027-Q2")
    card = bench.card("portfolio/2027-Q2/card")
    assert card.header == "Proposed for 2027-Q2: CAN-2"


def test_status_and_retrospective_come_by_themselves_and_are_reminded_of_three_times(
    bench: PortfolioBench,
) -> None:
    """After week 6 and 12; then reminders that can be put off or waved away."""
    picked(bench)
    bench.type("lock")
    assert bench.until(datetime(2027, 2, 12, 8, tzinfo=UTC)) == []
    assert bench.until(datetime(2027, 2, 12, 9, tzinfo=UTC)) == ["portfolio.status"]
    status = bench.card("portfolio/2027-Q1/status/1")
    assert status.header == "Portfolio 2027-Q1, week 7 of 12: 1 of 1 shows an early-abort signal"
    assert "no registration is linked to it in week 7 of 12" in status.text
    assert bench.until(datetime(2027, 3, 26, 9, tzinfo=UTC)) == ["portfolio.retro"]
    assert bench.card(RETRO).header == "Looking back on 2027-Q1: not known yet"
    bench.press("portfolio.snooze", "2027-Q1", by=NOBODY)
    assert bench.until(datetime(2027, 3, 31, tzinfo=UTC)) == []
    told = [bench.until(datetime(2027, 4, 2, 9, tzinfo=UTC) + timedelta(days=5 * n)) for n in range(5)]
    assert told == [["portfolio.remind"]] * 3 + [[]] * 2


def test_a_retrospective_that_was_looked_at_early_still_comes_by_itself(bench: PortfolioBench) -> None:
    """An edit tells nobody, so it is said below the card."""
    picked(bench)
    bench.type("lock")
    bench.type("retro")
    assert bench.until(datetime(2027, 3, 26, 9, tzinfo=UTC))[-1] == "portfolio.retro"
    (said,) = (shown for key, shown in messages(bench.db) if key == f"{RETRO}/came")
    assert said.notification == "Week 12 is over. Looking back on 2027-Q1: not known yet"


def test_the_retrospective_is_put_on_record_and_teaches_the_next_quarter(bench: PortfolioBench) -> None:
    """Outcomes and efforts as people said them; the next portfolio has them in its record."""
    picked(bench)
    bench.type("lock")
    bench.now = datetime(2027, 3, 27, tzinfo=UTC)
    bench.type("outcome CAN-1 sustained 0.4 (0.1 to 0.7) https://wiki/reranker", by=ENG)
    bench.type("effort CAN-1 20 weeks", by=ENG)
    card = bench.card(RETRO)
    assert "✓ lasted · `CAN-1` Reranker: 3.2M" in card.text
    assert "✗ alert · effort (actual / estimated engineer-weeks) 2.50" in card.text
    assert "CAN-2` Cold start: not run, so nobody knows" in card.text
    (picture,) = (one for one in card.blocks if one["type"] == "image")
    assert picture["slack_file"]["id"].startswith("upload:portfolio/2027-Q1/reliability/")
    assert "came true 1.00 (0.21 to 1.00), 1 of 1" in picture["alt_text"]
    entry = bench.entries("2027-Q1")[-1]
    assert entry.kind == "portfolio_reviewed"
    assert entry.body["figures"]["hit_rate"] == {"hits": 1, "of": 1}
    assert entry.body["projects"][0] | {"scope": ""} == {
        "title": "Reranker", "estimated": 8.0, "actual": 20.0, "scope": "",
    }  # fmt: skip
    bench.type("pick 2027-Q2")
    assert "(1 on record)" in bench.card("portfolio/2027-Q2/card").text


def test_what_people_say_of_a_quarter_is_checked(bench: PortfolioBench) -> None:
    """A lift outside its interval, weeks that are none, a candidate that was not picked, no source."""
    picked(bench)
    bench.type("lock")
    for typed, said in (
        ("outcome CAN-1 sustained 0.9 (0.1 to 0.7) https://x", "lies outside"),
        ("outcome CAN-1 sustained 0.4 https://x", "has no interval"),
        ("outcome CAN-1 maybe https://x", "Say sustained, shipped or no"),
        ("outcome CAN-1 no x", "Nothing says where that is written"),
        ("effort CAN-1 -3", "cannot be"),
        ("effort CAN-1 many", "is no number"),
        ("effort CAN-9 3", "There is no candidate"),
        ("link CAN-1", "Nothing was named to link CAN-1 with"),
        ("link CAN-1 nothing-here", "No experiment `nothing-here` is registered"),
        ("status 2031-Q1", "No portfolio of 2031-Q1 is locked"),
    ):
        with pytest.raises(InputError, match=said):
            bench.type(typed)


def test_the_update_says_every_figure_with_its_record(bench: PortfolioBench) -> None:
    """Markdown and a page; what no record shows is a gap."""
    picked(bench)
    bench.type("lock")
    bench.type("update")
    keys = [key for key, _ in messages(bench.db)]
    key = next(one for one in reversed(keys) if one.endswith("/update"))
    text = bench.file(f"{key}/md")
    assert text.startswith("# Portfolio update, 2027-Q1\n")
    assert "1 of 2 candidates were picked; locked on 2026-12-14, before the quarter began" in text
    assert "[ledger 1]" in text
    assert "**[gap: no retrospective is on record;" in text
    assert bench.file(f"{key}/html").startswith("<!doctype html>")


def test_nobody_without_the_role_locks_or_waives(bench: PortfolioBench) -> None:
    """The service asks again, whichever door it came through."""
    picked(bench)
    for typed in ("lock", "gut CAN-1", "waive CAN-1 because I want it so", "drop CAN-1 because I want it so"):
        with pytest.raises(RefusedError):
            bench.type(typed, by=NOBODY)


def test_quarters_begin_when_the_configuration_says_so(sqlite: Database) -> None:
    """A first day of its own moves the status with it; a day far off stops the start."""
    bench = PortfolioBench(sqlite, portfolio={"starts": {"2027-Q1": date(2027, 1, 4)}})
    term = bench.desk.settings.portfolio.running(date(2027, 1, 3))
    assert str(term.quarter) == "2026-Q4"
    with pytest.raises(ValueError, match="more than 45 days"):
        Settings(portfolio={"starts": {"2027-Q1": date(2027, 4, 1)}})  # type: ignore[arg-type]  # as TOML gives it


def test_the_backlog_is_listed_and_a_candidate_shown(bench: PortfolioBench) -> None:
    """For whoever asks."""
    listed = bench.type("list", by=NOBODY)
    assert listed is not None
    assert listed.text == "2 candidates in the backlog:"
    shown = bench.type("show CAN-1", by=NOBODY)
    assert shown is not None
    assert Shown({"text": shown.text, "blocks": list(shown.blocks)}).header == "CAN-1 · Reranker"
