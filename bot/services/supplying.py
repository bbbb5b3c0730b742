"""Supplying what readiness asks for, and waiving it by name: into the ledger, and told in the channel."""

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session

from bot.core.effect import Block, Message, Post
from bot.core.inbound import Order, Submit
from bot.core.launch import Kind, Launch
from bot.core.outside import kept
from bot.core.permission import Act
from bot.core.readiness import DOCUMENTS, NAMES, Row, is_link, plain
from bot.errors import InputError, RefusedError, StaleError
from bot.services import decision_cards, framing_joins, launch_cards, launches, permissions, readiness
from bot.services.desk import Desk
from bot.store import outbox
from bot.views import readiness as views
from bot.views.experiment_actions import Reference
from bot.views.text import duration, escape, person

NOT_A_LINK = "Give a link that begins with https:// (or http://), without spaces."


def supply_order(session: Session, desk: Desk, order: Order, key: str, now: datetime) -> None:
    """`/launch supply [ID] ROW LINK`."""
    del key
    permissions.require(session, desk, order.by, Act.SUPPLY)
    launch, rest = launches.meant(session, order.place.channel, order.text)
    name, _, link = rest.rpartition(" ")
    if not name:
        example = f"For example `/launch supply {launch.id} load_test https://wiki.example/load-test`."
        raise InputError(f"Read `supply {escape(rest, 60)}`, and expected a row and a link.", example)
    found = readiness.rows(session, desk, launch, now)
    _supply(session, desk, launch, order.by, _document(name, found), link, now)


def supply_form(session: Session, desk: Desk, by: str, value: str, now: datetime) -> Block:
    """The form of [Supply…]."""
    permissions.require(session, desk, by, Act.SUPPLY)
    launch = launches.read(session, Reference.decode(value).experiment)
    _open(launch)
    wanted = [name for row in readiness.missing(session, desk, launch, now) for name in row.wants]
    return views.supply_form(launch, wanted, tuple(DOCUMENTS))


def supply(session: Session, desk: Desk, submit: Submit, key: str, now: datetime) -> None:
    """Link a document, from the form."""
    del key
    permissions.require(session, desk, submit.by, Act.SUPPLY)
    launch = launches.load(session, Reference.decode(submit.value).experiment)
    document, link = (submit.fields.get(name, "") for name in (views.DOCUMENT, views.LINK))
    if document not in DOCUMENTS:
        raise InputError("No document was chosen.", "Open the form again.")
    _supply(session, desk, launch, submit.by, document, link, now)


def supply_faults(fields: Mapping[str, str]) -> Mapping[str, str]:
    """What is wrong in the form of [Supply…]."""
    link, document = fields.get(views.LINK, "").strip(), fields.get(views.DOCUMENT, "")
    fine = is_link(link) or (document == "framing" and framing_joins.named(link))
    return {} if fine else {views.LINK: NOT_A_LINK}


def waive_order(session: Session, desk: Desk, order: Order, key: str, now: datetime) -> None:
    """`/launch waive [ID] ROW REASON`."""
    del key
    permissions.require(session, desk, order.by, Act.WAIVE)
    launch, rest = launches.meant(session, order.place.channel, order.text)
    name, _, reason = rest.partition(" ")
    row = _row_id(name)
    if row is None:
        example = f"For example `/launch waive {launch.id} AML-02 agreed in the portfolio meeting of 3 Nov`."
        known = f"The rows are {', '.join(NAMES)}."
        raise InputError(
            f"Read `waive {escape(rest, 60)}`, and expected a row and a reason.", f"{known} {example}"
        )
    _waive(session, desk, launch, order.by, row, reason, now)


def waive_form(session: Session, desk: Desk, by: str, value: str, now: datetime) -> Block:
    """The form of [Waive…]."""
    permissions.require(session, desk, by, Act.WAIVE)
    launch = launches.read(session, Reference.decode(value).experiment)
    _open(launch)
    _not_the_author(session, desk, launch, by)
    missing = readiness.missing(session, desk, launch, now)
    if not missing:
        raise StaleError(f"Every row of `{launch.id}` is there or waived: nothing is left to waive.")
    return views.waive_form(launch, missing)


def waive(session: Session, desk: Desk, submit: Submit, key: str, now: datetime) -> None:
    """Waive a row, from the form."""
    del key
    permissions.require(session, desk, submit.by, Act.WAIVE)
    launch = launches.load(session, Reference.decode(submit.value).experiment)
    row = _row_id(submit.fields.get(views.ROW, ""))
    if row is None:
        raise InputError("No row was chosen.", "Open the form again.")
    _waive(session, desk, launch, submit.by, row, submit.fields.get(views.REASON, ""), now)


def waive_faults(fields: Mapping[str, str]) -> Mapping[str, str]:
    """What is wrong in the form of [Waive…]."""
    fault = _thin(fields.get(views.REASON, ""))
    return {views.REASON: fault} if fault else {}


