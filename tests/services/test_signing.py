"""Signing: everybody for a role they hold, the author not alone, the last signature locks."""

import threading
from dataclasses import replace

import pytest

from bot.core.launch import State
from bot.errors import InputError, RefusedError, StaleError, UserError
from bot.services import look_asking, registering, signing
from bot.store import experiments as records
from bot.store import people
from bot.store.database import Database
from bot.views.signing_actions import Text
from tests.services.signing_bench import (
    AUTHOR,
    DEPUTY,
    EM,
    ID,
    ML,
    PLAIN,
    PM,
    SIGNED,
    STRANGER,
    Bench,
)


@pytest.fixture
def bench(database: Database) -> Bench:
    """A bench on each kind of database."""
    return Bench(database)


@pytest.fixture
def lite(sqlite: Database) -> Bench:
    """A bench on SQLite, for what does not depend on the database."""
    return Bench(sqlite)


def test_a_registration_waits_for_its_signatures_before_anything_may_be_looked_at(bench: Bench) -> None:
    """The card says who is to sign; a look is refused until then."""
    bench.register()
    assert bench.launch().state is State.SIGNING
    card = bench.card()
    assert card.header.startswith("Waiting for 3 signatures: pm, em, applied-ml · ")
    assert f"• em: <@{EM}> or <@{DEPUTY}> signs" in card.text
    assert card.buttons == ["Sign as pm", "Sign as em", "Sign as applied-ml", "Plan"]
    with pytest.raises(UserError, match="is not locked yet"), bench.db.write() as session:
        look_asking.ask_look(
            session, bench.desk, experiment=ID, look=1, by=PM, channel="C0LAUNCH", now=bench.now
        )


def test_the_last_signature_locks_prints_the_hash_and_pins_the_card(bench: Bench) -> None:
    """Each signature is said in the thread of the card, the lock in the channel."""
    registered = bench.register()
    bench.sign_all()
    launch = bench.launch()
    assert launch.locked_at == bench.now
    assert [mark.by for mark in launch.signatures.values()] == [PM, EM, ML]
    first, *_, last = bench.said("/signed")
    assert f"<@{PM}> signed as pm; still to sign: em, applied-ml." in first.text
    assert f"<@{ML}> signed as applied-ml; every signature is there." in last.text
    (lock,) = bench.said("/locked")
    assert lock.header == f"Locked: ASOS experiment 0bad33 · {registered.sha256[:12]}…"
    assert f"Signed by pm <@{PM}>, em <@{EM}>, applied-ml <@{ML}>." in lock.text
    assert "Look 3, day 26: stops only if p is below 0.0078" in lock.text
    assert f"sha256 {registered.sha256} · ledger 5 · head " in lock.text
    assert [pin["key"] for pin in bench.effects("pin")] == [launch.card]
    card = bench.shown(launch.card)
    assert card.header.startswith(f"Locked Mon 23 Nov, {registered.sha256[:12]}…")
    assert "Sign as pm" not in card.buttons


def test_a_registration_without_sign_offs_and_warnings_locks_at_once(bench: Bench) -> None:
    """Nobody is waited for."""
    bench.register(PLAIN)
    assert bench.launch().locked_at == bench.now
    assert len(bench.said("/locked")) == 1


def test_who_does_not_hold_the_role_is_refused_and_told_who_does(lite: Bench) -> None:
    """Nothing is written."""
    lite.register()
    with pytest.raises(RefusedError) as caught:
        lite.sign("em", STRANGER)
    assert caught.value.message == "To sign as em takes a place under [signoffs] em."
    assert caught.value.hint == f"Who may sign as em: <@{EM}>, <@{DEPUTY}>."
    assert lite.launch().signatures == {}


