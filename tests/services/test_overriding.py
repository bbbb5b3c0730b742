"""Overrides: a whole review, another director's approval, an end and a look back; without all of it, none."""

import threading
from datetime import date, timedelta

import pytest

from bot.core.launch import Kind, State
from bot.errors import InputError, LookoutError, RefusedError, StaleError
from bot.services import advancing, launches
from bot.store.database import Database
from bot.views.decision_actions import DecisionAction, Pick
from tests.services.decision_bench import (
    BOSS,
    CLEAN,
    DIRECTOR,
    EM,
    ENG,
    ID,
    ML,
    PM,
    REVIEW,
    TEXT,
    Bench,
    plain,
)  # fmt: skip

FIRST = f"launch/{ID}/override-1"
ROLES = {"engineer": (ENG, ML), "owner": (PM, DIRECTOR), "approver": (EM,), "director": (DIRECTOR, BOSS)}


def vetoed(db: Database, **settings: object) -> Bench:
    """A launch at 50 % whose look 4 vetoed."""
    bench = Bench(db, **settings).sign().stage()
    bench.look()
    return bench


def requested(db: Database, by: str = PM, **settings: object) -> Bench:
    """One whose override was asked for, to end on 10 December and be looked back on 20 January."""
    bench = vetoed(db, **settings)
    assert bench.fill("Request", by, {**REVIEW, "expires": "2026-12-10", "retrospective": "2027-01-20"}) == {}
    return bench


def approved(db: Database) -> Bench:
    """One whose override a director approved."""
    bench = requested(db)
    bench.press("Approve", DIRECTOR, key=FIRST)
    return bench


def test_a_review_is_posted_for_a_director_to_answer(database: Database) -> None:
    """Every field that is declared stands on its card; the decision card says whom it waits for."""
    bench = requested(database)
    card = bench.card(FIRST)
    assert card.header == "Override requested: Reranker MiniLM-L6 to L12"
    assert "*<@U0DIR>, <@U0BOSS>: approve or refuse.* It takes a director other than <@U0PM>" in card.text
    assert "It would end with Thu 10 Dec and be looked back on Wed 20 Jan." in card.text
    assert all(said in plain(card.text) for said in REVIEW.values())
    assert card.buttons == ["Refuse…", "Approve"]
    decision = bench.card()
    assert "An override was asked for by <@U0PM>; it waits for <@U0DIR> <@U0BOSS>." in decision.text
    assert decision.buttons == ["[Open investigation]", "Stop…"]
    with pytest.raises(RefusedError, match="Look 4 says VETO"):
        forge_ship(bench)


@pytest.mark.parametrize("name", list(REVIEW))
def test_a_review_without_one_of_its_fields_is_none(sqlite: Database, name: str) -> None:
    """The form says which answer is too short; what a client that checks nothing sends is refused."""
    bench = vetoed(sqlite)
    before = bench.kinds()
    for thin in ("", "no", "          \u200b", "x" * 19):
        wrong = bench.fill("Request", PM, {**REVIEW, name: thin})
        assert list(wrong) == [next(one for one in wrong if one.startswith(f"review:{name}:"))]
        form, value, view = bench.open("Request", PM)
        fields = {block["block_id"]: "" for block in view["blocks"] if block["type"] == "input"}
        for field in fields:
            key = field.split(":")[1] if field.startswith("review:") else ""
            fields[field] = {**REVIEW, name: thin}.get(key, "2026-12-10")
        with pytest.raises(InputError, match="characters; a review needs"):
            bench.submit(form, value, fields, PM)
        with pytest.raises(InputError):
            bench.submit(form, value, {}, PM)
    assert bench.kinds() == before
    assert bench.launch().overrides == ()


@pytest.mark.parametrize(
    ("expires", "retrospective", "said"),
    [
        ("2026-11-23", "2027-01-20", "It may be any day from 2026-11-24 to 2026-12-21"),
        ("2027-11-23", "2027-01-20", "It may be any day from 2026-11-24 to 2026-12-21"),
        ("2026-12-10", "2026-12-09", "before it ends with 2026-12-10"),
        ("2026-12-10", "2027-06-01", "It may be any day from 2026-11-24 to 2027-01-22"),
        ("soon", "2027-01-20", "Choose 2026-11-24 to 2026-12-21"),
        ("", "2027-01-20", "The last day of the override is missing"),
        ("2026-12-10", "", "The day of the retrospective is missing"),
    ],
)
def test_an_override_needs_an_end_and_a_look_back(
    sqlite: Database, expires: str, retrospective: str, said: str
) -> None:
    """Within the days the playbook gives, and the look back not before the end."""
    bench = vetoed(sqlite)
    dates = {"expires": expires, "retrospective": retrospective}
    assert bench.fill("Request", PM, {**REVIEW, **dates})
    form, value, view = bench.open("Request", PM)
    fields = {block["block_id"]: "" for block in view["blocks"] if block["type"] == "input"}
    for field in fields:
        kind, _, rest = field.partition(":")
        fields[field] = REVIEW[rest.partition(":")[0]] if kind == "review" else dates[kind]
    with pytest.raises(InputError) as refusal:
        bench.submit(form, value, fields, PM)
    assert said in f"{refusal.value.message} {refusal.value.hint}"
    assert bench.launch().overrides == ()


