"""A launch as its six-pager tells it: from the customer's letter to what came of the decision."""

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.core.citation import Cited, Figure, Gap, entries
from bot.core.launch import Kind, Launch
from bot.core.launch_surprises import surprises
from bot.core.ledger import Entry
from bot.core.narrative import DecisionTold, LaunchStory, StepTold, missing
from bot.core.readiness import DOCUMENTS, Row
from bot.core.thing import Thing, ThingKind
from bot.services import launches, narrative_behind, narrative_look, readiness
from bot.services.narrative_production import linked, production
from bot.services.narrative_teller import Teller, change, counted, dated, listed
from bot.services.trace_things import known, state_of
from bot.store import experiments, ledger, links

_NAMED = re.compile(r"\bledger \d{1,9}\b|\b(?:FRM|CAN)-\d{1,9}\b|\b20\d\d-Q[1-4]\b")
"""An entry, a framing, a candidate or a quarter in a row of the check: that is its record."""
NO_MONITORS = Gap("no monitors or dashboard on record", "`/launch supply monitors LINK`")
NO_DECISION = Gap("no decision on record", "`/experiment decide` posts the card that takes one")


def gather(teller: Teller, launch: Launch) -> LaunchStory:
    """Read all of it; reads only. Raises InputError when this version cannot read its registration."""
    session = teller.session
    registration = launches.registration(session, launch)
    found, thing = ledger.of(session, launch.id), Thing(ThingKind.EXPERIMENT, launch.id)
    candidate, portfolio = narrative_behind.candidate(session, thing)
    result = narrative_look.result(teller, launch, registration)
    record = f"ledger {found[0].number}"
    return LaunchStory(
        id=Figure(launch.id, record),
        title=Figure(launch.title or launch.id, record),
        owner=Figure(launch.owner, record) if launch.owner else Gap("nobody is named as its owner"),
        state=Figure(state_of(launch, teller.zone), f"ledger {launch.entry}"),
        framing=narrative_behind.framing(teller, narrative_behind.framing_of(session, thing)),
        candidate=candidate,
        portfolio=portfolio,
        plan=narrative_look.plan(teller, launch, registration, found),
        result=result,
        decision=_decision(teller, launch, found),
        offline=narrative_behind.offline(teller, launch.id),
        production=production(teller, launch),
        exposed=_exposed(teller, found),
        breaches=_breaches(found),
        monitors=linked(teller, launch, "monitors") or linked(teller, launch, "dashboard") or NO_MONITORS,
        letter=linked(teller, launch, "framing") or narrative_behind.NO_FRAMING,
        chain=_chain(teller, launch),
        incidents=_incidents(teller, thing),
        surprises=_surprises(teller, launch, found),
    )


def _decision(teller: Teller, launch: Launch, found: Sequence[Entry]) -> DecisionTold:
    decision = launch.decision
    after = _after(launch, found)
    if decision is None:
        told = replace(missing(DecisionTold, NO_DECISION), after=after, redesigns=_redesigns(teller, found))
        return replace(told, next=_next(teller, launch, found))
    record = f"ledger {decision.entry}"
    what = {"ship": "ship", "stop": "stop"}.get(decision.decision, decision.decision)
    return DecisionTold(
        what=Figure(what, record),
        on=teller.day(decision.at, record),
        by=teller.who([decision.by], record, "nobody is named: Lookout ended it when its last day was over"),
        why=Figure(decision.reason.rstrip(".") or "none beyond what the rule said", record),
        override=_override(teller, launch, found),
        redesigns=_redesigns(teller, found),
        after=after,
        next=_next(teller, launch, found),
    )


def _override(teller: Teller, launch: Launch, found: Sequence[Entry]) -> Cited:
    asked = [one for one in found if one.kind.startswith("override_")]
    if not launch.overrides:
        return Figure("nobody asked to go against the rule", f"ledger {launch.entry}")
    newest = launch.overrides[-1]
    outcome = "is not answered"
    if newest.approved is not None:
        outcome = f"was approved by {teller.people.called(newest.approved.by)}"
    elif newest.refused is not None:
        outcome = f"was refused by {teller.people.called(newest.refused.by)}"
    elif newest.ended is not None:
        outcome = "lapsed unanswered"
    said = f"a review to go against the rule, requested by {teller.people.called(newest.by)}, {outcome}"
    return Figure(said, entries(one.number for one in asked))


def _redesigns(teller: Teller, found: Sequence[Entry]) -> tuple[Cited, ...]:
    """The way that was chosen after a veto, with what it costs; none where none was."""
    chosen = [one for one in found if one.kind == Kind.REDESIGN]
    if not chosen:
        return ()
    body = chosen[-1].body
    options = {one.id: one for one in teller.desk.playbooks.cohort_redesign.options}
    option = options.get(str(body.get("option")))
    cost = f", which costs {option.cost}" if option and option.cost else ""
    return (Figure(f"{body.get('title') or body['option']}{cost}", f"ledger {chosen[-1].number}"),)


