"""`/launch check`, `supply` and `waive`: what holds a launch back, who can bring it, and what is refused."""

from typing import Any

import pytest

from bot.core.inbound import Ask, Order, Place, Submit
from bot.core.launch import Kind
from bot.errors import InputError, RefusedError, StaleError, UserError
from bot.limits import check_blocks, check_view
from bot.services import launches, readiness, supplying
from bot.store.database import Database
from bot.views.experiment_actions import Reference
from bot.views.readiness import DOCUMENT, LINK, REASON, REASON_MOST, ROW
from tests.services.incident_bench import Shown
from tests.services.signing_bench import AUTHOR, EM, ID, ML, PM, STRANGER, Bench

WIKI = "https://wiki.example/"
DIRECTOR = "U0DIR"
VALUE = Reference(ID).encode()
WHY = "agreed in the portfolio meeting of 3 Nov"
ROLES = {"engineer": (AUTHOR, ML), "owner": (PM,), "approver": (EM,), "director": (DIRECTOR,)}
PLACE = Place("C0LAUNCH")


@pytest.fixture
def bench(database: Database) -> Bench:
    """A launch that is signed and locked."""
    bench = Bench(database, roles=ROLES)
    bench.register()
    bench.sign_all()
    return bench


@pytest.fixture
def lite(sqlite: Database) -> Bench:
    """The same, for what does not depend on the database."""
    bench = Bench(sqlite, roles=ROLES)
    bench.register()
    bench.sign_all()
    return bench


def order(bench: Bench, verb: str, text: str, by: str = ML) -> None:
    """Type `/launch supply …` or `/launch waive …`."""
    verbs = {"supply": supplying.supply_order, "waive": supplying.waive_order}
    with bench.db.write() as session:
        typed = Order(by, PLACE, "launch", verb, text)
        verbs[verb](session, bench.desk, typed, "inbox/1", bench.now)


def refused(bench: Bench, verb: str, text: str, by: str = ML) -> str:
    """What is told who types something that is not done; nothing of it is on record then."""
    before = bench.launch()
    with pytest.raises(UserError) as caught:
        order(bench, verb, text, by)
    assert bench.launch() == before
    return f"{caught.value.message} {caught.value.hint}"


def missing(bench: Bench) -> list[str]:
    """The rows that hold the launch back."""
    with bench.db.read() as session:
        launch = launches.read(session, ID)
        return [row.id for row in readiness.missing(session, bench.desk, launch, bench.now)]


def card(bench: Bench, by: str = STRANGER) -> Shown:
    """What `/launch check` answers."""
    with bench.db.read() as session:
        answer = readiness.answer(session, bench.desk, Ask(by, PLACE, "launch", "check", ID), bench.now)
    assert check_blocks(answer.blocks) == []
    return Shown({"text": answer.text, "blocks": list(answer.blocks)})


def said(bench: Bench) -> Shown:
    """What was posted last in the launch's channel."""
    return Shown(bench.effects("post")[-1]["message"])


CHAIN = ["Trace it", "Draft the six-pager"]
"""What everybody may press: it shows the records behind the rows."""


def test_the_card_names_every_row_present_or_missing_and_who_can_bring_it(bench: Bench) -> None:
    """All eight in order; the last stage is closed while one is missing; anybody may ask."""
    shown = card(bench)
    assert shown.header == "Ready: 0 of 8 · ASOS experiment 0bad33"
    text = shown.text
    places = [text.index(f"AML-0{number} ") for number in range(1, 9)]
    assert places == sorted(places)
    assert "✗ *AML-02 Prioritised*: no portfolio linked" in text
    assert "Who can supply it: owner or approver" in text
    assert f"*owner*: <@{PM}>\n*engineer*: <@{AUTHOR}>, <@{ML}>" in text
    assert f"*approver*: <@{EM}>" in text
    assert "no look has judged the guardrails yet" in text
    assert "Who can take the look: engineer" in text
    assert shown.buttons == CHAIN