def test_a_role_that_nobody_holds_says_what_to_configure(lite: Bench) -> None:
    """On the card and in the refusal."""
    lite.register(PLAIN + "signoffs: [legal]\n")
    assert 'nobody may sign. An admin names people in lookout.toml, under [signoffs]: legal = ["U…"]' in (
        lite.card().text
    )
    with pytest.raises(RefusedError) as caught:
        lite.sign("legal", PM)
    assert caught.value.hint == (
        "Who may sign as legal: nobody yet; an admin names them under [signoffs] legal in lookout.toml."
    )


def test_nobody_signs_for_two_roles_unless_that_is_allowed(sqlite: Database) -> None:
    """[launches] sign_several allows it."""
    strict = Bench(sqlite)
    strict.register()
    strict.sign("pm", PM)
    with pytest.raises(RefusedError, match="You signed as pm already, and nobody signs for two roles"):
        strict.sign("applied-ml", PM)
    easy = Bench(sqlite, launches={"sign_several": True})
    easy.sign("applied-ml", PM)
    assert set(easy.launch().signatures) == {"pm", "applied-ml"}


def test_the_author_of_a_registration_with_one_sign_off_may_not_give_it(lite: Bench) -> None:
    """Somebody else has to."""
    lite.register(PLAIN + "signoffs: [applied-ml]\n")
    with pytest.raises(RefusedError) as caught:
        lite.sign("applied-ml", AUTHOR)
    assert caught.value.message == "You wrote this, and the author's signature alone does not lock it."
    assert caught.value.hint == f"Who may sign as applied-ml: <@{ML}>, <@{PM}>."
    lite.sign("applied-ml", ML)
    assert lite.launch().locked_at is not None


def test_the_author_is_not_the_only_signer_even_where_one_may_sign_several(sqlite: Database) -> None:
    """The last signature is refused when every other is the author's too."""
    bench = Bench(sqlite, launches={"sign_several": True})
    bench.register(PLAIN + "signoffs: [pm, applied-ml]\n")
    bench.sign("pm", AUTHOR)
    with pytest.raises(RefusedError, match="the author's signature alone does not lock it"):
        bench.sign("applied-ml", AUTHOR)
    bench.sign("applied-ml", ML)
    assert bench.launch().locked_at is not None


def test_signing_twice_is_told_who_signed_and_when(lite: Bench) -> None:
    """By the same person or another who holds the role."""
    lite.register()
    card = lite.card()
    lite.press("Sign as em", EM, card=card)
    lite.later(minutes=3)
    for by in (EM, DEPUTY):
        with pytest.raises(StaleError, match=f"Signed as em already, 3 min ago by <@{EM}>"):
            lite.press("Sign as em", by, card=card)


def test_a_button_of_an_old_card_signs_nothing_once_it_is_locked(lite: Bench) -> None:
    """Said in words."""
    lite.register()
    card = lite.card()
    lite.sign_all()
    lite.later(hours=2)
    with pytest.raises(StaleError, match="asos-0bad33 is locked since 2 h"):
        lite.press("Sign as em", DEPUTY, card=card)


def test_two_last_signatures_at_once_lock_once(bench: Bench) -> None:
    """The second reads what the first wrote."""
    bench.register()
    bench.sign("pm", PM)
    bench.sign("applied-ml", ML)
    card, told = bench.card(), []

    def press(by: str) -> None:
        try:
            bench.press("Sign as em", by, card=card)
        except UserError as error:
            told.append(error.message)

    hands = [threading.Thread(target=press, args=(by,)) for by in (EM, DEPUTY)]
    for one in hands:
        one.start()
    for one in hands:
        one.join()
    assert len(told) == 1
    assert "locked since" in told[0]
    assert len(bench.said("/locked")) == 1
    assert bench.launch().entry == 5


def test_a_deactivated_person_cannot_sign(lite: Bench) -> None:
    """Refused at the press."""
    lite.register()
    card = lite.card()
    lite.leaves(EM)
    with pytest.raises(RefusedError, match=f"<@{EM}> is deactivated in Slack and cannot sign"):
        lite.press("Sign as em", EM, card=card)


