"""The experiment's own data as they are now: what a condition between the arms asks for.

Looking here decides nothing: a condition can only stop a launch. What the primary metric does while nothing
is wrong is therefore kept from everybody until the look that the plan has for it.
"""

from dataclasses import dataclass, replace

from bot.core.condition import Condition, Reading, Status
from bot.core.figures import interval, p_is
from bot.core.look import no_relative, relative
from bot.core.measure import measure
from bot.core.observation import Observations
from bot.core.registration import Registration
from bot.services.desk import Desk
from bot.sources.samples import observe
from bot.stats.srm import THRESHOLD, srm
from bot.stats.undecided import Undecided

DATA = "experiment data"
SPLIT = "sample ratio"
TRAFFIC = "traffic"
BETWEEN = "treatment against control"


@dataclass(frozen=True)
class Now:
    """What the data say by `day` of the experiment, the day that is not over yet included."""

    seen: Observations
    day: int


def has_calendar(registration: Registration) -> bool:
    """Whether the data say of which day they are."""
    data = registration.data
    return data.kind == "summary" or data.day is not None or data.date is not None


def observe_now(desk: Desk, registration: Registration, full: int | None) -> Now:
    """Read it; full: the newest day that is over. Raises SourceError when it cannot be read."""
    day = max(1, min((full or 0) + 1, registration.horizon_days))
    root = desk.settings.data.path if desk.settings.data else None
    return Now(observe(registration, day=day, sources=desk.settings.sources, root=root), day)


def reading(asked: Condition, now: Now, registration: Registration) -> Reading:
    """A condition on the experiment's metric: `%` between the arms, a bare number the treatment's own."""
    effect = measure(registration, now.seen, asked.metric, alpha=registration.alpha).effect
    limit, unit = (asked.limit / 100, "%") if asked.unit == "%" else (asked.limit, "")
    arm = BETWEEN if unit else "treatment arm"
    unknown = Reading(
        asked.text, asked.metric, asked.op, Status.UNKNOWN, limit, unit,
        where=f"{arm}, to day {now.day}", source=now.seen.source, query=now.seen.query_sha256,
        between=bool(unit),
    )  # fmt: skip
    if isinstance(effect, Undecided):
        return replace(unknown, reason=effect.reason)
    value, ends = relative(effect) if unit else (effect.treatment.mean, None)
    if value is None:
        return replace(unknown, reason=no_relative(effect))
    if asked.holds_for(value, limit):
        spread = f"interval {interval(ends)}" if ends else ""
        return replace(unknown, status=Status.BREACHED, measured=value, reason=spread)
    if asked.metric == registration.primary.metric:
        return replace(unknown, status=Status.OK, reason="its value is kept for the look")
    return replace(unknown, status=Status.OK, measured=value)


def split(now: Now, registration: Registration) -> Reading:
    """A split that the assignment does not explain holds the launch, whatever it measures."""
    control, treatment = now.seen.units("control"), now.seen.units("treatment")
    found = srm(control, treatment, registration.allocation)
    said = f"{control:,} and {treatment:,} units"
    if isinstance(found, Undecided):
        return Reading(SPLIT, "", "<", Status.UNKNOWN, THRESHOLD, reason=found.reason)
    status = Status.OK if found.ok else Status.HELD
    return Reading(SPLIT, "", "<", status, THRESHOLD, measured=found.p, reason=f"{said}, {p_is(found.p)}")


def traffic(now: Now, registration: Registration, full: int) -> Reading:
    """No units on the newest full day, but for the days that data may lag, hold the launch."""
    newest, due = now.seen.last_day, min(full, registration.horizon_days) - registration.data.max_lag_days
    if newest is None:
        return Reading(
            TRAFFIC, "", "<", Status.UNKNOWN, due, reason="the data do not say of which day they are"
        )
    status = Status.OK if newest >= due else Status.HELD
    said = f"no units on day {due:g}: the newest are of day {newest:g}"
    reason = f"units up to day {newest:g}" if status is Status.OK else said
    return Reading(TRAFFIC, "", "<", status, due, measured=newest, reason=reason)
