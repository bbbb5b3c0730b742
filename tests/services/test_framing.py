"""Framing: seven pages kept one by one, a decision with a hash, what it leads to, the day it comes back."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.core.candidate import Effort
from bot.core.framing import F, Framing, Step
from bot.core.inbound import Order, Place, Press, Submit
from bot.core.readiness import Row
from bot.core.review import Check, Outcome
from bot.core.thing import Thing, ThingKind
from bot.services import candidates as candidate_services
from bot.services import drafting, framing_home, readiness, review_changes, reviewing, triage, verifying
from bot.services.launches import read as read_launch
from bot.store import candidates, experiments, framings, links
from bot.store.database import Database
from bot.views.framing_actions import PAGES, FramingAction
from bot.views.ledger_history import history
from bot.views.readiness_actions import ReadinessAction
from handlers import needs, switchboard
from handlers.topic import Everybody
from tests.conftest import ManualClock
from tests.core.framing_bench import DATA, YUKI
from tests.services.decision_bench import CLEAN
from tests.services.decision_bench import ID as DECIDED
from tests.services.decision_bench import Bench as Deciding
from tests.services.framing_bench import CHANNEL, EM, ML, NOBODY, PM, Bench, standing
from tests.services.incident_bench import Bench as Incidents
from tests.services.incident_bench import Shown
from tests.services.signing_bench import ID
from tests.services.signing_bench import Bench as Signing
from tests.services.tampering import tamper

EXPERIMENT = {
    "horizon": "28", "looks": "28", "spending": "none", "table": "quiz.parquet", "unit": "user_id",
    "arm": "arm", "day": "day", "signoffs": "pm\nem",
}  # fmt: skip


@pytest.fixture
def bench(sqlite: Database) -> Bench:
    """A bench on SQLite."""
    return Bench(sqlite)


def drawn(shown: Shown) -> str:
    """A message as lines: what it says, its buttons in brackets, the coloured one with a star."""
    lines = [f"notification: {shown.notification}"]
    for block in shown.blocks:
        match block["type"]:
            case "actions":
                labels = [
                    f"[{one['text']['text']}]{'*' if one.get('style') else ''}" for one in block["elements"]
                ]
                lines.append(" ".join(labels))
            case "context":
                lines.append(f"small: {block['elements'][0]['text']}")
            case kind:
                lines.append(f"{kind}: {block['text']['text']}")
    return "\n\n".join(lines).replace("\N{NO-BREAK SPACE}", " ") + "\n"


def golden(name: str, shown: str) -> str:
    """What a message or document is expected to say; GOLDEN=1 takes `shown` for it."""
    if os.environ.get("GOLDEN"):
        (DATA / name).write_text(shown, "utf-8")
    return (DATA / name).read_text("utf-8")


def test_a_framing_is_written_page_by_page_and_kept_at_each(database: Database) -> None:
    """Seven pages; the first puts it on record, the card says what is missing, closing loses nothing."""
    bench = Bench(database)
    first = bench.open(PAGES, "New JP readers leave")
    assert standing(first)[F.TITLE] == "New JP readers leave"
    second = bench.onward(first, {**YUKI})
    framing = bench.framing()
    assert (framing.id, framing.author, framing.channel) == ("FRM-1", ML, CHANNEL)
    assert set(framing.fields) == {"title", "who", "words", "words_from", "stay"}
    assert second["title"]["text"] == "Framing, page 2 of 7"
    third = bench.onward(second, YUKI)
    assert "FRM-1 · Each page is kept" in third["blocks"][0]["elements"][0]["text"]
    assert "missing on 5 of 7 pages: H0 (hypothesis); H1 (hypothesis); the do() clause" in bench.card().text

    later = bench.later(days=2).open_by("Continue")
    assert later["title"]["text"] == "Framing, page 3 of 7"
    page: Any = later
    titles = []
    while page is not None:
        titles.append(page["title"]["text"])
        page = bench.onward(page, YUKI)
    assert titles == [f"Framing, page {number} of 7" for number in range(3, 8)]
    assert dict(bench.framing().fields) == {name: said.strip() for name, said in YUKI.items()}
    shown = drawn(bench.card())
    assert shown == golden("card_draft.txt", shown)
    assert [one.number for one in _every(bench)] == [1]


def _every(bench: Bench) -> list[Framing]:
    with bench.db.read() as session:
        return framings.every(session)


def test_going_back_keeps_the_page_left_and_shows_what_was_written(bench: Bench) -> None:
    """Also what is wrong on it: it is refused when it is sent off, not when it is left."""
    second = bench.onward(bench.open(PAGES, ""), YUKI)
    third = bench.onward(second, YUKI)
    back = bench.onward(third, {"do": "quiz correlates with retention"}, action=FramingAction.BACK)
    assert back["title"]["text"] == "Framing, page 2 of 7"
    assert standing(back)[F.COHORT] == YUKI["cohort"]
    assert bench.framing().fields[F.DO] == "quiz correlates with retention"
    again = bench.onward(back, {})
    assert standing(again)[F.DO] == "quiz correlates with retention"
    wrong = bench.send(again, {})
    assert list(wrong) == [F.DO]
    assert "“correlates with” says that two things go together" in wrong[F.DO]
    assert "do(cold_start = quiz)" in wrong[F.DO]
    assert all(one["type"] != "actions" for one in bench.open(PAGES, "")["blocks"])


def test_the_last_page_says_what_the_options_come_to_before_they_are_on_record(bench: Bench) -> None:
    """From the page that was just sent off."""
    bench.framed(heuristic_value="", ml_value="")
    options = bench.open(PAGES, "FRM-1/options")
    page = bench.onward(options, YUKI)
    said = "\n".join(one["text"]["text"] for one in page["blocks"] if one["type"] == "section")
    assert (
        "ML brings +2 to +3 points of week-2 retention on top of the heuristic, at 4 times the cost" in said
    )


def test_somebody_elses_newer_page_is_not_overwritten(bench: Bench) -> None:
    """Whoever is too late is told what they wrote; another page is no matter."""
    bench.framed()
    mine, theirs = bench.open(PAGES, "FRM-1/evidence"), bench.open(PAGES, "FRM-1/evidence", PM)
    bench.later(seconds=60)
    bench.send(theirs, {"prior": "0.4"}, PM)
    with pytest.raises(Exception, match="was written by <@U0PM> 0 s ago, after you opened it") as stale:
        bench.send(mine, {"prior": "0.9"})
    assert "You wrote: prior: 0.9" in stale.value.hint  # type: ignore[attr-defined]  # a StaleError's
    assert bench.framing().fields[F.PRIOR] == "0.4"
    bench.send(bench.open(PAGES, "FRM-1/stages"), {"stage1": "A pilot"})
    assert bench.framing().fields[F.STAGE1] == "A pilot"


def test_deciding_names_what_is_missing(bench: Bench) -> None:
    """Typed and pressed alike; nothing is put into the ledger."""
    bench.framed(words_from="", evidence="Everybody says so", recommendation="not_now", revisit="")
    said = bench.refused("decide FRM-1", PM)
    assert said.startswith(
        "InputError: FRM-1 cannot be decided yet, 3 things missing: where those words were"
    )
    assert "a source for piece 1 of the evidence" in said
    assert "the day on which “not now” is looked at again (recommendation)" in said
    assert bench.entries() == []
    assert bench.refused("decide FRM-1", NOBODY).startswith("RefusedError: To decide on a framing takes")


def test_a_decision_has_a_hash_a_ledger_entry_a_document_and_a_reminder(database: Database) -> None:
    """AML-01 as it is decided; the message prints number and head."""
    bench = Bench(database)
    bench.framed()
    form = bench.open_by("Decide", PM)
    assert "4 times the cost" in form["blocks"][0]["text"]["text"]
    assert "and the baseline is 31" in form["blocks"][1]["text"]["text"]
    assert bench.send(form, {}, PM) == {}
    framing, (entry,) = bench.framing(), bench.entries()
    assert framing.decided is not None
    assert entry.body["sha256"] == framing.decided.sha256
    assert entry.body["fields"] == dict(framing.fields)
    assert (entry.kind, entry.body["recommendation"], entry.by) == ("framing_decided", "heuristic_first", PM)
    news = drawn(bench.card("framing/1/decided/1"))
    assert f"ledger {entry.number} · head {entry.hash[:12]}…" in news
    assert news == golden("decided.txt", news)
    assert bench.document() == golden("document.md", bench.document())
    assert "reminder <!date^1799107200^" in bench.card().text
    assert "decided **heuristic first** on New JP readers" in history(bench.entries(), {PM: "Mia"})
    assert "was decided by <@U0PM>" in bench.refused("decide FRM-1 once more please", PM)


def test_a_template_that_names_what_does_not_exist_leaves_the_decision_standing(
    bench: Bench, tmp_path: Path
) -> None:
    """It is said which name; the document comes once the template is mended."""
    (tmp_path / "framing.md.j2").write_text("# {{ id }} {{ colour }}\n")
    bench.framed()
    bench.templates(tmp_path)
    bench.type("decide FRM-1", PM)
    said = bench.effects("post")[-1]["message"]["text"]
    assert said.startswith(
        "FRM-1 is decided, without its document. The template framing.md.j2 cannot be used: "
    )
    assert "'colour' is undefined" in said
    assert bench.framing().decided is not None
    assert "cannot be used" in bench.refused("document FRM-1")


def test_what_changes_later_is_the_next_edition(bench: Bench) -> None:
    """With what changed and why; the first one stays as it was."""
    bench.decided()
    bench.type("set FRM-1 prior 70 %")
    assert "Changed since, not decided: ✓ Nothing is missing" in bench.card().text
    assert "Say in at least 10 characters what changed" in bench.refused("decide FRM-1", PM)
    bench.type("decide FRM-1 the pilot in one city moved retention", PM)
    framing = bench.framing()
    assert [one.number for one in framing.editions] == [1, 2]
    assert framing.editions[0].fields["prior"] == "0.55"
    assert framing.editions[0].sha256 != framing.editions[1].sha256
    assert "because: the pilot in one city moved retention" in bench.document()
    assert not framing.changed


def test_a_decided_framing_fills_in_a_registration_and_is_joined_with_it(bench: Bench) -> None:
    """The form has the hypothesis, the file the prior and the population; the readiness row is there."""
    bench.decided()
    view = bench.open_by("Register")
    filled = {name.removeprefix("experiment.new."): said for name, said in standing(view).items()}
    assert filled["intervention"] == "do(cold_start = quiz)"
    assert (filled["treatment"], filled["control"]) == ("quiz", "popularity")
    assert (filled["baseline"], filled["mde"], filled["traffic"]) == ("0.31", "12.9032", "3500")
    assert filled["disconfirming"].count("\n") == 1
    entered = {f"experiment.new.{name}": said for name, said in EXPERIMENT.items()}
    assert bench.send(view, entered) == {}
    name = "new-jp-readers-leave-before-we-know-their-taste"
    with bench.db.read() as session:
        registered = experiments.load(session, name)
        assert registered is not None
        content = json.loads(registered.canonical)
        found = links.of(session, Thing(ThingKind.EXPERIMENT, name))
        launch = read_launch(session, name)
        row = readiness.rows(session, bench.desk, launch, bench.now)[0]
    assert content["hypothesis"]["prior_probability"] == 0.55
    assert content["hypothesis"]["prior_evidence"][0].endswith("similar surface (Spotify, industry report)")
    assert content["metrics"]["week2_retention"]["window_days"] == 14
    assert content["population"] == YUKI["cohort"]
    assert content["artefacts"] == {"framing": "FRM-1"}
    assert [(one.earlier.id, one.why) for one in found] == [("FRM-1", "registered from it")]
    assert f"led to `{name}`" in bench.card().text
    assert row.present
    assert row.artefact == "FRM-1 decided 23 Nov 2026 (ledger 1); do(cold_start = quiz)"


def test_a_registration_by_hand_is_begun_as_a_file_and_joined_by_its_artefact(bench: Bench) -> None:
    """By mention, which can open no form; a launch without framing is joined with `supply` or `link`."""
    bench.framed()
    assert "is not decided yet" in bench.refused("propose FRM-1")
    with pytest.raises(Exception, match="is not decided yet"):
        bench.open(drafting.FORM, "FRM-1")
    bench.type("decide FRM-1", PM)
    bench.type("register FRM-1", mention=True)
    text = bench.document()
    assert "  prior_probability: 0.55" in text
    assert "artefacts: {framing: FRM-1}" in text
    assert standing(bench.open(drafting.FORM, "some words"))["experiment.new.title"] == ""


def test_a_decided_framing_becomes_a_candidate_once(bench: Bench) -> None:
    """The heuristic with its reach, impact in points, prior and weeks; joined both ways."""
    bench.decided()
    bench.press("Propose")
    bench.type("propose FRM-1")
    with bench.db.read() as session:
        (item,) = candidates.every(session)
        joined = links.after(session, bench.framing().thing, ThingKind.CANDIDATE)
    found = item.candidate
    assert found.title == YUKI["heuristic"]
    assert found.reach is not None
    assert (found.reach.value, found.reach.unit, found.reach.per.value) == (3500, "readers", "day")
    assert found.impact is not None
    assert (found.impact.value, found.impact.unit, found.impact.baseline) == (4, "points", 0.31)
    assert found.impact.sd == pytest.approx(0.4625, abs=1e-4)
    assert (found.confidence, found.effort and found.effort.weeks) == (0.55, 3)
    assert [one.id for one in joined] == [item.id]
    assert f"led to `{item.id}`" in bench.card().text


def test_proposed_again_a_candidate_has_the_figures_of_the_newest_edition(bench: Bench) -> None:
    """Not those that somebody changed on it meanwhile; one that was dropped is not called in the backlog."""
    bench.decided()
    bench.type("propose FRM-1")
    with bench.db.write() as session:
        item = candidate_services.meant(session, "CAN-1")
        longer = replace(item.candidate, effort=Effort(7))
        candidate_services.change(session, bench.desk, item, longer, bench.now)
    bench.type("set FRM-1 prior 70 %")
    bench.type("set FRM-1 heuristic_weeks 4")
    bench.type("propose FRM-1")
    with bench.db.read() as session:
        assert candidate_services.meant(session, "CAN-1", lock=False).candidate.confidence == 0.55
    bench.type("decide FRM-1 the pilot in one city moved retention", PM)
    bench.type("propose FRM-1")
    assert "CAN-1 has what edition 2 of FRM-1 says" in bench.answers()[-1]
    with bench.db.read() as session:
        found = candidate_services.meant(session, "CAN-1", lock=False)
    assert (found.candidate.confidence, found.candidate.effort) == (0.7, Effort(7))
    assert "prior 0.7" in found.why
    bench.type("propose FRM-1")
    assert "It is in the backlog" in bench.answers()[-1]
    with bench.db.write() as session:
        item = candidate_services.meant(session, "CAN-1")
        candidate_services.drop(session, bench.desk, item, by=PM, why="nobody asks for it", now=bench.now)
    bench.type("propose FRM-1")
    assert "`/portfolio take-up CAN-1` takes it up again" in bench.answers()[-1]


def test_of_ml_only_what_goes_beyond_the_heuristic_is_its_own(bench: Bench) -> None:
    """And “not now” leads to nothing until it is changed."""
    bench.decided(recommendation="ml_now", stage1_answer="yes")
    bench.type("propose FRM-1")
    with bench.db.read() as session:
        (item,) = candidates.every(session)
    assert item.candidate.impact is not None
    assert (item.candidate.impact.value, item.candidate.impact.heuristic) == (6.5, 4)
    bench.type("set FRM-1 recommendation not now")
    bench.type("decide FRM-1 the team is on the index rebuild", PM)
    assert "decided “not now” until Tue 5 Jan 2027" in bench.refused("propose FRM-1")
    assert "Register" not in drawn(bench.card())


def test_the_day_it_comes_back_is_reminded_of_three_times_at_most(bench: Bench) -> None:
    """At nine in Tokyo; it says what came of it since; snoozed for a week; settled by the next edition."""
    bench.decided()
    assert bench.at(2027, 1, 4).work() == []
    bench.at(2027, 1, 5, 0).work()
    first = bench.card("framing/1/revisit/1/1")
    assert "Since then: no experiment was joined with it." in first.text
    assert "Reminder 1 of 3" in first.text
    bench.press("Snooze", PM, first)
    assert bench.answers()[-1].startswith("Snoozed until <!date^")
    assert bench.at(2027, 1, 8).work() == []
    bench.at(2027, 1, 20).work()
    bench.at(2027, 1, 30).work()
    last = bench.card("framing/1/revisit/1/3")
    assert "This is the last reminder." in last.text
    assert "Snooze" not in drawn(last)
    assert bench.at(2027, 3, 1).work() == []
    bench.type("set FRM-1 revisit 2027-06-01")
    bench.type("decide FRM-1 stage 1 is still running, see the look", PM)
    assert "✓ looked at again" in bench.card("framing/1/revisit/1/3").text
    bench.type("quiet FRM-1", PM)
    assert bench.at(2027, 6, 2).work() == []
    assert "No more reminders of FRM-1 were planned" in bench.refused("snooze FRM-1", PM)


def test_the_home_page_has_what_waits_for_each(bench: Bench) -> None:
    """What one began, what one may decide, and what should have been looked at again."""

    def waits(by: str) -> list[str]:
        with bench.db.read() as session:
            return [one.what for one in framing_home.items(session, bench.desk, by, bench.now)]

    bench.framed(prior="")
    name = "*FRM-1* New JP readers leave before we know their taste"
    assert (waits(ML), waits(PM)) == ([f"1 missing: {name}"], [])
    bench.type("set FRM-1 prior 0.55")
    assert waits(PM) == waits(ML) == [f"Complete, not decided: {name}"]
    assert waits(NOBODY) == []
    bench.type("decide FRM-1", PM)
    assert waits(ML) == []
    bench.at(2027, 1, 6)
    assert waits(ML) == [f"⚠ Was to be looked at again on Tue 5 Jan 2027: {name}"]


def test_a_decided_launch_answers_the_question_that_was_open(bench: Bench) -> None:
    """In the framing's thread, with verdict and record, and a way to write it down."""
    bench.decided()
    launch = Deciding(bench.db).sign().stage()
    bench.type(f"link FRM-1 {DECIDED}", PM)
    record = launch.look(CLEAN)
    launch.order("stop", "the catalogue is replaced in spring, so nobody would keep the quiz")
    answer = next(one for one in bench.effects("post") if "/answered/" in one["key"])
    assert answer["thread"] == "framing/1/card"
    shown = Shown(answer["message"])
    assert f"was decided: *stop*, verdict ship at look 4, record {record} (ledger " in shown.text
    assert "That answers stage 1: does any intervention move it?" in shown.text
    assert bench.open_by("Answer", ML, shown)["title"]["text"] == "Framing, page 5 of 7"


