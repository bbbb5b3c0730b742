"""Whether a launch fits into its turn, for narratives: its latency budget, load test and fallback."""

from collections.abc import Sequence

from bot.core.citation import Cited, Figure, Gap
from bot.core.launch import Launch
from bot.core.narrative import ProductionTold
from bot.core.thing import Thing, ThingKind
from bot.services import trace_things
from bot.services.narrative_teller import Teller, counted
from bot.store import links

NO_BUDGET = Gap("no latency budget on record", "`/latency budget` registers one")


def production(teller: Teller, launch: Launch) -> ProductionTold:
    """Budget, simulation, load test and fallback of one launch; what was only linked is linked."""
    thing = Thing(ThingKind.EXPERIMENT, launch.id)
    budgets = links.before(teller.session, thing, ThingKind.BUDGET)
    return ProductionTold(
        budget=_budget(teller, budgets[-1]) if budgets else NO_BUDGET,
        simulated=NO_BUDGET
        if not budgets
        else Gap("no simulation on record", "`/latency simulate` runs one"),
        load_test=_linked(launch, "load_test", "no load test on record", "`/latency loadtest` judges one"),
        fallback=_linked(launch, "fallback", "no fallback on record", "`/launch supply fallback LINK`"),
    )


def _budget(teller: Teller, budget: Thing) -> Cited:
    found = trace_things.known(teller.session, budget)
    return Figure(found.title or budget.id, budget.id)


def _linked(launch: Launch, name: str, what: str, how: str) -> Cited:
    supplied = launch.supplied.get(name)
    if supplied is None:
        return Gap(what, how)
    return Figure(f"{name.replace('_', ' ')} linked", f"{name.replace('_', ' ')} of {launch.id}", supplied[0])


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