def test_buttons_are_there_for_who_may_use_them(bench: Bench) -> None:
    """An engineer supplies, an approver waives too; not one who wrote it."""
    assert card(bench, ML).buttons == ["Supply…", *CHAIN]
    assert card(bench, EM).buttons == ["Supply…", "Waive…", *CHAIN]
    assert card(bench, DIRECTOR).buttons == ["Waive…", *CHAIN]


@pytest.mark.parametrize("named", ["portfolio", "AML-02", "aml-2", "2", "Portfolio"])
def test_a_document_is_supplied_by_its_name_or_row(lite: Bench, named: str) -> None:
    """It is in the ledger with who and when, told in the channel, and the row is there."""
    order(lite, "supply", f"{ID} {named} {WIKI}portfolio?q=3&y=2026", by=PM)
    assert "AML-02" not in missing(lite)
    link, mark = lite.launch().supplied["portfolio"]
    assert (link, mark.by) == (f"{WIKI}portfolio?q=3&y=2026", PM)
    assert f"<{WIKI}portfolio?q=3&amp;y=2026|portfolio>" in card(lite).text
    assert "AML-02 portfolio supplied for ASOS experiment 0bad33. Still missing:" in str(said(lite))
    assert "head " in said(lite).text


def test_without_an_id_the_channel_s_only_launch_is_meant(bench: Bench) -> None:
    """As everywhere."""
    order(bench, "supply", f"load_test {WIKI}load")
    order(bench, "supply", f"load test {WIKI}load-2")
    assert bench.launch().supplied["load_test"][0] == f"{WIKI}load-2"


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "expected a row and a link"),
        (f"{WIKI}x", "expected a row and a link"),
        (f"{ID}", "expected a row and a link"),
        (f"AML-09 {WIKI}x", "is no row or document. Known: `framing` (AML-01)"),
        (f"AML-00 {WIKI}x", "is no row or document"),
        (f"AML-٢ {WIKI}x", "is no row or document"),
        (f"no-such-launch portfolio {WIKI}x", "is no row or document"),
        (f"AML-03 {WIKI}x", "AML-03 Registered, locked and powered takes no document"),
        (f"AML-05 {WIKI}x", "AML-05 Guardrails held takes no document"),
        (f"AML-07 {WIKI}x", "AML-07 takes several documents: `load_test`, `fallback`"),
        ("portfolio javascript:alert(1)", "Give a link that begins with https://"),
        ("portfolio ftp://wiki.example/x", "Give a link"),
        ("portfolio file:///etc/passwd", "Give a link"),
        ("portfolio https://", "Give a link"),
        ("portfolio https://a|<!channel>", "Give a link"),
        ("portfolio https://a`b", "Give a link"),
        (f"portfolio {WIKI}{'x' * 1000}", "Give a link"),
        ("portfolio wiki/portfolio", "Give a link"),
        (f"<!channel> {WIKI}x", "&lt;!channel&gt;"),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_what_cannot_be_supplied_is_refused_with_what_was_read(lite: Bench, typed: str, says: str) -> None:
    """An unknown row, no link, a hostile link, one too long: nothing is written, nothing formats or calls."""
    told = refused(lite, "supply", typed)
    assert says in told
    assert "<!channel>" not in told
    assert len(told) < 600


def test_what_is_supplied_already_is_said_with_by_whom(bench: Bench) -> None:
    """Another link replaces it."""
    order(bench, "supply", f"portfolio {WIKI}a", by=PM)
    bench.later(minutes=5)
    assert f"That portfolio was supplied 5 min ago by <@{PM}>." in refused(
        bench, "supply", f"portfolio {WIKI}a"
    )
    order(bench, "supply", f"portfolio {WIKI}b")
    assert bench.launch().supplied["portfolio"][0] == f"{WIKI}b"


