"""A quarter as its defence tells it (Composition 3): why so many launches and not more."""

from collections.abc import Sequence

from bot.core.citation import Cited, Figure, Gap
from bot.core.citation import entries as citing
from bot.core.launch import Kind, Launch
from bot.core.ledger import Entry
from bot.core.quarter import Quarter
from bot.core.quarter_narrative import PortfolioTold, QuarterStory, VelocityTold
from bot.services.narrative_oncall import on_call, quarter_production
from bot.services.narrative_picks import Idle, never_run, shipped_elsewhere
from bot.services.narrative_portfolio import portfolio, tenets
from bot.services.narrative_rigor import fairness, quality, rigor
from bot.services.narrative_span import Span, Work, span
from bot.services.narrative_teller import Teller, counted, dated, listed, of_entries
from bot.services.trace_things import state_of
from bot.store import experiments


def gather(teller: Teller, quarter: Quarter) -> QuarterStory:
    """Read all of it; reads only."""
    found = span(teller, teller.desk.settings.portfolio.term(quarter))
    picked = portfolio(teller, found)
    days = f"{dated(found.term.first)} to {dated(found.term.last)}"
    over = "" if teller.now >= found.until else ", which is not over"
    return QuarterStory(
        name=Figure(found.name, found.name),
        span=Figure(f"{days}{over}", found.name),
        tenets=tenets(teller, found),
        portfolio=picked,
        rigor=rigor(teller, found),
        quality=quality(teller, found),
        fairness=fairness(teller, found),
        production=quarter_production(teller, found),
        on_call=on_call(teller, found),
        velocity=_velocity(teller, found, picked),
        next=tuple(one for work in found.work for one in _next(teller, work)),
    )


def _velocity(teller: Teller, found: Span, picked: PortfolioTold) -> VelocityTold:
    shipped = found.shipped
    entries = [_decision(found, one) for one in shipped]
    said = f"{counted(len(shipped), 'launch shipped', 'launches shipped')} in {found.name}"
    elsewhere = shipped_elsewhere(teller, found)
    if elsewhere:
        said += f", and {counted(len(elsewhere), 'pick')} elsewhere as told"
    numbers = [*(one.number for one in entries if one), *elsewhere]
    waits = [one for one in found.work if one.launch not in shipped]
    idle = never_run(teller, found)
    return VelocityTold(
        shipped=Figure(said, citing(numbers) if numbers else found.name),
        picked=picked.picked,
        locked_on=picked.locked_on,
        not_shipped=_not_shipped(teller, waits, idle, found),
        waits=(
            *(_why_not(teller, one) for one in waits),
            *(Figure(f"{one.title}: {one.why}", citing([one.entry])) for one in idle),
        ),
        costs=tuple(one for work in waits for one in _costs(teller, work)),
    )


def _not_shipped(teller: Teller, waits: Sequence[Work], idle: Sequence[Idle], found: Span) -> Cited:
    """The others in a line, each with where it stands."""
    if not found.work and not idle:
        return Gap(f"no experiment of {found.name} on record", "`/experiment new` registers one")
    said = [f"{one.launch.title or one.launch.id} ({state_of(one.launch, teller.zone)})" for one in waits]
    said += [f"{one.title} ({one.stands})" for one in idle]
    if not said:
        return Figure("nothing", found.name)
    return Figure(listed(said), citing([*(one.launch.entry for one in waits), *(one.entry for one in idle)]))


def _decision(found: Span, launch: Launch) -> Entry | None:
    decided = [one for one in found.entries(Kind.DECIDED) if one.subject == launch.id]
    return decided[-1] if decided else None


def _why_not(teller: Teller, work: Work) -> Cited:
    """Why one did not ship: where it stands, and the reason of the look that said so."""
    launch = work.launch
    name = launch.title or launch.id
    newest = launch.newest
    record = experiments.look(teller.session, newest.record) if newest else None
    reasons = record.result.get("reasons") if record else None
    where = f"ledger {launch.decision.entry if launch.decision else launch.entry}"
    if newest is None or not reasons:
        return Figure(f"{name} ({launch.id}): {state_of(launch, teller.zone)}", where)
    because = str(reasons[0]).rstrip(".")
    return Figure(
        f"{name} ({launch.id}): {state_of(launch, teller.zone)}; {because}", f"record {newest.record}"
    )


def _costs(teller: Teller, work: Work) -> list[Cited]:
    """What the way chosen after a veto costs, and the day of the last open task."""
    found: list[Cited] = []
    options = {one.id: one for one in teller.desk.playbooks.cohort_redesign.options}
    for one in work.of(Kind.REDESIGN):
        option = options.get(str(one.body.get("option")))
        title = one.body.get("title") or one.body["option"]
        if option is None or not option.cost:
            found.append(Gap(f"what “{title}” costs is not on record", "cohort_redesign.yaml says it"))
        else:
            found.append(Figure(f"{work.launch.id}, {title}: {option.cost}", f"ledger {one.number}"))
    return found


def _next(teller: Teller, work: Work) -> list[Cited]:
    moved = work.of(Kind.INVESTIGATION, Kind.REDESIGN, Kind.TASK_MOVED)
    return [
        of_entries(
            f"{work.launch.id}: {teller.task(task)}",
            moved,
            f"/launch check {work.launch.id}",
        )
        for task in work.launch.tasks
        if task.done is None
    ]
