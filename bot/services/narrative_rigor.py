"""A quarter's rigour, quality and fairness, for its narrative: rules, looks, vetoes, guardrails, cohorts."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.core.citation import Cited, Figure, Gap, entries
from bot.core.figures import signed
from bot.core.launch import Kind
from bot.core.ledger import Entry
from bot.core.quarter_narrative import ExperimentTold, FairnessTold, QualityTold, RigorTold
from bot.core.sizing import size
from bot.services import launches, narrative_behind
from bot.services.narrative_span import Span, Work, numbers
from bot.services.narrative_teller import Teller, change, counted, listed
from bot.services.trace_things import state_of
from bot.stats.undecided import Undecided

_VETOES = ("veto",)


def rigor(teller: Teller, span: Span) -> RigorTold:
    """Whether the rules were written first, and kept."""
    if not span.work:
        gap = Gap(
            f"no experiment was locked, looked at or decided in {span.name}",
            "`/experiment new` registers one",
        )
        return RigorTold(gap, gap, gap, gap, gap, gap, gap)
    locked = span.entries(Kind.LOCKED)
    looks, peeks = span.entries(Kind.LOOK), span.entries(Kind.PEEK)
    late, invalid = span.entries(Kind.LATE), [one for one in looks if one.body["verdict"] == "invalid"]
    amended = span.entries(Kind.AMENDED)
    broken = [one for one in amended if one.body.get("breaking")]
    vetoed = [one for one in looks if one.body["verdict"] in _VETOES]
    asked = span.entries(Kind.OVERRIDE_REQUESTED)
    approved = span.entries(Kind.OVERRIDE_APPROVED)
    said_looks = [f"{counted(len(looks), 'planned look')} taken"]
    if late:
        said_looks.append(f"{len(late)} without data by their deadline")
    if invalid:
        said_looks.append(f"{len(invalid)} on data that could not be judged")
    return RigorTold(
        registered=_figure(span, _locked(span, locked), locked),
        powered=_powered(teller, span),
        looks=_figure(span, ", ".join(said_looks), [*looks, *late]),
        peeks=_figure(span, counted(len(peeks), "unplanned peek"), peeks),
        changed=_figure(
            span, f"{counted(len(amended), 'amendment')}{_of_them(broken, 'after a look')}", amended
        ),
        vetoes=_figure(span, _vetoes(vetoed), vetoed),
        overrides=_figure(
            span,
            f"{counted(len(asked), 'review')} to go against the rule{_of_them(approved, 'approved')}",
            [*asked, *approved],
        ),
        experiments=tuple(_experiment(teller, one) for one in span.work),
    )


def quality(teller: Teller, span: Span) -> QualityTold:
    """Whether offline evidence predicted, and whether guardrails and gains held."""
    judged = [one for work in span.work for one in (work.look or {}).get("guardrails") or ()]
    crossed = [one for one in judged if one["status"] == "veto"]
    near = [one for one in judged if one["status"] == "near-veto"]
    records = _looks(span)
    said = (
        f"{counted(len(judged), 'guardrail')} judged at the newest looks, {len(crossed)} vetoed, "
        f"{len(near)} near their line"
    )
    return QualityTold(
        offline=narrative_behind.offline(teller),
        guardrails=Figure(said, records) if judged else Gap("no guardrail was judged in the quarter"),
        lasted=_lasted(span),
    )


def fairness(teller: Teller, span: Span) -> FairnessTold:
    """Whether every cohort was looked at, and what was done where one was hurt."""
    judged = [one for work in span.work for one in (work.look or {}).get("cohorts") or ()]
    if not judged:
        gap = Gap("no cohort was judged in the quarter", "declare `cohorts:` in the registrations")
        return FairnessTold(gap, gap, gap)
    records = _looks(span)
    few = [
        (_better(teller, work), one)
        for work in span.work
        for one in (work.look or {}).get("cohorts") or ()
        if one["status"] == "underpowered"
    ]
    bad = [
        f"{one['cohort']} of {work.launch.id}"
        for work in span.work
        for one in (work.look or {}).get("cohorts") or ()
        if one["status"] == "veto"
    ]
    chosen = span.entries(Kind.REDESIGN)
    return FairnessTold(
        judged=Figure(f"{counted(len(judged) - len(few), 'cohort')} judged", records),
        vetoed=Figure(f"{len(bad)} vetoed ({listed(bad)})" if bad else "none vetoed", records),
        underpowered=Figure(
            f"{counted(len(few), 'cohort')} had too few units to be evidence{_worst_of(few)}", records
        ),
        redesigns=tuple(
            Figure(f"{one.subject}: {one.body.get('title') or one.body['option']}", entries([one.number]))
            for one in chosen
        ),
    )


def _worst_of(few: Sequence[tuple[float, Mapping[str, Any]]]) -> str:
    """The worst movement among those that are no evidence: nobody should overlook it."""
    moved = [(better, one) for better, one in few if one.get("effect_rel") is not None]
    if not moved:
        return ""
    _, worst = min(moved, key=lambda one: one[0] * one[1]["effect_rel"])
    return f" (the worst movement among them {worst['cohort']} {signed(worst['effect_rel'])})"


def _better(teller: Teller, work: Work) -> float:
    """+1 where more of the primary is better, -1 where less is."""
    primary = launches.registration(teller.session, work.launch).primary
    return -1.0 if primary.direction == "decrease" else 1.0


def _figure(span: Span, said: str, found: Sequence[Entry]) -> Figure:
    """A count with the entries it counts; of none, the quarter's own is what was read."""
    return Figure(said, entries(numbers(found)) if found else span.name)


