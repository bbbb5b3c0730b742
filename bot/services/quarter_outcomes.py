"""What became of candidates: from the launches they led to, else as somebody said; and what they took."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.core.after import AtLaunch
from bot.core.candidate import PERCENT, POINTS, Candidate
from bot.core.launch import Launch
from bot.core.portfolio import Outcome
from bot.core.quarterly import Kind, Quarterly
from bot.services import launches, quarter_course
from bot.store import candidates, experiments, ledger, portfolios

_LASTED = {"sustained": True, "held": True, "faded": False, "gone": False, "fell": False}
"""Whether a launch lasted, by what the check after it found; what it could not say is not known."""


def outcomes(
    session: Session, kept: Quarterly, names: Iterable[str], locked: Mapping[str, Candidate] | None = None
) -> tuple[Outcome, ...]:
    """What became of each candidate as far as anybody knows, in the order of the names, each once.

    locked: candidates by id as they were locked, whose units count; another's are those of the backlog.
    """
    found = (_outcome(session, kept, name, locked or {}) for name in dict.fromkeys(names))
    return tuple(one for one in found if one is not None)


def running(session: Session, kept: Quarterly, names: Iterable[str]) -> tuple[str, ...]:
    """The candidates of which nobody can say yet what became of them."""
    return tuple(name for name in dict.fromkeys(names) if _outcome(session, kept, name, {}) is None)


def keep_effort(
    session: Session, kept: Quarterly, candidate: str, weeks: float, *, by: str, now: datetime
) -> Quarterly:
    """Keep the engineer-weeks that a candidate took, in the ledger too."""
    before = kept.efforts.get(candidate) or {}
    if before.get("weeks") == weeks:
        return kept
    body = {"candidate": candidate, "weeks": weeks}
    entry = ledger.append(session, kind=Kind.EFFORT, subject=kept.quarter, by=by, body=body, now=now)
    said = {"weeks": weeks, "by": by, "at": now.isoformat(), "entry": entry.number}
    after = replace(kept, efforts={**kept.efforts, candidate: said})
    portfolios.save(session, after)
    return after


def keep_outcome(
    session: Session, kept: Quarterly, candidate: str, said: Mapping[str, Any], *, by: str, now: datetime
) -> Quarterly:
    """Keep what became of a candidate of which no launch tells: shipped, sustained, lift, low, high, note."""
    body = {"candidate": candidate, **said}
    entry = ledger.append(session, kind=Kind.OUTCOME, subject=kept.quarter, by=by, body=body, now=now)
    known = {**said, "by": by, "at": now.isoformat(), "entry": entry.number}
    after = replace(kept, outcomes={**kept.outcomes, candidate: known})
    portfolios.save(session, after)
    return after


def _outcome(session: Session, kept: Quarterly, name: str, locked: Mapping[str, Candidate]) -> Outcome | None:
    weeks = (kept.efforts.get(name) or {}).get("weeks")
    launch = quarter_course.launch_of(session, name)
    if launch is not None and launch.decision is not None:
        item = None if name in locked else candidates.find(session, name)
        predicted = locked.get(name) or (None if item is None else item.candidate)
        found = _of_launch(session, launch, predicted)
        return replace(found, candidate=name, weeks=weeks)
    said = kept.outcomes.get(name)
    if said is None:
        return None
    return Outcome(
        name,
        bool(said["shipped"]),
        said.get("sustained"),
        said.get("lift"),
        said.get("low"),
        said.get("high"),
        significant=_excludes_zero(said.get("low"), said.get("high")),
        weeks=weeks,
        record=f"ledger {said['entry']}",
        note=str(said.get("note") or ""),
    )


def _of_launch(session: Session, launch: Launch, candidate: Candidate | None) -> Outcome:
    """From the decision, the look that it rests on, and the check after the launch."""
    decision = launch.decision
    if decision is None:
        raise ValueError(f"{launch.id} is not decided")
    shipped = decision.decision == "ship"
    checked = (launch.after or {}).get("result") or {}
    sustained = _LASTED.get(str(checked.get("finding"))) if shipped else None
    look = experiments.look(session, decision.record) if decision.record else None
    record = f"record {decision.record}" if decision.record else f"ledger {decision.entry}"
    found = Outcome("", shipped, sustained, record=record)
    if look is None:
        return replace(found, note="no planned look was on record when it was decided")
    primary = look.result["primary"]
    registration = launches.registration(session, launch)
    better = -1.0 if registration.primary.direction == "decrease" else 1.0
    found = replace(found, significant=bool(primary.get("significant")))
    lift, low, high, note = _lift(look.result, candidate)
    if lift is None:
        return replace(found, note=note)
    ends = sorted((better * low, better * high)) if low is not None and high is not None else (None, None)
    return replace(found, lift=better * lift, low=ends[0], high=ends[1], note=note)


def _lift(
    result: Mapping[str, Any], candidate: Candidate | None
) -> tuple[float | None, float | None, float | None, str]:
    """The effect with its interval in the unit of the candidate's impact, or why it cannot be said."""
    primary = result["primary"]
    impact = None if candidate is None else candidate.impact
    if impact is None:
        return None, None, None, "no impact was predicted"
    if impact.metric and _plain(impact.metric) != _plain(primary["metric"]):
        return None, None, None, f"measured on {primary['metric']}, and predicted on {impact.metric}"
    seen = AtLaunch.of(0, 0, 0.0, result)
    control = (primary.get("control") or {}).get("mean")
    if impact.unit == PERCENT:
        times: float | None = 100.0
    else:
        times = None if control is None else float(control) * (100.0 if impact.unit == POINTS else 1.0)
    if seen.effect_rel is None or times is None:
        return None, None, None, "the look could not say a relative effect"
    low, high = seen.ci_rel if seen.ci_rel is not None else (None, None)
    note = "allowing for the looks" if seen.adjusted else ""
    return (
        seen.effect_rel * times,
        None if low is None else low * times,
        None if high is None else high * times,
        note,
    )


def _plain(metric: str) -> str:
    """A metric's name as people and tables write it alike: "useful-answer rate" is useful_answer_rate."""
    return re.sub(r"[\W_]+", "_", metric.strip().lower())


def _excludes_zero(low: float | None, high: float | None) -> bool:
    return low is not None and high is not None and (low > 0 or high < 0)
