"""The investigation after a veto: its tasks with owners and dates, the ways to redesign, the reminders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from bot.core.effect import Block, Message
from bot.core.figures import weekday
from bot.core.launch import Launch, Task
from bot.core.ledger import Entry
from bot.core.veto_plan import Option, Redesign
from bot.views import text
from bot.views.decision_actions import DecisionAction, Pick, button
from bot.views.decision_forms import REASON, field, modal, written
from bot.views.ledger import witness

OWNER = "owner"
DUE = "due"


@dataclass(frozen=True)
class Work:
    """All that the investigation's card shows; `owners` are the tasks' owners in words, by task.

    lines: what was crossed; redesign: the ways to choose from, where a cohort vetoed.
    """

    launch: Launch
    record: int
    tasks: tuple[Task, ...]
    owners: dict[str, str]
    lines: str
    entry: Entry
    today: date
    redesign: Redesign | None = None


def card(work: Work) -> Message:
    """The card as it stands; edited in place."""
    launch, tasks = work.launch, work.tasks
    left = [one for one in tasks if one.done is None]
    late = [one for one in left if one.due < work.today]
    head = f"Investigation: {work.lines}"
    lead = _lead(work, left, late)
    blocks: list[Block] = [text.header(head), text.section(lead)]
    for number, one in enumerate(tasks):
        blocks += _task(work, one, number)
    if work.redesign is not None:
        blocks += _redesign(work, work.redesign)
    blocks.append(text.context(f"`{launch.id}` · record {work.record} · {witness(work.entry)}"))
    name = text.escape(launch.title or launch.id, 200)
    return Message(f"{name} · {text.escape(head, 300)}. {lead}", tuple(blocks))


def _lead(work: Work, left: Sequence[Task], late: Sequence[Task]) -> str:
    if not left:
        return "✓ Every task is done."
    first = min(left, key=lambda one: one.due)
    owner = work.owners[first.id]
    count = f"{len(left)} of {len(work.tasks)} open"
    said = f"Next by {weekday(first.due)} ({owner}): {text.escape(first.title, 300)}. {count}"
    return f"{said}, ⚠ {len(late)} overdue." if late else f"{said}."


def _task(work: Work, one: Task, number: int) -> list[Block]:
    title, owner = text.escape(one.title, 500), work.owners[one.id]
    if one.done is not None:
        when = text.when(one.done.at, style="{date_short_pretty}")
        return [text.section(f"✓ done: {title} ({text.person(one.done.by)}, {when})")]
    mark = "⚠ overdue: " if one.due < work.today else ""
    section = text.section(f"{mark}*{title}*\nby {weekday(one.due)} · {owner}")
    if work.launch.closed_at is not None:
        return [section]
    pick = Pick(work.launch.id, work.record, one.id)
    made = [
        button("Done", DecisionAction.TASK_DONE, pick, suffix=str(number)),
        button("Change…", DecisionAction.TASK_CHANGE, pick, suffix=str(number)),
    ]
    return [section, {"type": "actions", "block_id": f"task-{number}", "elements": made}]


def _redesign(work: Work, plan: Redesign) -> list[Block]:
    questions = [f"• {text.escape(one, 300)}" for one in plan.questions]
    blocks: list[Block] = [text.section(text.fit(["*Where it may come from*", *questions]))]
    launch = work.launch
    if launch.redesign:
        chosen = plan.option(launch.redesign)
        title = text.escape(f"{chosen.label}: {chosen.title}" if chosen else launch.redesign, 200)
        return [*blocks, text.section(f"*Chosen: {title}*")]
    blocks += [text.section(text.fit(lines)) for lines in _options(plan)]
    if launch.closed_at is not None:
        return blocks
    made = [
        button(
            f"Choose {one.label}" if one.recommended else f"Choose {one.label}…",
            DecisionAction.CHOOSE if one.recommended else DecisionAction.CHOOSE_OTHER,
            Pick(launch.id, work.record, one.id),
            style="primary" if one.recommended else "",
            suffix=one.id,
        )
        for one in plan.options
    ]
    return [*blocks, {"type": "actions", "block_id": "redesign", "elements": made}]


def _options(plan: Redesign) -> list[list[str]]:
    """Each way in a few lines of its own, the recommended one first; then why."""
    ways = []
    for one in sorted(plan.options, key=lambda option: not option.recommended):
        word = ", recommended" if one.recommended else ""
        pros, cons = text.escape("; ".join(one.pros), 400), text.escape("; ".join(one.cons), 400)
        way = [
            f"*{_named(one)}{word}* · {text.escape(one.cost, 60)}",
            text.escape(one.what, 400),
            f"For: {pros}",
            f"Against: {cons}",
        ]
        ways.append(way)
    return [["*The ways forward*"], *ways, [f"Why {_recommended(plan)}: {text.escape(plan.why, 500)}"]]


def _named(option: Option) -> str:
    return f"{text.escape(option.label, 20)}: {text.escape(option.title, 100)}"


def _recommended(plan: Redesign) -> str:
    return next((text.escape(one.label, 20) for one in plan.options if one.recommended), "the first")


def chosen(launch: Launch, option: Option, entry: Entry) -> Message:
    """The news of a redesign chosen."""
    why = str(entry.body.get("reason") or "")
    word = "the recommended one" if option.recommended else "not the recommended one"
    reason = f" Why: {text.escape(why, 1000)}" if why else ""
    said = (
        f"*Redesign {_named(option)}* "
        f"({text.escape(option.cost, 60)}, {word}), chosen by {text.person(entry.by)} for "
        f"{text.escape(launch.title or launch.id, 200)}.{reason}"
    )
    return Message(said, (text.section(said), text.context(f"`{launch.id}` · {witness(entry)}")))


def choose_form(option: Option, recommended: Option) -> Block:
    """The form of an option that is not recommended: it takes a reason."""
    said = (
        f"*{_named(option)}*, {text.escape(option.cost, 60)}. The playbook recommends {_named(recommended)}."
    )
    return modal(f"Choose {option.label}", "Choose", [text.section(said), field(REASON, "Why", written(20))])


def change_form(task: Task, today: date) -> Block:
    """The form of [Change…]: another owner or day; the first possible day stands in its field's name."""
    person: dict[str, object] = {"type": "users_select"}
    if task.owner.startswith(("U", "W")):
        person["initial_user"] = task.owner
    day = {"type": "datepicker", "initial_date": max(task.due, today).isoformat()}
    return modal(
        "Change a task",
        "Change",
        [
            text.section(f"*{text.escape(task.title, 500)}*"),
            field(OWNER, "Who has it", person, optional=True, hint="Empty: it stays with who has it."),
            field(f"{DUE}:{today}", "Due", day),
        ],
    )


