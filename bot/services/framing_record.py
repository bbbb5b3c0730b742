"""A framing on record: found by what people type, written page by page, and its card drawn anew."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlmodel import Session

from bot.core.effect import Message, Post, Update
from bot.core.framing import FIELDS, Framing, Page, Step, Touch, number_of
from bot.core.thing import Thing, ThingKind
from bot.errors import InputError, StaleError
from bot.services import home_news
from bot.services.desk import Desk
from bot.store import framings, links, outbox, slots
from bot.views import framing as views
from bot.views.text import cut, duration, escape, person

REVISIT_JOB: Final = "framing.revisit"
FIELD_MOST: Final = 2500
"""Characters of a field, as in the form."""


def meant(session: Session, text: str, *, lock: bool = True) -> tuple[Framing, str]:
    """The framing that the first word names, and the rest of what was typed.

    Raises InputError where it names none, or one that is not on record.
    """
    word, _, rest = text.strip().partition(" ")
    number = number_of(word)
    if number is None:
        read = f"Read `{escape(word, 40)}`, which names no framing." if word else "No framing was named."
        raise InputError(read, f"Name one, for example `FRM-1`. {known(session)}")
    return load(session, number, lock=lock), rest.strip()


def load(session: Session, number: int, *, lock: bool = True) -> Framing:
    """The framing of a number. Raises InputError where there is none."""
    found = framings.load(session, number, lock=lock)
    if found is None:
        raise InputError(f"There is no framing FRM-{number}.", known(session))
    return found


def open_one(framing: Framing) -> Framing:
    """Pass a framing that is not given up. Raises StaleError."""
    if framing.dropped:
        raise StaleError(
            f"{framing.id} was given up: {escape(framing.dropped, 300)}", "`/frame new` begins another one."
        )
    return framing


def known(session: Session) -> str:
    """The framings there are, for an error's hint."""
    names = [f"{one.id} ({escape(one.title, 60)})" for one in framings.every(session)[:5]]
    return f"On record: {'; '.join(names)}." if names else "None is on record: `/frame new` begins one."


def begin(
    session: Session,
    desk: Desk,
    *,
    token: str,
    fields: Mapping[str, str],
    by: str,
    channel: str,
    thread: str | None = None,
    now: datetime,
) -> Framing:
    """Put a new framing on record and post its card."""
    new = Framing(0, token, by, channel, now, now, dict(fields))
    framing = framings.add(session, new)
    home_news.changed(session, now)
    post = Post(framing.key, channel, card(session, desk, framing, now), thread, broadcast=thread is not None)
    outbox.put(session, post, now=now)
    return framing


def write(
    session: Session,
    desk: Desk,
    framing: Framing,
    step: Step,
    fields: Mapping[str, str],
    *,
    by: str,
    opened: float = 0.0,
    now: datetime,
) -> Framing:
    """Keep what is written on a page, and redraw the card where something changed.

    opened: when who writes saw the page, seconds since the epoch; 0 overwrites whatever is there.

    Raises:
        StaleError: somebody else wrote that page since; the hint has what would be lost.

    """
    given = {str(name): fields[name][:FIELD_MOST].strip() for name in FIELDS[step] if name in fields}
    after = {name: value for name, value in {**framing.fields, **given}.items() if value}
    if after == dict(framing.fields):
        return framing
    touch = framing.touched.get(step)
    if opened and touch is not None and touch.by != by and touch.at.timestamp() > opened:
        ago = duration(now - touch.at)
        raise StaleError(
            f"The page “{step.heading}” of {framing.id} was written by {person(touch.by)} {ago} ago, after "
            "you opened it; yours is not kept.",
            f"Open it again from the card. You wrote: {_lost(framing, given)}",
        )
    framing = replace(
        framing, fields=after, changed_at=now, touched={**framing.touched, step: Touch(by, now)}
    )
    framings.save(session, framing)
    draw(session, desk, framing, now)
    return framing


def _lost(framing: Framing, given: Mapping[str, str]) -> str:
    """What would be lost, field by field."""
    said = [f"{name}: {value}" for name, value in given.items() if value != framing.fields.get(name, "")]
    return cut(escape(" · ".join(said), 1500), 1500)


def draw(session: Session, desk: Desk, framing: Framing, now: datetime) -> None:
    """Have the card edited in place, and home pages that show it."""
    home_news.changed(session, now)
    outbox.put(session, Update(framing.key, framing.channel, card(session, desk, framing, now)), now=now)


def card(session: Session, desk: Desk, framing: Framing, now: datetime) -> Message:
    """The card as it stands."""
    joined = links.of(session, framing.thing) if framing.number else []
    shown = views.Shown(
        framing=framing,
        today=now.astimezone(desk.settings.zone).date(),
        led_to=tuple(one.later for one in joined if one.earlier == framing.thing),
        came_from=tuple(one.earlier for one in joined if one.later == framing.thing),
        reminded=next_reminder(session, framing),
    )
    return views.card(shown)


def next_reminder(session: Session, framing: Framing) -> datetime | None:
    """When the next reminder of it comes; None where none is planned."""
    if not framing.number:
        return None
    planned = slots.kept(session, job=REVISIT_JOB, prefix=f"{framing.number}/")
    return min((one.due for one in planned if one.state == "waiting"), default=None)


def about(session: Session, page: Page) -> Framing | None:
    """The framing that a form's page is of; None while its first page is not on record."""
    if page.number:
        return framings.load(session, page.number, lock=True)
    return framings.of_token(session, page.token, lock=True)


def linked(session: Session, thing: Thing) -> list[Framing]:
    """The framings that led to a thing, the oldest link first."""
    found = (framings.load(session, number_of(one.id) or 0) for one in before(session, thing))
    return [one for one in found if one is not None]


def before(session: Session, thing: Thing) -> list[Thing]:
    """The framings that led to it, as things."""
    return links.before(session, thing, ThingKind.FRAMING)


def morning(desk: Desk, day: Any, now: datetime) -> datetime:
    """Nine o'clock of that day in the configured zone, or the next morning that comes where it is past."""
    zone = desk.settings.zone
    due = datetime(day.year, day.month, day.day, 9, tzinfo=zone)
    if due > now:
        return due
    today = now.astimezone(zone).date()
    due = datetime(today.year, today.month, today.day, 9, tzinfo=zone)
    if due > now:
        return due
    tomorrow = today + timedelta(days=1)
    return datetime(tomorrow.year, tomorrow.month, tomorrow.day, 9, tzinfo=zone)
