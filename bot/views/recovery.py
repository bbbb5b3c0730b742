"""How it is said whether the metric recovered: on the card, cohort by cohort, and when that changes."""

from collections.abc import Sequence

from bot.core import recovery as core
from bot.core.checks import METRIC
from bot.core.effect import Message
from bot.core.evidence import Evidence, EvidenceStatus, worst_first
from bot.core.incident import Event, Incident, Status
from bot.core.playbook import Leaf
from bot.core.recovery import Recovered
from bot.views import text
from bot.views.incident_scene import evidence_line

SHOWN = 6
"""Cohorts named; the worst come first, the others are counted."""
_MARKS = {
    EvidenceStatus.SUSPECT: "✗ not yet",
    EvidenceStatus.CLEAR: "✓ recovered",
    EvidenceStatus.UNKNOWN: "? unknown",
}


def recovery_lines(seen: Sequence[Evidence], place: Leaf, incident: Incident) -> list[str]:
    """The check in words, then where each cohort stands."""
    named = incident.metric or "the metric"
    said = f"*Recovery check:* {text.escape(place.recovery.replace('{metric}', named))}"
    if not seen:
        return [f"{said} · not looked at yet"]
    metric = [one for one in seen if one.check == METRIC]
    others = [one for one in seen if one.check != METRIC]
    lines = [f"{_MARKS[one.status]} · {text.escape(one.line, 300)}" for one in worst_first(metric)]
    if len(lines) > SHOWN:
        lines = [*lines[: SHOWN - 1], f"and {len(lines) - SHOWN + 1} more, none of them worse"]
    return [said, *lines, *(evidence_line(one) for one in worst_first(others)), _verdict(seen, len(metric))]


def _verdict(seen: Sequence[Evidence], cohorts: int) -> str:
    """One line that says it of all cohorts, where they agree that it is over; else as of when it was seen."""
    if not isinstance(core.of(seen), Recovered):
        return f"As of {text.when(min(one.at for one in seen))}."
    whole = {1: "the metric", 2: "both cohorts"}.get(cohorts, f"all {cohorts} cohorts")
    return f"*Recovered:* {whole}, as of {text.when(min(one.at for one in seen))}."


def changed(incident: Incident, event: Event, *, last: bool) -> Message:
    """The metric came back, or fell again: what is asked of people now."""
    mark = "✓" if event.kind == "recovered" else "⚠"
    lines = [f"{mark} {text.escape(event.text, 400)} · {text.when(event.at)}"]
    if event.kind == "relapsed":
        lines.append("If customers are hit again, press [Not mitigated].")
    elif incident.status is Status.MITIGATED:
        lines.append("Resolve it when the cause is dealt with.")
    else:
        lines.append("Mark it mitigated, if that is what your customers see too.")
    if last:
        lines.append("This is the last time that it is said; the card is kept up to date.")
    return Message(f"{incident.number}: {text.escape(event.text, 300)}", (text.section("\n".join(lines)),))
