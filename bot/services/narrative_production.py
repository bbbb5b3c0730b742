"""Whether a launch fits into its turn, for narratives: its latency budget, load test and fallback."""

from collections.abc import Mapping, Sequence

from bot.core.citation import Cited, Figure, Gap, entries
from bot.core.latency_budget import TURN, Budget
from bot.core.latency_record import Standing, Test
from bot.core.launch import Kind, Launch
from bot.core.load_verdict import Judged, Outcome, Verdict
from bot.core.narrative import ProductionTold
from bot.core.readiness import is_link
from bot.core.thing import Thing, ThingKind
from bot.errors import InputError
from bot.services import latency_budgets, launches
from bot.services.narrative_teller import Teller, counted, dated, listed
from bot.store import ledger, links
from bot.views.latency_words import ms

NO_BUDGET = Gap(
    "no latency budget is joined with what was launched",
    "`/latency budget` registers one, `/latency join` joins it",
)
NO_TEST = Gap("no load test on record", "`/latency loadtest` judges one")
NO_FALLBACK = Gap("no fallback on record", "the budget file names it, or `/launch supply fallback LINK`")
_NAMED = 4
"""Criteria of a load test that a sentence names."""


def production(teller: Teller, launch: Launch) -> ProductionTold:
    """Budget, load test and fallback of one launch: from its newest budget, else as somebody linked them."""
    found = budget_of(teller, launch)
    test, fallback = linked(teller, launch, "load_test"), linked(teller, launch, "fallback")
    if found is None:
        return ProductionTold(NO_BUDGET, test or NO_TEST, fallback or NO_FALLBACK)
    try:
        budget = latency_budgets.file_of(teller.session, found)
        judged = _test(teller, found)
    except InputError as error:  # an edition of an older version
        gap = Gap(error.message.rstrip("."), f"`/latency budget` takes a new edition of {found.id}")
        return ProductionTold(gap, test or gap, fallback or gap)
    own = _fallback(found, budget)
    return ProductionTold(
        budget=_budget(found, budget),
        load_test=judged if isinstance(judged, Figure) else test or judged,
        fallback=own if isinstance(own, Figure) else fallback or own,
    )


def budget_of(teller: Teller, launch: Launch) -> Standing | None:
    """The latency budget that was joined to a launch last."""
    thing = Thing(ThingKind.EXPERIMENT, launch.id)
    joined = links.before(teller.session, thing, ThingKind.BUDGET)
    return latency_budgets.load(teller.session, joined[-1].id) if joined else None


def budgets(teller: Teller, launches: Sequence[Launch]) -> Cited:
    """How many launches have a latency budget, with the entries of the budgets' newest editions."""
    found = [one for one in (budget_of(teller, launch) for launch in launches) if one is not None]
    if not found:
        return NO_BUDGET
    of = counted(len(launches), "launch", "launches")
    return Figure(f"{len(found)} of {of} with a latency budget", entries(one.edition.entry for one in found))


def _budget(found: Standing, budget: Budget) -> Figure:
    """What the turn may take, over how many stages."""
    edition = found.edition
    said = (
        f"{budget.title}, edition {edition.number}: p{budget.slo.quantile * 100:g} at most "
        f"{ms(budget.slo.ms)} over {counted(len(budget.stages), 'stage')}"
    )
    return Figure(said, entries([edition.entry]))


def _fallback(found: Standing, budget: Budget) -> Cited:
    """The stages that are given up after a while, and for what."""
    ways = [
        f"{one.said} after {ms(one.fallback.after_ms)} to {one.fallback.to}"
        for one in budget.stages
        if one.fallback is not None
    ]
    return Figure(listed(ways), entries([found.edition.entry])) if ways else NO_FALLBACK


def _test(teller: Teller, found: Standing) -> Cited:
    """What the newest load test showed of the criteria that were locked before it."""
    test = found.test
    if test is None:
        return Gap("no load test on record", f"`/latency loadtest lock {found.id}`, before it is run")
    day = dated(test.at.astimezone(teller.zone).date())
    if not test.results:
        missing = f"load test {test.number} of {found.id} is locked since {day} and has no result on record"
        return Gap(missing, f"`@lookout latency loadtest {found.id} LOAD` with its file")
    verdict = latency_budgets.verdict(teller.session, found, test)
    head = f"load test {test.number} {_OUTCOMES[verdict.outcome]}, its criteria locked on {day}"
    older = f", for edition {test.edition} of the budget" if test.edition != found.edition.number else ""
    record = entries([test.entry, *(one.entry for one in test.results)])
    return Figure(f"{head}{older}: {_criteria(test, verdict)}", record)


_OUTCOMES = {Outcome.PASS: "passed", Outcome.FAIL: "failed", Outcome.UNDECIDED: "is undecided"}


def _criteria(test: Test, verdict: Verdict) -> str:
    """Each criterion with what was measured, those that did not hold first."""
    order = (Outcome.FAIL, Outcome.UNDECIDED, Outcome.PASS)
    every = [one for outcome in order for one in verdict.criteria if one.outcome is outcome]
    passed = Outcome.PASS
    said = [
        _criterion(one, "" if verdict.outcome is passed else _HELD[one.outcome]) for one in every[:_NAMED]
    ]
    if len(every) > _NAMED:
        said.append(f"{len(every) - _NAMED} more in `/latency status`")
    uncounted = sum(not one.counts for one in test.results)
    if uncounted:
        said.append(f"{counted(uncounted, 'run')} did not count")
    return "; ".join(said)


_HELD = {Outcome.PASS: "held: ", Outcome.FAIL: "not held: ", Outcome.UNDECIDED: "undecided: "}


def _criterion(one: Judged, head: str) -> str:
    asked = one.criterion

    def value(number: float) -> str:
        return f"{number * 100:.3g} %" if asked.statistic in ("fallback", "errors") else ms(number)

    part = "turn" if asked.part == TURN else asked.part
    under = f" with {asked.failure}" if asked.failure else ""
    seen = "" if one.measured is None else f" {value(one.measured)}"
    if seen and one.low is not None and one.high is not None:
        seen += f" ({value(one.low)} … {value(one.high)})"
    why = f" ({one.why})" if one.why else ""
    said = f"{part} {asked.statistic}{seen}, at most {value(asked.most)}"
    return f"{head}{said} at {asked.load:g} times the peak{under}{why}"


def linked(teller: Teller, launch: Launch, name: str) -> Figure | None:
    """A document that somebody supplied, with the entry that says so; else the one the registration names."""
    supplied = launch.supplied.get(name)
    if supplied is None:
        artefacts: Mapping[str, str] = launches.registration(teller.session, launch).artefacts  # type: ignore[assignment]
        text, record = artefacts.get(name, ""), f"registration {launch.sha256[:12]}"
    else:
        found = [
            one.number
            for one in ledger.of(teller.session, launch.id)
            if one.kind == Kind.SUPPLIED and one.body.get("row") == name
        ]
        text, record = supplied[0], f"ledger {found[-1]}" if found else f"/launch check {launch.id}"
    if not text.strip():
        return None
    return Figure("linked", record, text) if is_link(text) else Figure(text.rstrip("."), record)
