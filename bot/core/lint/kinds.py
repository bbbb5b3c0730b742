"""Is each metric of the kind it says it is, and can its figures be?"""

import math
import re

from bot.core.lint.report import Report
from bot.core.metric import Mean, Proportion, Quantile, Ratio, Winsorise
from bot.core.registration import Registration
from bot.core.sizing import mde_absolute

RATIO_WORDS = frozenset(("per", "ratio", "ctr", "cvr", "rpm", "ecpm"))
RATE_WORDS = frozenset(("rate", "share", "pct", "percent", "fraction"))
UNITS = frozenset(
    ("user", "unit", "visitor", "customer", "member", "person", "account", "device", "household")
)
SD_OFF = 0.2
"""A proportion's sd may differ by this share from what its baseline implies."""
LEAST_BEYOND = 100
"""Units that should lie beyond a quantile: below it neither the quantile nor its spread is known."""


def check(registration: Registration, report: Report) -> None:
    """Ratios that hide as means, limits that limit nothing, proportions that cannot be."""
    for name, metric in registration.metrics.items():
        if isinstance(metric, Mean):
            _hidden_ratio(registration, name, metric, report)
            if metric.winsorise is not None:
                _winsorise(name, metric.winsorise, report)
        elif isinstance(metric, Ratio):
            _ratio(name, metric, report)
        elif isinstance(metric, Quantile):
            _quantile(registration, name, metric, report)
    _proportions(registration, report)


def _words(name: str) -> list[str]:
    return [word for word in re.split(r"[^a-z0-9]+", name.lower()) if word]


def _hidden_ratio(registration: Registration, name: str, metric: Mean, report: Report) -> None:
    column = metric.column or name
    if registration.data.kind != "rows":
        return
    why = _ratio_name(column, registration) or _declared_parts(column, registration)
    if why:
        report.warning(
            "R119",
            ("metrics", name, "kind"),
            f"metrics.{name} is declared as a mean, but {why}: a mean of ratios weights a row with one event "
            "like a row with a hundred.",
            "Write `kind: ratio` with numerator and denominator, unless a mean over units is what you want.",
        )


def _ratio_name(column: str, registration: Registration) -> str:
    words = _words(column)
    if "per" in words:
        after = words[words.index("per") + 1 :]
        unit = _words(registration.data.unit or "")[:1]
        if not after or after[0].rstrip("s") in UNITS | set(unit):
            return ""  # revenue per user is a mean over users
    if RATIO_WORDS & set(words) or words[:2] == ["rate", "of"] or words[-2:] == ["through", "rate"]:
        return f"column {column} is named like a ratio"
    return ""


def _declared_parts(column: str, registration: Registration) -> str:
    words = _words(column)
    if len(words) < 2 or words[-1] not in RATE_WORDS:
        return ""
    for other, metric in registration.metrics.items():
        if isinstance(metric, Ratio) and _words(metric.numerator or "")[:1] == words[:1]:
            return f"metrics.{other} has the columns ({metric.numerator}, {metric.denominator}) to divide"
    return ""


def _winsorise(name: str, limits: Winsorise, report: Report) -> None:
    path = ("metrics", name, "winsorise")
    shares = limits.lower is not None or limits.upper is not None
    values = limits.floor is not None or limits.cap is not None
    if shares == values:
        said = "both shares (lower, upper) and values (floor, cap)" if shares else "no limit"
        hint = "Keep one kind, e.g. `winsorise: {upper: 0.99}` or `winsorise: {cap: 500}`."
        report.error("R170", path, f"metrics.{name}.winsorise has {said}.", hint)
        return
    low, high = (limits.lower, limits.upper) if shares else (limits.floor, limits.cap)
    if low is not None and high is not None and low >= high:
        report.error(
            "R170",
            path,
            f"metrics.{name}.winsorise pulls everything to one value: {low:g} is not below {high:g}.",
            "Write e.g. `{lower: 0.01, upper: 0.99}`, shares of units that lie below.",
        )
    elif shares and ((low or 0) >= 0.5 or (high if high is not None else 1) <= 0.5):
        report.error(
            "R170",
            path,
            f"metrics.{name}.winsorise pulls half of the units or more to one value.",
            "upper is the share of the units that lie below the limit, e.g. `{upper: 0.99}`.",
        )


def _ratio(name: str, metric: Ratio, report: Report) -> None:
    if metric.numerator is not None and metric.numerator == metric.denominator:
        report.error(
            "R173",
            ("metrics", name, "denominator"),
            f"metrics.{name} divides {metric.numerator} by itself: it is 1 for everybody.",
            "Name the column to divide by.",
        )


def _quantile(registration: Registration, name: str, metric: Quantile, report: Report) -> None:
    if registration.traffic is None:
        return
    smaller = min(registration.allocation, 1 - registration.allocation)
    units = registration.traffic.eligible_per_day * registration.looks[0] * smaller
    beyond = units * min(metric.q, 1 - metric.q)
    if beyond < LEAST_BEYOND:
        report.warning(
            "R178",
            ("metrics", name, "q"),
            f"metrics.{name} asks for the {metric.q:g} quantile of {units:,.0f} units in an arm at the first "
            f"look: about {beyond:.0f} of them lie beyond it.",
            "Take a quantile nearer the middle, or look later.",
        )


def _proportions(registration: Registration, report: Report) -> None:
    primary = registration.primary
    places = [(("primary",), primary.metric, primary.baseline, primary.sd)]
    places += [
        (("guardrails", at), one.metric, one.baseline, one.sd)  # type: ignore[misc]  # paths differ in length
        for at, one in enumerate(registration.guardrails)
    ]
    for path, name, baseline, sd in places:
        if not isinstance(registration.metrics.get(name), Proportion) or baseline is None:
            continue
        if not 0 < baseline < 1:
            report.error(
                "R171",
                (*path, "baseline"),
                f"{name} is a proportion and its baseline is {baseline:g}.",
                "Write a share between 0 and 1, 0.31 for 31 %.",
            )
        elif sd is not None and abs(sd / math.sqrt(baseline * (1 - baseline)) - 1) > SD_OFF:
            implied = math.sqrt(baseline * (1 - baseline))
            report.warning(
                "R172",
                (*path, "sd"),
                f"{name} is a proportion: a baseline of {baseline:g} has an sd of {implied:.4g}, not {sd:g}.",
                "Leave sd out.",
            )
    _reach(registration, report)


def _reach(registration: Registration, report: Report) -> None:
    primary, effect = registration.primary, mde_absolute(registration)
    if not isinstance(registration.metrics.get(primary.metric), Proportion) or effect is None:
        return
    if primary.baseline is None or not 0 < primary.baseline < 1:
        return
    other = primary.baseline + (effect if primary.direction == "increase" else -effect)
    if not 0 < other < 1:
        report.error(
            "R171",
            ("primary", "mde"),
            f"{primary.metric} is a proportion of {primary.baseline:g}, and the declared effect takes it to "
            f"{other:g}.",
            "Write an effect that stays between 0 and 1; `absolute: 0.04` is 4 points.",
        )
