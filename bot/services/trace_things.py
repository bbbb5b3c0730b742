"""What is on record of each kind of thing: its title, where it stands, and what happened to it."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import TypeAlias

from sqlmodel import Session

from bot.core.correlation_ledger import ELSEWHERE
from bot.core.framing_reader import read
from bot.core.incident import Event, Incident
from bot.core.latency_record import so_far as budget_so_far
from bot.core.launch import Kind, Launch, State
from bot.core.launch_steps import so_far
from bot.core.ledger import Entry
from bot.core.thing import Thing, ThingKind
from bot.core.trace import Happening, Known
from bot.errors import InputError
from bot.services import latency_budgets
from bot.services.narrative_teller import counted, dated
from bot.store import candidates, framings, incidents, ledger, portfolios, reviews
from bot.views.ledger_history import told

_ESCAPED = re.compile(r"\\([\\`*_{}\[\]<>#|~])")

_SMALL = frozenset(
    {Kind.ACKNOWLEDGED, Kind.VOIDED, Kind.WITHDRAWN, Kind.MOVED, Kind.RELEASED, Kind.TASK_DONE}
    | {Kind.TASK_MOVED, Kind.SUPPLIED, Kind.SIGNED}
)
"""What a launch's card leaves out; the whole history has it."""

_LARGE = frozenset(
    {"opened", "answered", "mitigated", "resolved", "reopened", "false_alarm", "switched", "escalated"}
    | {"review_published", "drill_started"}
)
"""What an incident's card shows of its timeline; the whole history has all of it."""


def known(session: Session, thing: Thing, zone: tzinfo = UTC) -> Known:
    """What is kept of a thing, with the days of that zone; its state is empty where nothing is."""
    return _READERS[thing.kind](session, thing, zone)


def in_words(entry: Entry) -> str:
    """An entry of the ledger in words, plain text."""
    return _ESCAPED.sub(r"\1", told(entry)).replace("**", "")


def state_of(launch: Launch, zone: tzinfo = UTC) -> str:
    """Where a launch stands, in a few words, with the day in that zone."""
    decision = launch.decision
    if decision is not None:
        what = "shipped" if decision.decision == "ship" else "stopped"
        over = ", closed" if launch.closed_at is not None else ""
        return f"{what} on {_day(decision.at, zone)}, the rule said {decision.verdict or 'nothing yet'}{over}"
    if launch.state is State.SIGNING:
        return "waits for signatures"
    if launch.state is State.RUNNING and launch.newest is not None:
        return f"running, look {launch.newest.look} said {launch.newest.verdict}"
    return launch.state.value


def _experiment(session: Session, thing: Thing, zone: tzinfo) -> Known:
    entries = ledger.of(session, thing.id)
    happenings = _entries(thing, entries, _SMALL)
    if not entries or entries[0].kind != Kind.REGISTERED:
        # A launch begins with its registration; without it only what came from elsewhere is told.
        deltas = ledger.of(session, f"{ELSEWHERE}{thing.id}")
        if deltas:
            entries, happenings = deltas, _entries(thing, deltas, _SMALL)
            return Known(thing, "", "ran elsewhere, both deltas are on record", happenings)
        return Known(
            thing,
            "",
            counted(len(entries), "entry of the ledger", "entries of the ledger") if entries else "",
            happenings,
        )
    launch = so_far(entries)
    return Known(thing, launch.title, state_of(launch, zone), happenings, launch.channel)


def _incident(session: Session, thing: Thing, zone: tzinfo) -> Known:
    incident = incidents.load(session, int(thing.id.removeprefix("INC-")))
    if incident is None:
        return Known(thing, "", "")
    events = [one for one in incidents.timeline(session, incident.id) if one.kind != "evidence"]
    happenings = tuple(_event(thing, one) for one in events)
    return Known(thing, incident.title, _stands(session, incident, zone), happenings, incident.channel)


def _stands(session: Session, incident: Incident, zone: tzinfo) -> str:
    category = f"category {incident.category}" if incident.category else "category unknown"
    at = incident.resolved_at or incident.mitigated_at
    said = f"{incident.severity}, {incident.status.words}{f' on {_day(at, zone)}' if at else ''}, {category}"
    review = reviews.load(session, incident.id)
    if review is None or review.closed:
        return said
    page = f"retrospective published, edition {review.edition}" if review.published else "retrospective open"
    return f"{said}, {page}"


