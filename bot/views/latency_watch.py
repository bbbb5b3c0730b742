"""What is seen of a latency budget in operation, in words."""

from collections.abc import Sequence
from datetime import datetime

from bot.core.effect import Message
from bot.core.latency_budget import Budget
from bot.core.latency_reading import Reading, State
from bot.core.latency_watch import Watched, watched
from bot.views import text
from bot.views.latency_words import ms, part

_MOMENT = "{date_short_pretty} {time}"
_ORDER = (State.FIRES, State.HIGH, State.UNKNOWN, State.FINE)
_MARKS = {State.FIRES: "✗", State.HIGH: "⚠", State.UNKNOWN: "?", State.FINE: "✓"}
MOST = 14
"""Lines; the rest is counted."""


def lines(
    budget: Budget, seen: Sequence[Reading], *, at: datetime | None, trouble: str, since: datetime | None
) -> list[str]:
    """What stands where, worst first; nothing where no Prometheus is named."""
    if not budget.watched_by:
        return []
    if at is None and not trouble:
        return ["*In operation*: not looked at yet."]
    head = f"*In operation*, seen {text.when(at, style=_MOMENT)}" if at else "*In operation*"
    said = [head]
    if trouble:
        began = f" since {text.when(since, style=_MOMENT)}" if since else ""
        said.append(f"? unknown{began}: {text.escape(trouble, 300)}")
    things = {one.name: one for one in watched(budget)}
    known = [one for one in seen if one.name in things]
    worst = [one for state in _ORDER for one in known if _shown(one) is state]
    shown = [one for one in worst if things[one.name].limit is not None or _shown(one) is not State.FINE]
    said += [_line(things[one.name], one) for one in shown[:MOST]]
    if len(shown) > MOST:
        said.append(f"and {len(shown) - MOST} more, none worse")
    return said


def blind(budget: Budget, trouble: str, since: datetime) -> Message:
    """Nothing has been seen for the declared minutes."""
    name = text.escape(budget.title, 120)
    said = (
        f"Latency of {name} is unknown since {text.when(since, style=_MOMENT)}: {text.escape(trouble, 300)}"
    )
    mend = "Until then nothing here alerts on it. `lookout doctor` says whether its source answers."
    return Message(f"Latency of {name} is unknown: {text.escape(trouble, 200)}", (
        text.section(f"{said}\n{mend}"),
    ))  # fmt: skip


def sees_again(budget: Budget, since: datetime) -> Message:
    """Prometheus answers again."""
    name = text.escape(budget.title, 120)
    return text.message(
        f"Latency of {name} is seen again; it was unknown since {text.when(since, style=_MOMENT)}."
    )


def _shown(one: Reading) -> State:
    return State.FIRES if one.firing and one.state is not State.UNKNOWN else one.state


def _line(thing: Watched, one: Reading) -> str:
    where = f" ({text.escape('-'.join(one.cohort.values()), 80)})" if one.cohort else ""
    name = text.escape(_name(thing), 120) + where
    state = _shown(one)
    if state is State.UNKNOWN:
        return f"? unknown · {name}" + (", its alert is still out" if one.firing else "")
    value = "" if one.value is None or thing.limit is None else _value(thing, one.value)
    limits = ""
    if thing.limit is not None:
        limits = (
            f", target {_limit(thing, thing.limit.target)}, alert above {_limit(thing, thing.limit.alert)}"
        )
    since = f", above it since {text.when(one.since)}" if one.since is not None else ""
    word = {State.FIRES: "alert", State.HIGH: "high", State.FINE: "fine"}[state]
    return f"{_MARKS[state]} {word} · {name}{': ' if value else ''}{value}{limits}{since}"


def _name(thing: Watched) -> str:
    """What is watched, without its limits."""
    what = {
        "turn_p95_ms": "turn p95",
        "turn_p99_ms": "turn p99",
        "turn_p95_cohort_split": "turn p95 off the whole",
        "turn_latency_telemetry": "nothing measures the turn",
        "stage_p95_ms": "p95",
        "stage_error_rate": "errors",
        "stage_fallback_rate": "fallback",
        "cold_start_fraction": "cold starts",
    }[thing.metric]
    return f"{thing.stage} {what}" if thing.stage else what


def _value(thing: Watched, value: float) -> str:
    return part(value) if thing.share else ms(value)


def _limit(thing: Watched, value: float) -> str:
    """A limit as it was declared."""
    return f"{value * 100:g} %" if thing.share else ms(value)
