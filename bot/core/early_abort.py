"""Early-abort signals: what a running experiment shows that its quarter should not wait for (AML-02)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

from bot.core.launch import Launch, State
from bot.core.registration import Registration
from bot.core.sizing import size

LITTLE_POWER: Final = 0.10
"""A conditional power below this is a signal: fewer than one in ten such experiments would still cross."""
ENOUGH: Final = 0.9
"""Of the units needed per arm: what is under way to fewer than that is undersized."""


STARTS_BY: Final = 3
"""The week from which a candidate without an experiment is one that did not start."""


class Signal(StrEnum):
    """What is wrong, worst first."""

    VETO = "veto"
    FUTILITY = "futility"
    NO_DATA = "no data"
    UNDERSIZED = "undersized"
    NOT_STARTED = "not started"
    PAUSED = "paused"


@dataclass(frozen=True)
class Sign:
    """One signal: what it is, why in a clause with its figures, and the record that shows it."""

    signal: Signal
    why: str
    record: str = ""


@dataclass(frozen=True)
class Course:
    """How one picked candidate does.

    experiment: the id of the registration it became, "" for none; state: of its launch, in a word; verdict:
    of the newest look, with its record; signs: worst first, none where nothing is wrong.
    """

    candidate: str
    title: str
    experiment: str = ""
    state: str = ""
    verdict: str = ""
    record: str = ""
    signs: tuple[Sign, ...] = ()


def unlinked(candidate: str, title: str, *, week: int, weeks: int) -> Course:
    """Return the course of a candidate without an experiment: a signal once it should have begun."""
    if week < STARTS_BY:
        return Course(candidate, title, state="no registration is linked yet")
    why = f"no registration is linked to it in week {week} of {weeks}"
    return Course(candidate, title, signs=(Sign(Signal.NOT_STARTED, why),))


def course(
    candidate: str,
    title: str,
    launch: Launch,
    registration: Registration,
    result: Mapping[str, Any] | None,
    today: date,
) -> Course:
    """Return how a launch does; `result` is the JSON of its newest sound look, None for none."""
    newest = launch.newest
    verdict = "" if newest is None else f"look {newest.look} {newest.verdict}"
    record = "" if newest is None else f"record {newest.record}"
    signs = () if not launch.open else _signs(launch, registration, result, today)
    order = list(Signal)
    ordered = tuple(sorted(signs, key=lambda one: order.index(one.signal)))
    return Course(candidate, title, launch.id, launch.state.value, verdict, record, ordered)


def _signs(
    launch: Launch, registration: Registration, result: Mapping[str, Any] | None, today: date
) -> tuple[Sign, ...]:
    found = [
        _veto(launch),
        _futility(launch, result),
        _no_data(launch, registration, today),
        _undersized(launch, registration, result),
        _not_started(launch),
        _paused(launch),
    ]
    return tuple(one for one in found if one is not None)


def _veto(launch: Launch) -> Sign | None:
    veto = launch.veto
    return None if veto is None else Sign(Signal.VETO, f"look {veto.look} vetoed", f"record {veto.record}")


def _futility(launch: Launch, result: Mapping[str, Any] | None) -> Sign | None:
    newest = launch.newest
    if newest is None:
        return None
    at = f"record {newest.record}"
    if newest.verdict == "stop-futility":
        return Sign(Signal.FUTILITY, f"look {newest.look} is below its futility bound", at)
    power = ((result or {}).get("primary") or {}).get("conditional_power")
    if power is None or power >= LITTLE_POWER or newest.verdict not in ("continue", "inconclusive"):
        return None
    why = f"conditional power {power:.2f} at look {newest.look}, below {LITTLE_POWER:.2f}"
    return Sign(Signal.FUTILITY, why, at)


def _no_data(launch: Launch, registration: Registration, today: date) -> Sign | None:
    if launch.late:
        return Sign(
            Signal.NO_DATA, f"look {max(launch.late)} had no data by its deadline", f"ledger {launch.entry}"
        )
    last = max(launch.looks, key=lambda one: one.record, default=None)
    if last is not None and last.verdict == "invalid":
        return Sign(
            Signal.NO_DATA,
            f"look {last.look} could not be judged: its data were not sound",
            f"record {last.record}",
        )
    if launch.start is None or launch.looks or not registration.looks:
        return None
    day = (today - launch.start).days
    first = registration.looks[0]
    if day > first + 1:
        return Sign(
            Signal.NO_DATA, f"day {day}, and no look is on record though the first was due on day {first:g}"
        )
    return None


def _undersized(launch: Launch, registration: Registration, result: Mapping[str, Any] | None) -> Sign | None:
    if launch.state not in (State.RUNNING, State.PAUSED, State.VETOED, State.LOCKED):
        return None
    needed = size(registration)
    if needed.n_cuped is None:
        return None
    newest, split = launch.newest, (result or {}).get("srm") or {}
    seen = min(split.get("n_control") or 0, split.get("n_treatment") or 0)
    if newest is not None and seen and newest.day > 0:
        projected = seen * max(1.0, registration.horizon_days / newest.day)
        if projected >= ENOUGH * needed.n_cuped:
            return None
        why = f"at this pace {projected:,.0f} units per arm by day {registration.horizon_days}"
        return Sign(Signal.UNDERSIZED, f"{why}, {needed.n_cuped:,} needed", f"record {newest.record}")
    runtime = needed.runtime_days
    if runtime is None or runtime <= registration.horizon_days:
        return None
    why = f"{needed.n_cuped:,} units per arm take {runtime:.0f} days of its {registration.horizon_days}"
    return Sign(Signal.UNDERSIZED, why, f"ledger {launch.entry}")


def _not_started(launch: Launch) -> Sign | None:
    if launch.state is State.SIGNING:
        waits = ", ".join(launch.missing_signoffs)
        why = f"not signed as {waits}" if waits else "not locked yet"
        return Sign(Signal.NOT_STARTED, why, f"ledger {launch.entry}")
    if launch.state is State.LOCKED and launch.start is None:
        return Sign(Signal.NOT_STARTED, "locked, and nobody is exposed yet", f"ledger {launch.entry}")
    return None


def _paused(launch: Launch) -> Sign | None:
    if launch.paused is None or launch.state is not State.PAUSED:
        return None
    because = f": {launch.paused_why}" if launch.paused_why else ""
    return Sign(Signal.PAUSED, f"paused{because}", f"ledger {launch.entry}")
