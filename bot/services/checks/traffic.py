"""Asks the warehouse whether people come from elsewhere, and the change log what was going on."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.core.change import Change, ChangeKind
from bot.core.evidence import EvidenceStatus
from bot.core.found import Found, clear, suspect, unknown
from bot.core.share_evidence import calendar
from bot.errors import SourceError
from bot.services.checks.asked import Asked
from bot.services.checks.shares import shares
from bot.services.checks.warehouses import unconfigured
from bot.store import change_sources, changes

KINDS = (ChangeKind.CAMPAIGN, ChangeKind.EXTERNAL_EVENT)
MOST = 50
"""Campaigns and events that are looked at, the latest."""
_EVER = datetime(2000, 1, 1, tzinfo=UTC)
LASTS = timedelta(days=14)
"""How long a campaign without an end is taken to last."""


def run(asked: Asked) -> Sequence[Found]:
    """The line about traffic sources, and the one about the calendar."""
    running, unheard = _running(asked)
    campaigns = [change for change in running if change.kind is ChangeKind.CAMPAIGN]
    events = [change for change in running if change.kind is ChangeKind.EXTERNAL_EVENT]
    told = calendar(campaigns, events)
    finding = "campaign" if campaigns else "event" if events else "shift"
    line = unconfigured(asked, asked.options.table)
    if line is None:
        try:
            line = shares(asked, noun="traffic sources", finding=finding)
        except SourceError as error:
            line = unknown(f"traffic sources: {error}", source=asked.options.table.source)
    if line.status is EvidenceStatus.SUSPECT:
        why = told or "no campaign or event is on the calendar"
        return [replace(line, line=f"{line.line}; {why}")]
    return [line, _calendar(told, finding, unheard, known=line.status is EvidenceStatus.CLEAR)]


def _calendar(told: str, finding: str, unheard: str, *, known: bool) -> Found:
    """What was on. Where the sources are known and did not shift, a campaign is no suspect, told or not."""
    query = "campaigns and external events of the change log"
    if told and not known:
        return suspect(f"calendar: {told}", finding, query=query)
    if told:
        return clear(f"calendar: {told}, and the traffic sources did not shift", query=query)
    if unheard and known:
        return clear(f"calendar: {unheard}, but the traffic sources did not shift", query=query)
    if unheard:
        return unknown(f"calendar: {unheard}", query=query)
    return clear("calendar: no campaign or external event ran at the onset", query=query)


def _running(asked: Asked) -> tuple[list[Change], str]:
    """Campaigns and events that were on between the onset and now; and why the log may not know of all.

    That it heard of deploys says nothing of campaigns: somebody told of one before, or a calendar is read.
    """
    onset = asked.incident.started
    read = {name for name, one in asked.desk.settings.changes.items() if one.kind == "ical"}
    with asked.db.read() as session:
        found, _ = changes.page(session, start=onset - LASTS, end=asked.now, kinds=KINDS, most=MOST)
        _, ever = changes.page(session, start=_EVER, end=asked.now, kinds=KINDS, most=1)
        readings = change_sources.readings(session)
    failing = sorted(one.name for one in readings if one.name in read and one.failing_since is not None)
    unheard = f"{', '.join(failing)} cannot be read" if failing else ""
    if not (read or ever):
        unheard = "nobody has reported any campaign or event to Lookout yet"
    on = [one.change for one in found if one.change.ended_at is None or one.change.ended_at >= onset]
    return on, unheard
