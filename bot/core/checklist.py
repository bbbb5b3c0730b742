"""The checklist of a leaf: who took which step, and what is done. Nothing here moves the incident.

So the buttons of a card stay good while several people work through it; a step that somebody else took first
says who.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from bot.core.incident import Claim, Event, Incident, Moved, Status
from bot.core.playbook import Leaf, Playbook
from bot.core.triage import MovedOnError, Step
from bot.errors import InputError, StaleError


@dataclass(frozen=True)
class Item:
    """A step of the checklist: its number from 1, what is to be done, and who took it, None for nobody."""

    number: int
    text: str
    claim: Claim | None

    @property
    def done(self) -> bool:
        """Whether somebody said that it is done."""
        return self.claim is not None and self.claim.done_at is not None


class TakenError(StaleError):
    """Somebody else took the step first, or did it; `claim` says who and when."""

    def __init__(self, item: Item, claim: Claim) -> None:
        verb = "did" if claim.done_at else "took"
        super().__init__(
            f"{claim.by} {verb} step {item.number} already.",
            "Nothing was changed. `claim` by message takes a step over that is not done.",
        )
        self.item = item
        self.claim = claim


def items(incident: Incident, leaf: Leaf) -> tuple[Item, ...]:
    """The checklist of the leaf as it stands."""
    return tuple(
        Item(number, step, incident.claims.get(_key(leaf, number)))
        for number, step in enumerate(leaf.steps, 1)
    )


def take(
    incident: Incident,
    playbook: Playbook,
    number: int,
    *,
    by: str,
    at: datetime,
    leaf: str = "",
    over: bool = False,
) -> Step:
    """Take a step; `over` takes it from whoever has it.

    `leaf` is the one that the card showed, "" for wherever the incident stands.

    Raises:
        MovedOnError: the incident is no longer at that leaf, or closed.
        TakenError: somebody else has it, or it is done.
        InputError: there is no such step here.

    """
    here, item = _item(incident, playbook, number, leaf)
    claim = item.claim
    if claim is not None and (claim.done_at or claim.by == by or not over):
        raise TakenError(item, claim)
    said = f"took step {number}" + (" over" if claim else "")
    detail = {"from": claim.by} if claim else {}
    return _step(
        incident, here, item, Claim(by, at), Event(at, "claimed", f"{said}: {item.text}", by, detail)
    )


def finish(
    incident: Incident, playbook: Playbook, number: int, *, by: str, at: datetime, leaf: str = ""
) -> Step:
    """Say that a step is done; whoever says so did it, whoever had taken it.

    Raises:
        MovedOnError: the incident is no longer at that leaf, or closed.
        TakenError: it is done already.
        InputError: there is no such step here.

    """
    here, item = _item(incident, playbook, number, leaf)
    if item.claim is not None and item.done:
        raise TakenError(item, item.claim)
    taken = item.claim.at if item.claim is not None and item.claim.by == by else at
    event = Event(at, "step_done", f"did step {number}: {item.text}", by)
    return _step(incident, here, item, Claim(by, taken, at), event)


def undo(
    incident: Incident, playbook: Playbook, number: int, *, by: str, at: datetime, leaf: str = ""
) -> Step:
    """Take back that a step is done, or give a taken step back.

    Raises:
        MovedOnError: the incident is no longer at that leaf, or closed.
        InputError: there is no such step here, or nothing to take back.

    """
    here, item = _item(incident, playbook, number, leaf)
    if item.claim is None:
        raise InputError(f"Nobody took step {number}.", "There is nothing to take back.")
    left = replace(item.claim, done_at=None) if item.done else None
    said = f"took back that step {number} is done" if item.done else f"gave step {number} back"
    return _step(incident, here, item, left, Event(at, "step_undone", f"{said}: {item.text}", by))


def _item(incident: Incident, playbook: Playbook, number: int, leaf: str) -> tuple[Leaf, Item]:
    here = playbook.leaves.get(incident.position)
    if incident.closed or (leaf and leaf != incident.position):
        moved = incident.moved or Moved("opened it", incident.opened_by, incident.opened_at)
        raise MovedOnError(incident, moved)
    if here is None:
        raise InputError(
            f"{incident.number} is {incident.status.words}: there is no checklist yet.",
            "It comes with the category; answer the question first.",
        )
    item = next((one for one in items(incident, here) if one.number == number), None)
    if item is None:
        raise InputError(f"There is no step {number} here.", f"Steps are 1 to {len(here.steps)}.")
    return here, item


def _step(incident: Incident, leaf: Leaf, item: Item, claim: Claim | None, event: Event) -> Step:
    claims: Mapping[str, Claim] = {
        key: value for key, value in incident.claims.items() if key != _key(leaf, item.number)
    }
    if claim is not None:
        claims = {**claims, _key(leaf, item.number): claim}
    lead = incident.lead or (event.by if incident.status is not Status.MITIGATED else "")
    return Step(replace(incident, claims=claims, lead=lead), event)


def _key(leaf: Leaf, number: int) -> str:
    return f"{leaf.id}/{number}"