def test_one_given_up_is_left_alone(bench: Bench) -> None:
    """With the reason in the ledger; its form, its decision and its reminder are over."""
    bench.decided()
    assert "The reason has 3 characters" in bench.refused("drop FRM-1 bad", PM)
    bench.type("drop FRM-1 it is the same as FRM-2", PM)
    assert [one.kind for one in bench.entries()] == ["framing_decided", "framing_dropped"]
    assert "Given up: it is the same as FRM-2" in bench.card().text
    assert "actions" not in {block["type"] for block in bench.card().blocks}
    for typed in ("set FRM-1 prior 0.5", "decide FRM-1 again, since it is true", "propose FRM-1"):
        assert bench.refused(typed, PM).startswith("StaleError: FRM-1 was given up")
    with pytest.raises(Exception, match="was given up"):
        bench.open(PAGES, "FRM-1")
    assert bench.at(2027, 2, 1).work() == []


def test_a_mention_makes_a_draft_and_fields_are_typed(bench: Bench) -> None:
    """What is typed is read like what the form has, and refused with how to write it."""
    bench.type("new New readers leave", mention=True)
    post = bench.effects("post")[-1]
    assert (post["key"], post["thread"]) == ("framing/1/card", "1.0")
    bench.type("write FRM-1", mention=True)
    again = bench.effects("post")[-1]
    assert (again["thread"], Shown(again["message"]).header) == ("1.0", "FRM-1 · New readers leave")
    bench.type("set FRM-1 evidence it was seen before | ticket 12; and elsewhere | a blog")
    assert bench.framing().fields[F.EVIDENCE].splitlines() == [
        "it was seen before | ticket 12", "and elsewhere | a blog",
    ]  # fmt: skip
    bench.type("set FRM-1 evidence -")
    assert F.EVIDENCE not in bench.framing().fields
    assert "“associated with”" in bench.refused("set FRM-1 do quizzes are associated with retention")
    assert "The fields are `title`, `who`" in bench.refused("set FRM-1 colour blue")
    assert "expected a field" in bench.refused("set FRM-1 prior")
    assert "Give it a title" in bench.refused("set FRM-1 title -")
    with pytest.raises(Exception, match="No title was given"):
        bench.type("new", mention=True)
    with pytest.raises(Exception, match="The title has 400 characters"):
        bench.type(f"new {'x' * 400}", mention=True)


