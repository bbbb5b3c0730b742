"""After a veto: the playbook's tasks with owners and days, reminders that come once, the redesign chosen."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from bot.core.launch import Kind
from bot.errors import InputError, RefusedError, StaleError
from bot.services import tasks
from bot.store.database import Database
from bot.views.decision_actions import DecisionAction, Pick
from bot.views.decision_matrix import Row, together
from tests.services.decision_bench import AML_05, CLEAN, EM, ENG, ID, JP, ML, NOBODY, PM, Bench, plain

TOKYO = {"timezone": "Asia/Tokyo"}


def card_of(record: int = 1) -> str:
    """The key of an investigation's card."""
    return f"launch/{ID}/investigation/{record}"


def opened(db: Database, **settings: object) -> Bench:
    """A launch whose veto for CSAT is being investigated."""
    bench = Bench(db, **settings).sign().stage()
    bench.look()
    bench.press("Open investigation", ENG)
    return bench


def test_an_investigation_has_tasks_from_day_0_to_14_with_owners(database: Database) -> None:
    """AML-05's plan by the veto's date: who does what by when, in the ledger and on one card."""
    bench = opened(database)
    launch = bench.launch()
    assert launch.investigation == "veto"
    assert [(one.id, one.owner, one.due) for one in launch.tasks] == [
        ("hold.1", ML, date(2026, 11, 23)),
        ("document.1", ML, date(2026, 11, 24)),
        ("drill_down.1", ML, date(2026, 11, 26)),
        ("root_cause.1", ML, date(2026, 11, 30)),
        ("diagnostic.1", ML, date(2026, 12, 7)),
        ("next_step.1", EM, date(2026, 12, 7)),
    ]
    card = bench.card(card_of())
    assert card.header == "Investigation: csat"
    assert "6 of 6 open." in card.text
    assert "*Drill down into csat: which session types, which cohorts, which segments" in card.text
    assert card.buttons.count("Done") == card.buttons.count("Change…") == 6
    assert bench.card().buttons == ["Request override…", "Stop…"]
    assert "*Nothing ships.* The investigation is open; <@U0PM> may also stop it." in bench.card().text
    assert (
        "*Next:* hold the launch by Mon 23 Nov (<@U0ML>) · veto documented by Tue 24 Nov" in bench.card().text
    )


def test_it_is_opened_once_by_who_may(database: Database) -> None:
    """The second press is told who was first; somebody without a role which one it takes."""
    bench = Bench(database).sign()
    bench.look()
    card = bench.card()
    with pytest.raises(RefusedError, match="To open an investigation takes the role engineer or owner"):
        bench.press("Open investigation", NOBODY)
    bench.press("Open investigation", ENG)
    with pytest.raises(StaleError, match="<@U0ENG> has opened it already"):
        bench.press("Open investigation", PM, card)
    assert bench.kinds().count(Kind.INVESTIGATION) == 1


def test_only_a_veto_is_investigated(sqlite: Database) -> None:
    """A forged press on a look that allows a launch, or that is not there, opens nothing."""
    bench = Bench(sqlite).sign()
    record = bench.look(CLEAN)
    with pytest.raises(RefusedError, match="Look 4 says ship: there is no veto to investigate"):
        press(bench, DecisionAction.INVESTIGATE, Pick(ID, record))
    with pytest.raises(InputError, match="has no planned look with record 9"):
        press(bench, DecisionAction.INVESTIGATE, Pick(ID, 9))


def test_a_task_s_day_is_that_of_the_channel_s_zone(sqlite: Database) -> None:
    """22:00 UTC on Monday is Tuesday in Tokyo, and so are the days that count from the veto."""
    bench = Bench(sqlite, **TOKYO).sign().at(2026, 11, 23, 22)
    bench.look()
    bench.press("Open investigation", ENG)
    assert [one.due for one in bench.launch().tasks][:2] == [date(2026, 11, 24), date(2026, 11, 25)]
    bench.at(2026, 11, 24, 0)  # 09:00 in Tokyo
    assert bench.work() == ["launch.task"]


def test_a_role_that_several_hold_has_the_task_together(sqlite: Database) -> None:
    """Where nobody alone is meant, all who hold the role are called."""
    both = {"pm": (PM,), "em": (EM,), "applied_ml": (ML, ENG)}
    bench = opened(sqlite, signoffs=both)
    assert bench.launch().tasks[0].owner == "applied_ml"
    assert "by Mon 23 Nov · <@U0ML> <@U0ENG>" in bench.card(card_of()).text


