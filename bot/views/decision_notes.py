"""What is said about decisions beside their card: the news, the forms' first lines, why one is refused."""

from bot.core.effect import Message
from bot.core.figures import weekday
from bot.core.launch import Launch, Override
from bot.core.ledger import Entry
from bot.core.readiness import Row
from bot.views import text
from bot.views.decision import Case
from bot.views.decision_words import broken
from bot.views.ledger import witness
from bot.views.look_head import because, called, shout


def decided(launch: Launch, entry: Entry) -> Message:
    """The news of a decision, with the ledger's head."""
    done = launch.decision
    if done is None:  # never: it was just noted
        raise ValueError("nothing was decided")
    head = f"{done.decision.upper()}{' under an override' if done.override else ''}"
    on = f"look {entry.body['look']}: {done.verdict}" if done.record else "no look was on record"
    said = (
        f"*{head}* · {text.escape(launch.title or launch.id, 200)}, decided by {text.person(done.by)} ({on})."
    )
    lines = [said]
    if done.decision == "stop" and done.verdict == "ship":
        lines.append("⚠ Against the rule, which allowed a launch.")
    if entry.body["acknowledged"]:
        names = text.escape(", ".join(entry.body["acknowledged"]), 800)
        lines.append(f"Taken on by name: {names}.")
    if done.reason:
        lines.append(f"Why: {text.escape(done.reason, 1000)}")
    if launch.broken:
        lines.append(f"⚠ {broken(launch)}")
    blocks = (text.section(text.fit(lines)), text.context(f"`{launch.id}` · {witness(entry)}"))
    return Message("\n".join(lines), blocks)


def given_up(launch: Launch, entry: Entry) -> Message:
    """The news that a registration was given up before it was locked."""
    said = (
        f"*Given up before it was locked* · {text.escape(launch.title or launch.id, 200)}, by "
        f"{text.person(entry.by)}: {text.escape(entry.body['why'], 1000)} Nothing was decided."
    )
    return Message(said, (text.section(said), text.context(f"`{launch.id}` · {witness(entry)}")))


def rerun(earlier: Launch, launch: Launch, entry: Entry) -> Message:
    """The news, where the run before lives, that it is run again under its own lines."""
    last = earlier.newest
    ended = f", where look {last.look} said {last.verdict.replace('-', ' ').upper()}" if last else ""
    said = (
        f"*A re-run is registered:* {text.escape(launch.title or launch.id, 200)} (`{launch.id}`), by "
        f"{text.person(entry.by) or 'CI'}. It runs `{earlier.id}` again{ended}; what was decided there stays."
    )
    return Message(said, (text.section(said), text.context(f"`{launch.id}` · {witness(entry)}")))


def asked(case: Case) -> str:
    """The first lines of the form of [Ship]."""
    head = f"{called(case.result)}: {shout(case.result.verdict)} · {because(case.registration, case.result)}"
    lines = [f"*{text.escape(case.registration.name, 200)}*", text.escape(head, 300)]
    if case.launch.broken:
        lines.append(f"⚠ {broken(case.launch)}")
    if case.launch.paused is not None:
        why = text.escape(case.launch.paused_why, 300)
        lines.append(f"⚠ The rollout is paused: {why}. Shipping does not resume it.")
    lines.append("It is written into the ledger with your name; the first decision stands.")
    return text.fit(lines)


def under(override: Override) -> str:
    """That it ships only because of a review."""
    return (
        f"The rule says no. It ships under the override of {text.person(override.by)}, approved by "
        f"{text.person(override.approved.by) if override.approved else 'nobody'}, until "
        f"{weekday(override.expires)}."
    )


def stopping(launch: Launch) -> str:
    """The first lines of the form of [Stop]."""
    name, newest = text.escape(launch.title or launch.id, 200), launch.newest
    lines = [f"*{name}* ends here. It is written into the ledger with your name; the first decision stands."]
    if newest is not None:
        said = newest.verdict.replace("-", " ").upper()
        against = " Stopping contradicts the rule; whoever reads it later wants to know why."
        lines.append(f"Look {newest.look} says {said}.{against if newest.verdict == 'ship' else ''}")
    return " ".join(lines)


def lack(row: Row, who: str) -> str:
    """One row that is missing, and who can supply it."""
    return f"{row.id} {text.escape(row.name, 80)}: {text.escape(row.why, 200)} (from {who})"
