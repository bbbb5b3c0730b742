"""Asks the warehouse whether people come from elsewhere, and the change log what was going on."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from bot.core.change import Change, ChangeKind
from bot.core.evidence import EvidenceStatus
from bot.core.found import Found, clear, suspect, unknown
from bot.core.share_evidence import calendar
from bot.errors import SourceError
from bot.services.checks.asked import Asked
from bot.services.checks.shares import shares
from bot.services.checks.warehouses import unconfigured
from bot.store import changes

LASTS = timedelta(days=14)
"""How long a campaign without an end is taken to last."""


def run(asked: Asked) -> Sequence[Found]:
    """The line about traffic sources, and the one about the calendar."""
    running, heard = _running(asked)
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
    return [line, _calendar(told, finding, heard=heard, known=line.status is EvidenceStatus.CLEAR)]


def _calendar(told: str, finding: str, *, heard: bool, known: bool) -> Found:
    """What was on. Where the sources are known and did not shift, a campaign is no suspect."""
    query = "campaigns and external events of the change log"
    if told and not known:
        return suspect(f"calendar: {told}", finding, query=query)
    if told:
        return clear(f"calendar: {told}, and the traffic sources did not shift", query=query)
    if not heard:
        return unknown("calendar: nobody has reported any campaign or event to Lookout yet", query=query)
    return clear("calendar: no campaign or external event ran at the onset", query=query)


def _running(asked: Asked) -> tuple[list[Change], bool]:
    """Campaigns and events that were on between the onset and now, and whether the log ever heard of any."""
    onset = asked.incident.started
    with asked.db.read() as session:
        found = changes.between(session, onset - LASTS, asked.now)
        heard = changes.last_received(session) is not None
    kinds = (ChangeKind.CAMPAIGN, ChangeKind.EXTERNAL_EVENT)
    on = [change for change in found if change.ended_at is None or change.ended_at >= onset]
    return [change for change in on if change.kind in kinds], heard