def test_a_signature_of_somebody_deactivated_since_is_voided_at_the_lock(bench: Bench) -> None:
    """Said in the channel, asked for again, and the launch locks when somebody else has signed."""
    bench.register()
    bench.sign("em", EM)
    bench.sign("pm", PM)
    bench.leaves(EM)
    bench.later(minutes=1).sign("applied-ml", ML)
    assert bench.launch().locked_at is None
    (void,) = bench.said("/voided")
    assert f"the signature of <@{EM}> as em no longer counts" in void.text
    assert bench.card().header.startswith("Waiting for 1 signature: em · ")
    assert f"• em: <@{DEPUTY}> signs" in bench.card().text
    bench.sign("em", DEPUTY)
    assert bench.launch().locked_at is not None


def test_a_signature_of_somebody_whose_role_was_taken_away_is_voided_at_the_lock(bench: Bench) -> None:
    """By lookout.toml as it is then; the person may still hold another role, and is active."""
    bench.register()
    bench.sign("em", EM)
    bench.sign("pm", PM)
    signoffs = {**bench.desk.settings.signoffs, "em": (DEPUTY,)}
    bench.desk = replace(bench.desk, settings=bench.desk.settings.model_copy(update={"signoffs": signoffs}))
    bench.later(minutes=1).sign("applied-ml", ML)
    assert bench.launch().locked_at is None
    (void,) = bench.said("/voided")
    assert f"the signature of <@{EM}> as em no longer counts" in void.text
    assert "since [signoffs] em in lookout.toml does not name them any more" in void.text
    bench.sign("em", DEPUTY)
    assert [mark.by for mark in bench.launch().signatures.values()] == [PM, ML, DEPUTY]
    assert bench.launch().locked_at is not None


def test_warnings_are_acknowledged_by_name_before_it_locks(bench: Bench) -> None:
    """By an engineer, owner or approver; in the ledger with who did."""
    text = "\n".join(line for line in SIGNED.splitlines() if not line.startswith("  h1:")) + "\n"
    bench.register(text)
    card = bench.card()
    assert card.header.startswith(
        "Waiting for 3 signatures: pm, em, applied-ml; 1 warning to be acknowledged · "
    )
    bench.sign_all()
    assert bench.launch().locked_at is None
    assert bench.card().buttons == ["Acknowledge 1 warning: R102", "Plan"]
    with pytest.raises(RefusedError, match="To take on warnings takes the role engineer or owner"):
        bench.press("Acknowledge", STRANGER)
    bench.press("Acknowledge", EM)
    launch = bench.launch()
    assert launch.locked_at is not None
    assert launch.acknowledged["R102"].by == EM
    assert f"<@{EM}> acknowledged R102." in bench.said("/acknowledged")[0].text
    assert f"acknowledged by <@{EM}>" in bench.shown(launch.card).text
    with pytest.raises(StaleError):
        bench.press("Acknowledge", EM, card=card)


def test_a_button_that_cannot_be_read_is_told_what_to_do(lite: Bench) -> None:
    """Whatever its value is; a role that is not asked for is refused."""
    lite.register()
    card = lite.card()
    button = card.element(lambda e: e["text"]["text"] == "Sign as em")
    for value in ("", "[]", '{"e": "asos-0bad33", "h": 1, "r": "em"}', "{" * 100_000):
        button["value"] = value
        with pytest.raises(InputError, match="This button cannot be read"):
            lite.press("Sign as em", EM, card=card)
    button["value"] = Text(ID, lite.launch().sha256, "<!here>").encode()
    with pytest.raises(InputError, match="asks for no signature as &lt;!here&gt;"):
        lite.press("Sign as em", EM, card=card)


