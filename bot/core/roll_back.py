"""Roll back first, investigate after: which roll-back the evidence makes plausible, wherever the walk stands.

At 3 am an unneeded roll-back costs less than an incident that goes on. So an answer that leads to one is
offered from every step as soon as the evidence of its own question speaks for it, unless somebody answered
that question with the same evidence before them: then they know, and are not asked again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.core.evidence import Evidence, EvidenceStatus, worst_first
from bot.core.incident import Incident
from bot.core.playbook import Choice, Leaf, Playbook, Question


@dataclass(frozen=True)
class RollBack:
    """An answer that leads to a roll-back: its question, where it leads, and what speaks for it."""

    question: Question
    choice: Choice
    leaf: Leaf
    evidence: Evidence


def roll_back(
    incident: Incident,
    playbook: Playbook,
    gathered: Mapping[str, Sequence[Evidence]],
    *,
    here: bool = False,
) -> RollBack | None:
    """The roll-back most spoken for by the evidence of other questions than the present one, None for none.

    `gathered` is evidence by question; with `here` the present one counts too.
    """
    seen = {
        (line.check, line.query, line.suggests)
        for answer in incident.path
        for line in answer.evidence
        if line.status is EvidenceStatus.SUSPECT
    }
    for question in playbook.questions.values():
        if question.id == incident.position and not here:
            continue
        for line in worst_first(gathered.get(question.id, ())):
            choice = question.choice(line.suggests or "")
            news = (line.check, line.query, line.suggests) not in seen
            if line.status is EvidenceStatus.SUSPECT and choice and news and playbook.rolls_back(choice.to):
                return RollBack(question, choice, playbook.leaves[choice.to], line)
    return None


def plausible(playbook: Playbook) -> tuple[tuple[Question, Choice], ...]:
    """Every answer that leads to a roll-back, with its question: what may be entered out of turn."""
    return tuple(
        (question, choice)
        for question in playbook.questions.values()
        for choice in question.choices
        if playbook.rolls_back(choice.to)
    )
