"""What changes about a launch after a veto: the investigation's tasks, the redesign, the reviews."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from types import MappingProxyType
from typing import Any

from bot.core.launch import Kind, Launch, Mark, Override, Task
from bot.core.ledger import Entry


def _investigation(launch: Launch, entry: Entry) -> Launch:
    new = tuple(
        Task(one["id"], one["title"], one["owner"], date.fromisoformat(one["due"]))
        for one in entry.body["tasks"]
    )
    return replace(launch, investigation=entry.body["playbook"], tasks=(*launch.tasks, *new))


def _redesign(launch: Launch, entry: Entry) -> Launch:
    return replace(launch, redesign=entry.body["option"])


def _task(launch: Launch, task: str, **changes: Any) -> Launch:
    tasks = tuple(replace(one, **changes) if one.id == task else one for one in launch.tasks)
    return replace(launch, tasks=tasks)


def _task_done(launch: Launch, entry: Entry) -> Launch:
    return _task(launch, entry.body["task"], done=Mark(entry.by, entry.at))


def _task_moved(launch: Launch, entry: Entry) -> Launch:
    body = entry.body
    return _task(launch, body["task"], due=date.fromisoformat(body["due"]), owner=body["owner"])


def _override_requested(launch: Launch, entry: Entry) -> Launch:
    body = entry.body
    asked = Override(
        body["override"],
        body["record"],
        entry.by,
        entry.at,
        MappingProxyType(dict(body["fields"])),
        date.fromisoformat(body["expires"]),
        date.fromisoformat(body["retrospective"]),
    )
    return replace(launch, overrides=(*launch.overrides, asked))


def _override(launch: Launch, entry: Entry, **changes: Any) -> Launch:
    name = entry.body["override"]
    overrides = tuple(replace(one, **changes) if one.id == name else one for one in launch.overrides)
    return replace(launch, overrides=overrides)


def _override_approved(launch: Launch, entry: Entry) -> Launch:
    return _override(launch, entry, approved=Mark(entry.by, entry.at))


def _override_refused(launch: Launch, entry: Entry) -> Launch:
    return _override(launch, entry, refused=Mark(entry.by, entry.at))


def _override_ended(launch: Launch, entry: Entry) -> Launch:
    return _override(launch, entry, ended=entry.at)


VETO_STEPS: Mapping[Kind, Callable[[Launch, Entry], Launch]] = {
    Kind.INVESTIGATION: _investigation,
    Kind.REDESIGN: _redesign,
    Kind.TASK_DONE: _task_done,
    Kind.TASK_MOVED: _task_moved,
    Kind.OVERRIDE_REQUESTED: _override_requested,
    Kind.OVERRIDE_APPROVED: _override_approved,
    Kind.OVERRIDE_REFUSED: _override_refused,
    Kind.OVERRIDE_ENDED: _override_ended,
}
"""By kind of entry, each the launch after it."""
