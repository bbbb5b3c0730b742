"""Prometheus alert rules for a latency budget: what its telemetry can show, at the thresholds it declares.

Every alert carries what incidents are grouped by and trees are chosen by: metric, service, stage, severity.
"""

from typing import Any

from bot.core.latency_budget import Budget
from bot.core.latency_watch import Watched, watched


def rules(budget: Budget) -> dict[str, Any]:
    """The rule file as Prometheus reads it. Raises InputError where the budget names no metric to watch."""
    found = [_rule(budget, one) for one in watched(budget)]
    return {"groups": [{"name": f"latency_{budget.id}", "interval": "30s", "rules": found}]}


def written(budget: Budget) -> str:
    """The rules as YAML."""
    import yaml

    head = f"# Alert rules of the latency budget {budget.id}, written from its file {budget.sha256[:12]}.\n"
    return head + yaml.safe_dump(rules(budget), sort_keys=False, width=10_000, allow_unicode=True)


def _rule(budget: Budget, one: Watched) -> dict[str, Any]:
    known = budget.telemetry
    labels = {"severity": one.severity, "metric": one.metric, "budget": budget.id}
    labels |= {"service": known.service} if known is not None and known.service else {}
    labels |= {"stage": one.stage} if one.stage else {}
    notes = {"summary": one.said}
    if one.limit is not None:
        notes |= {"value": '{{ printf "%.4g" $value }}', "baseline": f"{one.limit.target:g}"}
    notes |= {"description": one.note} if one.note else {}
    prefix = "".join(word.capitalize() for word in budget.id.split("_"))
    lasting = f"{budget.thresholds.minutes * 60:.0f}s"
    name = f"{prefix}{one.name}"
    return {"alert": name, "expr": one.rule, "for": lasting, "labels": labels, "annotations": notes}
