"""The ledger as a document: for each experiment what happened, by whom, and the hashes to check it by."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC
from types import MappingProxyType
from typing import Any, TypeAlias

from bot.core.figures import signed
from bot.core.launch import Kind
from bot.core.ledger import Entry
from bot.views.correlation_history import CORRELATION_WORDS
from bot.views.document import markdown
from bot.views.framing_history import FRAMINGS
from bot.views.latency_history import LATENCY_WORDS
from bot.views.portfolio_history import PORTFOLIO_WORDS

_LONGEST = 400

Body: TypeAlias = Mapping[str, Any]


def history(entries: Iterable[Entry], called: Mapping[str, str]) -> str:
    """Markdown, a section for each experiment; `called` are people's names by their Slack ids."""
    every = list(entries)
    parts = ["# Ledger\n"]
    for subject in dict.fromkeys(entry.subject for entry in every):
        parts += [f"\n## {plain(subject)}\n\n| | when (UTC) | who | what | hash |\n|---|---|---|---|---|\n"]
        parts += [_row(entry, called) for entry in every if entry.subject == subject]
    if not every:
        parts.append("\nIt has no entry.\n")
    return "".join(parts)


def told(entry: Entry) -> str:
    """One entry in words, Markdown; one that another version wrote is shown as it is."""
    try:
        return _TOLD[entry.kind](entry.body)
    except (KeyError, TypeError, ValueError):
        return f"{plain(entry.kind)} {plain(json.dumps(dict(entry.body), ensure_ascii=False))}"


def plain(text: object) -> str:
    """Outside text that stays text: one line, no markup, no table cell of its own."""
    return markdown(str(text), _LONGEST)


def _row(entry: Entry, called: Mapping[str, str]) -> str:
    who = plain(called.get(entry.by, entry.by)) if entry.by else "Lookout"
    when = f"{entry.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    if entry.body.get("adopted"):
        when += f" (of {str(entry.body.get('at', ''))[:16].replace('T', ' ')})"
    return f"| {entry.number} | {when} | {who} | {told(entry)} | {entry.hash[:12]} |\n"


def _because(body: Body, name: str = "reason") -> str:
    return f": {plain(body[name])}" if body.get(name) else ""


def _registered(body: Body) -> str:
    return f"registered {plain(body['title'] or '')} as {body['sha256'][:12]}, to be signed by " + (
        plain(", ".join(body["signoffs"])) or "nobody"
    )


def _amendment(body: Body) -> str:
    kind = "a breaking amendment" if body["breaking"] else "an amendment"
    changes = f" ({plain('; '.join(body['diff']))})" if body.get("diff") else ""
    return f"proposed {kind}, {body['sha256'][:12]}{_because(body)}{changes}"


def _tasks(body: Body) -> str:
    number = len(body["tasks"])
    return "1 task" if number == 1 else f"{number} tasks"


def _look(body: Body) -> str:
    when = "" if body["planned"] else ", not on its planned day"
    return f"look {body['look']} on day {body['day']:g}{when}: **{plain(body['verdict'])}**, " + (
        f"record {body['record']}"
    )


def _peek(body: Body) -> str:
    cost = f". {plain(str(body['cost']).rstrip('.'))}" if body.get("cost") else ""
    return f"peek on day {body['day']:g}, record {body['record']}{_because(body).rstrip('.')}{cost}"


def _decided(body: Body) -> str:
    by_rule = f"the verdict was {plain(body['verdict'])}, record {body['record']}"
    override = f", by override {plain(body['override'])}" if body.get("override") else ""
    near = f"; took on {plain(', '.join(body['acknowledged']))}" if body.get("acknowledged") else ""
    return f"decided **{plain(body['decision'])}**{override}; {by_rule}{near}{_because(body)}"


def _breach(body: Body) -> str:
    return f"breach at {_stage(body)}: {_conditions(body, ('breached',))}"


def _held(body: Body) -> str:
    return f"held at {_stage(body)}: {_conditions(body, ('held', 'unknown'))}"


