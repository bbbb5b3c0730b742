"""Does the experiment last until its metrics are complete?"""

from bot.core.lint.report import Report
from bot.core.registration import Registration


def check(registration: Registration, report: Report) -> None:
    """A window beyond the horizon is never seen; a look within it sees nobody's complete value."""
    judged = {registration.primary.metric: "the primary"}
    judged |= {one.metric: "a guardrail" for one in registration.guardrails if one.metric not in judged}
    for name, metric in registration.metrics.items():
        window = metric.window_days
        if window is None:
            continue
        path = ("metrics", name, "window_days")
        if window > registration.horizon_days:
            message = (
                f"metrics.{name} is complete after {window} days, and horizon_days is "
                f"{registration.horizon_days}: no unit will have its value."
            )
            hint = (
                f"Write `horizon_days: {window}` or more, with the looks to match, or take a shorter window."
            )
            primary = name == registration.primary.metric
            (report.error if primary else report.warning)("R174", path, message, hint)
            continue
        early = [day for day in registration.looks if day < window]
        if early and name in judged:
            days = ", ".join(str(day) for day in early)
            report.warning(
                "R175",
                ("sequential", "looks"),
                f"at the look{'s' if len(early) > 1 else ''} on day {days} no unit has had the {window} days "
                f"of {name}, {judged[name]}.",
                f"Begin the looks on day {window} or later; what is seen before is not yet that metric.",
            )
