"""The rule of a launch and what its newest look saw, for narratives."""

from collections.abc import Sequence

from bot.core.citation import Cited, Figure, Gap, entries
from bot.core.figures import interval, p_is, share, signed
from bot.core.launch import Kind, Launch
from bot.core.ledger import Entry
from bot.core.look import LookResult, relative
from bot.core.narrative import Line, PlanTold, ResultTold, missing
from bot.core.registration import Registration
from bot.core.sizing import size
from bot.core.threshold import threshold_of
from bot.core.verdict_words import line_of
from bot.services.look_record import recall
from bot.services.narrative_teller import Teller, counted, listed
from bot.stats.guardrail import Status
from bot.stats.undecided import Undecided
from bot.views import decision_matrix as matrix

NO_LOOK = Gap("no planned look with sound data on record", "`/experiment look N` takes one")


def plan(teller: Teller, launch: Launch, registration: Registration, entries_: Sequence[Entry]) -> PlanTold:
    """The rule as it is in force, with the entry that locked it."""
    record = f"registration {launch.sha256[:12]}"
    hypothesis = registration.hypothesis
    locked = [one for one in entries_ if one.kind in (Kind.LOCKED, Kind.AMENDED)]
    by = [one for one in entries_ if one.kind == Kind.SIGNED and one.body.get("sha256") == launch.sha256]
    sizing = size(registration)
    wanted: Cited = Gap("its sample size is not on record")

    def said(text: str, what: str) -> Cited:
        clean = text.strip().rstrip(".")
        return Figure(clean, record) if clean else Gap(f"the registration says no {what}")

    if not isinstance(sizing.n_fixed, Undecided) and sizing.n_cuped is not None:
        wanted = Figure(f"{sizing.n_cuped:,} units in each arm", record)
    prior = hypothesis.prior_probability
    unlocked = Gap("it is not locked", "it holds once all have signed")
    return PlanTold(
        sha256=Figure(launch.sha256[:12], record),
        locked_on=teller.day(launch.locked_at, entries([locked[0].number])) if locked else unlocked,
        order=_order(launch, record) if locked else unlocked,
        signed_by=teller.who((one.by for one in by), _numbers(by), "no sign-off is on record"),
        population=said(registration.population, "population"),
        intervention=said(hypothesis.intervention, "intervention"),
        h0=said(hypothesis.h0, "H0"),
        h1=said(hypothesis.h1, "H1"),
        prior=Figure(f"{prior:g}", record) if prior is not None else said("", "prior probability"),
        evidence=said("; ".join(hypothesis.prior_evidence), "prior evidence"),
        disconfirming=said("; ".join(hypothesis.disconfirming), "disconfirming evidence"),
        primary=Figure(registration.primary.metric, record),
        mde=_mde(registration, record),
        n_per_arm=wanted,
        power=Figure(share(registration.power, 0), record),
        alpha=Figure(f"{registration.alpha:g}", record),
        looks=Figure(f"{counted(len(registration.looks), 'look')} on days {_days(registration)}", record),
        guardrails=_guardrails(registration, record),
        cohorts=_cohorts(registration, record),
        changed=_changed(launch, entries_),
    )


def result(teller: Teller, launch: Launch, registration: Registration) -> ResultTold:
    """What the newest sound planned look saw; gaps where there is none."""
    newest = launch.newest
    if newest is None:
        return missing(ResultTold, NO_LOOK)
    shown = recall(teller.session, newest.record)
    seen, record = shown.result, f"record {newest.record}"
    primary, *lines = matrix.rows(shown.registration, seen)
    control, treatment = seen.units
    own = [_line(one, record) for one in lines if not one.cohort]
    cohorts = [_line(one, record) for one in lines if one.cohort]
    judged = "" if seen.primary.p_judged is None else p_is(seen.primary.p_judged)
    asked = f"{judged}, asked below {seen.primary.boundary_p:.2g}" if judged else ""
    return ResultTold(
        look=Figure(f"look {newest.look} of {len(registration.looks)}", record),
        day=Figure(f"day {newest.day:g}", record),
        taken_on=teller.day(newest.at, f"ledger {newest.entry}"),
        verdict=Figure(newest.verdict.replace("-", " ").upper(), record),
        reason=_reason(seen, record),
        primary=Figure(seen.primary.metric, record),
        effect=_effect(seen, primary, record),
        units=Figure(f"{treatment:,} treated and {control:,} control units", record),
        p=Figure(asked, record) if asked else Gap("the primary has no p on record"),
        adjusted=_adjusted(seen, record),
        guardrails_said=_together(own, "guardrail", [one for one in lines if not one.cohort], record),
        cohorts_said=_together(cohorts, "cohort", [one for one in lines if one.cohort], record),
        guardrails=tuple(own),
        cohorts=tuple(cohorts),
    )


