"""What each entry of the ledger changes about a launch; added up in order they are the launch."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from bot.core.launch import Amendment, Decision, Kind, Launch, LookSeen, Mark
from bot.core.ledger import Entry
from bot.core.veto_steps import VETO_STEPS


def so_far(entries: Sequence[Entry]) -> Launch:
    """Add up one experiment's entries, the first of which registers it. Raises ValueError for none."""
    if not entries or entries[0].kind != Kind.REGISTERED:
        raise ValueError("a launch begins with its registration")
    launch = _registered(entries[0])
    for entry in entries[1:]:
        step = _BY_NAME.get(entry.kind)
        if step is not None:
            launch = step(launch, entry)
        launch = replace(launch, entry=entry.number, head=entry.hash)
    return launch


def _registered(entry: Entry) -> Launch:
    body = entry.body
    return Launch(
        id=entry.subject,
        title=body["title"],
        channel=body["channel"],
        owner=body["owner"],
        author=entry.by,
        registered_at=_moment(entry),
        sha256=body["sha256"],
        signoffs=tuple(body["signoffs"]),
        warnings=tuple(body["warnings"]),
        acknowledged=MappingProxyType({}),
        signatures=MappingProxyType({}),
        start=_date(body.get("start")),
        entry=entry.number,
        head=entry.hash,
    )


def _acknowledged(launch: Launch, entry: Entry) -> Launch:
    new = {code: _mark(entry) for code in entry.body["codes"]}
    amendment = launch.amendment
    if amendment is not None and entry.body.get("sha256") == amendment.sha256:
        acknowledged = _with(amendment.acknowledged, new)
        return replace(launch, amendment=replace(amendment, acknowledged=acknowledged))
    return replace(launch, acknowledged=_with(launch.acknowledged, new))


def _signed(launch: Launch, entry: Entry) -> Launch:
    role, mark = entry.body["role"], _mark(entry)
    if entry.body["sha256"] == launch.sha256:
        return replace(launch, signatures=_with(launch.signatures, {role: mark}))
    amendment = launch.amendment
    if amendment is None or amendment.sha256 != entry.body["sha256"]:
        return launch
    signatures = _with(amendment.signatures, {role: mark})
    return replace(launch, amendment=replace(amendment, signatures=signatures))


def _voided(launch: Launch, entry: Entry) -> Launch:
    role = entry.body["role"]
    if entry.body["sha256"] == launch.sha256:
        return replace(launch, signatures=_without(launch.signatures, role))
    if launch.amendment is not None and launch.amendment.sha256 == entry.body["sha256"]:
        signatures = _without(launch.amendment.signatures, role)
        return replace(launch, amendment=replace(launch.amendment, signatures=signatures))
    return launch


def _locked(launch: Launch, entry: Entry) -> Launch:
    return replace(launch, locked_at=_moment(entry))


def _amendment(launch: Launch, entry: Entry) -> Launch:
    body = entry.body
    proposed = Amendment(
        sha256=body["sha256"],
        reason=body["reason"],
        breaking=bool(body["breaking"]),
        diff=tuple(body["diff"]),
        by=entry.by,
        at=entry.at,
        touches=tuple(body.get("touches", ())),
        signoffs=tuple(body.get("signoffs", launch.signoffs)),
        warnings=tuple(body.get("warnings", ())),
        entry=entry.number,
    )
    return replace(launch, amendment=proposed)


def _withdrawn(launch: Launch, _entry: Entry) -> Launch:
    return replace(launch, amendment=None)


def _amended(launch: Launch, entry: Entry) -> Launch:
    """What was signed counts for what is in force now; before the lock nothing of it was signed yet."""
    body, amendment = entry.body, launch.amendment
    warnings = tuple(body.get("warnings", launch.warnings))
    new = {one["code"] for one in warnings if one not in launch.warnings}
    acknowledged = {code: mark for code, mark in launch.acknowledged.items() if code not in new}
    breaks = bool(body["breaking"])
    return replace(
        launch,
        sha256=body["sha256"],
        author=amendment.by if amendment and launch.locked_at is None else launch.author,
        signatures=amendment.signatures if amendment else launch.signatures,
        warnings=warnings,
        acknowledged=_with(acknowledged, amendment.acknowledged if amendment else {}),
        amendment=None,
        amended=launch.amended + 1,
        broken=launch.broken or breaks,
        broken_by=Mark(amendment.by, entry.at) if breaks and amendment else launch.broken_by,
        broken_why=amendment.reason if breaks and amendment else launch.broken_why,
        broken_entry=entry.number if breaks else launch.broken_entry,
        title=body.get("title", launch.title),
        owner=body.get("owner", launch.owner),
        signoffs=tuple(body.get("signoffs", launch.signoffs)),
        start=_date(body["start"]) if "start" in body else launch.start,
    )


