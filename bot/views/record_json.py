"""An incident's record as JSON: everything the documents say, for programs."""

import base64
import math
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from bot.core.incident import Answer, Event, Incident, IncidentAlert, milestones
from bot.core.marked import Marked
from bot.core.review import ActionItem, Review, recorded


def incident(one: Incident) -> dict[str, Any]:
    """The incident; times are RFC 3339 in UTC, spans in seconds, null what is not known."""
    took = milestones(one)
    return {
        "number": one.number,
        "id": one.id,
        "title": one.title,
        "severity": one.severity,
        "status": one.status.value,
        "category": one.category or None,
        "metric": one.metric,
        "service": one.service,
        "value": one.value,
        "baseline": one.baseline,
        "labels": dict(one.labels),
        "cohorts": list(one.cohorts),
        "lead": one.lead,
        "roles": dict(one.roles),
        "opened_by": one.opened_by,
        "channel": one.channel,
        "playbook": one.playbook,
        "drill": one.drill,
        "excluded": one.excluded,
        "onset": {"from": plain(one.onset_from), "to": plain(one.onset_to), "by": one.onset_by},
        "milestones": {name: plain(at) for name, at in recorded(one).items()},
        "took": {
            name: span.total_seconds() if span is not None else None for name, span in asdict(took).items()
        },
        "answers": [_answer(answer) for answer in one.path],
        "alerts": [_alert(alert) for alert in one.alerts],
        "alert_count": one.alert_count,
    }


def event(one: Event) -> dict[str, Any]:
    """A line of the timeline as it was written."""
    return {"at": plain(one.at), "kind": one.kind, "text": one.text, "by": one.by, "detail": dict(one.detail)}


def message(one: Marked, images: Mapping[int, tuple[str, bytes]]) -> dict[str, Any]:
    """A marked message, its images in base64."""
    files = []
    for file in one.said.attachments:
        shape: dict[str, Any] = {"name": file.name, "media_type": file.media_type, "size": file.size}
        kept = images.get(file.image) if file.image is not None else None
        if kept is not None:
            shape |= {"media_type": kept[0], "base64": base64.b64encode(kept[1]).decode()}
        else:
            shape["not_kept"] = file.why or "it is gone"
        files.append(shape)
    return {
        "id": one.id,
        "said_at": plain(one.said_at),
        "author": one.said.author,
        "text": one.said.text,
        "permalink": one.said.permalink,
        "edited_at": plain(one.said.edited_at),
        "marked_at": plain(one.marked_at),
        "marked_by": list(one.marked_by),
        "remark": one.remark,
        "files": files,
    }


def review(one: Review | None) -> dict[str, Any] | None:
    """The review; null where there is none."""
    if one is None:
        return None
    shape = whole(asdict(one))
    assert isinstance(shape, dict)  # noqa: S101 - asdict gives a dict
    return {name: value for name, value in shape.items() if name not in ("incident", "closed")}


def item(one: ActionItem) -> dict[str, Any]:
    """An action item."""
    shape = whole(asdict(one))
    assert isinstance(shape, dict)  # noqa: S101 - asdict gives a dict
    return {name: value for name, value in shape.items() if name not in ("incident", "remind_on", "reminded")}


def plain(moment: datetime | date | None) -> str | None:
    """A moment as JSON has it."""
    return None if moment is None else moment.isoformat()


def _answer(one: Answer) -> dict[str, Any]:
    return {
        "step": one.step,
        "answer": one.answer,
        "label": one.label,
        "by": one.by,
        "at": plain(one.at),
        "evidence": [line.to_json() for line in one.evidence],
    }


def _alert(one: IncidentAlert) -> dict[str, Any]:
    shape = whole(asdict(one))
    assert isinstance(shape, dict)  # noqa: S101 - asdict gives a dict
    return shape


def whole(value: Any) -> Any:
    """Values as JSON has them: a number that is none becomes null, half characters a mark."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(name): whole(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [whole(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
