"""Amendments: proposed with a reason, signed like the first, never what a look has begun to rest on."""

from typing import Any

import pytest

from bot.core.launch import Kind, State
from bot.core.registration import sha256
from bot.core.strict_yaml import parse
from bot.errors import InputError, RefusedError, StaleError
from bot.services import amending, launches
from bot.services.registering import FaultyError
from bot.store import experiments as records
from bot.store.database import Database
from tests.services.signing_bench import (
    AUTHOR,
    EM,
    ID,
    ML,
    NOW,
    PM,
    SIGNED,
    STRANGER,
    Bench,
)

MDE = SIGNED.replace("relative: 0.01", "relative: 0.02")
TITLE = SIGNED.replace("title: ASOS experiment 0bad33", "title: ASOS, the checkout button")


@pytest.fixture
def bench(database: Database) -> Bench:
    """A locked launch on each kind of database."""
    bench = Bench(database)
    bench.register()
    bench.sign_all()
    return bench


@pytest.fixture
def lite(sqlite: Database) -> Bench:
    """A locked launch on SQLite, for what does not depend on the database."""
    bench = Bench(sqlite)
    bench.register()
    bench.sign_all()
    return bench


def in_force(bench: Bench) -> records.Registered:
    """The registration in force."""
    with bench.db.read() as session:
        found = records.load(session, ID)
    assert found is not None
    return found


def test_an_amendment_is_in_force_once_everybody_has_signed_it(bench: Bench) -> None:
    """A new hash, the reason, who signed, what changed; the first text stays on record."""
    before = in_force(bench)
    bench.later(hours=1).propose(MDE)
    card = bench.card()
    assert card.header.startswith("Amendment · Waiting for 3 signatures: pm, em, applied-ml · ")
    assert f"<@{ML}>: the traffic halved" in card.text
    assert "• primary.mde.relative: 0.01 → 0.02" in card.text
    assert card.buttons == ["Sign as pm", "Sign as em", "Sign as applied-ml", "Withdraw"]
    assert in_force(bench) == before
    assert f"An amendment by <@{ML}> is proposed." in bench.shown(bench.launch().card).text
    bench.sign_all()
    after, launch = in_force(bench), bench.launch()
    assert after.sha256 == launch.sha256 == sha256(parse(MDE, name="x").data)
    assert after.text == MDE
    assert (launch.amended, launch.broken, launch.amendment, launch.missing_signoffs) == (1, False, None, ())
    (said,) = bench.said("/amended")
    assert said.header == f"Amended: ASOS experiment 0bad33 · {after.sha256[:12]}…"
    assert f"Signed by pm <@{PM}>, em <@{EM}>, applied-ml <@{ML}>." in said.text
    assert "• primary.mde.relative: 0.01 → 0.02" in said.text
    assert f"sha256 {after.sha256} · ledger {launch.entry} · head {launch.head[:12]}…" in said.text
    assert bench.shown(launch.card).header.startswith(f"Locked Mon 23 Nov, {after.sha256[:12]}…")
    assert bench.effects("update")[-1]["message"]["text"].startswith("Amendment · In force · ")
    with bench.db.read() as session:
        assert records.of_hash(session, ID, before.sha256) == before
        assert records.original(session, ID) == before


def test_a_withdrawn_amendment_changes_nothing_and_makes_room_for_another(bench: Bench) -> None:
    """By its author, or by who may withdraw; its buttons then sign nothing."""
    before = in_force(bench)
    bench.propose(MDE)
    card = bench.card()
    with pytest.raises(StaleError, match=f"An amendment of {ID} by <@{ML}> waits for signatures already"):
        bench.propose(TITLE)
    with pytest.raises(RefusedError, match="To withdraw an amendment takes the role"):
        bench.press("Withdraw", STRANGER)
    bench.press("Withdraw", ML)
    assert bench.launch().amendment is None
    assert in_force(bench) == before
    assert f"<@{ML}> withdrew the amendment; {ID} stays as it was." in bench.said("/withdrawn")[0].text
    for label in ("Sign as em", "Withdraw"):
        with pytest.raises(StaleError):
            bench.press(label, EM, card=card)
    bench.propose(TITLE)
    assert bench.launch().amendment is not None