def test_the_list_has_what_waits_first(bench: Bench) -> None:
    """Drafts, then what is decided, then what was given up; nothing is said too."""
    empty = bench.type("list")
    assert empty is not None
    assert empty.notification == "No framing is on record. `/frame new` begins one."
    bench.decided()
    bench.type("new Prices look random", mention=True)
    bench.type("new Twice the same", mention=True)
    bench.type("drop FRM-3 it is the same as FRM-2", PM)
    found = bench.type("list")
    assert found is not None
    assert found.text.splitlines()[-3:] == [
        "`FRM-2` draft, 23 missing · Prices look random",
        "`FRM-1` heuristic first, looked at again on Tue 5 Jan 2027 · "
        "New JP readers leave before we know their taste",
        "`FRM-3` given up · Twice the same",
    ]
    shown = bench.type("show frm-1")
    assert shown is not None
    assert shown.header == "FRM-1 · New JP readers leave before we know their taste"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("document", "No framing was named. Name one, for example `FRM-1`. On record: FRM-1"),
        ("show INC-7", "Read `INC-7`, which names no framing"),
        ("show FRM-99", "There is no framing FRM-99. On record: FRM-1"),
        ("show FRM-1 now", "expected one framing"),
        ("list all", "expected nothing behind it"),
        ("link FRM-1 us-mle-99", "There is no experiment `us-mle-99`"),
        ("link FRM-1 INC-99", "There is no incident `INC-99`"),
        ("link FRM-1 CAN-99", "There is no candidate `CAN-99`"),
        ("link FRM-1 2026-Q4", "2026-Q4 is a portfolio"),
        ("link FRM-1", "as what to join it with"),
        ("link FRM-1 a b c", "as what to join it with"),
        ("document FRM-99", "There is no framing FRM-99"),
        ("snooze FRM-1", "No more reminders of FRM-1 were planned"),
        ("quiet FRM-1 for ever", "expected a framing and nothing else"),
        ("frobnicate", "which /frame does not know"),
    ],
)
def test_what_cannot_be_read_is_answered_with_what_was_expected(bench: Bench, typed: str, said: str) -> None:
    """And nothing is changed."""
    bench.type("new New readers leave", mention=True)
    assert said in bench.refused(typed)


