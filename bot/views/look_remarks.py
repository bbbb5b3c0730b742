"""What a reader of a look must know before its figures: what is expected of whom, what became of the plan."""

from datetime import UTC

from bot.core.figures import bound, local
from bot.core.launch import Launch
from bot.core.look import LookResult
from bot.views import text
from bot.views.look_shown import Shown

DECIDED_ON = ("ship", "veto", "no-ship", "stop-futility", "inconclusive")
"""Verdicts that ask for a decision."""


def unplanned(shown: Shown) -> list[str]:
    """Of a peek, first of all, that it is one: who asked, why, and what it costs."""
    if not shown.result.peek or shown.entry is None:
        return []
    reason = text.escape(str(shown.entry.body.get("reason", "")), 500)
    cost = text.escape(str(shown.entry.body.get("cost", "")), 600)
    return [f"*A peek, not in the plan*: {text.person(shown.entry.by)} asked, because “{reason}”. {cost}"]


def expected(shown: Shown) -> list[str]:
    """What is expected of whom, and that the look is late."""
    registration, result = shown.registration, shown.result
    lines = []
    if result.verdict == "ship" and registration.signoffs:
        signers = text.escape(", ".join(registration.signoffs), 200)
        lines.append(f"The rule allows it; the decision is for people: {signers}.")
    if result.verdict == "invalid" and not result.peek:
        lines.append(
            "An invalid look does not count. Once the data are sound: "
            f"`/experiment look {registration.id} {result.look}`."
        )
    if shown.launch is not None and not result.peek and result.verdict in DECIDED_ON:
        lines.append("The decision card follows.")
    if shown.due is not None:
        zone = UTC if shown.calendar is None else shown.calendar.zone
        lines.append(f"Posted late: it was due {local(shown.due, zone)}.")
    return lines


def of_plan(shown: Shown) -> list[str]:
    """In what the looks held so far are not those that were planned: changed, peeked at, left out."""
    launch = shown.launch
    if launch is None:
        return []
    changed = [shown.broken] if shown.broken else []
    return [*changed, *peeks(launch, shown.result, shown.record), *_left_out(shown, launch)]


def broken(shown: Shown) -> str:
    """The same about a changed plan, for a phone's notification; empty when none was changed."""
    return " ⚠ The plan was changed after a look." if shown.broken else ""


def peeks(launch: Launch, result: LookResult, record: int) -> list[str]:
    """The peeks before the look of a record, and whether they moved what it asks."""
    before = [one for one in launch.looks if not one.look and one.record < record]
    if not before:
        return []
    taken = " and ".join(f"day {one.day:g} (record {one.record})" for one in before)
    many = "Peeks were" if len(before) > 1 else "A peek was"
    said = f"⚠ {many} taken on {taken}, not in the plan"
    counted = {
        day for number, day in zip(result.course.numbers, result.course.days, strict=True) if not number
    }
    if not counted & {one.day for one in before}:
        return [f"{said}: no boundary moved, and nothing follows from what was seen."]
    was = bound(result.planned_p[result.look - 1]) if result.look else ""
    now = bound(result.primary.boundary_p)
    asks = (
        f", so {result.course.name} asks for p below {now} instead of {was}" if was not in ("", now) else ""
    )
    return [f"{said}: its alpha is spent{asks}."]


def _left_out(shown: Shown, launch: Launch) -> list[str]:
    """Looks given up before this one."""
    held = {one.look for one in launch.looks if one.verdict != "invalid"}
    course = shown.result.course
    upto = shown.result.look or course.following or 0
    gone = [number for number in launch.late if number < upto and number not in held]
    return [
        f"⚠ Look {number} was not taken, its data did not come by the deadline; its alpha counts as spent."
        for number in gone
    ]


def notes(shown: Shown) -> list[str]:
    """What else there is to know of the data; what was said of peeks in other words is left out."""
    said = () if shown.entry is None else ("Counted as well:", "⚠ A peek:")
    return [one for one in shown.result.notes if not one.startswith(said)]
