"""The end of a diagnosis: what is dominant, on record, and the harness's rebuilding in the backlog."""

from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from bot.core.backlog import Standing
from bot.core.correlation_ledger import Kind
from bot.core.diagnosis import Conclusion, Diagnosis, Plan, wrong
from bot.core.effect import Block, Message, Post
from bot.core.harness_declared import Cause
from bot.core.inbound import Order, Submit
from bot.core.ledger import Entry
from bot.core.outside import kept
from bot.core.permission import Act
from bot.errors import InputError, StaleError
from bot.services import candidates, correlation_alarm, deltas, diagnosing, permissions
from bot.services.desk import Desk
from bot.store import diagnoses, ledger, outbox
from bot.views import correlation_forms as forms
from bot.views.correlation_actions import About
from bot.views.ledger import witness
from bot.views.text import escape

NOTES_MOST = 2000


def conclude_form(session: Session, desk: Desk, by: str, value: str, now: datetime) -> Block:
    """The form of [Conclude…]."""
    del now
    permissions.require(session, desk, by, Act.INVESTIGATE)
    found = diagnosing.opened(session, desk, by, About.decode(value).number, lock=False)
    waits = found.current(desk.playbooks.diagnosis)
    if waits is not None:
        raise StaleError(f"{escape(waits.name, 100)} has no answer yet.", "Use the newest card.")
    return forms.conclude(found, desk.playbooks.diagnosis)


def conclude_submit(session: Session, desk: Desk, sent: Submit, key: str, now: datetime) -> None:
    """The end of it, from the form."""
    del key
    permissions.require(session, desk, sent.by, Act.INVESTIGATE)
    found = diagnosing.opened(session, desk, sent.by, About.decode(sent.value).number)
    dominant = sent.fields.get(forms.DOMINANT, "")
    secondary = [one for one in forms.causes(sent.fields.get(forms.SECONDARY, "")) if one != dominant]
    _conclude(session, desk, found, dominant, secondary, sent.fields.get(forms.NOTE, ""), sent.by, now)


def conclude_order(session: Session, desk: Desk, asked: Order, key: str, now: datetime) -> None:
    """`/correlation conclude [DIA-1] [CAUSE [CAUSE …]]`: the dominant one first; as proposed without."""
    del key
    permissions.require(session, desk, asked.by, Act.INVESTIGATE)
    words = asked.text.replace(",", " ").lower().split()
    first = words[0] if words and words[0].startswith("dia-") else ""
    found = diagnosing.opened(
        session, desk, asked.by, diagnosing.number_of(session, first, diagnoses.find(session, first))
    )
    named = [one.replace("-", "_") for one in (words[1:] if first else words)]
    unknown = [one for one in named if one not in {str(cause) for cause in Cause}]
    if unknown:
        known = ", ".join(f"`{one}`" for one in Cause)
        raise InputError(
            f"Read `{escape(unknown[0], 60)}`, which is none of the five causes.", f"Known: {known}."
        )
    if named:
        dominant, secondary = named[0], named[1:]
    else:
        proposed, others = found.proposed(desk.playbooks.diagnosis)
        dominant, secondary = str(proposed or ""), [str(one) for one in others] if proposed else []
    _conclude(session, desk, found, dominant, secondary, "", asked.by, now)


def _conclude(
    session: Session,
    desk: Desk,
    found: Diagnosis,
    dominant: str,
    secondary: list[str],
    note: str,
    by: str,
    now: datetime,
) -> None:
    plan = desk.playbooks.diagnosis
    fault = wrong(found, plan, dominant, secondary)
    if fault:
        raise InputError(f"{found.name} was not concluded: {escape(fault, 300)}.", "Answer or choose again.")
    end = Conclusion(dominant, tuple(secondary), kept(note, forms.NOTE_MOST), by, now.isoformat())
    body = {
        "dominant": dominant,
        "secondary": secondary,
        "note": end.note,
        "answers": [
            {
                "cause": str(one.cause),
                "verdict": str(one.verdict),
                "note": one.note,
                "by": one.by,
                "saw": list(one.saw),
            }
            for one in found.answers
        ],
    }
    entry = ledger.append(session, kind=Kind.DIAGNOSIS, subject=found.name, by=by, body=body, now=now)
    end = replace(end, entry=entry.number, head=entry.hash)
    found = replace(found, conclusion=end)
    candidate = propose(session, desk, found, entry, now) if dominant else ""
    found = replace(found, conclusion=replace(end, candidate=candidate))
    diagnoses.save(session, found)
    diagnosing.draw(session, desk, found, now)
    said = Message(f"{found.name} is concluded. {witness(entry)}")
    outbox.put(
        session,
        Post(f"correlation/diagnosis/{found.number}/end", found.channel, said, diagnosing.card_key(found)),
        now=now,
    )


def propose(session: Session, desk: Desk, found: Diagnosis, entry: Entry, now: datetime) -> str:
    """Put the rebuilding into the backlog, or the cause into the candidate that the alarm brought; its id."""
    plan = desk.playbooks.diagnosis
    said = _evidence(found, plan, entry)
    standing = correlation_alarm.alarm(session)
    health = deltas.correlation(session, now)
    item_id = correlation_alarm.propose(session, desk, standing or entry, health, now)
    item = candidates.meant(session, item_id)
    if item.standing is Standing.OPEN:
        dominant = plan.step(Cause(found.conclusion.dominant if found.conclusion else ""))
        title = f"{correlation_alarm.TITLE}: {dominant.name.lower()}"
        changed = replace(item.candidate, title=title[: candidates.TITLE_MOST], notes=said)
        candidates.change(session, desk, item, changed, now)
    return item_id


def _evidence(found: Diagnosis, plan: Plan, entry: Entry) -> str:
    """The answers and the fixes, as its notes."""
    answers = "; ".join(
        f"{plan.step(one.cause).name}: {one.verdict}{f' ({one.note})' if one.note else ''}"
        for one in found.answers
    )
    end = found.conclusion
    causes = [end.dominant, *end.secondary] if end else []
    fixes = " ".join(plan.step(Cause(one)).fix for one in causes)
    return f"{found.name} (ledger {entry.number}). {answers}. {fixes}"[:NOTES_MOST]