def _after(launch: Launch, found: Sequence[Entry]) -> Cited:
    """What the check after the launch found; what did not ship has none."""
    checked = [one for one in found if one.kind == Kind.AFTER]
    decision = launch.decision
    if decision is None:
        return NO_DECISION
    if decision.decision != "ship":
        return Figure("is not checked, since nothing was launched", f"ledger {decision.entry}")
    if not checked:
        return Gap("no check after the launch on record", "it comes by itself 28 days after shipping")
    result = checked[-1].body.get("result") or {}
    if result.get("finding", "unknown") == "unknown":
        return Gap(f"whether the gain lasted is not known: {result.get('because', 'the data cannot say')}")
    moved = change(result.get("effect_rel"), result.get("ci_rel"))
    said = f"was {result['finding']}{f', {moved}' if moved else ''}"
    return Figure(said, f"ledger {checked[-1].number}")


def _next(teller: Teller, launch: Launch, found: Sequence[Entry]) -> tuple[Cited, ...]:
    """Open tasks with owner and day."""
    moved = [one for one in found if one.kind in (Kind.INVESTIGATION, Kind.REDESIGN, Kind.TASK_MOVED)]
    record = entries(one.number for one in moved) if moved else f"ledger {launch.entry}"
    return tuple(Figure(teller.task(task), record) for task in launch.tasks if task.done is None)


def _exposed(teller: Teller, found: Sequence[Entry]) -> Cited:
    stages = [one for one in found if one.kind == Kind.STAGE]
    if not stages:
        return Gap("no stage of a rollout on record", "`/experiment start` begins it")
    said = [f"{one.body['name']} on {dated(one.at.astimezone(teller.zone).date())}" for one in stages]
    return Figure(listed(said), entries(one.number for one in stages))


def _breaches(found: Sequence[Entry]) -> Cited:
    met = [one for one in found if one.kind == Kind.BREACH]
    stages = [one for one in found if one.kind in (Kind.STAGE, Kind.BREACH)]
    if not stages:
        return Gap("no rollout on record whose abort criteria could be met")
    said = counted(len(met), "abort criterion was met", "abort criteria were met")
    return Figure(said, entries(one.number for one in (met or stages)))


def _chain(teller: Teller, launch: Launch) -> tuple[StepTold, ...]:
    """The eight rows of the readiness check: each procedure's artefact, or what is missing of it."""
    rows = readiness.rows(teller.session, teller.desk, launch, teller.now)
    return tuple(
        StepTold(Figure(f"{row.id} {row.name}", row.id), _artefact(teller, launch, row)) for row in rows
    )


def _artefact(teller: Teller, launch: Launch, row: Row) -> Cited:
    link, record = row.links[0][1] if row.links else "", _where(teller, launch, row)
    if row.present:
        own = record.startswith(("ledger", "registration")) and not _NAMED.search(row.artefact)
        return Figure(row.artefact or "there", record, link if own else "")
    if row.waived is None and not _lacks_a_record(launch, row):
        return Figure(f"✗ {row.why}", record, link)
    if row.waived is not None:
        by, why = teller.people.called(row.waived.mark.by), row.waived.reason
        said = f"waived by {by} on {dated(row.waived.mark.at.astimezone(teller.zone).date())}: {why}"
        return Figure(said, record)
    return Gap(row.why, f"`/launch check {launch.id}` says who can {row.how}")


def _lacks_a_record(launch: Launch, row: Row) -> bool:
    """Whether something is still to be put on record, and not only found wanting by what is."""
    if row.wants:
        return True
    if row.id in ("AML-05", "AML-06"):
        return launch.newest is None
    return row.id == "AML-03" and launch.locked_at is None


def _where(teller: Teller, launch: Launch, row: Row) -> str:
    """The record that shows a row."""
    newest = launch.newest
    entry = _supplied(teller, launch, row)
    if entry:
        return f"ledger {entry}"
    if row.id in ("AML-05", "AML-06") and newest is not None and row.waived is None:
        return f"record {newest.record}"
    named = _NAMED.search(row.artefact)
    if row.present and named:
        return named[0]
    if row.id == "AML-03" or (row.present and row.links):
        return f"registration {launch.sha256[:12]}"
    return f"/launch check {launch.id}"


def _supplied(teller: Teller, launch: Launch, row: Row) -> int:
    """The entry that waived a row, or linked its newest document; 0 for neither."""
    own = {name for name, of in DOCUMENTS.items() if of == row.id}
    kinds = {str(Kind.WAIVED): {row.id}} if row.waived is not None else {str(Kind.SUPPLIED): own}
    found = [
        one.number
        for one in ledger.of(teller.session, launch.id)
        if one.body.get("row") in kinds.get(one.kind, ())
    ]
    return found[-1] if found else 0


def _incidents(teller: Teller, experiment: Thing) -> tuple[Cited, ...]:
    """The incidents that it led to, each with where it stands."""
    after = links.after(teller.session, experiment, ThingKind.INCIDENT)
    told = [(one, known(teller.session, one, teller.zone)) for one in after]
    return tuple(
        Figure(f"{said.title or one.id} ({said.state or 'not on record'})", one.id) for one, said in told
    )


def _surprises(teller: Teller, launch: Launch, found: Sequence[Entry]) -> tuple[Cited, ...]:
    reasons = {}
    for seen in launch.looks:
        record = (
            experiments.look(teller.session, seen.record) if seen.verdict in ("invalid", "veto") else None
        )
        if record is not None and record.result.get("reasons"):
            reasons[seen.record] = str(record.result["reasons"][0])
    told_elsewhere = [one for one in found if one.kind != Kind.WAIVED]  # the chain says what was waived
    every = surprises(told_elsewhere, launches.registration(teller.session, launch), reasons)
    return tuple(Figure(one.what.rstrip("."), f"/trace {launch.id}") for one in every)
