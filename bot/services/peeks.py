"""A look before its day, for who insists: the cost is said first, and the reason goes on record."""

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session

from bot.core.course import PEEK
from bot.core.effect import Block, Ephemeral, Message
from bot.core.figures import day_of
from bot.core.inbound import Order, Submit
from bot.core.launch import Launch
from bot.core.peeking import cost
from bot.core.permission import Act
from bot.core.registration import Registration
from bot.errors import InputError, StaleError
from bot.services import launches, permissions
from bot.services.desk import Desk
from bot.services.look_asking import ask, require_open
from bot.services.look_record import before_look, days_before
from bot.services.scheduled_looks import calendar
from bot.store import experiments, outbox
from bot.views import look_notes as notes
from bot.views.experiment_actions import Reference
from bot.views.text import escape, when

FORM = "experiment.peek"


def form(session: Session, desk: Desk, by: str, value: str, now: datetime) -> Block:
    """The form of [Look anyway…]: the cost first, then the reason. Raises UserError when it may not be."""
    permissions.require(session, desk, by, Act.PEEK)
    launch = launches.read(session, Reference.decode(value).experiment)
    registration, day, costs = _cost(session, desk, launch, now)
    return notes.peek_form(registration, day, costs, _broken(launch))


def check(fields: Mapping[str, str]) -> Mapping[str, str]:
    """What is wrong with the form, by field."""
    reason = fields.get(notes.REASON, "")
    short = len(reason.strip()) < notes.LEAST_REASON
    return {notes.REASON: f"At least {notes.LEAST_REASON} characters go on record."} if short else {}


def submit(session: Session, desk: Desk, sent: Submit, key: str, now: datetime) -> None:
    """Take the peek of the form."""
    launch = launches.load(session, Reference.decode(sent.value).experiment)
    _peek(
        session, desk, launch, sent.by, sent.place.channel, sent.place.thread, sent.fields[notes.REASON], now
    )
    del key  # the slot says when it was asked, and by whom


def order(session: Session, desk: Desk, asked: Order, key: str, now: datetime) -> None:
    """Take the peek of `/experiment peek [ID] REASON`, and tell who asked what it costs."""
    launch, reason = launches.meant(session, asked.place.channel, asked.text)
    place = asked.place
    day, costs = _peek(session, desk, launch, asked.by, place.channel, place.thread, reason, now)
    said = Message(f"A peek at {escape(launch.id)} on day {day}: computing. {escape(costs, 1000)}")
    outbox.put(session, Ephemeral(f"{key}/peek", place.channel, asked.by, said, place.thread), now=now)


def _peek(
    session: Session,
    desk: Desk,
    launch: Launch,
    by: str,
    channel: str,
    thread: str | None,
    reason: str,
    now: datetime,
) -> tuple[int, str]:
    permissions.require(session, desk, by, Act.PEEK)
    _, day, costs = _cost(session, desk, launch, now)
    reason = " ".join(reason.split())
    if len(reason) < notes.LEAST_REASON:
        raise InputError(
            f"A peek needs a reason of at least {notes.LEAST_REASON} characters, which goes on record; "
            f"read {len(reason)}. {escape(costs, 1000)}",
            f"`/experiment peek {launch.id} REASON`, or wait for the look.",
        )
    more = {"day": day, "reason": reason[: notes.MOST_REASON]}
    ask(session, launch, look=PEEK, by=by, channel=channel, thread=thread, now=now, more=more)
    return day, costs


def _cost(session: Session, desk: Desk, launch: Launch, now: datetime) -> tuple[Registration, int, str]:
    """The registration, the day a peek would be of, and its cost; refuses where no peek is to be had."""
    require_open(launch)
    registration = launches.registration(session, launch)
    day = _day(session, desk, launch, registration, now)
    taken = experiments.looks(session, launch.id)
    before = before_look(registration, taken, PEEK, day)
    try:
        return registration, day, cost(registration, day, days_before(registration, before, PEEK, day))
    except ValueError as error:
        raise StaleError(f"No peek at {launch.id} can be taken: {escape(str(error), 300)}.") from None


def _day(session: Session, desk: Desk, launch: Launch, registration: Registration, now: datetime) -> int:
    """The newest day that is over, where a peek lies on none of the plan's looks and has something new."""
    day = calendar(session, desk, launch, registration).last_full_day(now)
    if day is None:
        raise StaleError(
            f"Nobody knows which day of {launch.id} it is: no start is registered.",
            "`/experiment start` sets day 1; until then ask for the planned looks by hand.",
        )
    if day < 1:
        raise StaleError(f"No day of {launch.id} is over yet, so there is nothing to see.")
    if day >= registration.looks[-1] or day in registration.looks:
        number = registration.looks.index(day) + 1 if day in registration.looks else len(registration.looks)
        raise StaleError(
            f"That would be look {number}, which the plan has after {day_of(registration, day)}.",
            f"Ask for it: `/experiment look {launch.id} {number}`.",
        )
    same = next((one for one in launch.looks if one.day >= day and one.verdict != "invalid"), None)
    if same is not None:
        moment = when(same.at, style="{date_short_pretty} {time}")
        raise StaleError(
            f"No day is over since the last look: that was of day {same.day:g} (record {same.record}, "
            f"{moment}).",
            "Its card has all there is; tomorrow there is more.",
        )
    return day


def _broken(launch: Launch) -> str:
    return "⚠ The plan was already broken by an amendment." if launch.broken else ""
