"""The living card of a launch, drawn anew from the ledger whenever something happens to it."""

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session

from bot.core import amending as rules
from bot.core.effect import Message, Post, Update
from bot.core.launch import Amendment, Launch
from bot.core.lint import check_registration
from bot.core.plan import work_out
from bot.core.registration import Registration
from bot.services import launches, permissions, scheduled_looks
from bot.services.desk import Desk
from bot.store import outbox
from bot.store.experiments import Registered
from bot.views import amendment as amendment_views
from bot.views import launch_card
from bot.views.launch_words import Living


def draw(session: Session, desk: Desk, launch: Launch, *, now: datetime) -> None:
    """Have the card edited in place, and the card of a proposed amendment."""
    shown = card(session, desk, launch, now=now)
    outbox.put(session, Update(launch.card, launch.channel, shown), now=now)
    if launch.amendment is not None:
        draw_amendment(session, desk, launch, launch.amendment, now=now)


def card(session: Session, desk: Desk, launch: Launch, *, now: datetime) -> Message:
    """The card as it stands, to be posted under `launch.card`."""
    return launch_card.card(living(session, desk, launch, now=now))


def living(session: Session, desk: Desk, launch: Launch, *, now: datetime) -> Living:
    """The launch with its plan, its calendar, and who is expected to sign."""
    del now
    registration = launches.registration(session, launch)
    calendar = scheduled_looks.calendar(session, desk, launch, registration)
    return Living(
        launch,
        work_out(_dated(registration, launch), launch.sha256),
        calendar,
        scheduled_looks.next_look(launch, registration, calendar.zone, calendar.at),
        signers(session, desk, launch),
        permissions.mentions(session, desk, "owner", "engineer"),
    )


def signers(session: Session, desk: Desk, paper: Launch | Amendment) -> Mapping[str, tuple[str, ...]]:
    """Who may sign, by role outstanding; not the author where there is only one signature to give."""
    author = "" if len(paper.signoffs) != 1 else paper.by if isinstance(paper, Amendment) else paper.author
    return {
        role: tuple(one for one in permissions.signers(session, desk, role) if one != author)
        for role in paper.missing_signoffs
    }


def draw_amendment(
    session: Session, desk: Desk, launch: Launch, amendment: Amendment, outcome: str = "", *, now: datetime
) -> None:
    """Have an amendment's card edited in place; `outcome` says how it ended."""
    shown = amendment_card(session, desk, launch, amendment, outcome)
    outbox.put(session, Update(amendment_views.key(launch, amendment), launch.channel, shown), now=now)


def post_amendment(session: Session, desk: Desk, launch: Launch, amendment: Amendment, now: datetime) -> None:
    """Post the card on which an amendment is signed."""
    shown = amendment_card(session, desk, launch, amendment)
    outbox.put(session, Post(amendment_views.key(launch, amendment), launch.channel, shown), now=now)


def amendment_card(
    session: Session, desk: Desk, launch: Launch, amendment: Amendment, outcome: str = ""
) -> Message:
    """The card of an amendment as it stands."""
    may = signers(session, desk, amendment)
    stands = "" if outcome else rules.obstacle(launch, amendment.touches, breaking=amendment.breaking)
    return amendment_views.card(launch, amendment, may, outcome, stands)


def warnings_of(desk: Desk, registered: Registered) -> list[dict[str, str]]:
    """The warnings of a text on record, as the ledger keeps them."""
    _, findings = check_registration(registered.text, registered.name, desk.settings.rollout_metrics)
    warnings = [one for one in findings if one.level == "warning"]
    return [{"code": one.code, "path": one.path, "message": one.message} for one in warnings]


def _dated(registration: Registration, launch: Launch) -> Registration:
    """With the day on which it was started, where the text names none."""
    if registration.data.start is not None or launch.start is None:
        return registration
    data = registration.data.model_copy(update={"start": launch.start})
    return registration.model_copy(update={"data": data})
