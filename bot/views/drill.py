"""What is said about drills: which there are, how one went, and that one is due."""

from collections.abc import Sequence
from datetime import datetime

from bot.core.drill import Drill
from bot.core.drill_score import Score
from bot.core.effect import Block, Message
from bot.core.incident import Incident
from bot.core.incident_metrics import LOCALIZE_TARGET, MITIGATE_TARGET
from bot.views import text

PREFIX = "Drill: "
"""What the title of a drill's incident begins with, so that nobody takes it for real."""


def listing(drills: Sequence[Drill], last: dict[str, tuple[datetime, Score | None]]) -> Message:
    """Which drills there are, and how each went last; titles give nothing away of the way."""
    lines = []
    for drill in drills:
        begun, score = last.get(drill.id, (None, None))
        when = "never practised" if begun is None else f"last {text.when(begun, style='{date_short_pretty}')}"
        went = "" if score is None else f", {'passed' if score.passed else 'not passed'}"
        lines.append(f"• `{drill.id}` {text.escape(drill.page.title, 150)} ({when}{went})")
    head = "Drills. `/triage drill NAME` begins one in the drill channel; nobody outside it is called."
    return Message(head, tuple(text.listed(head, lines)))


def begun(incident: Incident, by: str) -> Message:
    """Said where the drill was asked for, when that is not its channel."""
    place = text.channel(incident.channel)
    return Message(f"{incident.number} is a drill begun by {text.person(by)}: {place}. The clock runs.")


def result(score: Score, drill: Drill, incident: Incident, category: str) -> Message:
    """How it went, and what really happened."""
    head = _head(score, incident)
    facts = [
        _localized(score, category),
        _mitigated(score),
        _counted("Wrong turns", score.wrong_turns),
        _counted("Unnecessary roll-backs", score.rollbacks),
        f"{_mark(score.nags == 0)} *Nags needed:* {score.nags or 'none'}",
    ]
    blocks: list[Block] = [
        text.header(head),
        text.section(text.fit(facts)),
        text.section(text.fit([f"*What happened:* {text.escape(drill.story, 2000)}"])),
        text.section(text.fit([f"*Lesson:* {text.escape(drill.lesson, 1000)}"])),
    ]
    if drill.source:
        blocks.append(
            text.context(f"After {text.escape(drill.source, 200)}. Kept in `/incidents metrics`, apart.")
        )
    return Message(head, tuple(blocks))


def _head(score: Score, incident: Incident) -> str:
    if score.stopped:
        return f"{incident.number}: the drill was stopped"
    return f"{incident.number}: drill {'passed' if score.passed else 'not passed'}"


def _localized(score: Score, category: str) -> str:
    wanted = f"the right one was {text.escape(category, 100)}"
    if score.localize is None:
        return f"✗ *Localized:* no category was named; {wanted}"
    took = f"{text.duration(score.localize)} (target ≤ {text.duration(LOCALIZE_TARGET)})"
    if not score.right:
        return f"✗ *Localized:* in {took}, to another category; {wanted}"
    return f"{_mark(score.localize <= LOCALIZE_TARGET)} *Localized:* {text.escape(category, 100)} in {took}"


def _mitigated(score: Score) -> str:
    if score.mitigate is None:
        return "✗ *Mitigated:* not reached"
    took = f"{text.duration(score.mitigate)} (target ≤ {text.duration(MITIGATE_TARGET)})"
    return f"{_mark(score.mitigate <= MITIGATE_TARGET)} *Mitigated:* in {took}"


def _counted(what: str, items: Sequence[str]) -> str:
    if not items:
        return f"✓ *{what}:* none"
    named = "; ".join(text.escape(item, 100) for item in items[:5])
    more = f" and {len(items) - 5} more" if len(items) > 5 else ""
    return f"⚠ *{what}:* {len(items)}: {named}{more}"


def _mark(good: bool) -> str:
    return "✓" if good else "⚠"


def due(drills: Sequence[Drill], last: datetime | None, following: str) -> Message:
    """The quarterly reminder; `drills` begin with the one that was practised longest ago."""
    since = (
        f"the last drill was {text.when(last, style='{date_short_pretty}')}" if last else "there was none yet"
    )
    names = ", ".join(f"`{drill.id}`" for drill in drills[:3])
    said = (
        f"A drill is due this quarter: {since}. `/triage drill NAME` begins one; longest not practised: "
        f"{names}. The next reminder comes {following}."
    )
    return Message(said, (text.section(said),))
