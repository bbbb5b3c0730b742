"""What is answered to who walks an incident by typing: where it stands, what can be typed next, the tree."""

from collections.abc import Sequence

from bot.core.checklist import items
from bot.core.effect import Message
from bot.core.evidence import Evidence, worst_first
from bot.core.incident import Incident, Status
from bot.core.playbook import Leaf, Playbook, Question
from bot.core.playbook_drawing import text_tree
from bot.views import text
from bot.views.incident_scene import evidence_line

_SHOWN = 2
"""Lines of evidence in an answer; the card has them all."""


def stands(incident: Incident, playbook: Playbook, evidence: Sequence[Evidence]) -> Message:
    """Where the incident stands now, in the few lines a phone shows, and what can be typed next."""
    lines = [f"*{incident.number}* · {_where(incident, playbook)}"]
    place = playbook.at(incident.position)
    if incident.status is Status.TRIAGING:
        lines += [evidence_line(item, place.choices) for item in worst_first(evidence)[:_SHOWN]]
    following = possible(incident, playbook)
    if following:
        lines.append(following)
    fallback = f"{incident.number}: {_where(incident, playbook)}"
    return Message(fallback, (text.section(text.fit(lines)),))


def possible(incident: Incident, playbook: Playbook) -> str:
    """What can be typed next, as it is typed; "" when it is closed for good."""
    place = playbook.at(incident.position)
    if incident.closed:
        return "Next: `reopen`, if it was not over."
    if incident.status is Status.MITIGATED:
        return "Next: `resolved`, or `reopen` if it is not mitigated."
    if isinstance(place, Leaf) and place.localized:
        return f"Next: {_steps(incident, place)}`mitigated`, or `back` if that was not it."
    choices = " · ".join(f"`{choice.id}` {text.escape(choice.label, 60)}" for choice in place.choices)
    return f"Next: `answer …` with {choices}" + ("; or `back`" if incident.path else "")


def tree(incident: Incident, playbook: Playbook) -> Message:
    """The whole tree with ✓ before the answers given and where the incident stands."""
    given = {(answer.question, answer.answer) for answer in incident.path}

    def mark(question: str, answer: str) -> str:
        return "✓ " if (question, answer) in given else ""

    drawn = text_tree(playbook, here=incident.position, mark=mark).splitlines()
    head = f"*{incident.number}* walks “{text.escape(playbook.title, 120)}”:"
    blocks = [text.section(head), *(text.section(one) for one in _pages(drawn))]
    return Message(f"{incident.number} walks “{text.escape(playbook.title, 120)}”", tuple(blocks))


def _pages(lines: Sequence[str]) -> list[str]:
    """Code blocks that each fit a section."""
    pages: list[list[str]] = [[]]
    for line in lines:
        said = text.escape(line.strip(), 300)
        said = line[: len(line) - len(line.lstrip())] + said
        if sum(len(one) + 1 for one in pages[-1]) + len(said) > text.SECTION - 100:
            pages.append([])
        pages[-1].append(said)
    return ["```\n" + "\n".join(page) + "\n```" for page in pages]


def _where(incident: Incident, playbook: Playbook) -> str:
    place = playbook.at(incident.position)
    if incident.closed or incident.status is Status.MITIGATED:
        return incident.status.words
    if isinstance(place, Question):
        return f"step {place.number} of {len(playbook.questions)}: {text.escape(place.ask)}"
    named = text.escape(playbook.category_name(place.category)) if place.localized else "not localized"
    return f"{named}: {text.escape(place.action, 200)}"


def _steps(incident: Incident, place: Leaf) -> str:
    """The next step of the checklist, as it is typed."""
    found = next((one for one in items(incident, place) if not one.done), None)
    if found is None:
        return ""
    verb = "claim" if found.claim is None else "done"
    return f"`{verb} {found.number}` {text.escape(found.text, 100)} · "
