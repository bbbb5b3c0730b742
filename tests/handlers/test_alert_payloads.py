"""Every alert that a vendor's product sent: read, and read again with each field missing, odd or huge."""

import contextlib
import json
from collections.abc import Iterator
from copy import copy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.core.alert import Alert
from bot.core.outside import clean
from handlers.alerts import SOURCES
from handlers.fields import MAX_TEXT
from handlers.json_body import UnreadableError

PAYLOADS = Path(__file__).parents[1] / "data" / "payloads"
FOLDERS = {
    "alertmanager": "alertmanager",
    "alertmanager_captured": "alertmanager",
    "cloudwatch_sns": "cloudwatch",
    "googlecloud": "google",
    "grafana": "grafana",
    "opsgenie": "opsgenie",
    "pagerduty_v1v2": "pagerduty",
    "pagerduty_v3": "pagerduty",
    "sentry": "sentry",
}
REFUSED = {
    "cloudwatch_sns/events__eventBridgeEvent.json": "Type is missing",
    "cloudwatch_sns/events__snsSqsEvent.json": "Type is missing",
    "pagerduty_v1v2/pagerduty_alert.json": "event.event_type is missing",
}
"""What is no alert of its source, and what is said of it."""

FILES = [
    file.relative_to(PAYLOADS).as_posix()
    for folder in sorted(FOLDERS)
    for file in sorted((PAYLOADS / folder).glob("*.json"))
]
ODD: tuple[Any, ...] = (
    None, True, -1, 1e300, "", "<!channel>", "x" * 10_000, "\ud800\x00", [], {}, [None], {"a": [1]},
    "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "2015-01-01T00:00:00Z", 253402300800, "NaN",
    "1e999",
)  # fmt: skip
GONE = object()


def body(file: str) -> Any:
    """The payload, out of the envelope of what was captured with its headers."""
    found = json.loads((PAYLOADS / file).read_text())
    if not file.startswith("alertmanager_captured/"):
        return found
    return json.loads(found["body"]) if isinstance(found["body"], str) else found["body"]


def read(file: str, payload: Any) -> tuple[Alert, ...]:
    """What the file's source makes of a payload."""
    alerts: tuple[Alert, ...] = SOURCES[FOLDERS[file.partition("/")[0]]].parse(payload, {})
    return alerts


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (holder, key) in a payload."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in list(inside):
        yield value, key
        yield from places(item)


def test_each_source_has_a_payload_here_or_a_template_of_ours():
    """Datadog's body is ours, and the generic one is the contract's."""
    assert set(SOURCES) - set(FOLDERS.values()) == {"datadog", "generic"}
    named = {entry["file"] for entry in json.loads((PAYLOADS / "MANIFEST.json").read_text())}
    assert set(FILES) <= named


@pytest.mark.parametrize("file", FILES)
def test_a_payload_is_read_or_named(file):
    """Real ones are alerts with a key, a title and a status."""
    if file in REFUSED:
        with pytest.raises(UnreadableError, match=REFUSED[file]):
            read(file, body(file))
        return
    for alert in read(file, body(file)):
        assert alert.key
        assert alert.title
        assert alert.status in {"firing", "resolved"}


@pytest.mark.parametrize("file", sorted(set(FILES) - set(REFUSED)))
def test_each_field_may_be_missing_odd_or_huge(file):
    """Nothing but a named fault comes of it, and whatever is kept is short, clean and dated possibly."""
    whole = body(file)
    for holder, key in list(places(whole)):
        before = copy(holder)
        for odd in (GONE, *ODD):
            if odd is GONE:
                del holder[key]
            else:
                holder[key] = odd
            with contextlib.suppress(UnreadableError):
                for alert in read(file, whole):
                    sane(alert)
            holder.clear()
            holder.update(before) if isinstance(holder, dict) else holder.extend(before)


def sane(alert: Alert) -> None:
    """What every alert keeps to, whatever was sent."""
    texts = [alert.title, alert.metric, alert.service, alert.severity, alert.url]
    for text in (*texts, *alert.labels.values(), *alert.annotations.values(), *alert.cohort.values()):
        assert len(text) <= 2 * MAX_TEXT + 40
        assert clean(text) == text
    for moment in (alert.started_at, alert.ended_at):
        assert moment is None or moment.astimezone(UTC) > datetime(1969, 1, 1, tzinfo=UTC)
    assert alert.value is None or abs(alert.value) < float("inf")
