"""A person's home page: what waits for them, most urgent first, or that nothing does."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.effect import Block, Message
from bot.views import text

MOST = 15
"""Entries of a kind that are listed; the rest are counted."""


@dataclass(frozen=True)
class Item:
    """One thing that waits: `what` is asked, as mrkdwn; `channel` is where it is done; `late` is overdue."""

    what: str
    channel: str
    late: bool = False


@dataclass(frozen=True)
class Group:
    """Things of a kind, most urgent first; `how` says what is expected of the reader."""

    title: str
    how: str
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Home:
    """All that the page shows.

    groups: without empty ones. roles, signs: what the reader holds and signs as, without viewer. admins: who
    names people, as mentions. unread: notes on people that Slack has not named, or not lately.
    """

    groups: tuple[Group, ...]
    roles: tuple[str, ...]
    signs: tuple[str, ...]
    admins: str
    unread: tuple[str, ...] = ()


def page(home: Home) -> Message:
    """The page; its text is for the log, since a page notifies nobody."""
    count = sum(len(group.items) for group in home.groups)
    if not count:
        return _empty(home)
    late = sum(item.late for group in home.groups for item in group.items)
    head = "1 thing waits for you" if count == 1 else f"{count} things wait for you"
    head += f", {late} overdue" if late else ""
    blocks: list[Block] = [text.header(head)]
    for group in home.groups:
        blocks += [text.section(text.fit(_lines(group))), {"type": "divider"}]
    return Message(head, (*blocks, *_small(home)))


def _lines(group: Group) -> list[str]:
    shown, rest = group.items[:MOST], len(group.items) - MOST
    more = [f"and {rest} more"] if rest > 0 else []
    return [f"*{group.title}* · {group.how}", *(_line(item) for item in shown), *more]


def _line(item: Item) -> str:
    return f"\u2022 {item.what} · {text.channel(item.channel)}"


def _empty(home: Home) -> Message:
    head = "Nothing waits for you"
    if home.roles or home.signs:
        said = "✓ No signature, decision, approval or task of yours is outstanding. "
        said += "This page changes by itself as soon as one is."
    else:
        said = (
            "Lookout runs launches by their registered plan, and walks incidents to their cause. "
            "You can follow both: what is signed, decided or done is posted in their channels."
        )
    asks = (
        "\u2022 `/experiment status` where a launch stands, `/experiment why` how its verdict came about\n"
        "\u2022 `/launch check` what a launch still needs before everybody gets it\n"
        "\u2022 `/triage list` the open incidents\n"
        "\u2022 `/experiment help` everything else"
    )
    can = text.section(f"*You can ask, in any channel*\n{asks}")
    return Message(head, (text.header(head), text.section(said), can, *_small(home)))


def _small(home: Home) -> tuple[Block, ...]:
    """What the reader holds, and who changes that."""
    held = _and(home.roles)
    signs = f"you sign as {_and(home.signs)}" if home.signs else ""
    if held or signs:
        said = " · ".join(filter(None, (f"You hold the role {held}" if held else "", signs)))
        said = said[0].upper() + said[1:]
    else:
        said = "You hold no role: signing, deciding, amending and configuring take one"
    said = f"{said}. Roles are given in lookout.toml by {home.admins}."
    return tuple(text.context(one) for one in (said, *(f"⚠ {note}" for note in home.unread)))


def _and(names: Sequence[str]) -> str:
    escaped = [f"*{text.escape(one, 80)}*" for one in names]
    return " and ".join(filter(None, (", ".join(escaped[:-1]), *escaped[-1:])))