def test_reminders_come_on_the_day_and_twice_more_and_never_doubled(database: Database) -> None:
    """09:00 on its day, then every second day; the last one says that it is the last."""
    bench = opened(database)
    for name in ("document", "drill_down", "root_cause", "diagnostic", "next_step"):
        bench.write(Kind.TASK_DONE, {"task": f"{name}.1", "note": ""}, ENG)
    seen = []
    for day in range(23, 31):
        for hour in (0, 8, 9, 9, 23):
            bench.at(2026, 11, day, hour)
            bench.work()
            seen += [bench.now] * (len(bench.posted("/task/hold.1/")) - len(seen))
    assert [f"{moment:%d %H}" for moment in seen] == ["23 09", "25 09", "27 09"]
    first, second, third = (plain(one.text) for one in bench.posted("/task/hold.1/"))
    assert "<@U0ML>: *Hold the launch at its stage, in the flag system too* is due today" in first
    assert "was due Mon 23 Nov, ⚠ 2 days overdue" in second
    assert "Reminder 1 of 3. The next reminder comes" in first
    assert "Reminder 3 of 3. This is the last reminder." in third
    assert all(one["thread"] == card_of() for one in bench.effects("post") if "/task/" in one["key"])


def test_opening_it_late_reminds_of_nothing_at_once(sqlite: Database) -> None:
    """Five days after the veto three tasks are overdue: the next morning reminds, not the press."""
    bench = Bench(sqlite).sign()
    bench.look()
    bench.at(2026, 11, 28, 15)
    bench.press("Open investigation", ENG)
    assert bench.work() == []
    assert "⚠ 3 overdue." in bench.card(card_of()).text
    bench.at(2026, 11, 29, 9)
    assert bench.work() == ["launch.task"] * 3


def test_a_task_is_ticked_by_a_button_and_reminded_of_no_more(database: Database) -> None:
    """Who did it stands on the card; a second press is told so."""
    bench = opened(database)
    card = bench.card(card_of())
    bench.press("Done", ML, card)
    assert bench.launch().tasks[0].done is not None
    shown = bench.card(card_of())
    assert "✓ done: Hold the launch at its stage" in shown.text
    assert "5 of 6 open." in shown.text
    with pytest.raises(StaleError, match="was done by <@U0ML> already"):
        bench.press("Done", ENG, card)
    bench.at(2026, 11, 23, 9)
    assert bench.work() == []
    with pytest.raises(RefusedError):
        bench.press("Done", NOBODY, shown)
    assert "hold the launch" not in bench.card().text  # what is next is what is open


def test_a_task_that_is_overdue_says_so_on_its_card_and_to_the_digest(sqlite: Database) -> None:
    """The day after its day; the longest overdue first; a finished launch has none."""
    bench = opened(sqlite).at(2026, 11, 25, 9)
    bench.work()
    card = bench.card(card_of()).text
    assert "⚠ 2 overdue." in card
    assert "⚠ overdue: *Hold the launch at its stage" in card
    with bench.db.read() as session:
        late = tasks.overdue(session, bench.launch(), date(2026, 11, 25))
        assert [one.id for one in late] == ["hold.1", "document.1"]
    bench.order("stop", "CSAT fell")
    with bench.db.read() as session:  # stopped: what was to be learned still is
        assert tasks.overdue(session, bench.launch(), date(2026, 11, 25)) == late
    bench.write(Kind.CLOSED, {"why": "archived"})
    with bench.db.read() as session:
        assert tasks.overdue(session, bench.launch(), date(2026, 12, 31)) == ()


def test_a_task_gets_another_day_and_owner(database: Database) -> None:
    """Its reminders move along; the new owner is told; a day that is past is refused."""
    bench = opened(database)
    fields = {"owner": ENG, "due": "2026-12-01"}
    assert bench.fill("Change", PM, {"due": "2026-11-01"}, key=card_of()) == {
        "due:2026-11-23": "Choose 2026-11-23 or a later day."
    }
    for day, said in (("2026-11-01", "Sun 1 Nov is past"), ("soon", "The day is soon"), ("", "is missing")):
        with pytest.raises(InputError, match=said):
            change(bench, {"due:2026-11-23": day})
    assert bench.fill("Change", PM, fields, key=card_of()) == {}
    task = bench.launch().tasks[0]
    assert (task.owner, task.due) == (ENG, date(2026, 12, 1))
    assert "<@U0ENG>: *Hold the launch" in bench.posted("/moved")[0].notification
    bench.at(2026, 11, 23, 9)
    assert bench.work() == []
    bench.at(2026, 12, 1, 9)
    bench.work()
    assert len(bench.posted("/task/hold.1/")) == 1


def test_a_reminder_can_be_snoozed_or_silenced(database: Database) -> None:
    """Three days more, within the same cap; or none at all, while the task stays open."""
    bench = opened(database).at(2026, 11, 23, 9)
    bench.work()
    reminder = bench.posted("/task/hold.1/")[0]
    bench.press("Snooze", ML, reminder)
    bench.at(2026, 11, 25, 9)
    bench.work()
    assert len(bench.posted("/task/hold.1/")) == 1
    bench.at(2026, 11, 26, 9)
    bench.work()
    second = bench.posted("/task/hold.1/")[1]
    assert "Reminder 2 of 3." in second.text
    bench.press("No more", ML, second)
    bench.at(2026, 12, 24)
    bench.work()
    assert len(bench.posted("/task/hold.1/")) == 2
    assert bench.launch().tasks[0].done is None