def test_before_the_lock_a_change_is_in_force_at_once_and_signed_anew(sqlite: Database) -> None:
    """Nobody relied on it yet; signatures of the old text do not count, and its buttons sign nothing."""
    bench = Bench(sqlite)
    bench.register()
    card = bench.card()
    bench.sign("em", EM)
    bench.later(minutes=1).propose(MDE)
    launch = bench.launch()
    assert (launch.state, launch.signatures, launch.author) == (State.SIGNING, {}, ML)
    assert in_force(bench).text == MDE
    with pytest.raises(StaleError, match="is not the one to sign any more"):
        bench.press("Sign as em", EM, card=card)
    bench.sign_all()
    assert bench.launch().locked_at is not None


@pytest.mark.parametrize(
    ("before", "after", "touches"),
    [
        ("relative: 0.01}", "relative: 0.02}", "primary"),
        ("signoffs:", "alpha: 0.01\nsignoffs:", "alpha"),
        ("[2, 14, 26, 35, 43]", "[2, 14, 26, 43]", "sequential"),
        ("max_relative_regression: 0.02", "max_relative_regression: 0.03", "guardrails"),
        ("signoffs:", "correction: holm\nsignoffs:", "correction"),
        ("signoffs:", "ship_rule: clears_mde\nsignoffs:", "ship_rule"),
        ("signoffs:", "guardrail_rule: noninferiority\nsignoffs:", "guardrail_rule"),
        ("0bad33.csv", "other.csv", "data"),
    ],
)
def test_after_the_first_look_the_plan_stays_as_it_was(
    lite: Bench, before: str, after: str, touches: str
) -> None:
    """Refused with what it touches; a look whose data were broken does not count, a peek does."""
    assert before in SIGNED
    text = SIGNED.replace(before, after)
    lite.looked("invalid")
    lite.propose(text)
    lite.press("Withdraw", ML)
    lite.looked("unjudged", look=0, record=2)
    with pytest.raises(RefusedError, match=rf"looked at already \(a peek\), and this changes {touches}"):
        lite.propose(text)
    assert lite.launch().amendment is None


def test_what_the_plan_does_not_rest_on_may_change_after_a_look(lite: Bench) -> None:
    """A title, an owner, a rollout: signed as ever, and nothing is broken."""
    lite.looked()
    lite.propose(TITLE, breaking=True)
    amendment = lite.launch().amendment
    assert amendment is not None
    assert not amendment.breaking
    lite.sign_all()
    launch = lite.launch()
    assert (launch.title, launch.broken) == ("ASOS, the checkout button", False)


@pytest.mark.parametrize(
    ("looks", "says"),
    [("[3, 14, 26, 35, 43]", "in this text it is on day 3"), ("[43]", "in this text it is on day 43")],
)
def test_looks_that_were_held_cannot_be_moved_even_by_breaking_the_plan(
    lite: Bench, looks: str, says: str
) -> None:
    """What was seen was seen on its day; those to come may move, which is marked."""
    lite.looked()
    held, coming = SIGNED.replace("[2, 14, 26, 35, 43]", looks), SIGNED.replace("14, 26", "16, 26")
    with pytest.raises(RefusedError, match=rf"look 1 of {ID} is on record for day 2; {says}"):
        lite.propose(held, breaking=True)
    lite.propose(coming, breaking=True)
    lite.sign_all()
    assert lite.launch().broken


def test_a_metric_that_was_renamed_in_the_source_may_follow_by_breaking_the_plan(lite: Bench) -> None:
    """What the plan judges by is part of it: another column is another measurement until it is signed."""
    lite.looked()
    renamed = SIGNED.replace("m2: {kind: mean", "m2: {column: m2_new, kind: mean")
    assert renamed != SIGNED
    with pytest.raises(RefusedError, match=r"this changes metrics\.m2"):
        lite.propose(renamed)
    lite.propose(renamed, breaking=True)
    lite.sign_all()
    assert lite.launch().broken


def test_writing_out_a_default_touches_nothing(lite: Bench) -> None:
    """What counts is what it means."""
    lite.looked()
    lite.propose(SIGNED + "correction: iut\n")
    lite.sign_all()
    assert not lite.launch().broken