@pytest.mark.parametrize("named", ["AML-02", "aml-2", "2"])
def test_a_row_is_waived_by_name_in_the_ledger(lite: Bench, named: str) -> None:
    """With who, why and what was missing; the row stays missing and does not hold the launch back."""
    order(lite, "waive", f"{ID} {named} {WHY}", by=EM)
    assert "AML-02" not in missing(lite)
    reason, mark = lite.launch().waived["AML-02"]
    assert (reason, mark.by) == (WHY, EM)
    text = card(lite).text
    assert f"⚠ *AML-02 Prioritised*: waived by <@{EM}>" in text
    assert "Missing: no portfolio linked" in text
    assert (
        "AML-02 Prioritised waived for ASOS experiment 0bad33* by" in str(said(lite)) or EM in said(lite).text
    )
    assert "head " in said(lite).text


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "expected a row and a reason. The rows are AML-01, AML-02"),
        ("everything because I say so today", "expected a row and a reason"),
        ("AML-09 because I say so today", "expected a row and a reason"),
        (f"{ID}", "expected a row and a reason"),
        ("AML-02", "The reason has 0 characters; a waiver needs at least 20."),
        ("AML-02 later", "The reason has 5 characters; a waiver needs at least 20."),
        ("AML-02 " + "\u200b \u2060" * 30, "a waiver needs at least 20."),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_what_cannot_be_waived_is_refused_with_what_was_read(lite: Bench, typed: str, says: str) -> None:
    """An unknown row, no reason, one too short, one of nothing one can see."""
    assert says in refused(lite, "waive", typed, by=EM)


def test_the_author_does_not_waive_and_is_told_who_can(database: Database) -> None:
    """Whatever role they hold."""
    bench = Bench(database, roles=ROLES | {"approver": (EM, AUTHOR)})
    bench.register()
    bench.sign_all()
    told = refused(bench, "waive", f"AML-02 {WHY}", by=AUTHOR)
    assert f"You registered `{ID}`, and a waiver comes from somebody else." in told
    assert f"director: <@{DIRECTOR}>" in told
    assert card(bench, AUTHOR).buttons == ["Supply…", *CHAIN]
    with bench.db.read() as session, pytest.raises(RefusedError):
        supplying.waive_form(session, bench.desk, AUTHOR, VALUE, bench.now)


def test_what_is_there_or_waived_is_not_waived_again(bench: Bench) -> None:
    """The first one stands; a row that is present needs none."""
    order(bench, "waive", f"AML-02 {WHY}", by=EM)
    bench.later(seconds=3)
    assert f"AML-02 was waived 3 s ago by <@{EM}>." in refused(bench, "waive", f"AML-02 {WHY}", by=DIRECTOR)
    order(bench, "supply", f"portfolio {WIKI}a")
    assert "AML-02" in refused(bench, "waive", f"AML-02 {WHY}", by=DIRECTOR)


def test_a_long_or_hostile_reason_is_cut_and_harmless(bench: Bench) -> None:
    """It cannot call a channel, and a card of eight such rows stays within Slack's limits."""
    for row in range(1, 9):
        if f"AML-0{row}" in missing(bench):
            order(bench, "waive", f"AML-0{row} <!channel> *bold* " + "é" * 5000, by=EM)
    assert missing(bench) == []
    assert len(bench.launch().waived["AML-02"][0]) <= REASON_MOST
    shown = card(bench)
    assert shown.header.startswith("Ready: 8 of 8")
    assert "<!channel>" not in str(shown)
    assert "Nothing holds it back" in shown.text


def test_a_closed_launch_takes_nothing_any_more(bench: Bench) -> None:
    """Said, not swallowed."""
    bench.write(Kind.CLOSED, {"why": "over"})
    assert "is closed" in refused(bench, "supply", f"{ID} portfolio {WIKI}a")
    assert "is closed" in refused(bench, "waive", f"{ID} AML-02 {WHY}", by=EM)
    with bench.db.read() as session, pytest.raises(StaleError):
        supplying.supply_form(session, bench.desk, ML, VALUE, bench.now)


