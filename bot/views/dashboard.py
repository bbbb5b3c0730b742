"""The 3am dashboard: all evidence of an incident in one message, the first suspect on top."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.core.effect import Block, Message
from bot.core.evidence import Evidence, EvidenceStatus, suggestion, worst_first
from bot.core.incident import Incident
from bot.core.playbook import Choice, Playbook, Question
from bot.views import text
from bot.views.dashboard_actions import DashboardAction
from bot.views.incident_button import encode

MARKS = {
    EvidenceStatus.SUSPECT: "⚠ suspect",
    EvidenceStatus.UNKNOWN: "? unknown",
    EvidenceStatus.CLEAR: "✓ clear",
}
_SYMPTOMS, _LINE = 6, 230
"""Lines about what is seen; and characters of one."""


@dataclass(frozen=True)
class Board:
    """What the dashboard shows: evidence by step, and what is seen wherever it was asked for.

    `gathered_at` is None before the first time, which is over at `complete_by`; `took` is in seconds.
    `picture` is the key of its upload, `alt` says it in words. `next_at` is when all is gathered again.
    """

    incident: Incident
    playbook: Playbook
    evidence: Mapping[str, Sequence[Evidence]] = field(default_factory=dict)
    gathered_at: datetime | None = None
    took: float = 0.0
    complete_by: datetime | None = None
    picture: str = ""
    alt: str = ""
    next_at: datetime | None = None


def dashboard(board: Board) -> Message:
    """Return the message."""
    incident = board.incident
    if board.gathered_at is None:
        return _awaited(board)
    first, choice = first_suspect(board)
    blocks: list[Block] = [text.header(f"{incident.number} · evidence: {_counted(board)}")]
    blocks.append(text.section(_first_line(board, first, choice)))
    blocks += text.listed("*What is seen*", _symptoms(board))
    blocks.append(text.section(text.fit(["*Where it may come from*", *_steps(board)])))
    if board.picture:
        image: Block = {
            "type": "image",
            "slack_file": {"id": f"upload:{board.picture}"},
            "alt_text": text.plain(board.alt or "the metric's past", 2000),
        }
        blocks.append(image)
    blocks += [_buttons(incident), text.context(_small_print(board))]
    said = f"{incident.number} evidence: {_counted(board)}."
    if first is not None:
        said += f" First suspect: {text.escape(first.line, 200)}"
    return Message(said, tuple(blocks))


def first_suspect(board: Board) -> tuple[Evidence | None, Choice | None]:
    """The line to look at first, and the answer it speaks for: the earliest step with a suspect cause."""
    for step in board.playbook.questions.values():
        lines = [line for line in worst_first(board.evidence.get(step.id, ())) if _of_cause(line)]
        if lines and lines[0].status is EvidenceStatus.SUSPECT:
            return lines[0], step.choice(suggestion(lines) or "")
    return None, None


def queries(board: Board) -> Message:
    """What each check asked, where, and how long that took."""
    seen: dict[tuple[str, str], Evidence] = {}
    for line in _every(board):
        seen.setdefault((line.check, line.query), line)
    rows = [
        f"{MARKS[line.status]} · *{text.escape(line.check, 40)}* {_where(line)}\n{_query(line)}"
        for line in sorted(seen.values(), key=lambda line: line.check)
    ]
    number = board.incident.number
    if not rows:
        return text.message(f"No evidence has been gathered for {number} yet.")
    sections = [rows[place : place + 6] for place in range(0, len(rows), 6)]
    blocks = [text.section(text.fit([f"*{number}: what was asked*"]))]
    blocks += [text.section(text.fit(section)) for section in sections[:20]]
    return Message(f"{number}: what {len(rows)} checks asked", tuple(blocks))


def _awaited(board: Board) -> Message:
    incident = board.incident
    by = f" by {text.when(board.complete_by)}" if board.complete_by else " in a few seconds"
    said = f"{incident.number}: evidence is being gathered"
    line = f"{said}. It is here{by}; what has not answered by then is marked unknown."
    return Message(said, (text.header(f"{incident.number} · evidence"), text.section(line)))


def _first_line(board: Board, first: Evidence | None, choice: Choice | None) -> str:
    if first is None:
        worst = [_worst(board, step) for step in board.playbook.questions.values()]
        blind = sum(line is None or line.status is EvidenceStatus.UNKNOWN for line in worst)
        rest = f"; {_many(blind, 'step')} of {len(worst)} to be tested by hand" if blind else ""
        return f"*No cause is suspect*{rest}."
    speaks = f"\nSpeaks for “{text.escape(choice.label, 80)}”." if choice else ""
    said = f"{text.escape(first.check, 40)}: {text.escape(first.line, 400)}"
    return f"*Look first at* {said}{_link(first)}{speaks}"


def _symptoms(board: Board) -> list[str]:
    """The worst first; of what is clear about a check one line, and how many more there are."""
    named: dict[str, Evidence] = {}
    for line in _every(board):
        if line.seen:
            named.setdefault(line.line, line)
    shown = worst_first(list(named.values()))
    clear = [line for line in shown if line.status is EvidenceStatus.CLEAR]
    lines = [_line(line) for line in shown if line.status is not EvidenceStatus.CLEAR]
    for check in dict.fromkeys(line.check for line in clear):
        same = [line for line in clear if line.check == check]
        lines.append(_line(same[0]) + (f" · {len(same) - 1} more clear" if len(same) > 1 else ""))
    more = len(lines) - _SYMPTOMS
    return [*lines[:_SYMPTOMS], f"and {more} more"] if more > 0 else lines


def _steps(board: Board) -> list[str]:
    """Each step with its worst line; one that only has what another said, for no answer, is left out."""
    first, _ = first_suspect(board)
    lines: list[str] = []
    said: set[str] = set()
    for step in board.playbook.questions.values():
        worst, name = _worst(board, step), f"*{step.number} {text.escape(step.name, 60)}*"
        if worst is None:
            lines.append(f"{name} · nothing is gathered: test it by hand")
            continue
        if worst.line in said and worst.suggests is None:
            continue
        said.add(worst.line)
        others = [line for line in board.evidence.get(step.id, ()) if _of_cause(line) and line is not worst]
        again = sum(1 for line in others if line.status is worst.status)
        more = f" · {again} more {worst.status}" if again else ""
        shown = f"{MARKS[worst.status]} · as above" if worst is first else _line(worst)
        lines.append(f"{name} · {shown}{more}")
    return lines


def _worst(board: Board, step: Question) -> Evidence | None:
    """Its worst line that says something about a cause; where there is none, its worst line."""
    lines = worst_first(board.evidence.get(step.id, ()))
    return next((line for line in lines if _of_cause(line)), lines[0] if lines else None)


def _of_cause(line: Evidence) -> bool:
    """Whether it is more than what is seen: that counts where it speaks for an answer."""
    return not line.seen or line.suggests is not None


def _line(line: Evidence) -> str:
    said = f"{text.escape(line.check, 40)}: {text.escape(line.line, _LINE)}"
    return f"{MARKS[line.status]} · {said}{_link(line)}"


def _link(line: Evidence) -> str:
    """A link to where it can be seen, where the address is one."""
    safe = line.url.startswith(("https://", "http://")) and not set(line.url) & set('<>| \n"')
    return f" <{line.url}|look>" if safe and len(line.url) < 500 else ""


def _every(board: Board) -> Iterable[Evidence]:
    return (line for lines in board.evidence.values() for line in lines if not line.check.startswith("@"))


def _counted(board: Board) -> str:
    """How the checks came out, each by its worst line: "2 suspect, 1 unknown, 9 clear"."""
    worst: dict[str, EvidenceStatus] = {}
    for line in worst_first(list(_every(board))):
        worst.setdefault(line.check, line.status)
    found = list(worst.values())
    counts = [(status.value, found.count(status)) for status in MARKS]
    return ", ".join(f"{number} {word}" for word, number in counts if number) or "nothing was asked"


def _buttons(incident: Incident) -> Block:
    def button(label: str, action: DashboardAction) -> Block:
        shown = {"type": "plain_text", "text": label, "emoji": False}
        return {"type": "button", "action_id": action.value, "text": shown, "value": encode(incident.id)}

    elements = [button("What was asked", DashboardAction.QUERIES)]
    if not incident.closed:
        elements.insert(0, button("Refresh evidence", DashboardAction.REFRESH))
    return {"type": "actions", "block_id": "dashboard", "elements": elements}


def _small_print(board: Board) -> str:
    at = text.when(board.gathered_at) if board.gathered_at else "never"
    said = f"Gathered {at} in {board.took:.1f} s"
    if board.incident.closed:
        return f"{said}. {board.incident.number} is {board.incident.status.words}: no longer kept current."
    return f"{said}, next {text.when(board.next_at)}." if board.next_at else f"{said}."


def _where(line: Evidence) -> str:
    source = f"{text.escape(line.source, 60)} · " if line.source else ""
    return f"{source}{line.took:.1f} s"


def _query(line: Evidence) -> str:
    return f"`{text.escape(line.query, 400)}`" if line.query else "it asked for nothing"


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
