"""What else stands on a look's card, in words: units, data, hour, record, all lines together, the chart."""

from datetime import timedelta

from bot.core.figures import bound, local, share, weekday
from bot.stats.undecided import Undecided
from bot.views.look_other_figures import cohort, guardrail
from bot.views.look_primary_figures import unknown
from bot.views.look_shown import Shown
from bot.views.look_words import mix_held, worst


def units(shown: Shown) -> list[str]:
    """The n of the primary, and all units of the arms."""
    effect, (control, treatment) = shown.result.primary.effect, shown.result.units
    known = shown.result.course.information
    lines = [f"{treatment:,} units were treated and {control:,} were control by the end of the data."]
    if not isinstance(effect, Undecided):
        lines.append(
            f"Of them {effect.treatment.n:,} and {effect.control.n:,} have a value of "
            f"{shown.result.primary.metric}: the n of the test."
        )
    return [
        *lines,
        f"That is {share(known.fractions[-1])} of the planned information, counted in {known.counted_in} "
        "(sequential.information): it sets how much alpha may be spent by now.",
    ]


def data(shown: Shown) -> list[str]:
    """How far the data reach, and what the fingerprint is."""
    result, settings = shown.result, shown.registration.data
    reach = "The data do not say how far they reach."
    if result.last_day is not None:
        reach = f"The newest data are of {_day(shown, result.last_day)}; the look is at day {result.asked:g}"
        lag = settings.max_lag_days
        reach += f", and data may lie {lag:g} days behind (data.max_lag_days)." if lag else "."
    return [
        reach,
        "A look on schedule waits for its day's data, and calls the owner when they do not come.",
        f"{result.data_fingerprint[:12]}… is the SHA-256 of all that the look saw of them. The same data "
        "give the same one; “lookout verify” computes the verdict again from what was kept.",
    ]


def hour(shown: Shown) -> list[str]:
    """When it was due and posted, and what comes next."""
    calendar, course = shown.calendar, shown.result.course
    lines = []
    if calendar is not None and shown.result.look:
        moment = calendar.posted(shown.registration.looks[shown.result.look - 1])
        if moment is not None:
            lines.append(f"It was planned for {local(moment, calendar.zone)}.")
    if calendar is not None and shown.entry is not None:
        lines.append(f"It went on record {local(shown.entry.at, calendar.zone)}.")
    if course.following is None:
        return [*lines, "No look of the plan follows."]
    following = _day(shown, shown.registration.looks[course.following - 1])
    asks = dict(zip(course.numbers, course.plan.nominal_p, strict=False)).get(course.following)
    below = "" if asks is None else f", which stops only below {bound(asks)} by now"
    zone = "" if calendar is None else f", {calendar.at:%H:%M} {calendar.zone}"
    return [
        *lines,
        f"Next is look {course.following}, after {following}{below}.",
        f"A look is posted on the morning after its day{zone}; the days are sequential.looks, registered "
        f"{shown.declared}.",
    ]


def record(shown: Shown) -> list[str]:
    """The numbers in the small print."""
    lines = [
        f"Record {shown.record} keeps the statistics that the look saw, so its verdict can be computed again "
        "from the record alone.",
        f"Registration {shown.result.sha256[:12]}… is the SHA-256 of the text in force, its keys sorted and "
        "white space left out: formatting does not change it, anything else does.",
    ]
    if shown.entry is None:
        return lines
    entry = shown.entry
    return [
        *lines,
        f"Ledger {entry.number} is the entry that says so. Its head {entry.hash[:12]}… hashes it and the "
        "entry before, so none can be changed unseen; this channel holds a copy.",
    ]


def guardrails(shown: Shown) -> list[str]:
    """Every guardrail against its line, and the rule they are judged by."""
    each = shown.result.guardrails
    if not each:
        return ["No guardrail was judged." if shown.result.verdict == "invalid" else "None is registered."]
    rule = shown.registration.guardrail_rule
    told = [guardrail(shown, one) for one in each]
    said = dict.fromkeys(line for lines in told for line in (lines[0], lines[-2]))
    return [f"guardrail_rule {rule}: {GUARDRAIL_RULES[rule]}", *said]


GUARDRAIL_RULES = {
    "harm": "a veto takes a line that is crossed and a harm that chance does not explain.",
    "noninferiority": "a line holds only once the interval excludes it.",
}


def cohorts(shown: Shown) -> list[str]:
    """Every cohort that counts against the floor, and the worst of them."""
    each = [one for one in shown.result.cohorts if "," not in one.cohort]
    if not each:
        return ["No cohort was judged." if shown.result.verdict == "invalid" else "None is registered."]
    lines = [f"{' '.join(cohort(shown, one)[:2])} {cohort(shown, one)[-1]}" for one in each]
    return [*lines, *worst(shown.result)]


def mix(shown: Shown) -> list[str]:
    """The effect with the cohorts' shares held fixed."""
    held = shown.result.post_stratified
    if isinstance(held, Undecided):
        return unknown(held)
    said = mix_held(shown.result) or ["The cohorts and the whole agree, so the card does not show it."]
    return [
        *said,
        f"The arms' cohorts are weighted by the same shares, {held.shares}: post-stratification "
        "(Miratrix, Sekhon & Yu 2013). It is shown beside the registered primary, never judged.",
    ]


def chart(shown: Shown) -> list[str]:
    """What the chart shows."""
    result = shown.result
    return [
        "Above: z of the primary at each look against the boundary it must cross; outside it the plan stops.",
        f"Here z is {_z(shown)}, and {result.course.name} asks for {result.primary.boundary_z:.2f}."
        if result.course.at is not None and result.primary.boundary_p > 0
        else "This look has no boundary.",
        "Below: the interval of every guardrail against its line, and of every cohort against the floor.",
    ]


def _z(shown: Shown) -> str:
    effect = shown.result.primary.effect
    return "unknown" if isinstance(effect, Undecided) else f"{effect.z:+.2f}".replace("-", "\N{MINUS SIGN}")


def _day(shown: Shown, day: float) -> str:
    start = None if shown.calendar is None else shown.calendar.start
    if start is None:
        return f"day {day:g}"
    return f"day {day:g} ({weekday(start + timedelta(days=int(day) - 1))})"