def test_a_text_is_stored_as_given_and_the_same_again_changes_nothing(lite: Bench) -> None:
    """Nor does it ask for another round of signatures."""
    first = lite.register()
    lite.sign("em", EM)
    assert lite.register(SIGNED + "# a comment\n", by=PM) == first
    assert set(lite.launch().signatures) == {"em"}
    with lite.db.read() as session:
        assert records.load(session, ID) == first


def test_who_leaves_before_the_lock_is_asked_for_again_at_once(bench: Bench) -> None:
    """Said in the channel when Slack says so, not only when everybody else has signed."""
    bench.register()
    bench.sign("em", EM)
    bench.leaves(EM)
    with bench.db.write() as session:
        signing.left(session, bench.desk, (EM,), bench.now)
    assert "Somebody else has to sign, on the card." in bench.said("/voided")[0].text
    assert bench.card().header.startswith("Waiting for 3 signatures: pm, em, applied-ml")
    with bench.db.write() as session:
        signing.left(session, bench.desk, (EM,), bench.now)
    assert len(bench.said("/voided")) == 1


def test_a_signature_stands_when_its_signer_leaves_after_the_lock(bench: Bench) -> None:
    """They could sign when they did: nothing is unlocked, nobody is asked again."""
    bench.register()
    bench.sign_all()
    before = bench.launch()
    bench.later(days=3).leaves(EM)
    with bench.db.write() as session:
        signing.left(session, bench.desk, (EM,), bench.now)
    assert bench.launch() == before
    assert bench.said("/voided") == []


def test_a_role_may_be_held_by_a_user_group_or_an_address(sqlite: Database) -> None:
    """Whoever is in the group when they sign; a group nobody has read yet is said to be so."""
    bench = Bench(sqlite, signoffs={"pm": ("S0PMS",), "em": ("em@example.com",), "applied-ml": (ML,)})
    bench.register()
    with pytest.raises(RefusedError) as caught:
        bench.sign("pm", PM)
    assert "has not been read yet" in caught.value.hint
    with bench.db.write() as session:
        people.set_members(session, "S0PMS", [PM, DEPUTY], bench.now)
        people.set_members(session, "em@example.com", [EM], bench.now)
    bench.sign_all()
    assert bench.launch().locked_at is not None


def test_two_people_who_sign_at_once_for_different_roles_both_count(bench: Bench) -> None:
    """One lock, whichever comes last."""
    bench.register()
    bench.sign("pm", PM)
    card, told = bench.card(), []

    def press(role: str, by: str) -> None:
        try:
            bench.press(f"Sign as {role}", by, card=card)
        except UserError as error:
            told.append(error.message)

    hands = [threading.Thread(target=press, args=one) for one in (("em", EM), ("applied-ml", ML))]
    for one in hands:
        one.start()
    for one in hands:
        one.join()
    assert told == []
    assert len(bench.said("/locked")) == 1
    assert set(bench.launch().signatures) == {"pm", "em", "applied-ml"}


def test_a_rollout_metric_that_is_configured_needs_no_acknowledgement(sqlite: Database) -> None:
    """Nor does its amendment; where nothing reads it, the warning stands."""
    stages = 'rollout:\n  - {stage: 50 %, abort_if: ["p99_ms > 1500"]}\n  - {stage: 100 %}\n'
    read = {"source": "prom", "query": "p99"}
    known = Bench(
        sqlite,
        rollout_metrics={"p99_ms": read},
        sources={"prom": {"kind": "prometheus", "url": "http://127.0.0.1:9"}},
    )
    known.register(SIGNED + stages)
    assert known.launch().warnings == ()
    known.sign_all()
    known.propose(SIGNED.replace("ASOS experiment", "The experiment") + stages)
    known.sign_all()
    launch = known.launch()
    assert (launch.amended, launch.missing_acknowledgements) == (1, ())
    checked = registering.check(Bench(sqlite).desk, SIGNED + stages, "a.yaml")
    assert [one["code"] for one in checked.warnings] == ["R182"]