def test_a_control_or_form_of_another_version_is_refused_in_words(bench: Bench) -> None:
    """Nothing else comes of it."""
    for value in ("{}", "FRM-1/chapter", "INC-1", "", "FRM-" + "9" * 40):
        with pytest.raises(Exception, match=r"cannot be read|no framing"):
            bench.handle(Press(ML, Place(CHANNEL), FramingAction.PROPOSE, value))
    for value in ("", "{}", '{"s":"letter","t":"x","n":99,"o":0}'):
        with pytest.raises(Exception, match=r"cannot be read|There is no framing"):
            bench.handle(Submit(ML, Place(CHANNEL), PAGES, value, {"title": "x"}))
    assert _every(bench) == []


def test_forms_join_it_and_give_it_up_as_typing_does(bench: Bench) -> None:
    """With the same refusals."""
    bench.decided()
    bench.press("Propose")
    form = bench.open_by("Join")
    with pytest.raises(Exception, match="There is no experiment `us-mle-99`"):
        bench.send(form, {"thing": "us-mle-99"})
    with pytest.raises(Exception, match="FRM-1 and `CAN-1` are joined already"):
        bench.send(form, {"thing": "can-1"})
    with pytest.raises(Exception, match="The reason has 3 characters"):
        bench.send(bench.open_by("Give up", PM), {"why_decided": "bad"}, PM)
    bench.send(bench.open_by("Give up", PM), {"why_decided": "it is the same as FRM-2"}, PM)
    assert "Given up: it is the same as FRM-2 (ledger 2)" in bench.card().text