def _supply(
    session: Session, desk: Desk, launch: Launch, by: str, document: str, link: str, now: datetime
) -> None:
    _open(launch)
    link = link.strip()
    if document == "framing" and framing_joins.named(link):
        link = framing_joins.supplied(session, desk, link, launch.id, by=by, now=now)
    elif not is_link(link):
        raise InputError(f"Read `{escape(link, 80)}` as the link of {plain(document)}.", NOT_A_LINK)
    before = launch.supplied.get(document)
    if before is not None and before[0] == link:
        ago = duration(now - before[1].at)
        raise StaleError(f"That {plain(document)} was supplied {ago} ago by {person(before[1].by)}.")
    body = {"row": document, "artefact": link}
    launch, entry = launches.note(session, launch.id, Kind.SUPPLIED, by=by, body=body, now=now)
    found = readiness.rows(session, desk, launch, now)
    said = views.supplied(launch, document, link, found, entry)
    _tell(session, desk, launch, f"{entry.number}/supplied", said, now)


def _waive(
    session: Session, desk: Desk, launch: Launch, by: str, row: str, reason: str, now: datetime
) -> None:
    _open(launch)
    _not_the_author(session, desk, launch, by)
    fault = _thin(reason)
    if fault:
        raise InputError(
            f"{row} was not waived. {fault}", "For example: agreed in the review of 3 Nov, by whom."
        )
    reason = kept(reason, views.REASON_MOST)
    found = next(one for one in readiness.rows(session, desk, launch, now) if one.id == row)
    _still_missing(launch, found, now)
    body = {"row": row, "reason": reason, "missing": found.why}
    launch, entry = launches.note(session, launch.id, Kind.WAIVED, by=by, body=body, now=now)
    rows = readiness.rows(session, desk, launch, now)
    _tell(
        session, desk, launch, f"{entry.number}/waived", views.waived(launch, found, reason, rows, entry), now
    )


def _tell(session: Session, desk: Desk, launch: Launch, what: str, said: Message, now: datetime) -> None:
    outbox.put(session, Post(f"launch/{launch.id}/{what}", launch.channel, said), now=now)
    decision_cards.draw(session, desk, launch, now)
    launch_cards.draw(session, desk, launch, now=now)


def _open(launch: Launch) -> None:
    if launch.closed_at is not None:
        raise StaleError(f"`{launch.id}` is closed: nothing is checked any more.")


def _not_the_author(session: Session, desk: Desk, launch: Launch, by: str) -> None:
    if by == launch.author:
        others = "; ".join(
            f"{role}: {permissions.who_holds(session, desk, role)}" for role in ("approver", "director")
        )
        raise RefusedError(
            f"You registered `{launch.id}`, and a waiver comes from somebody else.",
            f"Who may waive: {others}.",
        )


def _still_missing(launch: Launch, row: Row, now: datetime) -> None:
    if row.present:
        raise StaleError(
            f"{row.id} of `{launch.id}` is there: {escape(row.artefact, 200)}.", "Nothing to waive."
        )
    if row.waived is not None:
        ago = duration(now - row.waived.mark.at)
        raise StaleError(
            f"{row.id} was waived {ago} ago by {person(row.waived.mark.by)}.", "The first one stands."
        )


def _thin(reason: str) -> str:
    length = len(kept(reason, views.REASON_MOST))
    if length >= views.REASON_LEAST:
        return ""
    return f"The reason has {length} characters; a waiver needs at least {views.REASON_LEAST}."


def _row_id(text: str) -> str | None:
    """AML-07, aml-7 or 7."""
    digits = text.strip().upper().removeprefix("AML").removeprefix("-")
    row = f"AML-{int(digits):02d}" if digits.isascii() and digits.isdigit() and len(digits) < 3 else ""
    return row if row in NAMES else None


def _document(text: str, rows: tuple[Row, ...]) -> str:
    """The document that is meant: by its name, or by its row where only one of the row's can be."""
    name = text.strip().lower().replace(" ", "_").replace("-", "_")
    if name in DOCUMENTS:
        return name
    row = _row_id(text)
    if row is None:
        known = ", ".join(f"`{one}` ({of})" for one, of in DOCUMENTS.items())
        raise InputError(f"Read `{escape(text, 60)}`, which is no row or document.", f"Known: {known}.")
    wants = next(one for one in rows if one.id == row).wants
    of_row = [one for one, of in DOCUMENTS.items() if of == row]
    meant = wants if len(wants) == 1 else of_row
    if len(meant) == 1:
        return meant[0]
    if not of_row:
        raise InputError(
            f"{row} {NAMES[row]} takes no document.", "`/launch check` says what brings it about."
        )
    names = ", ".join(f"`{one}`" for one in wants or of_row)
    raise InputError(f"{row} takes several documents: {names}.", f"Name one in place of {row}.")