def _event(thing: Thing, event: Event) -> Happening:
    return Happening(event.at, thing, event.text, event.by, thing.id, event.kind in _LARGE)


def _candidate(session: Session, thing: Thing, zone: tzinfo) -> Known:
    del zone
    item = candidates.load(session, int(thing.id.removeprefix("CAN-")))
    if item is None:
        return Known(thing, "", "")
    quarter = portfolios.picked_in(session, thing.id)
    state = "done" if item.candidate.done else f"picked in {quarter}" if quarter else item.standing.value
    why = f": {item.why}" if item.why else ""
    came = Happening(item.at, thing, f"proposed{why}", item.by, thing.id)
    return Known(thing, item.candidate.title, state, (came, *_of_ledger(session, thing)))


def _framing(session: Session, thing: Thing, zone: tzinfo) -> Known:
    framing = framings.load(session, int(thing.id.removeprefix("FRM-")))
    if framing is None:
        return Known(thing, "", "", _of_ledger(session, thing))
    decided = framing.decided
    state = "a draft"
    if decided is not None:
        recommended = read(decided.fields).recommendation
        state = f"decided on {_day(decided.at, zone)}{f': {recommended.words}' if recommended else ''}"
    if framing.questioned:
        state += ", questioned"
    if framing.dropped:
        state = "dropped"
    began = Happening(framing.created_at, thing, "began to be framed", framing.author, thing.id)
    return Known(thing, framing.title, state, (began, *_of_ledger(session, thing)), framing.channel)


def _portfolio(session: Session, thing: Thing, zone: tzinfo) -> Known:
    quarter = portfolios.load(session, thing.id)
    if quarter is None:
        return Known(thing, "", "", _of_ledger(session, thing))
    state = f"edition {quarter.edition}"
    if quarter.locked_at is not None:
        state = f"locked on {_day(quarter.locked_at, zone)}, edition {quarter.locked_edition}"
    if quarter.reviewed_entry:
        state += ", looked back on"
    return Known(thing, f"Portfolio {thing.id}", state, _of_ledger(session, thing), quarter.channel)


def _budget(session: Session, thing: Thing, zone: tzinfo) -> Known:
    del zone
    happenings = _of_ledger(session, thing)
    found = budget_so_far(ledger.of(session, thing.id))
    if found is None:
        return Known(thing, "", "", happenings)
    state, test = f"edition {found.edition.number}, no load test locked", found.test
    if test is not None:
        try:
            outcome = latency_budgets.verdict(session, found, test).outcome.value if test.results else ""
        except InputError:  # its edition is of an older version
            outcome = "cannot be judged by this version"
        judged = outcome or "is locked and has no result"
        state = f"edition {found.edition.number}, load test {test.number} {_TESTED.get(judged, judged)}"
    return Known(thing, found.title, state, happenings, found.channel)


_TESTED = {"pass": "passed", "fail": "failed", "undecided": "is undecided"}


def _of_ledger(session: Session, thing: Thing) -> tuple[Happening, ...]:
    return _entries(thing, ledger.of(session, thing.id), frozenset())


def _entries(thing: Thing, entries: Sequence[Entry], small: frozenset[Kind]) -> tuple[Happening, ...]:
    return tuple(
        Happening(one.at, thing, in_words(one), one.by, f"ledger {one.number}", one.kind not in small)
        for one in entries
    )


def _day(moment: datetime, zone: tzinfo) -> str:
    return dated(moment.astimezone(zone).date())


Reader: TypeAlias = Callable[[Session, Thing, tzinfo], Known]
_READERS: Mapping[ThingKind, Reader] = {
    ThingKind.EXPERIMENT: _experiment,
    ThingKind.INCIDENT: _incident,
    ThingKind.CANDIDATE: _candidate,
    ThingKind.PORTFOLIO: _portfolio,
    ThingKind.FRAMING: _framing,
    ThingKind.BUDGET: _budget,
}
