"""What a metric says: where it stands against its baseline."""

from datetime import datetime

from bot.core.evidence import Evidence, EvidenceStatus
from bot.core.incident import IncidentAlert
from bot.core.recovery import Target

NO_SOURCE = "no prometheus source is configured"


def named(alert: IncidentAlert) -> str:
    """The metric with its cohort: "NDCG@10 (jp-mobile)"."""
    metric = alert.metric or alert.title
    return f"{metric} ({alert.cohort_name})" if alert.cohort_name else metric


def against_baseline(
    alert: IncidentAlert,
    value: float,
    baseline: float,
    *,
    within: float,
    at: datetime,
    source: str,
    query: str,
) -> Evidence:
    """Judge the present value: clear within `within` (a fraction of the baseline) or better, else suspect."""
    clear = Target(named(alert), baseline, alert.value, within).met(value)
    line = f"{named(alert)} is now {value:.4g}, baseline {baseline:.4g}{_change(value, baseline)}"
    if clear and abs(value - baseline) <= within * abs(baseline):
        line += f", back within {within * 100:.3g} %"
    elif clear:
        line += ", better than that"
    elif alert.value is not None:
        line += f"; {alert.value:.4g} when the alert fired"
    status = EvidenceStatus.CLEAR if clear else EvidenceStatus.SUSPECT
    return Evidence("metric", status, line, at, source=source, query=query, symptom=True)


def as_alerted(alert: IncidentAlert, *, reason: str, at: datetime) -> Evidence:
    """What the alert itself said, where the metric cannot be asked for now, with the reason."""
    if alert.value is None or alert.baseline is None:
        return unknown(f"{named(alert)}: {reason}", at=at)
    said = f"{alert.value:.4g} against baseline {alert.baseline:.4g}{_change(alert.value, alert.baseline)}"
    line = f"{named(alert)} was {said} as the alert says; now unknown: {reason}"
    return Evidence("metric", EvidenceStatus.UNKNOWN, line, at, source=alert.source, symptom=True)


def unknown(reason: str, *, at: datetime, query: str = "", source: str = "") -> Evidence:
    """Nothing can be said, and why."""
    return Evidence("metric", EvidenceStatus.UNKNOWN, reason, at, query=query, source=source, symptom=True)


def _change(value: float, baseline: float) -> str:
    if baseline == 0:
        return ""
    change = (value - baseline) / abs(baseline)
    sign = "\u2212" if change < 0 else "+"
    return f" ({sign}{abs(change) * 100:.1f} %)"
