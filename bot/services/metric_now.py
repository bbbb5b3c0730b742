"""Asks Prometheus where an alert's metric stands now, against its baseline."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from statistics import median
from urllib.parse import parse_qs, urlsplit

from bot.core.evidence import Evidence, EvidenceStatus
from bot.core.incident import IncidentAlert
from bot.core.metric_evidence import against_baseline, named, unknown
from bot.core.metric_history import held
from bot.errors import SourceError
from bot.sources.prometheus import Prometheus, Selector, Series, read_selector

BASELINE_FROM, BASELINE_TO, BASELINE_STEP = timedelta(hours=24), timedelta(hours=1), timedelta(minutes=10)
"""Where the alert gives no baseline, it is the median from 24 h to 1 h before the onset."""
HELD, HELD_STEP = timedelta(minutes=60), timedelta(minutes=1)
"""A metric that is back is looked at over the last hour: for how long it has been."""


def metric_now(
    source: Prometheus, alert: IncidentAlert, onset: datetime, within: float, now: datetime
) -> Callable[[], Evidence]:
    """Return the question, ready to be asked in a thread of its own; it may raise SourceError."""

    def ask() -> Evidence:
        wanted = selector_of(alert)
        query, series = _current(source, wanted, alert, now)
        value = series.points[-1][1]
        baseline = alert.baseline
        if baseline is None:
            baseline = usual(source, query, series, onset)
        if baseline is None:
            line = f"{named(alert)} is now {value:.4g}; no baseline is known to compare with"
            return unknown(line, at=now, query=query, source=source.name)
        judged = against_baseline(
            alert, value, baseline, within=within, at=now, source=source.name, query=query
        )
        return _with_chart(source, alert, judged, value, baseline, within, now)

    return ask


def queries(alert: IncidentAlert) -> tuple[str, ...]:
    """What to ask for the alert's metric: with its cohort first, then without it.

    Raises:
        SourceError: the metric's name or a label cannot be one of Prometheus.

    """
    wanted = selector_of(alert)
    narrow = Selector(wanted.name, {**wanted.matchers, **alert.cohort})
    return tuple(dict.fromkeys((str(narrow), str(wanted))))


def _with_chart(
    source: Prometheus,
    alert: IncidentAlert,
    line: Evidence,
    value: float,
    baseline: float,
    within: float,
    now: datetime,
) -> Evidence:
    """The line with its figures, and where it is clear, for how long it has been: None where not known."""
    minutes = None
    if line.status is EvidenceStatus.CLEAR:
        try:
            past = source.range(line.query, start=now - HELD, end=now, step=HELD_STEP)
            same = own([series for series in past if series.points], alert, line.query)
            minutes = held(same.points, baseline=baseline, within=within)
        except SourceError:
            pass  # how long it has held is not known, which is not the same as not at all
    figures = {"value": value, "baseline": baseline, "held_minutes": minutes}
    return replace(line, chart={"kind": "metric", "cohort": alert.cohort_name, **figures})


def selector_of(alert: IncidentAlert) -> Selector:
    """What the alert is about: the annotation `prometheus_metric`, the rule's own selector, or its metric.

    The rule's expression is in the link that Prometheus sends (`g0.expr`); only a plain selector, compared
    with a number or not, is taken from it.
    """
    annotated = alert.annotations.get("prometheus_metric", "")
    for expression in (annotated, *_linked(alert.url)):
        found = read_selector(expression) if expression else None
        if found is not None:
            return found
    return Selector(alert.metric or alert.title, {})


def _linked(url: str) -> list[str]:
    """The rule's expression in the link of an alert; none where the link is no address."""
    try:
        return parse_qs(urlsplit(url).query).get("g0.expr", [])[:1]
    except ValueError:
        return []


def _current(source: Prometheus, wanted: Selector, alert: IncidentAlert, now: datetime) -> tuple[str, Series]:
    """The alert's own series: first asked for with its cohort, then without it and told apart by labels."""
    for query in queries(alert):
        found = [series for series in source.instant(query, at=now) if series.points]
        if found:
            return query, own(found, alert, query)
    raise SourceError(f"{source.name} has no value for {wanted}")


def own(found: Sequence[Series], alert: IncidentAlert, query: str) -> Series:
    """The series whose labels the alert has too, the most of them; the only one there is will do.

    Raises:
        SourceError: none has them.

    """
    labels = {**alert.labels, **alert.cohort, **({"service": alert.service} if alert.service else {})}
    fitting = [series for series in found if _fits(series.labels, labels)]
    if fitting:
        return max(fitting, key=lambda series: len(series.labels))
    if len(found) == 1:
        return found[0]
    raise SourceError(f"{len(found)} series answer {query} and none has the alert's labels")


def _fits(series: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    return all(labels.get(name) == value for name, value in series.items() if name != "__name__")


def usual(source: Prometheus, query: str, current: Series, onset: datetime) -> float | None:
    """The median of the same series over the day before the onset, None where it has no points there."""
    past = source.range(query, start=onset - BASELINE_FROM, end=onset - BASELINE_TO, step=BASELINE_STEP)
    same = next((series for series in past if series.labels == current.labels), None)
    return median(value for _, value in same.points) if same and same.points else None