def test_who_asks_does_not_approve_even_as_a_director(database: Database) -> None:
    """Somebody who may both ask and approve still needs somebody else; the refusal names them."""
    bench = requested(database, by=DIRECTOR, roles=ROLES)
    with pytest.raises(RefusedError, match="approved by somebody other than who asked") as refusal:
        bench.press("Approve", DIRECTOR, key=FIRST)
    assert refusal.value.hint == "Ask <@U0BOSS>."
    for who in (PM, EM, ENG):
        with pytest.raises(RefusedError, match="takes the role director"):
            bench.press("Approve", who, key=FIRST)
        with pytest.raises(RefusedError, match="takes the role director"):
            bench.open("Refuse", who, key=FIRST)
    assert bench.launch().overrides[0].pending
    bench.press("Approve", BOSS, key=FIRST)
    assert bench.launch().override is not None


def test_only_who_may_asks_and_only_for_a_veto(sqlite: Database) -> None:
    """An engineer cannot ask; what is not vetoed has nothing to override; one review at a time is enough."""
    bench = vetoed(sqlite)
    with pytest.raises(RefusedError, match="takes the role owner or approver"):
        bench.open("Request", ENG)
    form, value, view = bench.open("Request", EM)
    fields = {block["block_id"]: "" for block in view["blocks"] if block["type"] == "input"}
    for field in fields:
        kind, _, rest = field.partition(":")
        fields[field] = REVIEW[rest.partition(":")[0]] if kind == "review" else rest.partition(":")[0]
        fields[field] = "2026-12-10" if kind != "review" else fields[field]
    assert bench.fill("Request", PM, REVIEW) == {}
    with pytest.raises(StaleError, match="<@U0PM> has asked for an override already; it is waiting for a"):
        bench.submit(form, value, fields, EM)


def test_what_the_rule_allows_needs_no_override(sqlite: Database) -> None:
    """A forged request for a look that says ship is refused."""
    bench = Bench(sqlite).sign()
    record = bench.look(CLEAN)
    with pytest.raises(RefusedError, match="Look 4 says ship: there is no veto to override"):
        bench.submit(DecisionAction.OVERRIDE, Pick(ID, record).encode(), {}, PM)


def test_an_approved_override_ships_with_everything_on_record(database: Database) -> None:
    """It still takes the near-vetoes by name, a reason, and the other rows of the readiness check."""
    bench = approved(database)
    assert bench.launch().decision is None
    card = bench.card()
    assert "⚠ An override was approved by <@U0DIR>; it ends with Thu 10 Dec, and is looked back" in card.text
    assert "*The rule says no; an approved override lets <@U0PM> ship until Thu 10 Dec.*" in card.text
    assert "Ship under override…" in card.buttons
    assert "[Open investigation]" in card.buttons
    _, _, view = bench.open("Ship under", PM)
    assert "The rule says no. It ships under the override of <@U0PM>, approved by <@U0DIR>" in str(view)
    bench.fill("Ship under", PM, {"near_0": "yes", "reason": "The review says why."})
    assert bench.launch().state is State.SHIPPED
    first, second = bench.documents()
    assert first.startswith("# Override approved: Reranker")
    assert second.startswith("# Ship under an override: Reranker")
    for line in (
        "| What the rule said | VETO |",
        "| Against the rule | The rule does not let it ship. |",
        "Requested by Mia (owner) on 2026-11-23 03:12 UTC; approved by Dora (director). It ends with",
        "2026-12-10\nand is looked back on 2027-01-20.",
        "### Who was consulted, and what they said",
        "| csat | 4.21 | 4.15 | -1.43 % | -1 % | p = 0.020 | at 0.05 | ✗ veto |",
    ):
        assert line in plain(second), line
    assert "*SHIP under an override*" in bench.posted("/decided")[0].text


