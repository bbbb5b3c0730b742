"""The decision cards of a launch: posted for a look that decides, drawn anew when something changes."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlmodel import Session

from bot.core.declaration import Declaration, declared
from bot.core.effect import Message, Post, Update
from bot.core.launch import Kind, Launch, LookSeen, Task
from bot.core.ledger import Entry
from bot.core.look import LookResult
from bot.core.registration import Registration
from bot.core.sizing import needed_per_arm
from bot.core.veto_plan import PlannedTask
from bot.errors import InputError
from bot.services import permissions, readiness
from bot.services.desk import Desk
from bot.services.look_record import recall
from bot.services.scheduled_looks import zone_of
from bot.stats.effect import Effect
from bot.stats.undecided import Undecided
from bot.store import ledger, outbox
from bot.views import decision as views
from bot.views import decision_matrix as matrix
from bot.views.decision_words import needed
from bot.views.text import person

DECIDES = frozenset({"ship", "veto", "no-ship", "stop-futility", "inconclusive"})
"""Verdicts that ask for a decision; the others say to go on, or nothing."""


def key_of(launch: Launch, record: int) -> str:
    """What the messages of a look's decision card begin with."""
    return f"launch/{launch.id}/decision/{record}"


def post(
    session: Session, desk: Desk, launch: Launch, record: int, now: datetime, *, again: str = ""
) -> Message:
    """Post the card of a look, once; with `again`, which names who asked, once more."""
    card = views.card(case(session, desk, launch, record, now))
    key = key_of(launch, record) + (f"/again/{again}" if again else "")
    outbox.put(session, Post(key, launch.channel, card), now=now)
    return card


def draw(session: Session, desk: Desk, launch: Launch, now: datetime) -> None:
    """Have every decision card of the launch edited in place."""
    for seen in launch.looks:
        prefix = key_of(launch, seen.record)
        keys = [
            one for one in outbox.posted(session, prefix) if one == prefix or one.startswith(f"{prefix}/")
        ]
        if not keys:
            continue
        card = views.card(case(session, desk, launch, seen.record, now))
        for key in keys:
            outbox.put(session, Update(key, launch.channel, card), now=now)


def case(session: Session, desk: Desk, launch: Launch, record: int, now: datetime) -> views.Case:
    """Everything a look's card shows. Raises InputError for a record that is not this launch's."""
    seen = seen_of(launch, record)
    shown = recall(session, record)
    registration, result = shown.registration, shown.result
    entries = ledger.of(session, launch.id)
    zone = zone_of(session, desk, launch, registration)
    return views.Case(
        launch=launch,
        registration=registration,
        result=result,
        seen=seen,
        entry=_entry(entries, seen),
        declaration=declaration_of(session, launch, result.sha256),
        zone=zone,
        asked=permissions.mentions(session, desk, "owner", "approver", "director"),
        steps=_steps(session, desk, launch, seen, registration, result, seen.at.astimezone(zone).date()),
        missing=_missing(session, desk, launch, result, now),
        larger=larger_run(registration, result),
        newer=newer(launch, seen),
        directors=permissions.mentions(session, desk, "director"),
        reruns=tuple(
            one.subject
            for one in ledger.of_kind(session, Kind.REGISTERED)
            if one.body.get("rerun_of") == launch.id
        ),
    )


def declaration_of(session: Session, launch: Launch, sha256: str) -> Declaration:
    """When that version came into force, and who signed it."""
    return declared(ledger.of(session, launch.id), sha256)


def seen_of(launch: Launch, record: int) -> LookSeen:
    """The look of a record. Raises InputError when the launch has none of that number."""
    found = next((one for one in launch.looks if one.record == record and one.look), None)
    if found is None:
        raise InputError(
            f"`{launch.id}` has no planned look with record {record}.", "Use the card of its newest look."
        )
    return found


