"""`/correlation diagnose`: the five causes walked one by one, with evidence gathered by a job."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.core.diagnosis import Answer, Diagnosis, Verdict
from bot.core.effect import Block, Post, Update
from bot.core.harness_declared import Cause
from bot.core.inbound import Order, Place, Press, Submit
from bot.core.outside import kept
from bot.core.permission import Act
from bot.errors import InputError, StaleError
from bot.services import deltas, diagnosis_evidence, permissions
from bot.services.desk import Desk
from bot.store import diagnoses, ledger, outbox, slots
from bot.store.database import Database
from bot.store.slots import Finish
from bot.views import correlation as correlation_views
from bot.views import correlation_forms as forms
from bot.views import diagnosis as views
from bot.views.correlation_actions import About
from bot.views.text import channel, escape, plain

GATHER_JOB = "correlation.evidence"
ANSWERS = "`hit`, `partial`, `clear` or `unknown`"
_EXAMPLE = "For example `/correlation answer DIA-1 partial the gain shrinks from 3.3 to 1.8 points`."


def order(session: Session, desk: Desk, asked: Order, key: str, now: datetime) -> None:
    """`/correlation diagnose`."""
    del key
    permissions.require(session, desk, asked.by, Act.INVESTIGATE)
    if asked.text.strip():
        raise InputError(f"Read `diagnose {escape(asked.text, 60)}`, and expected nothing behind it.", "")
    begin(session, desk, asked.by, asked.place, now)


def press(session: Session, desk: Desk, pressed: Press, key: str, now: datetime) -> None:
    """[Diagnose]."""
    del key
    permissions.require(session, desk, pressed.by, Act.INVESTIGATE)
    begin(session, desk, pressed.by, pressed.place, now)


def begin(session: Session, desk: Desk, by: str, place: Place, now: datetime) -> None:
    """Open a diagnosis in the channel and have its evidence gathered; one is open at a time."""
    permissions.require(session, desk, by, Act.INVESTIGATE)
    ledger.lock(session)
    going = diagnoses.current(session)
    if going is not None:
        where = f"Its card is in {channel(going.channel)}; `/correlation answer {going.name}` works anywhere."
        raise StaleError(f"{going.name} is open already.", where)
    said = plain(correlation_views.verdict(deltas.correlation(session, now)), 400)
    found = diagnoses.begin(session, channel=place.channel, by=by, said=f"correlation {said}", now=now)
    shown = views.Shown(found, desk.playbooks.diagnosis, gathering=True)
    outbox.put(session, Post(card_key(found), place.channel, views.card(shown)), now=now)
    _gather(session, found, now)


def press_gather(session: Session, desk: Desk, pressed: Press, key: str, now: datetime) -> None:
    """[Gather again]."""
    del key
    permissions.require(session, desk, pressed.by, Act.INVESTIGATE)
    found = opened(session, desk, pressed.by, About.decode(pressed.value).number)
    _gather(session, found, now)
    draw(session, desk, found, now, gathering=True)


def gather(db: Database, desk: Desk, payload: Mapping[str, Any], now: datetime) -> Finish:
    """Compute the evidence of every cause; what is returned shows it."""
    del db
    lines = diagnosis_evidence.gather(desk, desk.playbooks.diagnosis, now)

    def finish(session: Session) -> None:
        found = diagnoses.load(session, int(payload["number"]), lock=True)
        if found is not None and found.conclusion is None:
            found = replace(found, evidence=lines, gathered=now.isoformat())
            diagnoses.save(session, found)
            draw(session, desk, found, now)

    return finish


def press_answer(session: Session, desk: Desk, pressed: Press, key: str, now: datetime) -> None:
    """[Hit], [Partial hit] or [Clear]."""
    del key
    permissions.require(session, desk, pressed.by, Act.INVESTIGATE)
    about = About.decode(pressed.value)
    found = opened(session, desk, pressed.by, about.number)
    _shown_still(found, desk, about.cause)
    _answer(session, desk, found, _verdict(about.verdict), pressed.by, "", now)


def answer_order(session: Session, desk: Desk, asked: Order, key: str, now: datetime) -> None:
    """`/correlation answer [DIA-1] hit|partial|clear|unknown [WHY]`."""
    del key
    permissions.require(session, desk, asked.by, Act.INVESTIGATE)
    word, _, rest = asked.text.strip().partition(" ")
    named = diagnoses.find(session, word) if word.upper().startswith("DIA-") else None
    found = opened(session, desk, asked.by, number_of(session, word, named))
    said = rest.strip() if word.upper().startswith("DIA-") else asked.text.strip()
    verdict, _, note = said.partition(" ")
    _answer(session, desk, found, _verdict(verdict), asked.by, note, now)


def note_form(session: Session, desk: Desk, by: str, value: str, now: datetime) -> Block:
    """The form of [With a note…]."""
    del now
    permissions.require(session, desk, by, Act.INVESTIGATE)
    about = About.decode(value)
    found = opened(session, desk, by, about.number, lock=False)
    _shown_still(found, desk, about.cause)
    return forms.answer(found, desk.playbooks.diagnosis.step(Cause(about.cause)))


def note_submit(session: Session, desk: Desk, sent: Submit, key: str, now: datetime) -> None:
    """An answer with a note, from the form."""
    del key
    permissions.require(session, desk, sent.by, Act.INVESTIGATE)
    about = About.decode(sent.value)
    found = opened(session, desk, sent.by, about.number)
    _shown_still(found, desk, about.cause)
    verdict = _verdict(sent.fields.get(forms.VERDICT, ""))
    _answer(session, desk, found, verdict, sent.by, sent.fields.get(forms.NOTE, ""), now)


def press_back(session: Session, desk: Desk, pressed: Press, key: str, now: datetime) -> None:
    """[Back]."""
    del key
    permissions.require(session, desk, pressed.by, Act.INVESTIGATE)
    _back(session, desk, pressed.by, About.decode(pressed.value).number, now)


def back_order(session: Session, desk: Desk, asked: Order, key: str, now: datetime) -> None:
    """`/correlation back [DIA-1]`."""
    del key
    permissions.require(session, desk, asked.by, Act.INVESTIGATE)
    word = asked.text.strip()
    _back(session, desk, asked.by, number_of(session, word, diagnoses.find(session, word)), now)


def draw(session: Session, desk: Desk, found: Diagnosis, now: datetime, *, gathering: bool = False) -> None:
    """Draw its card as it stands."""
    shown = views.Shown(found, desk.playbooks.diagnosis, gathering=gathering)
    outbox.put(session, Update(card_key(found), found.channel, views.card(shown)), now=now)


def card_key(found: Diagnosis) -> str:
    """The key of its living card."""
    return f"correlation/diagnosis/{found.number}/card"


def _gather(session: Session, found: Diagnosis, now: datetime) -> None:
    payload = {"number": found.number}
    slot = f"{found.number}/{now.isoformat()}"
    slots.at(session, job=GATHER_JOB, slot=slot, due=now, payload=payload)


def _answer(
    session: Session, desk: Desk, found: Diagnosis, verdict: Verdict, by: str, note: str, now: datetime
) -> None:
    step = found.current(desk.playbooks.diagnosis)
    if step is None:
        raise StaleError(f"Every cause of {found.name} has an answer.", "`/correlation conclude`, or [Back].")
    saw = tuple(f"{one.status}: {one.line}" for one in found.found(step.cause))
    given = Answer(step.cause, verdict, by, now.isoformat(), kept(note, forms.NOTE_MOST), saw)
    found = found.answer(given)
    diagnoses.save(session, found)
    key = f"correlation/diagnosis/{found.number}/{step.cause}/{now.isoformat()}"
    said = views.answered(found, step, given)
    outbox.put(session, Post(key, found.channel, said, card_key(found)), now=now)
    draw(session, desk, found, now)


def _back(session: Session, desk: Desk, by: str, number: int, now: datetime) -> None:
    found = opened(session, desk, by, number)
    if not found.answers:
        raise StaleError(f"{found.name} has no answer to take back.")
    found = found.back()
    diagnoses.save(session, found)
    draw(session, desk, found, now)


def opened(session: Session, desk: Desk, by: str, number: int, *, lock: bool = True) -> Diagnosis:
    """The open diagnosis of that number, for somebody who may work on it."""
    permissions.require(session, desk, by, Act.INVESTIGATE)
    found = diagnoses.load(session, number, lock=lock)
    if found is None:
        raise InputError(f"There is no diagnosis DIA-{number}.", "`/correlation diagnose` begins one.")
    if found.conclusion is not None:
        raise StaleError(
            f"{found.name} is concluded (ledger {found.conclusion.entry}).", "Begin another one."
        )
    return found


def number_of(session: Session, word: str, named: Diagnosis | None) -> int:
    """The diagnosis that is meant: the one named, else the open one."""
    if named is not None:
        return named.number
    if word.upper().startswith("DIA-"):
        raise InputError(
            f"There is no diagnosis `{escape(word, 30)}`.", "`/correlation diagnose` begins one."
        )
    going = diagnoses.current(session)
    if going is None:
        raise InputError("No diagnosis is open.", "`/correlation diagnose` begins one.")
    return going.number


def _verdict(word: str) -> Verdict:
    known = {str(one): one for one in Verdict}
    if word.lower() not in known:
        read = f"Read `{escape(word, 40)}`" if word else "Nothing was read"
        raise InputError(f"{read}, and expected {ANSWERS}.", _EXAMPLE)
    return known[word.lower()]


def _shown_still(found: Diagnosis, desk: Desk, cause: str) -> None:
    """Refuse what was pressed on a card that shows another cause by now."""
    step = found.current(desk.playbooks.diagnosis)
    if step is None or str(step.cause) != cause:
        raise StaleError(f"{found.name} has moved on.", "Use the newest card.")