def _stage(body: Body) -> str:
    return f"stage {plain(body.get('name') or body['stage'])}"


def _conditions(body: Body, which: Sequence[str]) -> str:
    """Those of a check's conditions that came to this."""
    found = (one for one in body["conditions"] if one.get("status") in (None, *which))
    return plain("; ".join(str(one.get("condition", "")) for one in found))


def _after(body: Body) -> str:
    result = body.get("result") or {}
    return f"after the launch: **{plain(result.get('finding', 'unknown'))}**" + _because(result, "because")


def _delta(body: Body) -> str:
    return (
        f"offline {plain(body['offline_metric'])} {signed(body['offline'])}, "
        f"online {plain(body['online_metric'])} {signed(body['online'])}"
    )


_TOLD: Mapping[str, Callable[[Body], str]] = MappingProxyType(
    {
        Kind.REGISTERED: _registered,
        Kind.ACKNOWLEDGED: lambda body: f"took on the warnings {plain(', '.join(body['codes']))}",
        Kind.SIGNED: lambda body: f"signed {body['sha256'][:12]} as {plain(body['role'])}",
        Kind.VOIDED: lambda body: (
            f"the signature as {plain(body['role'])} counts no more{_because(body, 'why')}"
        ),
        Kind.LOCKED: lambda body: f"locked {body['sha256'][:12]}",
        Kind.AMENDMENT: _amendment,
        Kind.WITHDRAWN: lambda body: f"withdrew the amendment {body['sha256'][:12]}",
        Kind.AMENDED: lambda body: f"amendment {body['sha256'][:12]} came into force",
        Kind.MOVED: lambda body: f"moved to {plain(body['channel'])}",
        Kind.STARTED: lambda body: f"started, day 1 is {plain(body['date'])}",
        Kind.STAGE: lambda body: f"rolled out to stage {plain(body['name'])}",
        Kind.BREACH: _breach,
        Kind.HELD: _held,
        Kind.RELEASED: lambda body: f"no longer held at {_stage(body)}",
        Kind.PAUSED: lambda body: f"paused{_because(body, 'why')}",
        Kind.RESUMED: lambda body: f"resumed{_because(body, 'why')}",
        Kind.LOOK: _look,
        Kind.PEEK: _peek,
        Kind.LATE: lambda body: f"look {body['look']} had no data by its deadline{_because(body, 'why')}",
        Kind.DECIDED: _decided,
        Kind.INVESTIGATION: lambda body: f"opened an investigation of {_tasks(body)}",
        Kind.REDESIGN: lambda body: f"chose a redesign: {plain(body.get('title') or body['option'])}",
        Kind.TASK_DONE: lambda body: f"did task {plain(body['task'])}{_because(body, 'note')}",
        Kind.TASK_MOVED: lambda body: f"moved task {plain(body['task'])} to {plain(body['due'])}",
        Kind.OVERRIDE_REQUESTED: lambda body: f"asked for override {plain(body['override'])}",
        Kind.OVERRIDE_APPROVED: lambda body: f"approved override {plain(body['override'])}",
        Kind.OVERRIDE_REFUSED: lambda body: (
            f"refused override {plain(body['override'])}{_because(body, 'why')}"
        ),
        Kind.OVERRIDE_ENDED: lambda body: f"override {plain(body['override'])} ended",
        Kind.SUPPLIED: lambda body: f"supplied {plain(body['row'])}: {plain(body['artefact'])}",
        Kind.WAIVED: lambda body: f"waived {plain(body['row'])}{_because(body)}",
        Kind.AFTER: _after,
        Kind.DELTA: _delta,
        Kind.CLOSED: lambda body: f"closed{_because(body, 'why')}",
        **CORRELATION_WORDS,
        **LATENCY_WORDS,
        **PORTFOLIO_WORDS,
        **FRAMINGS,
    }
)

__all__ = ["history", "plain", "told"]
