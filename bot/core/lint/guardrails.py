"""Does each guardrail have one line, and what will they do to a harmless change?"""

from bot.core.figures import share
from bot.core.guardrail_plan import plan_guardrails
from bot.core.lint.report import Report, unknown_metric
from bot.core.registration import Guardrail, Registration
from bot.core.sizing import Sizing

MOST_FALSE_VETOES = 0.2
"""Above this, one harmless change in five is stopped."""
MOST_AT_MOST = 0.25
"""The same where only an upper bound is known, which the true figure lies below."""


def check(registration: Registration, report: Report) -> None:
    """One threshold each, no line twice, a spending only where there are looks to spend over."""
    seen: set[tuple[str, tuple[str, ...]]] = set()
    for position, guardrail in enumerate(registration.guardrails):
        _one(registration, guardrail, position, report)
        key = (guardrail.metric, tuple(guardrail.thresholds))
        if key in seen:
            report.error(
                "R114",
                ("guardrails", position),
                f"{guardrail.metric} has two guardrails of the same kind.",
                "Keep the stricter one.",
            )
        seen.add(key)


def _one(registration: Registration, guardrail: Guardrail, position: int, report: Report) -> None:
    path = ("guardrails", position)
    if guardrail.metric not in registration.metrics:
        report.error("R112", (*path, "metric"), *unknown_metric(guardrail.metric, registration.metrics))
    given = list(guardrail.thresholds)
    if len(given) != 1:
        said = f"{len(given)} thresholds ({', '.join(given)})" if given else "no threshold"
        report.error(
            "R113",
            path,
            f"the guardrail on {guardrail.metric} has {said}.",
            "Give one, e.g. `max_relative_regression: 0.01` or `max: 800`.",
        )
    if guardrail.spending != "none" and len(registration.looks) == 1:
        report.warning(
            "R176",
            (*path, "spending"),
            f"the guardrail on {guardrail.metric} spends by {guardrail.spending} over a single look.",
            "Leave spending out: one look has all of alpha.",
        )
    _beyond(guardrail, position, report)


def _beyond(guardrail: Guardrail, position: int, report: Report) -> None:
    base = guardrail.baseline
    if base is None:
        return
    above = guardrail.max is not None and base > guardrail.max
    below = guardrail.min is not None and base < guardrail.min
    if above or below:
        line = f"max {guardrail.max:g}" if above else f"min {guardrail.min:g}"
        report.warning(
            "R179",
            ("guardrails", position, "baseline"),
            f"the baseline of {guardrail.metric}, {base:g}, is beyond its threshold already ({line}): any "
            "significant harm is a veto, and it can never be clear.",
            "Set the threshold from where the metric is today, or mend the metric first.",
        )


def check_error(registration: Registration, sizing: Sizing, report: Report) -> None:
    """How often the set of them stops a change that changes nothing."""
    found = plan_guardrails(registration, sizing)
    if found.false_veto <= (MOST_AT_MOST if found.upper_bound else MOST_FALSE_VETOES):
        return
    most = "at most " if found.upper_bound else ""
    watched = all(one.spending == "none" for one in found.each) and len(registration.looks) > 1
    mend = ["`spending: obrien-fleming` on each guardrail"] if watched else []
    mend += [] if registration.correction == "holm" else ["`correction: holm`"]
    if found.upper_bound:
        mend.append("`baseline` and `sd` of each, which make the figure exact")
    report.warning(
        "R177",
        ("guardrails",),
        f"a change that harms nothing is vetoed with probability {most}{share(found.false_veto)} by one of "
        f"{len(found.each)} guardrails over {len(registration.looks)} looks.",
        f"Use {', or '.join(mend) or 'fewer guardrails'}.",
    )