def _moved(launch: Launch, entry: Entry) -> Launch:
    return replace(launch, channel=entry.body["channel"], home=entry.number)


def _started(launch: Launch, entry: Entry) -> Launch:
    return replace(launch, start=_date(entry.body["date"]))


def _stage(launch: Launch, entry: Entry) -> Launch:
    return replace(launch, stage=int(entry.body["stage"]), stage_name=entry.body["name"], stage_at=entry.at)


def _paused(launch: Launch, entry: Entry) -> Launch:
    return replace(launch, paused=_mark(entry), paused_why=entry.body["why"])


def _resumed(launch: Launch, _entry: Entry) -> Launch:
    return replace(launch, paused=None, paused_why="")


def _look(launch: Launch, entry: Entry) -> Launch:
    body = entry.body
    at, number = _moment(entry), int(body["look"] or 0)
    seen = LookSeen(body["record"], number, float(body["day"]), body["verdict"], at, entry.number)
    return replace(launch, looks=(*launch.looks, seen))


def _late(launch: Launch, entry: Entry) -> Launch:
    return replace(launch, late=(*launch.late, int(entry.body["look"])))


def _decided(launch: Launch, entry: Entry) -> Launch:
    body = entry.body
    decision = Decision(
        body["decision"],
        body["verdict"],
        body["record"],
        body.get("override") or "",
        body.get("reason") or "",
        entry.by,
        entry.at,
        entry.number,
    )
    return replace(launch, decision=decision)


def _supplied(launch: Launch, entry: Entry) -> Launch:
    new = {entry.body["row"]: (entry.body["artefact"], _mark(entry))}
    return replace(launch, supplied=_with(launch.supplied, new))


def _waived(launch: Launch, entry: Entry) -> Launch:
    new = {entry.body["row"]: (entry.body["reason"], _mark(entry))}
    return replace(launch, waived=_with(launch.waived, new))


def _after(launch: Launch, entry: Entry) -> Launch:
    return replace(launch, after=entry.body)


def _closed(launch: Launch, entry: Entry) -> Launch:
    return replace(launch, closed_at=entry.at)


_STEPS: Mapping[Kind, Callable[[Launch, Entry], Launch]] = {
    **VETO_STEPS,
    Kind.ACKNOWLEDGED: _acknowledged,
    Kind.SIGNED: _signed,
    Kind.VOIDED: _voided,
    Kind.LOCKED: _locked,
    Kind.AMENDMENT: _amendment,
    Kind.WITHDRAWN: _withdrawn,
    Kind.AMENDED: _amended,
    Kind.MOVED: _moved,
    Kind.STARTED: _started,
    Kind.STAGE: _stage,
    Kind.PAUSED: _paused,
    Kind.RESUMED: _resumed,
    Kind.LOOK: _look,
    Kind.PEEK: _look,
    Kind.LATE: _late,
    Kind.DECIDED: _decided,
    Kind.SUPPLIED: _supplied,
    Kind.WAIVED: _waived,
    Kind.AFTER: _after,
    Kind.CLOSED: _closed,
}
_BY_NAME = {str(kind): step for kind, step in _STEPS.items()}


def _mark(entry: Entry) -> Mark:
    return Mark(entry.by, _moment(entry))


def _moment(entry: Entry) -> datetime:
    """When it happened: before it was written where a version without a ledger did it."""
    return datetime.fromisoformat(entry.body["at"]) if entry.body.get("adopted") else entry.at


def _date(value: str | None) -> date | None:
    return None if value is None else date.fromisoformat(value)


def _with(before: Mapping[str, Any], new: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType({**before, **new})


def _without(before: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    return MappingProxyType({name: value for name, value in before.items() if name != key})
