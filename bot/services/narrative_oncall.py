"""How a quarter's incidents were met and what it can bear, for its narrative."""

from collections.abc import Sequence
from datetime import timedelta

from bot.core.citation import Cited, Figure, Gap
from bot.core.incident_metrics import Counted, Metrics, Rate
from bot.core.incident_metrics import Span as Took
from bot.core.quarter_narrative import OnCallTold, QuarterProduction
from bot.services import incident_metrics
from bot.services.incident_metrics import Period
from bot.services.narrative_production import budgets, production
from bot.services.narrative_span import Span
from bot.services.narrative_teller import Teller, counted
from bot.store import reviews
from bot.views.text import duration


def on_call(teller: Teller, span: Span) -> OnCallTold:
    """MTTD, MTTR and the rates of AML-08, over the quarter's incidents."""
    period = Period(span.since, min(span.until, teller.now + timedelta(seconds=1)), span.name)
    found = incident_metrics.gather(teller.session, teller.desk, period, teller.now)
    record = _record(found.counted, span)
    if not found.counted:
        none = Figure("no incident", f"/incidents metrics {span.name}")
        gap = Gap(f"no incident of {span.name} on record", "`/triage start` opens one")
        return OnCallTold(none, gap, gap, gap, gap, gap, _drills(found, span), gap)
    return OnCallTold(
        incidents=Figure(_incidents(found), record),
        detect=_span(found.detect, record, "nobody knows when any of them began"),
        localized=_rate(found.localized, record),
        recover=_span(found.recover, record, "none of them is mitigated"),
        false_alarms=_rate(found.false_alarms, record),
        repeats=_rate(found.repeats, record),
        drills=_drills(found, span),
        reviews=_reviews(teller, found, record),
        each=tuple(_each(one) for one in found.counted),
    )


def quarter_production(teller: Teller, span: Span) -> QuarterProduction:
    """Budgets, load tests and fallbacks of the quarter's launches."""
    if not span.work:
        gap = Gap(f"no experiment of {span.name} on record", "`/experiment new` registers one")
        return QuarterProduction(gap, gap, gap)
    told = [(work.launch, production(teller, work.launch)) for work in span.work]
    each = tuple(
        Figure(f"{launch.id}: {one.load_test.said}", one.load_test.record, one.load_test.link)
        for launch, one in told
        if isinstance(one.load_test, Figure)
    )
    tested, safe = len(each), [one for _, one in told if isinstance(one.fallback, Figure)]
    of = "1 launch" if len(told) == 1 else f"{len(told)} launches"
    return QuarterProduction(
        budgets=budgets(teller, [launch for launch, _ in told]),
        load_tests=_count(tested, of, "with a load test on record", [one.load_test for _, one in told]),
        fallbacks=_count(len(safe), of, "with a fallback on record", [one.fallback for _, one in told]),
        each=each,
    )


def _count(number: int, of: str, what: str, told: Sequence[Cited]) -> Cited:
    """So many of the launches; the gap itself where it is none."""
    figures = [one for one in told if isinstance(one, Figure)]
    if not figures:
        return next(one for one in told if isinstance(one, Gap))
    return Figure(f"{number} of {of} {what}", figures[0].record if len(figures) == 1 else _all(figures))


def _all(figures: Sequence[Figure]) -> str:
    return ", ".join(dict.fromkeys(one.record for one in figures))


def _record(found: Sequence[Counted], span: Span) -> str:
    """The incidents by number where they are few, else where they are listed."""
    named = [one.incident.number for one in found]
    return ", ".join(named) if 0 < len(named) <= 6 else f"/incidents metrics {span.name}"


def _incidents(found: Metrics) -> str:
    still = f", {found.open} neither mitigated nor closed" if found.open else ""
    return f"{counted(len(found.counted), 'incident')}{still}"


def _span(took: Took, record: str, why: str) -> Cited:
    if took.mean is None or took.middle is None:
        return Gap(f"{took.name} is not known: {why}")
    target = f", target {duration(took.target)}" if took.target else ""
    over = f"over {counted(len(took.values), 'incident')}"
    middle = f" (median {duration(took.middle)})" if len(took.values) > 1 else ""
    return Figure(f"{duration(took.mean)}{middle} {over}{target}", record)


def _rate(rate: Rate, record: str) -> Cited:
    if rate.share is None or rate.interval is None:
        return Gap(f"{rate.name}: nothing to count")
    low, high = rate.interval
    side = "at least" if rate.least else "below"
    ends = f"{low * 100:.0f} to {high * 100:.0f} %"
    return Figure(f"{rate.hits} of {rate.of} ({ends}), target {side} {rate.target * 100:.0f} %", record)


def _drills(found: Metrics, span: Span) -> Cited:
    if not found.practised.ended:
        return Gap(f"no drill of {span.name} on record", "`/triage drill` holds one")
    said = f"{found.practised.passed} of {counted(found.practised.ended, 'drill')} passed"
    return Figure(said, f"/incidents metrics {span.name}")


def _reviews(teller: Teller, found: Metrics, record: str) -> Cited:
    kept = [reviews.load(teller.session, one.incident.id) for one in found.counted]
    begun = [one for one in kept if one is not None]
    if not begun:
        return Gap("no retrospective of the quarter on record", "one begins when an incident is resolved")
    done = sum(one.published for one in begun)
    return Figure(f"{done} of {counted(len(begun), 'retrospective')} published", record)


def _each(one: Counted) -> Cited:
    took = f", mitigated after {duration(one.recover)}" if one.recover is not None else ", not mitigated"
    category = one.category or "category unknown"
    return Figure(f"{one.incident.title} ({category}){took}", one.incident.number)