def test_a_launch_takes_a_framing_in_place_of_a_link(bench: Bench) -> None:
    """Not while it is undecided; and it says where the framing was decided on something else."""
    signed = Signing(bench.db)
    signed.register()

    def row() -> Row:
        with bench.db.read() as session:
            return readiness.rows(session, bench.desk, read_launch(session, ID), bench.now)[0]

    def supply(what: str) -> None:
        place = Place("C0LAUNCH")
        bench.handle(Order(PM, place, "launch", "supply", f"{ID} framing {what}"))

    with pytest.raises(Exception, match="There is no framing FRM-7"):
        supply("FRM-7")
    with pytest.raises(Exception, match="Read `letter` as the link of framing"):
        supply("letter")
    bench.framed()
    supply("frm-1")
    assert not row().present
    assert "FRM-1 is linked and not decided" in row().why
    bench.type("decide FRM-1", PM)
    assert row().present
    assert row().artefact.startswith(
        "FRM-1 decided 23 Nov 2026 (ledger 3), which was decided on do(cold_start"
    )
    assert "joined already" in bench.refused(f"link FRM-1 {ID}", PM)
    form = switchboard.FORMS[ReadinessAction.SUPPLY]
    assert form.check({"document": "framing", "link": "FRM-1"}) == {}
    assert form.check({"document": "dashboard", "link": "FRM-1"})