def test_without_readiness_an_approved_override_does_not_ship(sqlite: Database) -> None:
    """The rows that are missing are named, those of the veto are not among them."""
    bench = Bench(sqlite, ready=False).sign()
    bench.look()
    bench.fill("Request", PM, REVIEW)
    bench.press("Approve", DIRECTOR, key=FIRST)
    with pytest.raises(RefusedError, match="is not ready: AML-") as refusal:
        bench.open("Ship under", PM)
    assert "AML-07" in refusal.value.message
    assert "AML-05" not in refusal.value.message
    assert "⚠ Missing before it can ship, see `/launch check`:\n• AML-0" in bench.card().text


def test_a_refused_override_leaves_a_record(database: Database) -> None:
    """Who refused it and why: in the channel, in the ledger, as a document; the veto stands."""
    bench = requested(database)
    why = {"reason": "Nothing in it was unknown when the line was drawn."}
    bench.fill("Refuse", DIRECTOR, why, key=FIRST)
    assert bench.kinds()[-2:] == [Kind.OVERRIDE_REQUESTED, Kind.OVERRIDE_REFUSED]
    (document,) = bench.documents()
    assert document.startswith("# Override refused: Reranker")
    assert "Why: Nothing in it was unknown when the line was drawn." in document
    assert "refused by Dora (director)" in document
    assert REVIEW["evidence_against"] in document
    assert "*Override refused* by <@U0DIR>: Nothing in it was unknown" in bench.posted("/news")[0].text
    assert bench.card(FIRST).buttons == []
    assert "The override was refused by <@U0DIR>. The veto stands." in bench.card().text
    with pytest.raises(RefusedError, match="Look 4 says VETO"):
        forge_ship(bench)
    bench.at(2027, 1, 20, 9)
    bench.work()
    assert len(bench.posted("/news")) == 1  # what was refused neither ends nor is looked back on


