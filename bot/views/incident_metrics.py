"""The figures of incidents: a card that says each beside its target, and the table behind them as CSV."""

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime

from bot.core.effect import Block, Message
from bot.core.figures import share
from bot.core.incident_metrics import Counted, Metrics, Rate, Span, State
from bot.views import text

_MARK: dict[State, str] = {
    "met": "✓ within the target",
    "missed": "⚠ beyond the target",
    "alert": "✗ beyond the alert line",
    "unknown": "? nothing to judge",
}
_MEND = {
    "MTTD": "improve the monitoring",
    "localized in 15 min": "improve the playbook",
    "false alarms of pages": "improve the detection",
    "same cause again in 90 days": "the actions after incidents do not hold",
}
"""What AML-08 says an alert calls for."""
_CATEGORIES = 12
COLUMNS = (
    "number", "title", "severity", "kind", "category", "cause", "status", "opened_by_alert",
    "metric", "service", "started", "detected", "acknowledged", "localized", "mitigated",
    "resolved", "minutes_to_detect", "minutes_to_acknowledge", "minutes_to_localize",
    "minutes_to_mitigate", "false_alarm", "repeat", "excluded",
)  # fmt: skip


def card(found: Metrics, *, period: str, chart: str = "", alt: str = "") -> Message:
    """The card; `chart` is the key of the uploaded picture, "" where there is too little to draw."""
    count = len(found.counted)
    head = f"Incidents, {period}: {count} counted"
    if not count:
        body = [text.section(f"No incident counted in {text.escape(period)}.{_apart(found)}")]
        return Message(f"{head}.", (text.header(head), *body))
    rates = [_rate(one) for one in (found.localized, found.false_alarms, found.repeats)]
    blocks: list[Block] = [
        text.header(head),
        text.section(text.fit([_verdict(found)])),
        text.section(text.fit([_span(found.detect), _span(found.recover), _span(found.rolled_back), *rates])),
    ]
    categories = [_category(span) for span in found.by_category[:_CATEGORIES]]
    if len(found.by_category) > _CATEGORIES:
        categories.append(f"and {len(found.by_category) - _CATEGORIES} more categories, in the CSV file")
    if categories:
        blocks.append(text.section(text.fit(["*MTTR by category*", *categories])))
    if chart:
        image = {"id": f"upload:{chart}"}
        blocks.append({"type": "image", "slack_file": image, "alt_text": text.plain(alt, 2000)})
    blocks.append(text.context(_small_print(found)))
    return Message(f"{head}. {_verdict(found)}", tuple(blocks))