def test_a_cohort_s_veto_offers_the_redesigns_with_their_costs(database: Database) -> None:
    """AML-06: the stratified retrain is recommended over the carve-out, and why."""
    bench = cohort_vetoed(database)
    card = bench.card(card_of())
    assert bench.launch().investigation == "cohort_redesign"
    for line in (
        "• Is the training data imbalanced against the cohort?",
        "*A: Stratified retrain, recommended* · 4 engineer-weeks",
        "*B: Carve-out* · 1 engineer-week",
        "Against: A public commitment to a second-class model; Trust erodes over many launches",
        "Why A: Four weeks are paid once; a carve-out is paid for at every launch after it",
    ):
        assert line in card.text, line
    assert card.buttons[-2:] == ["[Choose A]", "Choose B…"]


def test_the_recommended_redesign_is_chosen_by_a_button(database: Database) -> None:
    """It becomes a record: both ways with their costs, what was chosen, by whom."""
    bench = cohort_vetoed(database)
    bench.press("Choose A", ENG, key=card_of())
    assert bench.launch().redesign == "stratified_retrain"
    (news,) = bench.posted("/redesign")
    assert "*Redesign A: Stratified retrain* (4 engineer-weeks, the recommended one), chosen by" in news.text
    assert "*Chosen: A: Stratified retrain*" in bench.card(card_of()).text
    (upload,) = bench.effects("upload")
    assert upload["filename"] == f"{ID}-redesign-stratified-retrain-{bench.launch().entry - 1}.md"
    (document,) = bench.documents()
    assert document.startswith("# Redesign: Stratified retrain: Reranker")
    assert "| 4 engineer-weeks | It mends the bias behind it; The cohort" in document
    assert "| recommended, chosen |" in document
    assert "✗ veto" in document
    with pytest.raises(StaleError, match="<@U0ENG> has chosen already: Stratified retrain"):
        press(bench, DecisionAction.CHOOSE, Pick(ID, 1, "stratified_retrain"), PM)


def test_choosing_a_redesign_does_the_task_that_asks_for_it(database: Database) -> None:
    """By who chose, on every card; its reminder says so and has no buttons any more."""
    bench = cohort_vetoed(database)
    bench.at(2026, 11, 27, 9)
    bench.work()
    (reminder,) = bench.effects("post")[-1:]
    assert "/task/choose.1/" in reminder["key"]
    bench.press("Choose A", ENG, key=card_of())
    asked = next(one for one in bench.launch().tasks if one.id == "choose.1")
    assert asked.done is not None
    assert asked.done.by == ENG
    assert "✓ done: Write the decision document and choose a way to redesign" in bench.card(card_of()).text
    settled = bench.card(reminder["key"])
    assert settled.text.startswith(
        "✓ done: Write the decision document and choose a way to redesign (<@U0ENG>"
    )
    assert settled.buttons == []
    bench.at(2026, 11, 29, 9)
    bench.work()
    assert len(bench.posted("/task/choose.1/")) == 1


def test_a_reminder_has_no_buttons_once_its_task_is_done_or_moved(database: Database) -> None:
    """It says by whom; of a task moved and then done, every reminder says the latter."""
    bench = opened(database).at(2026, 11, 23, 9)
    bench.work()
    ((reminder),) = [one["key"] for one in bench.effects("post") if "/task/hold.1/" in one["key"]]
    change(bench, {"due": "2026-11-25"})
    assert bench.card(reminder).buttons == []
    assert "It is due Wed 25 Nov now, changed by <@U0PM>." in bench.card(reminder).text
    bench.at(2026, 11, 25, 9)
    bench.work()
    bench.press("Done", ML, bench.posted("/task/hold.1/")[-1])
    keys = {one["key"] for one in bench.effects("post") if "/task/hold.1/" in one["key"]}
    assert len(keys) == 2
    for key in keys:
        assert bench.card(key).text.startswith("✓ done: Hold the launch at its stage")
        assert bench.card(key).buttons == []


def test_a_heading_names_the_metric_once_and_cohorts_as_people_do() -> None:
    """A crossing by its values; a value that is no word keeps its dimension's name."""
    one = Row("", "", "", "", "", "", "", None, "")
    csat = replace(one, name="csat")
    cohorts = [
        replace(one, name=f"useful in {name}", cohort=name)
        for name in ("locale=jp", "locale=jp,tenure=returning", "locale=jp,age=30")
    ]
    assert together([csat, *cohorts]) == "csat, useful in jp, jp returning and jp age 30"
    assert together(cohorts[:2]) == "useful in jp and jp returning"
    assert together([csat, *cohorts], most=2) == "csat, useful in jp"
    assert together([csat]) == "csat"