def test_an_incidents_review_has_a_framing_looked_at_again(sqlite: Database, clock: ManualClock) -> None:
    """A gap that names it is joined, told in its thread, and marked until it is decided anew."""
    bench = Bench(sqlite)
    bench.decided()
    incidents = Incidents(sqlite, clock)
    incidents.receive(incidents.alert())
    clock.advance(minutes=5)
    review = begin_review(incidents)
    line = "FRM-1 took day-1 sessions for the cause, and it was the catalogue."
    with pytest.raises(Exception, match="There is no framing FRM-9"):
        answer_check(incidents, review, "It was misframed in FRM-9 already.")
    answer_check(incidents, review, line)
    answer_check(incidents, review, line)
    framing = bench.framing()
    assert framing.questioned == f"INC-1: {line}"
    assert [one.kind for one in bench.entries()] == ["framing_decided", "framing_questioned"]
    told = [one for one in bench.effects("post") if "/questioned/" in one["key"]]
    assert len(told) == 1
    assert "⚠ To be looked at again: INC-1: FRM-1 took" in bench.card().text
    assert "from `INC-1`" in bench.card().text
    with bench.db.read() as session:
        assert [one.id for one in links.before(session, framing.thing, ThingKind.INCIDENT)] == ["INC-1"]
    bench.type("decide FRM-1 the catalogue was mended, the claim stands", PM)
    assert bench.framing().questioned == ""


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (
            'UPDATE framing_edition SET fields = \'{"title":"x"}\'',
            "it is not what entry 1 of the ledger says",
        ),
        ("UPDATE framing_edition SET \"by\" = 'U0ML'", "it is not what entry 1 of the ledger says"),
        ("UPDATE framing_edition SET number = 2", "the ledger has no entry of it"),
        ("DELETE FROM framing_edition", "and it is not there: restore"),
        ("UPDATE framing SET fields = '{}'", ""),
    ],
)
def test_verify_finds_an_edition_that_was_changed(bench: Bench, statement: str, said: str) -> None:
    """The ledger has what was decided; what is being written now may change as it likes."""
    bench.decided()
    with bench.db.write() as session:
        tamper(session, statement)
    with bench.db.read() as session:
        found = verifying.verify(session)
    assert found.ok == (said == "")
    assert said in " ".join(map(str, found.faults))