def newer(launch: Launch, seen: LookSeen) -> str:
    """What came after a look that takes its word from it, as mrkdwn; empty while it counts."""
    later = launch.newest
    unsound = [
        one for one in launch.looks if one.look and one.verdict == "invalid" and one.entry > seen.entry
    ]
    if later is not None and later.record != seen.record:
        said = later.verdict.replace("-", " ").upper()
        return f"Look {later.look} (record {later.record}) was taken after this and says {said}."
    if unsound:
        return (
            f"Look {unsound[-1].look} (record {unsound[-1].record}) was taken after this, "
            "and its data could not be judged."
        )
    if launch.broken_entry > seen.entry and launch.broken_by is not None:
        return (
            f"The plan was changed by {person(launch.broken_by.by)} after look {seen.look} "
            f"(record {seen.record}), which does not count for the plan in force."
        )
    return ""


def planned_tasks(
    desk: Desk, registration: Registration, result: LookResult
) -> tuple[str, tuple[PlannedTask, ...]]:
    """The playbooks that a veto calls for, by name, and their tasks with the crossed lines in them."""
    vetoes = matrix.crossed(matrix.rows(registration, result))
    tasks: list[PlannedTask] = []
    names: list[str] = []
    plans = (("veto", desk.playbooks.veto, False), ("cohort_redesign", desk.playbooks.cohort_redesign, True))
    for name, plan, of_cohorts in plans:
        lines = [row for row in vetoes if bool(row.cohort) is of_cohorts]
        if lines:
            names.append(name)
            there = [(one.id, one.day) for one in tasks]  # both playbooks begin with the same task
            every = [task.about(matrix.together(lines)) for task in plan.tasks]
            tasks += [one for one in every if (one.id, one.day) not in there]
    return " + ".join(names), tuple(sorted(tasks, key=lambda task: task.day))


def owner_words(session: Session, desk: Desk, owner: str) -> str:
    """A task's owner, a Slack id or a role, as mentions."""
    return person(owner) if owner.startswith(("U", "W")) else permissions.mentions(session, desk, owner)


def larger_run(registration: Registration, result: LookResult) -> str:
    """What a run that answers the question would take; empty where it cannot be said."""
    effect = result.primary.effect
    if not isinstance(effect, Effect):
        return ""
    want = needed_per_arm(registration, effect.control.mean, effect.control.sd)
    if isinstance(want, Undecided):
        return ""
    per_day = registration.traffic.eligible_per_day if registration.traffic else None
    return needed(min(effect.control.n, effect.treatment.n), want, per_day)


def _steps(
    session: Session,
    desk: Desk,
    launch: Launch,
    seen: LookSeen,
    registration: Registration,
    result: LookResult,
    day: date,
) -> tuple[views.Step, ...]:
    """What is next after a veto: the open tasks, or those the playbook would open."""
    if result.verdict != "veto":
        return ()
    _, tasks = planned_tasks(desk, registration, result)
    if views.opened(launch, seen.record):
        of_veto = [one for one in launch.tasks if one.id.endswith(f".{seen.record}") and one.done is None]
        return tuple(_step(session, desk, one, tasks) for one in of_veto)
    return tuple(
        views.Step(
            one.short,
            day + timedelta(days=one.day),
            owner_words(session, desk, permissions.first_held(session, desk, one.owner)),
        )
        for one in tasks
    )


def _step(session: Session, desk: Desk, task: Task, tasks: Sequence[PlannedTask]) -> views.Step:
    """The task in as few words as its playbook has for it."""
    short = next((one.short for one in tasks if one.title == task.title), task.title)
    return views.Step(short, task.due, owner_words(session, desk, task.owner))


def _missing(
    session: Session, desk: Desk, launch: Launch, result: LookResult, now: datetime
) -> tuple[str, ...]:
    override = launch.override
    under = override is not None and launch.newest is not None and override.record == launch.newest.record
    if not launch.open or not (result.verdict == "ship" or (result.verdict == "veto" and under)):
        return ()
    lines = [f"{row.id} {row.name}: {row.why}" for row in readiness.missing(session, desk, launch, now)]
    return (*lines, *(f"the signature of {role}" for role in launch.missing_signoffs))


def _entry(entries: list[Entry], seen: LookSeen) -> Entry:
    return next(one for one in entries if one.number == seen.entry)
