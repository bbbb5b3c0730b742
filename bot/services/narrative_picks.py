"""What became of what a quarter picked, for its narrative: by the launches it led to, else as told."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.core.citation import Cited, Figure, Gap
from bot.core.figures import MINUS
from bot.core.quarter_narrative import PickTold
from bot.core.thing import Thing, ThingKind
from bot.services.narrative_span import Span
from bot.services.narrative_teller import Teller
from bot.services.trace_things import known
from bot.store import candidates, links, portfolios


@dataclass(frozen=True)
class Idle:
    """A pick that no experiment tells of: where it stands in two words, and why it did not ship."""

    title: str
    stands: str
    why: str
    entry: int


def never_run(teller: Teller, span: Span) -> list[Idle]:
    """What was picked and never became an experiment, with what somebody said became of it."""
    found, told = portfolios.locked(teller.session, span.name), _outcomes(teller, span)
    if found is None:
        return []
    kept = portfolios.load(teller.session, span.name)
    if kept is None or kept.locked_entry is None:
        return []
    idle = []
    for name in found.picked:
        if links.after(teller.session, Thing(ThingKind.CANDIDATE, name), ThingKind.EXPERIMENT):
            continue
        item = candidates.find(teller.session, name)
        title = f"{item.candidate.title} ({name})" if item else name
        said = told.get(name)
        if said is None:
            why = "picked, and no experiment of it is on record"
            idle.append(Idle(title, "never registered", why, kept.locked_entry))
        elif not said["shipped"]:
            idle.append(Idle(title, "not shipped, as told", _said(said), said["entry"]))
    return idle


def shipped_elsewhere(teller: Teller, span: Span) -> list[int]:
    """The entries that tell of picks which shipped, and of which no launch here does."""
    found = portfolios.locked(teller.session, span.name)
    told = _outcomes(teller, span)
    return [
        told[name]["entry"]
        for name in (found.picked if found else ())
        if name in told
        and told[name]["shipped"]
        and not links.after(teller.session, Thing(ThingKind.CANDIDATE, name), ThingKind.EXPERIMENT)
    ]


def _outcomes(teller: Teller, span: Span) -> Mapping[str, Mapping[str, Any]]:
    """What somebody said became of candidates of which no launch tells, by candidate."""
    kept = portfolios.load(teller.session, span.name)
    return kept.outcomes if kept else {}


def _said(outcome: Mapping[str, Any]) -> str:
    """An outcome that somebody told: whether it shipped, its lift, where that is written."""
    lasted = " and lasted" if outcome.get("sustained") else ""
    said = f"shipped{lasted}" if outcome["shipped"] else "not shipped"
    if outcome.get("lift") is not None:
        said += f", lift {outcome['lift']:g} ({outcome['low']:g} … {outcome['high']:g})".replace("-", MINUS)
    return f"{said}, as told: {str(outcome.get('note') or '').rstrip('.')}"


def pick(teller: Teller, span: Span, name: str, record: str) -> PickTold:
    """A picked candidate, by the experiments that came of it."""
    found = candidates.find(teller.session, name)
    thing = Thing(ThingKind.CANDIDATE, found.id if found else name)
    came = [
        known(teller.session, one, teller.zone)
        for one in links.after(teller.session, thing, ThingKind.EXPERIMENT)
    ]
    told = _outcomes(teller, span).get(thing.id)
    became: Cited = Gap(
        f"nothing on record that came of {thing.id}",
        f"`/portfolio link {thing.id} EXPERIMENT` or `/portfolio outcome`",
    )
    if came:
        said = "; ".join(f"{one.thing.id}: {one.state or 'not on record'}" for one in came)
        became = Figure(said, came[-1].happenings[-1].record if came[-1].happenings else thing.id)
    elif told is not None:
        became = Figure(_said(told), f"ledger {told['entry']}")
    title = found.candidate.title if found else name
    return PickTold(Figure(thing.id, thing.id), Figure(title, record), became)