def _of_them(found: Sequence[Entry], what: str) -> str:
    return f", {len(found)} of them {what}" if found else ""


def _locked(span: Span, locked: Sequence[Entry]) -> str:
    """How many rules were there before their first result."""
    firsts = {one.launch.id: min((look.at for look in one.launch.looks), default=None) for one in span.work}
    early = 0
    for one in locked:
        first = firsts.get(one.subject)
        early += first is None or one.at <= first
    return f"{counted(len(locked), 'registration')} locked, {early} before the first look"


def _looks(span: Span) -> str:
    newest = [work.launch.newest for work in span.work if work.look is not None]
    named = sorted({one.record for one in newest if one is not None})
    return f"record {', '.join(map(str, named))}" if named else span.name


def _vetoes(vetoed: Sequence[Entry]) -> str:
    if not vetoed:
        return "no look vetoed"
    named = list(dict.fromkeys(one.subject for one in vetoed))
    return f"{counted(len(vetoed), 'look')} vetoed ({listed(named)})"


def _powered(teller: Teller, span: Span) -> Cited:
    """How many registrations could see their effect within the horizon, by the plan."""
    able = unknown = 0
    for work in span.work:
        registration = launches.registration(teller.session, work.launch)
        sizing = size(registration)
        if isinstance(sizing.n_fixed, Undecided) or sizing.runtime_days is None:
            unknown += 1
        elif sizing.runtime_days <= registration.horizon_days:
            able += 1
    of = len(span.work)
    rest = f"; of {unknown} nobody can say" if unknown else ""
    said = f"{able} of {of} powered to see the minimum effect within the horizon{rest}"
    return Figure(said, f"registration {', '.join(work.launch.sha256[:12] for work in span.work)}")


def _lasted(span: Span) -> Cited:
    """What the checks after the launches found."""
    after = span.entries(Kind.AFTER)
    if not after and not span.shipped:
        return Figure("nothing could be checked: none was launched", span.name)
    if not after:
        return Gap("no check after a launch on record in the quarter", "it comes 28 days after shipping")
    found = [str((one.body.get("result") or {}).get("finding", "unknown")) for one in after]
    lasted = sum(one in ("sustained", "held") for one in found)
    said = f"{lasted} of {counted(len(found), 'gain')} lasted ({listed(sorted(set(found)))})"
    return Figure(said, entries(numbers(after)))


def _experiment(teller: Teller, work: Work) -> ExperimentTold:
    launch, look = work.launch, work.look
    registration = launches.registration(teller.session, launch)
    rule = f"registration {launch.sha256[:12]}"
    record = f"record {launch.newest.record}" if launch.newest else ""
    none = Gap("no look")
    sizing = size(registration)
    needed = None if isinstance(sizing.n_fixed, Undecided) else sizing.n_cuped
    primary = (look or {}).get("primary") or {}
    moved = change(primary.get("effect_rel"), primary.get("ci_rel"))
    redesign = work.of(Kind.REDESIGN)
    cost = Gap("no redesign or task on record")
    return ExperimentTold(
        id=Figure(launch.id, f"ledger {work.entries[0].number}"),
        title=Figure(launch.title or launch.id, f"ledger {work.entries[0].number}"),
        primary=Figure(registration.primary.metric, rule),
        n_per_arm=Figure(f"{needed:,}", rule) if needed else Gap("no size on record"),
        effect=Figure(moved, record) if moved else none if look is None else Gap("no effect"),
        worst_guardrail=_worst_guardrail(look, record) if look else none,
        worst_cohort=_worst_cohort(look, _better(teller, work), record) if look else none,
        verdict=Figure(launch.newest.verdict, record) if launch.newest else none,
        decision=Figure(state_of(launch, teller.zone), f"ledger {launch.entry}"),
        cost=Figure(str(redesign[-1].body.get("title")), f"ledger {redesign[-1].number}")
        if redesign
        else cost,
    )


_ORDER = ("veto", "near-veto", "undecided", "unproven", "clear", "underpowered")


def _worst_guardrail(look: Mapping[str, Any], record: str) -> Cited:
    """The guardrail that stands worst, with its change; of those that all held, how many."""
    judged = sorted(look.get("guardrails") or (), key=lambda one: _ORDER.index(one["status"]))
    if not judged:
        return Gap("no guardrail judged")
    worst = judged[0]
    if worst["status"] == "clear":
        return Figure(f"none: {len(judged)} held", record)
    return Figure(_stands(worst, "metric"), record)


def _worst_cohort(look: Mapping[str, Any], better: float, record: str) -> Cited:
    """The cohort that stands worst; of those that stand alike, the one that moved worst."""
    judged = look.get("cohorts") or ()
    if not judged:
        return Gap("no cohort judged")
    worst = min(
        judged, key=lambda one: (_ORDER.index(one["status"]), better * (one.get("effect_rel") or 0.0))
    )
    return Figure(_stands(worst, "cohort"), record)


def _stands(one: Mapping[str, Any], name: str) -> str:
    return f"{one[name]} {change(one.get('effect_rel'), None) or 'not known'}, {one['status']}"