def table(found: Metrics) -> str:
    """Every incident, drill and exclusion of the time as CSV, times in UTC; a text is never a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    kinds = (("incident", found.counted), ("drill", found.drills), ("excluded", found.excluded))
    rows = [(kind, one) for kind, group in kinds for one in group]
    for kind, one in sorted(rows, key=lambda row: row[1].incident.id):
        writer.writerow(_row(kind, one, repeat=one.incident.id in found.repeated))
    return out.getvalue()


def _row(kind: str, one: Counted, *, repeat: bool) -> list[str]:
    incident = one.incident
    moments = (
        incident.started if incident.onset_by else None,
        incident.detected_at,
        incident.acknowledged_at,
        incident.localized_at,
        incident.mitigated_at,
        incident.resolved_at,
    )
    spans = (one.detect, one.acknowledge, one.localize, one.recover)
    cause = "/".join(str(part) for part in one.cause) if one.cause else ""
    words = (incident.number, incident.title, incident.severity, kind, one.category, cause)
    return [
        *(_cell(word) for word in words),
        incident.status.value,
        _flag(one.paged),
        _cell(incident.metric),
        _cell(incident.service),
        *(_iso(moment) for moment in moments),
        *("" if span is None else f"{span.total_seconds() / 60:.2f}" for span in spans),
        _flag(one.false_alarm),
        _flag(repeat),
        _cell(incident.excluded),
    ]


def _cell(word: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    line = " ".join(word.split())
    return f"'{line}" if line[:1] in {"=", "+", "-", "@"} else line


def _flag(holds: bool) -> str:
    return "yes" if holds else "no"


def _iso(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if moment else ""


def _verdict(found: Metrics) -> str:
    """What is worst, and what it calls for."""
    judged: Sequence[Span | Rate] = (
        found.localized, found.false_alarms, found.repeats, found.detect, found.rolled_back, found.recover,
    )  # fmt: skip
    alarms = [one for one in judged if one.state == "alert"]
    missed = [one for one in judged if one.state == "missed"]
    if alarms:
        called = "; ".join(f"{one.name}: {_MEND.get(one.name, 'review it this quarter')}" for one in alarms)
        return f"*✗ Beyond the alert line:* {called}."
    if missed:
        return f"*⚠ Beyond the target:* {', '.join(one.name for one in missed)}."
    return "*✓ Every figure that can be judged is within its target.*"


def _span(span: Span) -> str:
    if span.mean is None or span.middle is None:
        return f"*{span.name}*: ? no incident has it yet"
    target = f" · target ≤ {text.duration(span.target)}" if span.target else ""
    alert = f", alert > {text.duration(span.alert)}" if span.alert else ""
    mark = f" · {_MARK[span.state]}" if span.target else ""
    return (
        f"*{span.name}* {text.duration(span.mean)} (median {text.duration(span.middle)}, "
        f"{len(span.values)} incident{'' if len(span.values) == 1 else 's'}){target}{alert}{mark}"
    )


def _category(span: Span) -> str:
    if span.mean is None or span.target is None:
        return f"{text.escape(span.name, 80)}: not mitigated yet"
    return (
        f"{text.escape(span.name, 80)}: {text.duration(span.mean)} over {len(span.values)} · "
        f"target ≤ {text.duration(span.target)} · {_MARK[span.state]}"
    )


def _rate(rate: Rate) -> str:
    if rate.share is None or rate.interval is None:
        return f"*{rate.name}*: ? nothing to count"
    low, high = rate.interval
    goal = f"≥ {share(rate.target)}, alert < {share(rate.alert)}"
    if not rate.least:
        goal = f"< {share(rate.target)}, alert > {share(rate.alert)}"
    return (
        f"*{rate.name}* {rate.hits} of {rate.of}, {share(rate.share, 0)} "
        f"({low * 100:.0f} … {high * 100:.0f}) · target {goal} · {_MARK[rate.state]}"
    )


def _small_print(found: Metrics) -> str:
    said = (
        f"Detected {text.when(found.since, style='{date_short_pretty}')} to "
        f"{text.when(found.until, style='{date_short_pretty}')}. MTTD is from the onset to the page, MTTR "
        "from the page to *mitigated*; means, from milestones and not from texts. Brackets: Wilson's 95 % "
        "interval."
    )
    if found.acknowledge.mean is not None:
        said += f" Acknowledged after {text.duration(found.acknowledge.mean)} on average."
    if found.open:
        said += f" {found.open} not mitigated yet, without an MTTR."
    return said + _apart(found)


def _apart(found: Metrics) -> str:
    """What is counted apart."""
    parts = []
    if found.drills:
        went, count = found.practised, len(found.drills)
        said = f"{count} drill{'' if count == 1 else 's'}"
        if went.ended:
            said += f" ({went.passed} of {went.ended} passed"
            middle = went.localize.middle
            said += f", localized after {text.duration(middle)})" if middle is not None else ")"
        parts.append(said)
    if found.excluded:
        parts.append(f"{len(found.excluded)} excluded")
    return f" Counted apart: {' and '.join(parts)}." if parts else ""


def excluded(number: str, reason: str, by: str) -> str:
    """Said in the incident's thread."""
    return f"{text.person(by)} took {number} out of the metrics: {text.escape(reason, 300)}"


def included(number: str, by: str) -> str:
    """Said in the incident's thread."""
    return f"{text.person(by)} took {number} into the metrics again"
