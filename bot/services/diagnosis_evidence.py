"""The evidence of a diagnosis, computed where its data are named; what cannot be computed says why."""

from datetime import datetime

from bot.core.diagnosis import Line, Plan
from bot.core.found import unknown
from bot.core.harness_declared import Cause
from bot.errors import LookoutError
from bot.services.desk import Desk

LINES_MOST = 6
"""Lines of one cause that a card shows."""


def gather(desk: Desk, plan: Plan, now: datetime) -> tuple[Line, ...]:
    """The lines of every cause; those without data named have none. May be slow: for jobs."""
    return tuple(line for step in plan.steps for line in of_cause(desk, plan, step.cause, now))


def of_cause(desk: Desk, plan: Plan, cause: Cause, now: datetime) -> tuple[Line, ...]:
    """The lines of one cause."""
    if not plan.measures(cause):
        return ()
    from bot.services.harness_evidence import evidence

    try:
        computed = evidence(desk, plan.evidence, cause, now=now)
    except LookoutError as error:
        computed = (unknown(f"could not be computed: {error}"),)
    return tuple(
        Line(
            cause=cause,
            status=str(one.status),
            line=one.line,
            verdict=one.finding,
            source=one.source,
            query=one.query,
        )
        for one in computed[:LINES_MOST]
    )