def test_the_other_redesign_takes_a_reason(sqlite: Database) -> None:
    """A press that was sent without the form is refused, and so is no reason."""
    bench = cohort_vetoed(sqlite)
    with pytest.raises(InputError, match="Carve-out is not recommended and takes a reason"):
        press(bench, DecisionAction.CHOOSE, Pick(ID, 1, "carve_out"))
    name, value, _ = bench.open("Choose B", PM, key=card_of())
    with pytest.raises(InputError, match="Why Carve-out, and not Stratified retrain, was not said"):
        bench.submit(name, value, {"reason": " "}, PM)
    with pytest.raises(InputError, match="The playbook has no option ship_it"):
        press(bench, DecisionAction.CHOOSE, Pick(ID, 1, "ship_it"))
    bench.fill("Choose B", PM, {"reason": "The catalog for Japan moves to another service."}, key=card_of())
    assert "not the recommended one" in bench.posted("/redesign")[0].text
    assert "Why: The catalog for Japan moves" in bench.documents()[0]


def test_a_veto_by_both_opens_both_plans_once(sqlite: Database) -> None:
    """A guardrail and a cohort: the tasks of both playbooks, and what they share only once."""
    bench = Bench(sqlite).sign()
    bench.look(AML_05, locales=JP, n=40_000)
    bench.press("Open investigation", ENG)
    launch = bench.launch()
    assert launch.investigation == "veto + cohort_redesign"
    names = [one.id for one in launch.tasks]
    assert names.count("hold.1") == 1
    assert {"drill_down.1", "asymmetry.1", "ship_decision.1"} <= set(names)
    assert [one.due for one in launch.tasks] == sorted(one.due for one in launch.tasks)
    assert bench.card(card_of()).header.startswith("Investigation: csat, useful_answer_rate in jp")


def test_a_stopped_launch_keeps_its_tasks_and_a_closed_one_has_none(sqlite: Database) -> None:
    """Stopping does not answer why it failed; an archived experiment reminds nobody."""
    bench = opened(sqlite)
    bench.order("stop", "CSAT fell")
    bench.at(2026, 11, 23, 9)
    assert bench.work() == ["launch.task"]
    assert len(bench.posted("/task/hold.1/")) == 1
    bench.write(Kind.CLOSED, {"why": "archived"})
    bench.now += timedelta(days=2)
    bench.work()
    assert len(bench.posted("/task/")) == 1


def test_reminders_of_a_launch_that_is_over_have_no_buttons(sqlite: Database) -> None:
    """They say so; what was done stays as it is."""
    bench = opened(sqlite)
    bench.order("stop", "CSAT fell")
    bench.at(2026, 11, 23, 9)
    bench.work()
    reminder = next(one["key"] for one in bench.effects("post") if "/task/" in one["key"])
    assert bench.card(reminder).buttons != []
    bench.write(Kind.CLOSED, {"why": "archived"})
    with bench.db.write() as session:
        tasks.ended(session, bench.desk, bench.launch(), bench.now)
    assert bench.card(reminder).buttons == []
    assert "Nothing is expected of <@U0ML> any more, the launch is over" in bench.card(reminder).text


def test_after_a_move_reminders_go_to_the_new_channel(sqlite: Database) -> None:
    """The card they would answer is elsewhere, so they stand by themselves."""
    bench = opened(sqlite)
    bench.write(Kind.MOVED, {"channel": "C0NEW"})
    bench.at(2026, 11, 23, 9)
    bench.work()
    (post,) = [one for one in bench.effects("post") if "/task/" in one["key"]]
    assert (post["channel"], post["thread"]) == ("C0NEW", None)


def cohort_vetoed(db: Database) -> Bench:
    """A launch whose Japanese users lost 8 %, and whose investigation is open."""
    bench = Bench(db).sign()
    bench.look(CLEAN, locales=JP, n=40_000)
    bench.press("Open investigation", ENG)
    return bench


def press(bench: Bench, action: DecisionAction, pick: Pick, by: str = PM) -> None:
    """Send what a button that is not there would send."""
    from bot.core.inbound import Place, Press
    from handlers import switchboard

    with bench.db.write() as session:
        sent = Press(by, Place("C0LAUNCH"), action, pick.encode())
        switchboard.PRESSES[action](session, bench.desk, sent, "inbox/forged", bench.now)


def change(bench: Bench, fields: dict[str, str]) -> None:
    """Send the form of [Change…] of the first task."""
    bench.submit(DecisionAction.TASK_CHANGE, Pick(ID, 1, "hold.1").encode(), fields, PM)
