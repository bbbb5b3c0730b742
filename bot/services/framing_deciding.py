"""Deciding on a framing: an edition that never changes, with its entry in the ledger and its document."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.core.effect import Block, Message, Post
from bot.core.framing import Edition, F, Framing, FramingKind, sha256_of
from bot.core.framing_check import missing, remarks
from bot.core.framing_reader import Framed, read
from bot.core.inbound import Order, Submit
from bot.core.outside import kept
from bot.core.permission import Act
from bot.errors import InputError, StaleError
from bot.services import framing_document, framing_record, framing_revisit, permissions
from bot.services.desk import Desk
from bot.store import framings, ledger, outbox
from bot.views import framing as views
from bot.views import framing_forms as forms
from bot.views import framing_words as words
from bot.views.framing_actions import meant_by
from bot.views.text import escape, person, when

WHY_LEAST, WHY_MOST = 10, 1000


def form(session: Session, desk: Desk, by: str, value: str, now: datetime) -> Block:
    """The form of [Decide…]."""
    permissions.require(session, desk, by, Act.FRAME)
    framing = framing_record.load(session, meant_by(value)[0], lock=False)
    framed = _decidable(desk, framing, now)
    chosen = framed.recommendation.words.upper() if framed.recommendation else ""
    again = words.revisited(framed)
    lines = [f"*{chosen}* · {framing.id} {escape(framing.title, 200)}", escape(framed.text(F.WHY), 800)]
    lines += [escape(one, 600) for one in (words.worth(framed), words.order(framed)) if one]
    lines += [f"It is {again}."] if again else []
    return forms.decide(framing, "\n".join(lines), [escape(one, 600) for one in remarks(framed)])


def check(fields: Mapping[str, str]) -> Mapping[str, str]:
    """What is wrong in the form of [Decide…]; whether a reason is needed stands in the form itself."""
    why = fields.get(forms.WHY, "").strip()
    if why and len(why) < WHY_LEAST:
        return {forms.WHY: f"Say it in at least {WHY_LEAST} characters, or leave it empty."}
    return {}


def submit(session: Session, desk: Desk, sent: Submit, key: str, now: datetime) -> None:
    """Decide, from the form."""
    del key
    permissions.require(session, desk, sent.by, Act.FRAME)
    framing = framing_record.load(session, meant_by(sent.value)[0])
    decide(session, desk, framing, by=sent.by, why=sent.fields.get(forms.WHY, ""), now=now)


def order(session: Session, desk: Desk, order: Order, key: str, now: datetime) -> None:
    """`/frame decide FRM-1 [what changed since, and why]`."""
    del key
    permissions.require(session, desk, order.by, Act.FRAME)
    framing, why = framing_record.meant(session, order.text)
    decide(session, desk, framing, by=order.by, why=why, now=now)


def decide(session: Session, desk: Desk, framing: Framing, *, by: str, why: str, now: datetime) -> Framing:
    """Make what is written now the next edition.

    Raises:
        InputError: something is missing, which is named, or of a later edition why it changed.
        StaleError: it is decided and nothing changed since, or it was given up.

    """
    framed = _decidable(desk, framing, now)
    why = kept(why, WHY_MOST)
    if framing.editions and len(why) < WHY_LEAST:
        raise InputError(
            f"{framing.id} was decided before, and what changed since is said in {len(why)} characters.",
            f"Say in at least {WHY_LEAST} characters what changed and why: `/frame decide {framing.id} WHY`.",
        )
    number, hashed = len(framing.editions) + 1, sha256_of(framing.fields)
    body = _body(framing, framed, number, hashed, why)
    entry = ledger.append(session, kind=FramingKind.DECIDED, subject=framing.id, by=by, body=body, now=now)
    edition = Edition(number, dict(framing.fields), hashed, by, now, entry.number, entry.hash, why)
    framings.add_edition(session, framing, edition)
    framing = replace(framing, editions=(*framing.editions, edition), questioned="", changed_at=now)
    framings.save(session, framing)
    framing_revisit.plan(session, desk, framing, now)
    news = Post(
        f"framing/{framing.number}/decided/{number}",
        framing.channel,
        views.decided(framing, edition, entry),
        framing.key,
        broadcast=True,
    )
    outbox.put(session, news, now=now)
    try:
        framing_document.upload(session, desk, framing, edition, now=now)
    except InputError as error:  # the decision stands; only its document is missing
        said = Message(f"{framing.id} is decided, without its document. {error.message} {error.hint}")
        key = f"framing/{framing.number}/undocumented/{number}"
        outbox.put(session, Post(key, framing.channel, said, framing.key), now=now)
    framing_record.draw(session, desk, framing, now)
    return framing


def drop(session: Session, desk: Desk, order: Order, key: str, now: datetime) -> None:
    """`/frame drop FRM-1 WHY`: it is given up; what was decided on it stays in the ledger."""
    del key
    permissions.require(session, desk, order.by, Act.FRAME)
    framing, why = framing_record.meant(session, order.text)
    _drop(session, desk, framing, by=order.by, why=why, now=now)


def drop_form(session: Session, desk: Desk, by: str, value: str, now: datetime) -> Block:
    """The form of [Give up…]."""
    del now
    permissions.require(session, desk, by, Act.FRAME)
    framing = framing_record.load(session, meant_by(value)[0], lock=False)
    return forms.drop(framing_record.open_one(framing))


def drop_submit(session: Session, desk: Desk, sent: Submit, key: str, now: datetime) -> None:
    """Give it up, from the form."""
    del key
    permissions.require(session, desk, sent.by, Act.FRAME)
    framing = framing_record.load(session, meant_by(sent.value)[0])
    _drop(session, desk, framing, by=sent.by, why=sent.fields.get(forms.WHY, ""), now=now)


def _drop(session: Session, desk: Desk, framing: Framing, *, by: str, why: str, now: datetime) -> None:
    framing_record.open_one(framing)
    why = kept(why, WHY_MOST)
    if len(why) < WHY_LEAST:
        raise InputError(
            f"The reason has {len(why)} characters.", f"For example `drop {framing.id} it is FRM-2 again`."
        )
    entry = ledger.append(
        session, kind=FramingKind.DROPPED, subject=framing.id, by=by, body={"why": why}, now=now
    )
    framing = replace(framing, dropped=f"{why} (ledger {entry.number})", changed_at=now)
    framings.save(session, framing)
    framing_revisit.settle(session, desk, framing, now)
    framing_record.draw(session, desk, framing, now)


def question(session: Session, desk: Desk, framing: Framing, *, by: str, line: str, now: datetime) -> Framing:
    """Have it looked at again, with the reason in the ledger; it stays in force until it is decided anew."""
    line = kept(line, WHY_MOST)
    if framing.dropped or framing.questioned == line:
        return framing
    body = {"line": line}
    entry = ledger.append(session, kind=FramingKind.QUESTIONED, subject=framing.id, by=by, body=body, now=now)
    framing = replace(framing, questioned=line, changed_at=now)
    framings.save(session, framing)
    said = views.questioned(framing, line, by, entry)
    key = f"framing/{framing.number}/questioned/{entry.number}"
    outbox.put(session, Post(key, framing.channel, said, framing.key, broadcast=True), now=now)
    framing_record.draw(session, desk, framing, now)
    return framing


def _decidable(desk: Desk, framing: Framing, now: datetime) -> Framed:
    """What is written, where it can be decided. Raises InputError with everything that is missing."""
    framing_record.open_one(framing)
    edition = framing.decided
    if edition is not None and not framing.changed and not framing.questioned:
        day = when(edition.at, style="{date_short_pretty}")
        raise StaleError(
            f"{framing.id} was decided by {person(edition.by)} {day}, and nothing was changed since.",
            "Change it first: what is decided then is its next edition.",
        )
    framed = read(framing.fields)
    lacks = missing(framed, now.astimezone(desk.settings.zone).date())
    if lacks:
        count = f"{len(lacks)} thing{'' if len(lacks) == 1 else 's'}"
        raise InputError(
            f"{framing.id} cannot be decided yet, {count} missing: {escape(words.lacking(lacks), 1500)}.",
            "Write them with [Continue] on its card, or `/frame set`.",
        )
    return framed


def _body(framing: Framing, framed: Framed, number: int, hashed: str, why: str) -> dict[str, Any]:
    return {
        "edition": number,
        "sha256": hashed,
        "title": framing.title,
        "recommendation": framed.recommendation.value if framed.recommendation else "",
        "do": framed.do.whole if framed.do else "",
        "prior": framed.prior,
        "revisit": framed.revisit.isoformat() if framed.revisit else None,
        "why": why,
        "fields": dict(framing.fields),
    }