def test_an_amendment_that_breaks_the_plan_is_marked_and_every_card_says_so(bench: Bench) -> None:
    """On the amendment, in the channel, on the living card from then on."""
    bench.looked()
    bench.propose(MDE, breaking=True, reason="we had <!channel> wrong")
    assert (
        "⚠ It breaks the plan after a look (primary); every later verdict will say so." in bench.card().text
    )
    bench.sign_all()
    launch = bench.launch()
    assert launch.broken
    for shown in (bench.said("/amended")[0], bench.shown(launch.card)):
        assert f"⚠ The plan was changed after a look by <@{ML}>" in shown.text
        assert "we had &lt;!channel&gt; wrong" in shown.text
    bench.propose(TITLE.replace("relative: 0.01", "relative: 0.02"))
    bench.sign_all()
    assert bench.launch().broken


def test_an_amendment_overtaken_by_a_look_cannot_be_signed_any_more(lite: Bench) -> None:
    """Proposed before look 1, not marked: the look came first."""
    lite.propose(MDE)
    lite.sign("em", EM)
    lite.looked()
    with pytest.raises(StaleError, match=r"looked at already \(look 1\), and this changes primary") as caught:
        lite.sign("pm", PM)
    assert caught.value.hint == "Withdraw this amendment."


@pytest.mark.parametrize(("verdict", "said"), [("continue", "looked at already"), ("veto", "look 1 vetoed")])
def test_an_amendment_overtaken_by_a_look_is_not_acknowledged_into_force(
    lite: Bench, verdict: str, said: str
) -> None:
    """All had signed it, and only its warning was left when the look came."""
    before = in_force(lite)
    lite.propose("".join(line for line in MDE.splitlines(keepends=True) if not line.startswith("  h1:")))
    lite.sign_all()
    lite.looked(verdict)
    with pytest.raises(StaleError, match=said):
        lite.press("Acknowledge 1 warning: R102", EM)
    assert in_force(lite) == before
    lite.press("Withdraw", ML)
    assert lite.launch().amendment is None


@pytest.mark.parametrize("touching", [MDE, TITLE])
def test_an_amendment_after_a_veto_is_refused(lite: Bench, touching: str) -> None:
    """A re-run is registered under a new id."""
    lite.looked("veto")
    with pytest.raises(RefusedError) as caught:
        lite.propose(touching, breaking=True)
    assert caught.value.message == f"look 1 vetoed {ID}: an amendment after a veto is refused."
    assert caught.value.hint == "Register a re-run under a new id: `/experiment register`."


def test_an_amendment_after_a_decision_is_refused(lite: Bench) -> None:
    """What decided it stays as it was; one that was waiting can only be withdrawn."""
    lite.propose(MDE)
    lite.looked("ship", look=5)
    body = {"decision": "ship", "verdict": "ship", "record": 1, "look": 5}
    lite.write(Kind.DECIDED, body | {"acknowledged": [], "override": None, "reason": ""})
    with pytest.raises(StaleError, match="was decided or closed already"):
        lite.sign("em", EM)
    lite.press("Withdraw", ML)
    with pytest.raises(RefusedError, match=r"was decided \(ship\)"):
        lite.propose(MDE)


def test_a_change_that_is_none_or_of_another_id_is_refused(lite: Bench) -> None:
    """Comments do not count; the id may not change; a reason is needed; who may not is told who may."""
    for text, message in (
        (SIGNED + "# a comment\n", "This changes nothing"),
        (SIGNED.replace(f"id: {ID}", "id: another-one"), "The id may not change: the text says another-one"),
    ):
        with pytest.raises(InputError, match=message):
            lite.propose(text)
    with pytest.raises(InputError, match="An amendment needs a reason"):
        lite.propose(MDE, reason=" ")
    with pytest.raises(InputError, match="The reason has 1001 characters; 1000 is the most"):
        lite.propose(MDE, reason="x" * 1001)
    with pytest.raises(RefusedError, match="To amend a registration takes the role engineer or owner"):
        lite.propose(MDE, by=STRANGER)
    with pytest.raises(FaultyError, match=r"asos\.yaml has 1 error, so nothing was amended"):
        lite.propose(SIGNED.replace("metric: m1", "metric: m9", 1))
    assert lite.launch().amendment is None


def test_who_edited_an_older_text_is_told_to_open_it_again(lite: Bench) -> None:
    """The form knows what it was opened with."""
    base = lite.launch().sha256
    lite.propose(TITLE)
    lite.sign_all()
    with pytest.raises(StaleError, match=f"{ID} was amended while you wrote"):
        lite.propose(MDE, base=base)


