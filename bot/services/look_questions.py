"""Questions about the looks of a launch, answered to whoever asks from what is stored."""

import re
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from bot.core.effect import Message
from bot.core.figures import bound
from bot.core.inbound import Ask
from bot.core.launch import Kind, Launch
from bot.core.launch_steps import so_far
from bot.core.look import LookResult
from bot.core.verdict_words import judged
from bot.errors import InputError
from bot.services import launch_cards, launches
from bot.services.desk import Desk
from bot.services.look_record import again, recall, registration_then
from bot.services.scheduled_looks import calendar
from bot.store import experiments, ledger
from bot.views import experiment as plan_views
from bot.views import look_answers, look_figures, standing
from bot.views.experiment_actions import Reference
from bot.views.look_shown import Shown
from bot.views.plan_words import cohorts as declared_cohorts
from bot.views.text import escape, fit, message


def status(session: Session, desk: Desk, *, about: str = "", channel: str, now: datetime) -> Message:
    """Where one launch stands, or all of the channel. Raises InputError when `about` names none."""
    every = [launches.read(session, about)] if about else launches.in_channel(session, channel)
    return standing.standings([launch_cards.living(session, desk, one, now=now) for one in every])


def plan(session: Session, desk: Desk, ask: Ask, now: datetime) -> Message:
    """Answer `/experiment plan [ID]`: sizes, looks with their moments, boundaries and alpha."""
    launch, rest = launches.meant(session, ask.place.channel, ask.about)
    _no_more(rest, "plan")
    return _plan(session, desk, launch, now)


def plan_message(session: Session, desk: Desk, value: str, now: datetime) -> Message:
    """Answer [Plan]. Raises InputError when the experiment is not there."""
    return _plan(session, desk, launches.read(session, Reference.decode(value).experiment), now)


def _plan(session: Session, desk: Desk, launch: Launch, now: datetime) -> Message:
    shown = launch_cards.living(session, desk, launch, now=now)
    return plan_views.plan(shown.plan, shown.calendar)


def looks(session: Session, desk: Desk, ask: Ask, now: datetime) -> Message:
    """Answer `/experiment looks [ID]`: every look past and coming, peeks and late ones too."""
    launch, rest = launches.meant(session, ask.place.channel, ask.about)
    _no_more(rest, "looks")
    entries = {one.body["record"]: one for one in ledger.of(session, launch.id) if one.kind == Kind.PEEK}
    held, asks = [], {}
    for seen in launch.looks:
        record = experiments.look(session, seen.record)
        if record is None:
            continue
        result = again(registration_then(session, record), record)
        peek = entries.get(seen.record)
        held.append(
            standing.Held(
                seen,
                judged(result.primary),
                _asked(result),
                peek.by if peek else "",
                str(peek.body.get("reason", "")) if peek else "",
                str(peek.body.get("cost", "")) if peek else "",
            )
        )
        if record.sha256 == launch.sha256 and result.verdict != "invalid":
            asks = dict(zip(result.course.numbers, result.plan.nominal_p, strict=False))
    return standing.looks(launch_cards.living(session, desk, launch, now=now), held, asks)


def _asked(result: LookResult) -> str:
    """The p that a look asked for; empty where it was held against none."""
    held = result.course.at is not None and not result.primary.unjudged and result.primary.boundary_p > 0
    return bound(result.primary.boundary_p) if held else ""


def cohorts(session: Session, desk: Desk, ask: Ask, now: datetime) -> Message:
    """Answer `/experiment cohorts [ID] [N]`: at look N or the newest; before any, as declared."""
    launch, rest = launches.meant(session, ask.place.channel, ask.about)
    if rest and not rest.isdecimal():
        _no_more(rest, "cohorts")
    if not launch.looks and not rest:
        shown = launch_cards.living(session, desk, launch, now=now)
        lines = declared_cohorts(shown.plan) or ["No cohorts are declared."]
        said = fit([f"*Cohorts of {escape(shown.name, 200)}, before any look*", *lines])
        return message(said)
    return look_answers.cohorts(_recalled(session, desk, _record(launch, rest)))


def why(session: Session, desk: Desk, ask: Ask, now: datetime) -> Message:
    """Answer `/experiment why [ID] [N] [FIGURE]`: the verdict step by step, or one of its figures."""
    del now
    launch, rest = launches.meant(session, ask.place.channel, ask.about)
    number, figure = _number_and_figure(rest)
    shown = _recalled(session, desk, _record(launch, number))
    return look_figures.figure(shown, figure) if figure else look_answers.why(shown)


def why_message(session: Session, desk: Desk, value: str, now: datetime) -> Message:
    """Answer [Why …?]: the verdict step by step. Raises InputError when the record is not there."""
    del now
    return look_answers.why(_recalled(session, desk, Reference.decode(value).record))


def matrix_message(session: Session, desk: Desk, value: str, now: datetime) -> Message:
    """Answer [Matrix]: every guardrail and cohort. Raises InputError when the record is not there."""
    del now
    return look_answers.matrix(_recalled(session, desk, Reference.decode(value).record))


def cohorts_message(session: Session, desk: Desk, value: str, now: datetime) -> Message:
    """Answer [Cohorts]: every cohort. Raises InputError when the record is not there."""
    del now
    return look_answers.cohorts(_recalled(session, desk, Reference.decode(value).record))


def _recalled(session: Session, desk: Desk, record: int) -> Shown:
    """A look on record, with its launch as it was then: whether the plan was broken by that time."""
    shown = recall(session, record)
    entries = ledger.of(session, shown.registration.id)
    for count, one in enumerate(entries, start=1):
        if one.kind in (Kind.LOOK, Kind.PEEK) and one.body["record"] == record:
            then = so_far(entries[:count])
            days = calendar(session, desk, then, shown.registration)
            return replace(shown, launch=then, entry=one, calendar=days)
    return shown


def _number_and_figure(text: str) -> tuple[str, str]:
    """`2 csat` is look 2 and csat, `peek p` the newest peek and p, `csat` the newest look and csat."""
    match = re.match(r"(\d{1,3}|peek)\b\s*(.*)", text, re.DOTALL)
    return (match[1], match[2].strip()) if match else ("", text.strip())


def _record(launch: Launch, number: str) -> int:
    """The record of look N, of the newest peek, or of the newest look of the plan."""
    wanted = 0 if number == "peek" else int(number or -1)
    planned = [one for one in launch.looks if one.look] or list(launch.looks)
    found = [one for one in launch.looks if one.look == wanted] if number else planned
    if found:
        return found[-1].record
    name = "" if not number else (" at a peek" if number == "peek" else f" as look {number}")
    on_record = dict.fromkeys("peek" if not one.look else str(one.look) for one in launch.looks)
    hint = f"On record: {', '.join(on_record)}." if on_record else "`/experiment looks` says when they come."
    raise InputError(f"Nothing of {launch.id} is on record{name}.", hint)


def _no_more(rest: str, verb: str) -> None:
    if rest:
        raise InputError(
            f"Read `{verb} {escape(rest, 80)}`, and no experiment has that name.",
            f"For example `/experiment {verb}` or `/experiment {verb} us-mle-02-reranker-l12`.",
        )
