"""The form of a framing: its pages drawn, each kept when somebody goes on, and left forwards or back."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from bot.core.effect import Block, Post
from bot.core.framing import STEP_OF, F, Framing, FramingField, Page, Step, number_of
from bot.core.framing_reader import read
from bot.core.inbound import Order, Submit
from bot.errors import InputError
from bot.services import framing_record
from bot.services.desk import Desk
from bot.store import framings, outbox
from bot.views import framing_forms as views
from bot.views import framing_words as words
from bot.views.framing_actions import meant_by
from bot.views.text import escape


def view(session: Session, desk: Desk, by: str, value: str, now: datetime) -> Block:
    """The form as it is opened: a new framing (`value` is its title or empty), FRM-3, or a page of it."""
    del desk
    name = value.partition("/")[0]
    if number_of(name) is None or not name.strip().upper().startswith("FRM"):
        page = Page(Step.LETTER, f"{by}/{now.timestamp():.6f}", 0, now.timestamp())
        return views.page(page, {F.TITLE: " ".join(value.split())[:150]}, "")
    number, step = meant_by(value.strip())
    framing = framing_record.open_one(framing_record.load(session, number, lock=False))
    page = Page(step or Step.LETTER, framing.token, framing.number, now.timestamp())
    return views.page(page, framing.fields, framing.id, notes(page.step, framing.fields))


def submit(session: Session, desk: Desk, sent: Submit, key: str, now: datetime) -> None:
    """Keep the page that was sent off or left; the first one puts the framing on record."""
    del key
    page = _page(sent)
    framing = framing_record.about(session, page)
    fields = {name: said for name, said in sent.fields.items() if name in set(FramingField)}
    if framing is None and page.number:
        framing_record.load(session, page.number)  # says that there is none, and which there are
    if framing is None:
        written = {name: said.strip() for name, said in fields.items() if said.strip()}
        framing_record.begin(
            session,
            desk,
            token=page.token,
            fields=written,
            by=sent.by,
            channel=sent.place.channel,
            now=now,
        )
        return
    framing_record.open_one(framing)
    framing_record.write(session, desk, framing, page.step, fields, by=sent.by, opened=page.opened, now=now)


def onward(session: Session, desk: Desk, sent: Submit, now: datetime) -> Block | None:
    """The page after the one that was sent off; None after the last."""
    del desk
    page = _page(sent)
    return _turned(session, sent, page, page.step.following, now)


def back(session: Session, desk: Desk, sent: Submit, now: datetime) -> Block | None:
    """The page before the one that was left."""
    del desk
    page = _page(sent)
    return _turned(session, sent, page, page.step.previous, now)


def check(fields: Mapping[str, str]) -> Mapping[str, str]:
    """What is wrong on a page, by field, before it is kept."""
    found = {str(name): said for name, said in read(fields).faults.items()}
    if F.TITLE in fields and not fields[F.TITLE].strip():
        found[F.TITLE] = "Give it a title; it can be changed later."
    return found


def order_new(session: Session, desk: Desk, order: Order, key: str, now: datetime) -> None:
    """`@lookout frame new TITLE`: a draft and its card to go on from, since a mention opens no form."""
    title = " ".join(order.text.split())
    if not title:
        raise InputError("No title was given.", "For example `frame new New JP readers leave`.")
    if len(title) > views.LINE_MOST:
        raise InputError(f"The title has {len(title)} characters; {views.LINE_MOST} is the most.")
    place = order.place
    framing_record.begin(
        session,
        desk,
        token=key,
        fields={F.TITLE: title},
        by=order.by,
        channel=place.channel,
        thread=place.thread,
        now=now,
    )


def order_write(session: Session, desk: Desk, order: Order, key: str, now: datetime) -> None:
    """`@lookout frame write FRM-1`: its card once more, to go on from, since a mention opens no form."""
    framing, _ = framing_record.meant(session, order.text, lock=False)
    framing_record.open_one(framing)
    place, shown = order.place, framing_record.card(session, desk, framing, now)
    outbox.put(session, Post(f"{key}/card", place.channel, shown, place.thread), now=now)


def order_set(session: Session, desk: Desk, order: Order, key: str, now: datetime) -> None:
    """`/frame set FRM-1 FIELD TEXT`: one field, as the form would keep it; a bare `-` empties it."""
    del key
    framing, rest = framing_record.meant(session, order.text)
    framing_record.open_one(framing)
    word, _, said = rest.partition(" ")
    name = word.strip().lower().replace("-", "_")
    if name not in set(FramingField) or not said.strip():
        fields = ", ".join(f"`{one}`" for one in FramingField)
        read_as = f"Read `set {framing.id} {escape(rest, 60)}`, and expected a field and what to write."
        raise InputError(read_as, f"The fields are {fields}. For example `set {framing.id} prior 0.55`.")
    field = FramingField(name)
    value = "" if said.strip() == "-" else said.strip()
    if field in _LISTS:
        value = "\n".join(part.strip() for part in value.split(";") if part.strip())
    # Whether a figure can be read depends on its neighbours: an effect on the kind of metric.
    wrong = read({**framing.fields, field: value}).faults.get(field) if value else None
    if field is F.TITLE and not value:
        wrong = "Give it a title; it can be changed later."
    if wrong:
        raise InputError(f"{framing.id} {field}: {escape(wrong, 600)}", "Nothing was changed.")
    step = STEP_OF[field]
    framing_record.write(session, desk, framing, step, {field: value}, by=order.by, now=now)


def notes(step: Step, fields: Mapping[str, str]) -> list[str]:
    """What the pages before come to, where it bears on this one."""
    framed = read(fields)
    match step:
        case Step.EVIDENCE:
            said = [words.takes(framed)]
        case Step.RECOMMENDATION:
            said = [words.worth(framed), words.order(framed)]
        case _:
            return []
    return [escape(one, 1000) for one in said if one]


def _turned(session: Session, sent: Submit, page: Page, to: Step | None, now: datetime) -> Block | None:
    """Another page, from what is on record and what was just sent off, which may not be on record yet."""
    if to is None:
        return None
    framing = _on_record(session, page)
    if framing is not None:
        framing_record.open_one(framing)
    fields = {**(framing.fields if framing else {}), **sent.fields}
    number = framing.number if framing else page.number
    shown = replace(page, step=to, number=number, opened=now.timestamp())
    return views.page(shown, fields, framing.id if framing else "", notes(to, fields))


def _on_record(session: Session, page: Page) -> Framing | None:
    """The framing as it is on record, for showing only."""
    if page.number:
        return framings.load(session, page.number)
    return framings.of_token(session, page.token)


def _page(sent: Submit) -> Page:
    page = Page.decode(sent.value)
    if page is None:
        raise InputError("This form cannot be read.", "Open it again from the card: `/frame list`.")
    return page


_LISTS = frozenset({F.EVIDENCE, F.DISCONFIRMING})
"""Fields of several lines, which are typed with semicolons between them."""
