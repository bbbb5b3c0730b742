"""Whether a launch fits into its turn, for narratives: its latency budget, load test and fallback."""

from collections.abc import Sequence

from bot.core.citation import Cited, Figure, Gap
from bot.core.launch import Kind, Launch
from bot.core.ledger import Entry
from bot.core.narrative import ProductionTold
from bot.core.thing import Thing, ThingKind
from bot.services import readiness, trace_things
from bot.services.narrative_teller import Teller, counted
from bot.store import ledger, links

ROW = "AML-07"
NO_BUDGET = Gap("no latency budget on record", "`/latency budget` registers one")
NO_TEST = Gap("no load test on record", "`/latency loadtest` judges one")
NO_FALLBACK = Gap("no fallback on record", "the budget file names it, or `/launch supply fallback LINK`")


def production(teller: Teller, launch: Launch) -> ProductionTold:
    """Budget, load test and fallback of one launch; what is known of the budget is what the ledger says."""
    thing = Thing(ThingKind.EXPERIMENT, launch.id)
    budgets = links.before(teller.session, thing, ThingKind.BUDGET)
    known = _ledger(teller, budgets[-1]) if budgets else []
    rows = readiness.rows(teller.session, teller.desk, launch, teller.now)
    row = next(one for one in rows if one.id == ROW)
    judged = None
    if row.present and budgets:
        judged = Figure(row.artefact, f"ledger {known[-1].number}" if known else budgets[-1].id)
    return ProductionTold(
        budget=_budget(teller, budgets[-1]) if budgets else NO_BUDGET,
        simulated=_last(known) if budgets else NO_BUDGET,
        load_test=_linked(teller, launch, "load_test") or judged or NO_TEST,
        fallback=_linked(teller, launch, "fallback") or judged or NO_FALLBACK,
    )


def budgets(teller: Teller, launches: Sequence[Launch]) -> Cited:
    """How many launches have a latency budget, by the budgets' names."""
    found: dict[str, str] = {}
    for launch in launches:
        thing = Thing(ThingKind.EXPERIMENT, launch.id)
        for one in links.before(teller.session, thing, ThingKind.BUDGET):
            found.setdefault(launch.id, one.id)
    if not found:
        return NO_BUDGET
    of = counted(len(launches), "launch", "launches")
    return Figure(f"{len(found)} of {of} with a latency budget", ", ".join(sorted(set(found.values()))))


def _budget(teller: Teller, budget: Thing) -> Cited:
    found = trace_things.known(teller.session, budget)
    return Figure(found.title or budget.id, budget.id)


def _ledger(teller: Teller, budget: Thing) -> list[Entry]:
    return ledger.of(teller.session, budget.id)


def _last(known: Sequence[Entry]) -> Cited:
    """The newest thing that was put on record about the budget: an edition, a simulation, a verdict."""
    if not known:
        return Gap("no simulation on record", "`/latency simulate` runs one")
    return Figure(trace_things.in_words(known[-1]).rstrip("."), f"ledger {known[-1].number}")


def _linked(teller: Teller, launch: Launch, name: str) -> Figure | None:
    """A document that somebody linked, with the entry that says so."""
    supplied = launch.supplied.get(name)
    if supplied is None:
        return None
    found = [
        one.number
        for one in ledger.of(teller.session, launch.id)
        if one.kind == Kind.SUPPLIED and one.body.get("row") == name
    ]
    return Figure("linked", f"ledger {found[-1]}" if found else f"/launch check {launch.id}", supplied[0])