def test_a_sign_off_cannot_be_amended_away_without_its_signature(lite: Bench) -> None:
    """The roles in force and those that the change brings all sign it."""
    fewer = SIGNED.replace("[pm, em, applied-ml]", "[em]")
    lite.propose(fewer)
    amendment = lite.launch().amendment
    assert amendment is not None
    assert amendment.signoffs == ("pm", "em", "applied-ml")
    lite.sign_all()
    assert lite.launch().signoffs == ("em",)
    more = SIGNED.replace("[pm, em, applied-ml]", "[em, pm]")
    lite.propose(more)
    assert lite.launch().amendment.signoffs == ("em", "pm")  # type: ignore[union-attr]  # proposed just now


def test_the_proposer_of_an_amendment_is_not_its_only_signer(lite: Bench) -> None:
    """As with the registration's author."""
    one = SIGNED.replace("[pm, em, applied-ml]", "[applied-ml]")
    lite.propose(one)
    lite.sign_all()
    lite.propose(one.replace("relative: 0.01", "relative: 0.02"), by=ML)
    assert f"• applied-ml: <@{AUTHOR}> or <@{PM}> signs" in lite.card().text
    with pytest.raises(RefusedError, match="You wrote this"):
        lite.sign("applied-ml", ML)
    lite.sign("applied-ml", AUTHOR)
    assert lite.launch().amended == 2


def test_warnings_that_an_amendment_adds_are_acknowledged_with_it(lite: Bench) -> None:
    """Only the new ones."""
    text = "\n".join(line for line in SIGNED.splitlines() if not line.startswith("  h1:")) + "\n"
    lite.propose(text)
    lite.sign_all()
    assert lite.launch().amended == 0
    assert "⚠ R102" in lite.card().text
    lite.press("Acknowledge 1 warning: R102", EM)
    launch = lite.launch()
    assert (launch.amended, set(launch.acknowledged)) == (1, {"R102"})
    lite.propose(text.replace("relative: 0.01", "relative: 0.02"))
    assert lite.card().buttons[-1] == "Withdraw"
    assert lite.launch().amendment.warnings == ()  # type: ignore[union-attr]  # proposed just now


def test_going_back_to_an_earlier_text_keeps_the_words_it_had(lite: Bench) -> None:
    """Looks of that time are sealed over that very text, comments and all."""
    first = in_force(lite)
    lite.propose(MDE)
    lite.sign_all()
    lite.propose("# back again\n" + SIGNED)
    lite.sign_all()
    assert (in_force(lite).sha256, in_force(lite).text) == (first.sha256, SIGNED)


def test_signatures_of_the_deactivated_are_voided_on_amendments_too(lite: Bench) -> None:
    """Asked for again before it is in force."""
    lite.propose(MDE)
    lite.sign("em", EM)
    lite.leaves(EM)
    lite.sign("pm", PM)
    lite.sign("applied-ml", ML)
    assert lite.launch().amended == 0
    assert lite.card().header.startswith("Amendment · Waiting for 1 signature: em")


def view(bench: Bench, by: str = ML, typed: str = "") -> dict[str, Any]:
    """The form as it opens."""
    with bench.db.read() as session:
        return dict(amending.view(session, bench.desk, by, "C0LAUNCH", typed))


def test_the_form_shows_the_text_in_force_where_it_fits(lite: Bench) -> None:
    """Longer ones are given as a file, and the form says so; who may not amend gets no form."""
    form = view(lite)
    field = next(block for block in form["blocks"] if block.get("block_id") == "yaml")
    assert field["element"]["initial_value"] == SIGNED
    assert form["private_metadata"] == f"{ID} {lite.launch().sha256}"
    lite.propose(f"# {'x' * 3000}\n{TITLE}")
    lite.sign_all()
    form = view(lite)
    field = next(block for block in form["blocks"] if block.get("block_id") == "yaml")
    assert "initial_value" not in field["element"]
    assert "more than the field takes" in form["blocks"][0]["text"]["text"]
    with pytest.raises(RefusedError):
        view(lite, by=STRANGER)


def test_every_entry_names_the_row_it_stands_for(bench: Bench) -> None:
    """Proposal and amendment are rows of their own."""
    bench.propose(MDE)
    bench.sign_all()
    with bench.db.read() as session:
        kinds = [entry.kind for entry in launches.ledger.of(session, ID)]
    assert kinds[-5:] == ["amendment", "signed", "signed", "signed", "amended"]
    assert bench.now > NOW