def submit(by: str, form: str, value: str = VALUE, **fields: str) -> Submit:
    """A form sent off."""
    return Submit(by, PLACE, form, value, fields)


def test_the_forms_offer_what_is_missing_and_do_the_same(bench: Bench) -> None:
    """[Supply…] begins with the first document that is missing, [Waive…] lists what holds it back."""
    with bench.db.write() as session:
        form = supplying.supply_form(session, bench.desk, ML, VALUE, bench.now)
        assert check_view({**form, "type": "modal"}) == []
        assert "AML-01 framing" in str(form["blocks"][1])
        sent = submit(ML, "launch.supply", **{DOCUMENT: "dashboard", LINK: f" {WIKI}dash "})
        supplying.supply(session, bench.desk, sent, "inbox/1", bench.now)
        form = supplying.waive_form(session, bench.desk, EM, VALUE, bench.now)
        assert check_view({**form, "type": "modal"}) == []
        sent = submit(EM, "launch.waive", **{ROW: "AML-08", REASON: WHY})
        supplying.waive(session, bench.desk, sent, "inbox/2", bench.now)
    assert bench.launch().supplied["dashboard"][0] == f"{WIKI}dash"
    assert "AML-08" not in missing(bench)


@pytest.mark.parametrize(
    ("form", "fields"),
    [
        ("supply", {}),
        ("supply", {DOCUMENT: "erase", LINK: f"{WIKI}x"}),
        ("supply", {DOCUMENT: "portfolio", LINK: "javascript:alert(1)"}),
        ("waive", {}),
        ("waive", {ROW: "AML-99", REASON: WHY}),
        ("waive", {ROW: "AML-02", REASON: "short"}),
    ],
)
def test_a_forged_form_changes_nothing(lite: Bench, form: str, fields: dict[str, str]) -> None:
    """What the form itself would not let through, or offers no choice for."""
    before, verbs = lite.launch(), {"supply": supplying.supply, "waive": supplying.waive}
    for value in (VALUE, "{}", "", '{"e":"no-such","r":0}'):
        sent = submit(EM, f"launch.{form}", value, **fields)
        with lite.db.write() as session, pytest.raises(InputError):
            verbs[form](session, lite.desk, sent, "inbox/1", lite.now)
    assert lite.launch() == before


def test_what_is_wrong_in_a_form_is_shown_in_it(bench: Bench) -> None:
    """Before it is stored."""
    assert supplying.supply_faults({LINK: "wiki"}) == {LINK: supplying.NOT_A_LINK}
    assert supplying.supply_faults({LINK: f" {WIKI}x "}) == {}
    assert "at least 20" in supplying.waive_faults({REASON: "short"})[REASON]
    assert supplying.waive_faults({REASON: WHY}) == {}
    assert bench.launch().supplied == {}


def test_the_row_of_a_look_is_waived_only_for_what_was_seen(bench: Bench) -> None:
    """A waiver before the first look does not cover what that look finds."""
    order(bench, "waive", f"AML-05 {WHY}", by=EM)
    assert "AML-05" not in missing(bench)
    bench.later(days=2).looked("veto")
    assert "AML-05" in missing(bench)
    order(bench, "waive", f"AML-05 {WHY}", by=EM)
    assert "AML-05" not in missing(bench)


@pytest.mark.parametrize("about", ["no-such-launch", f"{ID} and more"])
def test_a_check_of_nothing_known_is_told_what_there_is(lite: Bench, about: str) -> None:
    """With the ids that there are."""
    asked: Any = Ask(STRANGER, PLACE, "launch", "check", about)
    with lite.db.read() as session, pytest.raises(InputError) as caught:
        readiness.answer(session, lite.desk, asked, lite.now)
    assert ID in caught.value.hint