def _order(launch: Launch, record: str) -> Cited:
    """Whether the rule was there before the first result."""
    first = min((one.at for one in launch.looks), default=None)
    if launch.locked_at is None:
        return Gap("it is not locked", "it holds once all have signed")
    if first is None:
        return Figure("before any look", record)
    return Figure("before the first look" if launch.locked_at <= first else "after a look was taken", record)


def _numbers(found: Sequence[Entry]) -> str:
    return entries(one.number for one in found) if found else ""


def _days(registration: Registration) -> str:
    return listed([f"{day}" for day in registration.looks], most=12)


def _mde(registration: Registration, record: str) -> Cited:
    mde = registration.primary.mde
    if mde is None:
        return Gap("the registration names no minimum effect")
    sign = "+" if registration.primary.direction == "increase" else "\N{MINUS SIGN}"
    if mde.relative is not None:
        return Figure(f"{sign}{share(mde.relative, 2)} relative", record)
    return Figure(f"{sign}{mde.absolute:g} absolute", record)


def _guardrails(registration: Registration, record: str) -> Cited:
    if not registration.guardrails:
        return Gap("the registration declares no guardrail")
    named = [f"{one.metric} {line_of(threshold_of(registration, one))}" for one in registration.guardrails]
    return Figure(listed(named), record)


def _cohorts(registration: Registration, record: str) -> Cited:
    limit = registration.cohorts.max_relative_regression
    if not registration.cohorts.dimensions or limit is None:
        return Gap("the registration declares no line for cohorts")
    return Figure(
        f"every cohort of {listed(list(registration.cohorts.dimensions))} within {share(limit)}", record
    )


def _changed(launch: Launch, found: Sequence[Entry]) -> Cited:
    changes = [one for one in found if one.kind == Kind.AMENDED]
    if not changes:
        return Figure("was not changed after the lock", f"registration {launch.sha256[:12]}")
    after = ", once after a look was on record" if launch.broken else ", never after a look"
    said = f"was amended {counted(len(changes), 'time')}{after}"
    return Figure(said, entries(one.number for one in changes))


def _reason(seen: LookResult, record: str) -> Cited:
    if not seen.reasons:
        return Gap("the look gives no reason")
    return Figure(seen.reasons[0].rstrip("."), record)


def _effect(seen: LookResult, primary: matrix.Row, record: str) -> Cited:
    if primary.change == matrix.UNKNOWN:
        return Gap(f"the effect on {seen.primary.metric} could not be computed: {primary.said}")
    ends = relative(seen.primary.effect)[1]
    span = f" {interval(ends)}" if isinstance(ends, tuple) else ""
    return Figure(f"{primary.change}{span}", record)


def _adjusted(seen: LookResult, record: str) -> Cited:
    fair = seen.primary.adjusted
    if isinstance(fair, Undecided):
        return Gap(f"the effect allowing for the looks is not known: {fair.reason}")
    if isinstance(fair.estimate_rel, Undecided) or fair.estimate_rel is None:
        return Gap("the effect allowing for the looks is not known")
    return Figure(signed(fair.estimate_rel), record)


def _line(row: matrix.Row, record: str) -> Line:
    def said(text: str) -> Cited:
        return Figure(text or "not measured", record)

    return Line(
        name=said(row.cohort or row.name),
        before=said(row.before),
        after=said(row.after),
        change=said(row.change),
        limit=said(row.line),
        p=said(row.p),
        judged=said(f"{row.mark} {row.said}".strip()),
    )


def _together(own: Sequence[Line], noun: str, rows: Sequence[matrix.Row], record: str) -> Cited:
    """All lines of a kind in a clause: those that did not hold by name."""
    if not own:
        return Gap(f"no {noun} was judged")
    parts = []
    for status, said in (
        (Status.VETO, "vetoed"),
        (Status.NEAR_VETO, "crossed without being significant"),
        (Status.UNDECIDED, "could not be judged"),
        (Status.UNPROVEN, "did not cross, harm not ruled out"),
    ):
        of_it = [one for one in rows if one.status is status]
        named = [f"{one.cohort or one.name} ({one.change}, line {one.line})" for one in of_it]
        if named:
            parts.append(f"{listed(named, most=4)} {said}")
    few = sum(one.status is Status.UNDERPOWERED for one in rows)
    if few:
        parts.append(f"{counted(few, noun)} had too few units to be evidence")
    held = sum(one.status is Status.CLEAR for one in rows)
    if held:
        parts.append(f"{held} of {len(rows)} held")
    return Figure("; ".join(parts), record)
