"""Readiness: what a launch still needs before everybody gets it, and who can bring it."""

from datetime import datetime

from sqlmodel import Session

from bot.core.effect import Message
from bot.core.inbound import Ask
from bot.core.launch import Launch
from bot.core.permission import Act
from bot.core.readiness import Known, Row
from bot.core.readiness_check import check
from bot.errors import InputError
from bot.services import candidate_joins, deltas, framing_joins, latency_budgets, launches, permissions
from bot.services.desk import Desk
from bot.store import experiments
from bot.views import readiness as views
from bot.views.text import escape

ON_CALL = "engineer"
"""The role that a page calls."""


def rows(session: Session, desk: Desk, launch: Launch, now: datetime) -> tuple[Row, ...]:
    """The eight rows of the check as they stand."""
    newest, registration = launch.newest, launches.registration(session, launch)
    framing, draft = framing_joins.of_experiment(session, launch.id, registration.hypothesis.intervention)
    picked, unpicked = candidate_joins.of_experiment(session, launch.id)
    look = None if newest is None else experiments.look(session, newest.record)
    known = Known(
        launch=launch,
        registration=registration,
        look=None if look is None else look.result,
        correlation=deltas.correlation(session, now),
        playbook=desk.playbooks.triage.id,
        on_call=len(permissions.holders(session, desk, ON_CALL)),
        framing=framing,
        framing_draft=draft,
        picked=picked,
        unpicked=unpicked,
        shown=latency_budgets.shown(session, launch.id),
    )
    return check(known)


def missing(session: Session, desk: Desk, launch: Launch, now: datetime) -> tuple[Row, ...]:
    """The rows that hold the launch back: neither present nor waived by name."""
    return tuple(row for row in rows(session, desk, launch, now) if not row.settled)


def answer(session: Session, desk: Desk, ask: Ask, now: datetime) -> Message:
    """Answer `/launch check [ID]`: the card of the eight rows, for whoever asks."""
    launch, rest = launches.meant(session, ask.place.channel, ask.about)
    if rest:
        problem = f"Read `check {escape(rest, 60)}`, and expected an experiment's id or nothing."
        raise InputError(problem, launches.known(session))
    return card(session, desk, launch, ask.by, now)


def card(session: Session, desk: Desk, launch: Launch, by: str, now: datetime) -> Message:
    """The card as one person sees it: the buttons are there for who may use them."""
    found = rows(session, desk, launch, now)
    checked = views.Checked(
        launch=launch,
        rows=found,
        who={role: _people(session, desk, role) for row in found if not row.settled for role in row.supply},
        supplies=permissions.may(session, desk, by, Act.SUPPLY),
        waives=permissions.may(session, desk, by, Act.WAIVE) and by != launch.author,
    )
    return views.card(checked)


def who(session: Session, desk: Desk, row: Row) -> str:
    """Who can bring a row about, by role, as mentions."""
    return "; ".join(_holders(session, desk, one) for one in row.supply)


def _holders(session: Session, desk: Desk, role: str) -> str:
    return f"{escape(role, 80)} ({_people(session, desk, role)})"


def _people(session: Session, desk: Desk, role: str) -> str:
    signs = role in desk.settings.signoffs and role not in desk.settings.roles
    ask = permissions.who_signs if signs else permissions.who_holds
    return ask(session, desk, role)