def test_text_from_outside_stays_text(bench: Bench) -> None:
    """In the card and in the document, however it is written."""
    nasty = "<!channel> *bold* | <https://evil.example|here> `code` {{ 7 * 7 }}"
    bench.framed(title=nasty, who=nasty, why=nasty, evidence=f"{nasty.replace('|', '/')} | {nasty}")
    card = json.dumps([one for one in bench.card().blocks if one["type"] != "header"])  # plain text acts not
    assert "<!channel>" not in card
    assert "<https" not in card
    bench.type("document FRM-1")
    assert "\\<!channel\\>" in bench.document()
    assert "7 \\* 7" in bench.document()


def begin_review(bench: Incidents) -> int:
    """The review of the incident, as it is begun when it is resolved."""
    with bench.write() as session:
        incident = triage.find(session, 1)
        return reviewing.begin(session, bench.desk, incident, now=bench.now).incident


def answer_check(bench: Incidents, review: int, line: str) -> None:
    """The check whether the problem was misframed found a gap."""
    with bench.write() as session:
        review_changes.check(
            session, bench.desk, review, Check.FRAMING, Outcome.GAP, line=line, by=ML, now=bench.now
        )


def test_who_may_what_of_framings() -> None:
    """Writing, showing and proposing is everybody's; deciding takes a role."""
    of_frames = {
        **{verb: needed for (topic, verb), needed in needs.ORDERS.items() if topic == "frame"},
        **{name: needed for name, needed in {**needs.PRESSES, **needs.FORMS}.items() if "frame." in name},
    }
    everybodys = {str(name) for name, needed in of_frames.items() if isinstance(needed, Everybody)}
    assert everybodys == {
        "new", "write", "set", "document", "register", "propose",
        "frame.document", "frame.propose", "frame.pages",
    }  # fmt: skip
    assert switchboard.FORM_BUTTONS[FramingAction.REGISTER] == drafting.FORM


def test_every_page_keeps_to_slacks_limits_however_full_it_is(bench: Bench) -> None:
    """Fields at their longest, lists of forty lines."""
    full = "x" * 2400
    bench.framed(words=full, stay=full, h1=full, why=full, stage1=full)
    for step in Step:
        bench.open(PAGES, f"FRM-1/{step}", EM)
    bench.effects()
