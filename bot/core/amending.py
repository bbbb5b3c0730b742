"""What an amendment changes: the difference of two registrations in words, what it touches of the plan."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.core.launch import Launch
from bot.core.registration import Registration

LONGEST = 160
"""Characters of a value in a line of the difference."""

FREE = frozenset(
    {"id", "title", "owner", "hypothesis", "traffic", "rollout", "rollout_metrics", "schedule", "offline"}
    | {"after", "artefacts", "signoffs", "metrics", "rerun_of"}
)
"""What may change after a look without breaking the plan; of `metrics` only those that nothing judges by."""

_NAMED_BY = ("metric", "stage")
"""Keys by which the parts of a list are told apart, so that one put in front does not change all others."""


def difference(before: Any, after: Any) -> tuple[str, ...]:
    """Every change of parsed content, a line each: `primary.mde.relative: 0.03 → 0.02`.

    >>> difference({"alpha": 0.05, "looks": [4, 7]}, {"alpha": 0.05, "looks": [4, 8], "title": "x"})
    ('looks: [4, 7] → [4, 8]', 'title: none → "x"')
    """
    return tuple(_changes(before, after, ""))


def touched(before: Registration, after: Registration) -> tuple[str, ...]:
    """The parts changed that a look has to leave alone: primary, alpha, thresholds, looks, data.

    By what they mean: writing out a default changes nothing here.
    """
    parts = [
        name
        for name in Registration.model_fields
        if name not in FREE and getattr(before, name) != getattr(after, name)
    ]
    was, now = before.metrics, after.metrics
    judged = {half.primary.metric for half in (before, after)}
    judged |= {one.metric for half in (before, after) for one in half.guardrails}
    return (*parts, *(f"metrics.{name}" for name in sorted(judged) if was.get(name) != now.get(name)))


def obstacle(launch: Launch, touches: Sequence[str], *, breaking: bool) -> str:
    """Why a change of these parts may not come into force now; empty when it may."""
    if not launch.open:
        what = launch.decision.decision if launch.decision else "closed"
        return f"{launch.id} was decided ({what}): what decided it stays as it was."
    vetoes = [one for one in launch.looks if one.verdict == "veto"]
    if vetoes:
        return f"{_called(vetoes[0].look)} vetoed {launch.id}: an amendment after a veto is refused."
    if launch.judged and touches and not breaking:
        looks = ", ".join(_called(one.look) for one in launch.judged)
        return (
            f"{launch.id} was looked at already ({looks}), and this changes {', '.join(touches)}: "
            "after the first look the plan stays as it was signed."
        )
    return ""


def rewritten(launch: Launch, before: Registration, after: Registration) -> str:
    """What of the looks already held a change would write anew; empty when it leaves them as they were."""
    for number in sorted({one.look for one in launch.judged if one.look}):
        was, now = (dict(enumerate(half.looks, start=1)).get(number) for half in (before, after))
        if was != now:
            day = f"is on day {now:g}" if now else "is not planned"
            return f"look {number} of {launch.id} is on record for day {was or 0:g}; in this text it {day}."
    return ""


def _called(look: int) -> str:
    return f"look {look}" if look else "a peek"


def _changes(before: Any, after: Any, path: str) -> Iterator[str]:
    if before == after and type(before) is type(after):
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys([*before, *after]):
            below = f"{path}.{key}" if path else str(key)
            yield from _changes(before.get(key), after.get(key), below)
        return
    key = _key(before, after)
    if key:
        was = {str(one[key]): one for one in before}
        now = {str(one[key]): one for one in after}
        for name in dict.fromkeys([*was, *now]):
            yield from _changes(was.get(name), now.get(name), f"{path}[{name}]")
        if list(was) != list(now) and sorted(was) == sorted(now):
            yield f"{path}: in another order"
        return
    yield f"{path}: {_shown(before)} → {_shown(after)}"


def _key(before: Any, after: Any) -> str:
    """The key that names every part of both lists and is never given twice; empty when there is none."""
    if not (isinstance(before, list) and isinstance(after, list) and (before or after)):
        return ""
    for key in _NAMED_BY:
        if all(isinstance(one, Mapping) and key in one for one in [*before, *after]) and all(
            len({str(one[key]) for one in half}) == len(half) for half in (before, after)
        ):
            return key
    return ""


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