def test_two_directors_answer_at_once_and_one_of_them_counts(database: Database) -> None:
    """Approve and refuse in two sessions: one answer, the other director is told whose it was."""
    bench = requested(database)
    form, value, _ = bench.open("Refuse", BOSS, key=FIRST)
    card = bench.card(FIRST)
    start, told = threading.Barrier(2), []

    def send(which: str) -> None:
        start.wait()
        try:
            if which == "approve":
                bench.press("Approve", DIRECTOR, card)
            else:
                bench.submit(form, value, {"reason": "It was all known before."}, BOSS)
        except LookoutError as error:
            told.append(error)

    threads = [threading.Thread(target=send, args=(which,)) for which in ("approve", "refuse")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (override,) = bench.launch().overrides
    assert bool(override.approved) is not bool(override.refused)
    word, mark = ("approved", override.approved) if override.approved else ("refused", override.refused)
    (error,) = told
    assert isinstance(error, StaleError)
    assert mark is not None
    assert error.message == f"This override was {word} by <@{mark.by}> already."


def test_an_unused_override_ends_and_nothing_ships_after_it(database: Database) -> None:
    """On its last day it still counts; at midnight it is over, is posted once, and the button is gone."""
    bench = approved(database)
    bench.at(2026, 12, 10, 23)
    assert bench.work() == []
    bench.open("Ship under", PM)
    bench.at(2026, 12, 11, 0)
    with pytest.raises(RefusedError, match="Look 4 says VETO"):
        bench.open("Ship under", PM)  # also before the job ran
    assert bench.work() == ["launch.override_end"]
    assert bench.work() == []
    assert bench.kinds()[-1] == Kind.OVERRIDE_ENDED
    assert "*Override ended* with Thu 10 Dec, unused. Reranker" in bench.posted("/news")[-1].text
    assert "Ship under override…" not in bench.card().buttons
    assert "Request override…" in bench.card().buttons
    assert "has ended. The veto stands." in bench.card().text


def test_an_override_nobody_answers_lapses_with_a_record(sqlite: Database) -> None:
    """Silence is no approval."""
    bench = requested(sqlite).at(2026, 12, 11, 0)
    with pytest.raises(StaleError, match="This override would have ended with 2026-12-10"):
        bench.press("Approve", DIRECTOR, key=FIRST)
    bench.work()
    assert "*Override ended* with Thu 10 Dec, and no director answered it." in bench.posted("/news")[-1].text
    assert bench.documents()[-1].startswith("# Override lapsed: Reranker")
    assert "by Lookout, when its last day was over." in bench.documents()[-1]
    with pytest.raises(StaleError, match="This override ended with 2026-12-10"):
        bench.submit(DecisionAction.REFUSE, Pick(ID, 1, "override-1").encode(), {"reason": "too late"}, BOSS)


def test_what_shipped_is_held_again_when_its_override_ends_and_is_looked_back_on(database: Database) -> None:
    """Its owner is called to roll it back or run it again; the retrospective has its day, both come once."""
    bench = approved(database)
    bench.fill("Ship under", PM, {"near_0": "yes", "reason": "The review says why."})
    bench.at(2026, 12, 11, 0)
    assert bench.work().count("launch.override_end") == 1
    said = plain(bench.posted("/news")[-1].text)
    assert "*Override ended: Reranker MiniLM-L6 to L12 runs against the rule without one.*" in said
    assert "It is held at 50 % again. <@U0PM>: roll it back, or register a re-run." in said
    lapsed = bench.launch().lapsed
    assert lapsed is not None
    assert lapsed.expires == date(2026, 12, 10)
    card = bench.card(bench.launch().card)
    assert "⚠ Its override ended with Thu 10 Dec: it runs against the rule." in card.text
    bench.at(2027, 1, 20, 9)
    assert bench.work().count("launch.override_retrospective") == 1
    bench.now += timedelta(days=9)
    assert "launch.override_retrospective" not in bench.work()
    (back,) = bench.posted("/retrospective")
    assert "*Retrospective of the override is due today: Reranker MiniLM-L6 to L12.* <@U0PM>" in back.text
    assert "“Rolled back when weekly CSAT falls below 4.10" in back.text


def test_a_stopped_launch_has_no_override_to_answer(sqlite: Database) -> None:
    """The press on the review's card is told who stopped it and when."""
    bench = requested(sqlite)
    card = bench.card(FIRST)
    bench.order("stop", "CSAT fell")
    with pytest.raises(StaleError, match="was decided 0 s ago by <@U0PM>: stop"):
        bench.press("Approve", DIRECTOR, card)
    bench.at(2026, 12, 11, 0)
    bench.work()
    assert bench.posted("/news") == []


def forge_ship(bench: Bench) -> None:
    """Send what [Ship under override…] would send if it were there."""
    value = Pick(ID, 1, bench.launch().sha256[:12]).encode()
    bench.submit(DecisionAction.SHIP, value, {"near_0": "yes", "reason": "The review says why."}, PM)


def test_the_longest_review_fits_its_card_and_is_whole_in_the_record(sqlite: Database) -> None:
    """Ampersands grow fivefold, a mention or a table's bar in it does nothing; Slack's limits hold."""
    bench = vetoed(sqlite)
    hostile = "<!channel> | a & b\n# not a heading\n" * 60
    assert bench.fill("Request", PM, dict.fromkeys(REVIEW, hostile[:2500])) == {}
    bench.fill("Refuse", DIRECTOR, {"reason": hostile[:1000]}, key=FIRST)
    bench.effects()  # each message is checked
    assert "<!channel>" not in bench.card(FIRST).text
    assert "<!channel>" not in bench.posted("/news")[0].text
    (document,) = bench.documents()
    assert "\n# not a heading" not in document
    assert document.count("not a heading") > 6 * 60


def test_a_rollout_does_not_go_on_under_an_override_that_ended(sqlite: Database) -> None:
    """Everybody may get it while the override holds; from the day after, it stays where it is."""
    stages = 'rollout: [{stage: "10 %"}, {stage: "50 %"}, {stage: "100 %"}]\n'
    bench = Bench(sqlite, text=TEXT.replace("cohorts:\n", f"{stages}cohorts:\n", 1)).sign()
    bench.write(Kind.STAGE, {"stage": 0, "name": "10 %", "check": {}}, ENG)
    bench.look()
    assert bench.fill("Request", PM, {**REVIEW, "expires": "2026-12-10", "retrospective": "2027-01-20"}) == {}
    bench.press("Approve", DIRECTOR, key=FIRST)
    bench.fill("Ship under", PM, {"near_0": "yes", "reason": "The review says why."})

    def refuse() -> None:
        with bench.db.read() as session:
            launch = bench.launch()
            registration = launches.registration(session, launch)
            advancing.refuse(session, bench.desk, launch, registration, 2, bench.now)

    refuse()
    bench.at(2026, 12, 11, 0)
    bench.work()
    with pytest.raises(RefusedError, match="The override under which it shipped ended with 2026-12-10"):
        refuse()