def faults(fields: Mapping[str, str]) -> dict[str, str]:
    """A due date that is past."""
    return {
        name: f"Choose {first} or a later day."
        for name, value in fields.items()
        for kind, _, first in [name.partition(":")]
        if kind == DUE and value < first
    }


def settled(task: Task, owner: str) -> Message:
    """What a reminder becomes once nobody is to be reminded: by whom it was done, or that it is over."""
    title = text.escape(task.title, 500)
    if task.done is None:
        return _plain(f"Nothing is expected of {owner} any more, the launch is over: {title}.")
    when = text.when(task.done.at, style="{date_short_pretty}")
    return _plain(f"✓ done: {title} ({text.person(task.done.by)}, {when})")


def moved(task: Task, owner: str, by: str) -> Message:
    """What a reminder becomes once its task has another day or owner; a new one comes on its day."""
    title = text.escape(task.title, 500)
    return _plain(f"{owner}: {title}. It is due {weekday(task.due)} now, changed by {text.person(by)}.")


def _plain(said: str) -> Message:
    return Message(said, (text.section(said),))


def reminder(
    launch: Launch,
    record: int,
    task: Task,
    owner: str,
    *,
    number: int,
    most: int,
    following: datetime | None,
    today: date,
) -> Message:
    """A reminder of a task: which of how many, and when the next one comes."""
    then = (
        f"The next reminder comes {text.when(following, style='{date_short_pretty} {time}')}."
        if following
        else "This is the last reminder."
    )
    late = (today - task.due).days
    due = "is due today" if late == 0 else f"is due {weekday(task.due)}"
    if late > 0:
        due = f"was due {weekday(task.due)}, ⚠ {late} day{'' if late == 1 else 's'} overdue"
    said = f"{owner}: *{text.escape(task.title, 500)}* {due} ({text.escape(launch.title or launch.id, 200)})."
    pick = Pick(launch.id, record, task.id)
    made = [button("Done", DecisionAction.TASK_DONE, pick, style="primary")]
    if following:
        made.append(button("Snooze 3 days", DecisionAction.TASK_SNOOZE, pick))
        made.append(button("No more reminders", DecisionAction.TASK_QUIET, pick))
    blocks: list[Block] = [
        text.section(said),
        {"type": "actions", "block_id": "reminder", "elements": made},
        text.context(f"Reminder {number} of {most}. {then}"),
    ]
    return Message(f"{said} {then}", tuple(blocks))
