"""Evaluates the conditions of a stage: every metric read once, side by side, each with its deadline.

A metric of the experiment is read from its own data, between the arms; any other where the registration or
lookout.toml says. Whatever cannot be read is unknown with the reason, and never a number.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TypeAlias

import structlog

from bot.core.condition import Check, Condition, ConditionError, Reading, Status, parse
from bot.core.registration import Registration
from bot.core.timetable import Calendar
from bot.errors import SourceError
from bot.services import experiment_now
from bot.services.desk import Desk
from bot.services.experiment_now import Now
from bot.sources import warehouse

log = structlog.get_logger()

DEADLINE = 75.0
"""Seconds that all readings together may take: less than a job's lease."""
WORKERS = 8
MOST_LABELS = 120
"""Characters of a series' labels that are shown."""


@dataclass(frozen=True)
class Values:
    """What a source said: one value a series, with its labels in words; None where it is no number."""

    source: str
    query: str
    values: tuple[tuple[str, float | None], ...]


@dataclass(frozen=True)
class Unread:
    """Why there is no value, and where it was asked for."""

    reason: str
    source: str = ""
    query: str = ""


Read: TypeAlias = Values | Now | Unread
Ask: TypeAlias = Callable[[], Read]


def evaluate(
    desk: Desk,
    registration: Registration,
    conditions: Sequence[str],
    days: Calendar,
    now: datetime,
    *,
    split: bool = True,
    deadline: float = DEADLINE,
) -> Check:
    """Read what the conditions ask for, at `now`; the worst reading comes first.

    split: whether people are still divided between the arms, so that the data of both must be fit.
    """
    asked = {text: _parsed(text) for text in conditions}
    known = [one for one in asked.values() if isinstance(one, Condition)]
    of_experiment = [one.metric for one in known if one.metric in registration.metrics]
    asks = {one.metric: _ask(desk, registration, one.metric, now) for one in known}
    for name in of_experiment:
        del asks[name]
    full = days.last_full_day(now)
    calendar = split and experiment_now.has_calendar(registration) and full is not None and full >= 1
    if of_experiment or calendar:
        asks[""] = partial(experiment_now.observe_now, desk, registration, full)
    found = _all(asks, deadline)
    data = found.get("", Unread("nothing was asked"))
    readings = [_reading(text, one, found, data, registration) for text, one in asked.items()]
    if calendar:
        readings += _fitness(registration, data, full or 0)
    order = (Status.BREACHED, Status.HELD, Status.UNKNOWN, Status.OK)
    return Check(now, tuple(sorted(readings, key=lambda one: order.index(one.status))))


def _parsed(text: str) -> Condition | Unread:
    try:
        return parse(text)
    except ConditionError as error:
        return Unread(f"{error.message} {error.hint}")


def _ask(desk: Desk, registration: Registration, name: str, now: datetime) -> Ask:
    """The question after a name's values."""
    settings = desk.settings
    named = registration.rollout_metrics.get(name) or settings.rollout_metrics.get(name)
    if named is None:
        return lambda: Unread(f"nothing says where {name} is read")
    source, query = named.source, named.query
    if source in desk.prometheus:
        return partial(_prometheus, desk, source, query, now)
    configured = settings.sources.get(source)
    if configured is not None and configured.kind == "ibis":
        return lambda: Values(source, query, (("", warehouse.number(configured, query, name=source)),))
    known = ", ".join(settings.sources) or "none"
    return lambda: Unread(f"source {source} is not configured; configured: {known}", source, query)


def _prometheus(desk: Desk, source: str, query: str, now: datetime) -> Read:
    series = desk.prometheus[source].instant(query, at=now)
    if not series:
        return Unread(f"{source} has no series for it", source, query)
    return Values(
        source,
        query,
        tuple((_labels(one.labels), one.points[-1][1] if one.points else None) for one in series),
    )


def _labels(labels: Mapping[str, str]) -> str:
    text = ", ".join(f"{name}={value}" for name, value in sorted(labels.items()) if name != "__name__")
    return text if len(text) <= MOST_LABELS else f"{text[: MOST_LABELS - 1]}…"


