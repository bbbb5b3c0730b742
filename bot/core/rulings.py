"""Whether the rules allow what the ledger says was decided: an entry put in by hand has a hash that fits.

Found is only what no version of Lookout ever wrote: a launch that neither a look nor a review of its veto
allows, a review approved by who asked for it, a plan changed after its veto, a lock without its signatures.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from bot.core.launch import Kind, Launch
from bot.core.launch_steps import so_far
from bot.core.ledger import Break, Entry

_Body: TypeAlias = Mapping[str, Any]
_Rule: TypeAlias = Callable[[Launch, _Body, str], str]
_HOW = "no version of Lookout writes that: it was put in by hand"


def unruled(entries: Sequence[Entry]) -> Break | None:
    """The first entry, in order, that the entries before it of the same launch do not allow."""
    before: dict[str, list[Entry]] = {}
    for entry in entries:
        earlier = before.setdefault(entry.subject, [])
        rule = _RULES.get(entry.kind)
        why = _why(rule, earlier, entry) if rule is not None else ""
        if why:
            return Break(entry.number, f"{why}; {_HOW}")
        earlier.append(entry)
    return None


def _why(rule: _Rule, earlier: Sequence[Entry], entry: Entry) -> str:
    try:
        return rule(so_far(earlier), entry.body, entry.by)
    except (KeyError, TypeError, ValueError):
        return "it does not follow from what is before it"


def _locked(launch: Launch, body: _Body, _by: str) -> str:
    if body.get("adopted") and not launch.signatures:  # by a version that knew none
        return ""
    missing = launch.missing_signoffs
    return f"it locks {launch.id} without the signature of {', '.join(missing)}" if missing else ""


def _amended(launch: Launch, _body: _Body, _by: str) -> str:
    return f"it changes the plan of {launch.id} after its veto" if launch.veto is not None else ""


def _approved(launch: Launch, body: _Body, by: str) -> str:
    asked = next((one for one in launch.overrides if one.id == body["override"]), None)
    if asked is None:
        return f"it approves {body['override']}, which nobody asked for"
    return f"it approves {asked.id} by who asked for it" if asked.by == by else ""


def _decided(launch: Launch, body: _Body, _by: str) -> str:
    if launch.decision is not None:
        return f"it decides {launch.id} a second time"
    if body["decision"] != "ship":
        return ""
    newest, override = launch.newest, launch.override
    if launch.locked_at is None or newest is None or newest.record != body["record"]:
        return f"it ships {launch.id} by another look than its newest"
    if newest.verdict == "ship" or (override is not None and override.record == newest.record):
        return ""
    verdict = newest.verdict.replace("-", " ").upper()
    return f"it ships {launch.id}, whose newest look says {verdict}"


_RULES: Mapping[str, _Rule] = {
    str(Kind.LOCKED): _locked,
    str(Kind.AMENDED): _amended,
    str(Kind.OVERRIDE_APPROVED): _approved,
    str(Kind.DECIDED): _decided,
}
