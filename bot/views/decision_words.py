"""Sentences of a decision, each of which the registration or the record says."""

from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

from bot.core.declaration import Declaration
from bot.core.figures import share, weekday
from bot.core.launch import Launch
from bot.core.look import LookResult
from bot.core.registration import Registration
from bot.views import text
from bot.views.decision_matrix import Row, crossed

_RULES = {
    "harm": "a line that is crossed by more than chance stops the launch, whatever the primary says",
    "noninferiority": "every line must be shown to hold, whatever the primary says",
}
_CORRECTIONS = {
    "iut": "Each guardrail is judged at the whole alpha, and all must pass (iut)",
    "bonferroni": "Alpha is divided by the number of guardrails (bonferroni)",
    "holm": "Alpha is divided among the guardrails by Holm's steps (holm)",
}


def declared(declaration: Declaration, start: date | None, zone: ZoneInfo) -> str:
    """When, by whom, and what was known by then: `Declared on Tue 3 Nov by …, before any data.`"""
    if declaration.at is None:
        return "The registration is not in force."
    on = declaration.at.astimezone(zone).date()
    what = "Amended" if declaration.amends else "Declared"
    by = ", ".join(text.person(one) for one in _who(declaration))
    return (
        f"{what} on {weekday(on)} by {by or 'nobody in particular'}, {known_then(declaration, start, zone)}."
    )


def _who(declaration: Declaration) -> list[str]:
    """Who declared it, each once: those who signed, else the author."""
    return [one for one in dict.fromkeys(declaration.signers.values() or [declaration.author]) if one]


def known_then(declaration: Declaration, start: date | None, zone: ZoneInfo) -> str:
    """What was there when it came into force: `before any data`, or how much there was."""
    if declaration.looks_before:
        looks = declaration.looks_before
        return f"after {looks} look{'' if looks == 1 else 's'}"
    before = declaration.before_data(start, zone)
    if before is None:
        return "before the first look"
    if before:
        return "before any data"
    return f"before the first look (its data begin on {weekday(start)})" if start else "before the first look"


def stays(launch: Launch) -> str:
    """Where the launch is kept: `The launch stays at 50 %.`"""
    if not launch.open or launch.stage < 0:
        return ""
    return f"The launch stays at {text.escape(launch.stage_name, 80)}."


def broken(launch: Launch) -> str:
    """That the plan was broken, by whom and why; empty when it was not."""
    if not launch.broken:
        return ""
    by = f" by {text.person(launch.broken_by.by)}" if launch.broken_by else ""
    why = f": {text.escape(launch.broken_why, 300)}" if launch.broken_why else ""
    return f"The plan was broken{by}, with a look on record{why}. Every verdict since then says so."


def argument(
    registration: Registration,
    result: LookResult,
    rows: Sequence[Row],
    declaration: Declaration,
    zone: ZoneInfo,
) -> list[str]:
    """The defence of a veto: the line, what was measured, the rule, and what was to count against it."""
    word = "Declared after a look" if declaration.looks_before else "Pre-declared"
    people = ", ".join(text.person(one) for one in _who(declaration)) or "nobody in particular"
    on = f" on {weekday(declaration.at.astimezone(zone).date())}" if declaration.at else ""
    rule = _RULES[registration.guardrail_rule]
    measured = "; ".join(
        f"{text.escape(row.name, 120)}, threshold {row.line}, measured {row.change} "
        f"({text.escape(row.p)}, judged {row.asked})"
        for row in crossed(rows)[:4]
    )
    lines = [f"• {word}{on} by {people}: {measured}."]
    if result.primary.significant and result.primary.good:
        name = text.escape(rows[0].name, 120)
        lines.append(
            f"• {name} moved {rows[0].change}: they disagree. The rule was written for this: {rule}."
        )
    else:
        lines.append(f"• The rule, as registered: {rule}.")
    if registration.guardrails:
        lines.append(f"• {_CORRECTIONS[registration.correction]}.")
    against = registration.hypothesis.disconfirming
    if against:
        said = text.escape("; ".join(against), 500)
        lines.append(f"• Said beforehand to count against the change: {said}.")
    return lines


def needed(have: int, want: float, per_day: float | None) -> str:
    """What a run with units enough would take, per arm."""
    if have >= want:
        return ""
    said = f"A run that can answer it takes {want:,.0f} units per arm; this one has {have:,}"
    if per_day:
        days = 2 * (want - have) / per_day
        said += f", so about {days:,.0f} days more of {per_day:,.0f} a day"
    return f"{said} ({share(have / want, 0)} of what it needs)."
