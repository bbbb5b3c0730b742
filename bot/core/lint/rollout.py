"""Can every condition of the rollout be read, and does something say where its metric comes from?"""

import difflib
from collections.abc import Collection

from bot.core.condition import Condition, ConditionError, parse
from bot.core.lint.report import Report
from bot.core.registration import Registration


def check(registration: Registration, report: Report, elsewhere: Collection[str] = ()) -> None:
    """Conditions that are none, names that nothing reads; elsewhere: names that lookout.toml reads."""
    for name in registration.rollout_metrics:
        if name in registration.metrics:
            report.error(
                "R183",
                ("rollout_metrics", name),
                f"{name} is a metric of the experiment too, so a condition on it has two meanings.",
                "Give the one under rollout_metrics another name.",
            )
    unread: set[str] = set()
    for number, stage in enumerate(registration.rollout):
        for position, text in enumerate(stage.abort_if):
            path = ("rollout", number, "abort_if", position)
            condition = _condition(text, path, report)
            if condition is not None and condition.metric not in unread:
                unread |= _unread(condition, path, registration, report, elsewhere)


def _condition(text: str, path: tuple[str | int, ...], report: Report) -> Condition | None:
    try:
        return parse(text)
    except ConditionError as error:
        report.error("R180", path, error.message, error.hint)
        return None


def _unread(
    condition: Condition,
    path: tuple[str | int, ...],
    registration: Registration,
    report: Report,
    elsewhere: Collection[str],
) -> set[str]:
    """The name, when nothing reads it; a metric of the experiment has no time in it but by its name."""
    name = condition.metric
    if name in registration.metrics:
        if condition.unit in ("ms", "s"):
            report.error(
                "R181",
                path,
                f"{name} is a metric of the experiment, and {condition.unit} says nothing about its values.",
                "Write the bare number in the metric's own unit, or % for the difference between the arms.",
            )
        return set()
    if name in registration.rollout_metrics or name in elsewhere:
        return set()
    known = [*registration.metrics, *registration.rollout_metrics, *elsewhere]
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    hint = f"Did you mean {near[0]}?" if near else "Name its source and query under rollout_metrics."
    message = f"nothing says where {name} is read, so the rollout will be held at this stage."
    report.warning("R182", path, message, hint)
    return {name}
