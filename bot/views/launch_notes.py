"""What is said of signatures, the lock and amendments besides the cards; each ends with its witness."""

from collections.abc import Sequence

from bot.core.effect import Block, Message
from bot.core.launch import Amendment, Launch, Mark
from bot.core.ledger import Entry
from bot.views import text
from bot.views.launch_words import Living, broken_plan, expected
from bot.views.ledger import witness
from bot.views.plan_words import look_line

IN_FORCE = "in force"
GIVEN_UP = "withdrawn"


def locked(shown: Living, entry: Entry) -> Message:
    """The rule holds from now on: its hash, who signed, the calendar."""
    launch, plan = shown.launch, shown.plan
    head = f"Locked: {shown.name} · {launch.sha256[:12]}…"
    signed = _signed(launch)
    by = f"Signed by {', '.join(signed)}." if signed else "It asks for no signature."
    says = f"From now on the rule decides, and a change is an amendment. {by}"
    calendar = shown.calendar if shown.calendar.start is not None else None
    looks = [look_line(plan.registration, one, calendar) for one in plan.looks]
    blocks: list[Block] = [
        text.header(head),
        text.section(text.fit([says, *expected(shown)])),
        text.section(text.fit(["*When it may stop*", *looks])),
        text.context(f"`{launch.id}` · sha256 {launch.sha256} · {witness(entry)}"),
    ]
    return Message(f"{text.escape(head, 300)}. {says}", tuple(blocks))


def amended(launch: Launch, amendment: Amendment, entry: Entry) -> Message:
    """An amendment is in force: why, who signed, what changed."""
    name = launch.title or launch.id
    head = f"Amended: {name} · {launch.sha256[:12]}…"
    signed = [
        f"{text.escape(role, 80)} {text.person(mark.by)}" for role, mark in amendment.signatures.items()
    ]
    if launch.locked_at is None:
        by = "It was not locked yet, so every signature is asked for on the new text."
    else:
        by = f"Signed by {', '.join(signed)}." if signed else "It asks for no signature."
    says = f"{text.person(amendment.by)}: {text.escape(amendment.reason, 600)}"
    broken = [broken_plan(launch)] if amendment.breaking else []
    blocks: list[Block] = [
        text.header(head),
        text.section(text.fit([says, by, *broken])),
        text.section(text.fit(changes(amendment.diff))),
        text.context(f"`{launch.id}` · sha256 {launch.sha256} · {witness(entry)}"),
    ]
    return Message(f"{text.escape(head, 300)}. {says}", tuple(blocks))


def changes(diff: Sequence[str]) -> list[str]:
    """What changed, a line each."""
    return ["*What changed*", *(f"• {text.escape(line, 400)}" for line in diff)]


def signed(by: str, role: str, left: Sequence[str], entry: Entry) -> Message:
    """Somebody signed; what is still outstanding."""
    rest = f"still to sign: {text.escape(', '.join(left), 300)}" if left else "every signature is there"
    return _line(f"{text.person(by)} signed as {text.escape(role, 80)}; {rest}", entry)


def acknowledged(by: str, codes: Sequence[str], entry: Entry) -> Message:
    """Somebody took on warnings."""
    return _line(f"{text.person(by)} acknowledged {', '.join(codes)}", entry)


def voided(launch: Launch, role: str, mark: Mark, entry: Entry) -> Message:
    """A signature no longer counts, and somebody else is asked."""
    return _line(
        f"⚠ {text.escape(launch.title or launch.id, 200)}: the signature of {text.person(mark.by)} as "
        f"{text.escape(role, 80)} no longer counts, since {text.escape(str(entry.body['why']), 300)}. "
        "Somebody else has to sign, on the card",
        entry,
    )


def withdrawn(launch: Launch, amendment: Amendment, by: str, entry: Entry) -> Message:
    """An amendment was given up."""
    who = "" if by == amendment.by else f" of {text.person(amendment.by)}"
    return _line(
        f"{text.person(by)} withdrew the amendment{who}; {text.escape(launch.id, 80)} stays as it was", entry
    )


def _signed(paper: Launch | Amendment) -> list[str]:
    return [f"{text.escape(role, 80)} {text.person(mark.by)}" for role, mark in paper.signatures.items()]


def _line(said: str, entry: Entry) -> Message:
    return Message(f"{said}.", (text.section(f"{said}."), text.context(witness(entry))))