def _all(asks: Mapping[str, Ask], deadline: float) -> dict[str, Read]:
    """Ask all at once; whoever is not back in time is left behind, and is unknown."""
    if not asks:
        return {}
    pool = ThreadPoolExecutor(max_workers=min(WORKERS, len(asks)), thread_name_prefix="condition")
    futures = {name: pool.submit(ask) for name, ask in asks.items()}
    done, _ = wait(futures.values(), timeout=deadline)
    pool.shutdown(wait=False, cancel_futures=True)
    return {name: _result(name, future, done, deadline) for name, future in futures.items()}


def _result(name: str, future: Future[Read], done: Iterable[Future[Read]], deadline: float) -> Read:
    if future not in done:
        return Unread(f"no answer in {deadline:g} s")
    error = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, SourceError | ValueError):
        return Unread(str(error))
    log.error("condition_failed", metric=name, exc_info=error)
    return Unread(f"reading it failed ({type(error).__name__}); see the log")


def _reading(
    text: str, asked: Condition | Unread, found: Mapping[str, Read], data: Read, registration: Registration
) -> Reading:
    if isinstance(asked, Unread):
        return Reading(text, "", "", Status.UNKNOWN, 0.0, reason=asked.reason)
    if asked.metric in registration.metrics:
        if isinstance(data, Now):
            return experiment_now.reading(asked, data, registration)
        return _unknown(asked, data if isinstance(data, Unread) else Unread("no data"))
    read = found[asked.metric]
    return _judged(asked, read) if isinstance(read, Values) else _unknown(asked, read)


def _unknown(asked: Condition, why: Read) -> Reading:
    reason, source, query = (why.reason, why.source, why.query) if isinstance(why, Unread) else ("", "", "")
    return replace(_unread(asked), reason=reason, source=source, query=query)


def _unread(asked: Condition) -> Reading:
    """A condition of which nothing is known; a limit in % is kept as a fraction."""
    share = asked.unit == "%" or asked.read_in == "%"
    limit, unit = asked.line * _scale(asked), "%" if share else asked.read_in
    return Reading(asked.text, asked.metric, asked.op, Status.UNKNOWN, limit, unit)


def _scale(asked: Condition) -> float:
    """Numbers that are read in percent are kept as fractions."""
    return 0.01 if asked.read_in == "%" else 1.0


def _judged(asked: Condition, read: Values) -> Reading:
    """The worst of the series; one that is no number leaves the rest unknown, unless they breach."""
    numbers = [(where, value) for where, value in read.values if value is not None]
    odd = [where for where, value in read.values if value is None]
    if not numbers:
        return _unknown(asked, Unread(_no_number(odd, len(read.values)), read.source, read.query))
    where, value = numbers[asked.worst([value for _, value in numbers])]
    breached = asked.holds_for(value)
    status = Status.BREACHED if breached else Status.UNKNOWN if odd else Status.OK
    if len(read.values) > 1:
        where = f"{where or 'no labels'}, the worst of {len(read.values)} series"
    return replace(
        _unread(asked),
        status=status,
        measured=value * _scale(asked),
        where=where,
        source=read.source,
        query=read.query,
        reason=_no_number(odd, len(read.values)) if odd and not breached else "",
    )


def _no_number(odd: Sequence[str], count: int) -> str:
    if count == 1:
        return "the value is not a number"
    first = f", {odd[0]}" if odd[0] else ""
    return f"{len(odd)} of {count} series {'is' if len(odd) == 1 else 'are'} not a number{first}"


def _fitness(registration: Registration, data: Read, full: int) -> list[Reading]:
    """Whether the data of the experiment are fit to go on with: the split, and units in the newest day."""
    if isinstance(data, Now):
        return [experiment_now.split(data, registration), experiment_now.traffic(data, registration, full)]
    reason = data.reason if isinstance(data, Unread) else ""
    return [Reading(experiment_now.DATA, "", "", Status.UNKNOWN, 0.0, reason=reason)]
