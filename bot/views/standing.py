"""Where launches stand, and all looks of one: past and coming, planned or not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.core.effect import Block, Message
from bot.core.figures import bound, local
from bot.core.launch import LookSeen
from bot.views import text
from bot.views.experiment_actions import ExperimentAction, Reference, button
from bot.views.launch_words import Living, broken_plan, called, expected, headline
from bot.views.plan_words import look_line

NOTHING = (
    "No experiment is registered in this channel. `/experiment new` writes a registration with you, "
    "`/experiment register` takes a YAML file; `lookout check` says beforehand whether it will do."
)


@dataclass(frozen=True)
class Held:
    """A look on record for the list: what it saw and says; `by` and `reason` of a peek, with its cost.

    asked: the p it asked for, as text; empty where no boundary was held against it.
    """

    seen: LookSeen
    p: str
    asked: str = ""
    by: str = ""
    reason: str = ""
    cost: str = ""


def standings(every: Sequence[Living]) -> Message:
    """Where the launches of a channel stand, what is next, and what is waited for."""
    if not every:
        return Message(NOTHING)
    lines = [line for one in every for line in _standing(one)]
    blocks: list[Block] = [text.section(text.fit(["*Experiments of this channel*", *lines]))]
    buttons = [
        {
            **button(f"Why: {one.launch.id}", ExperimentAction.WHY, Reference(one.launch.id, seen.record)),
            "action_id": f"{ExperimentAction.WHY}:{number}",
        }
        for number, one in enumerate(every[:5])
        if (seen := one.launch.newest) is not None
    ]
    if buttons:
        blocks.append({"type": "actions", "block_id": "standings", "elements": buttons})
    return Message(text.fit(lines, text.NOTIFICATION), tuple(blocks))


def _standing(one: Living) -> list[str]:
    launch = one.launch
    said = [f"• `{launch.id}` {text.escape(one.name, 120)}: {text.escape(headline(one), 300)}"]
    newest = launch.newest
    if newest is not None:
        total = len(one.plan.registration.looks)
        said[0] += f" · look {newest.look} of {total}: {called(newest.verdict)} (record {newest.record})"
    waits = [f"look {number} had no data by its deadline" for number in launch.late if not _held(one, number)]
    amendment = launch.amendment
    if amendment is not None:
        waits.append(f"an amendment by {text.person(amendment.by)} waits for signatures")
    waits += [
        f"an override asked for by {text.person(review.by)} waits for approval"
        for review in launch.overrides
        if review.pending
    ]
    broken = [broken_plan(launch)] if launch.broken else []
    return [*said, *(f"    {line}" for line in [*expected(one), *broken, *(f"⚠ {wait}" for wait in waits)])]


def _held(one: Living, number: int) -> bool:
    return any(seen.look == number and seen.verdict != "invalid" for seen in one.launch.looks)


def looks(shown: Living, held: Sequence[Held], asks: Mapping[int, float]) -> Message:
    """Every look, past and coming; asks: the p that looks to come ask for by now."""
    launch, registration = shown.launch, shown.plan.registration
    head = f"*Looks of {text.escape(shown.name, 200)}*"
    lines: list[tuple[float, str]] = []
    for one in shown.plan.looks:
        taken = [each for each in held if each.seen.look == one.look]
        past = bool(taken) or one.look in launch.late
        line = look_line(registration, one, None if past else shown.calendar).removeprefix("• ")
        lines.append(
            (
                one.day,
                f"{_mark(shown, one.look, taken)} {line}{_change(one.nominal_p, asks, one.look, taken)}",
            )
        )
        lines += [(one.day, f"→ {_said(shown, each)}") for each in taken]
    lines += [(each.seen.day, f"⚠ {_peek(shown, each)}") for each in held if not each.seen.look]
    ordered = [line for _, line in sorted(lines, key=lambda pair: pair[0])]
    if shown.calendar.start is None:
        ordered.append("No start is known, so every look is asked for by hand: `/experiment look N`.")
    ordered += [broken_plan(launch)] if launch.broken else []
    context = (
        f"`{launch.id}` · registration {launch.sha256[:12]}… · alpha {registration.alpha:g} over all looks"
    )
    return Message(
        text.fit([head, *ordered], text.NOTIFICATION),
        (text.section(text.fit([head, *ordered])), text.context(context)),
    )


def _mark(shown: Living, number: int, taken: Sequence[Held]) -> str:
    if any(one.seen.verdict != "invalid" for one in taken):
        return "✓ held:"
    if number in shown.launch.late:
        return "✗ no data by the deadline:"
    return "•" if shown.launch.open else "not held:"


def _change(registered: float, asks: Mapping[int, float], number: int, taken: Sequence[Held]) -> str:
    """What it asks for by now, where that is not what was registered."""
    now = asks.get(number)
    if taken or now is None or bound(now) == bound(registered):
        return ""
    return f" (by now {bound(now)}, after the looks really held)"


def _said(shown: Living, one: Held) -> str:
    moment = local(one.seen.at, shown.calendar.zone)
    return f"{_verdict(one)} · {moment}, record {one.seen.record}"


def _verdict(one: Held) -> str:
    against = f" against {one.asked}" if one.asked else ""
    return f"{called(one.seen.verdict)}, {text.escape(one.p)}{against}"


def _peek(shown: Living, one: Held) -> str:
    moment = local(one.seen.at, shown.calendar.zone)
    return (
        f"Peek on day {one.seen.day:g} by {text.person(one.by)}, because “{text.escape(one.reason, 300)}”: "
        f"{_verdict(one)} · {moment}, record {one.seen.record}. "
        f"{text.escape(one.cost, 300)}"
    )
