"""What is said of people: whom Slack does not know, in the words an operator can mend."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.core.effect import Message
from bot.views.text import escape, when


def kind(reference: str) -> str:
    """What a reference is: an address, a user group, an account."""
    if "@" in reference:
        return f"the address {escape(reference, 120)}"
    return f"the {'group' if reference.startswith('S') else 'account'} {escape(reference, 40)}"


def unknown(uses: Mapping[str, Sequence[str]]) -> Message:
    """To the ops channel: what Slack does not know, and what it stands for in lookout.toml."""
    head = "Slack does not know some of those whom lookout.toml names, so nobody is behind them:"
    mend = "Mend lookout.toml, or make the group again; `lookout doctor` shows every role."
    return Message("\n".join([head, *_lines(uses), mend]))


def old(uses: Mapping[str, Sequence[str]], since: datetime, until: datetime) -> Message:
    """To the ops channel: Slack has not confirmed for a while who is behind these."""
    head = f"⚠ Slack has not said since {_at(since)} who is behind some of those whom lookout.toml names."
    rest = f"Whom it named then count until {_at(until)}; after that nobody does, until it answers again."
    return Message("\n".join([head, *_lines(uses), rest]))


def lapsed(uses: Mapping[str, Sequence[str]], since: datetime) -> Message:
    """To the ops channel: what Slack last said of these is too long ago to count."""
    head = f"✗ Slack has not said since {_at(since)} who is behind these, so nobody holds what they hold:"
    mend = "It is asked again every minute. Whoever must act meanwhile is named by Slack id in lookout.toml."
    return Message("\n".join([head, *_lines(uses), mend]))


def doubt(reference: str, standing: str, read_at: datetime | None) -> str:
    """What is known of a reference that cannot be relied on, completing "who holds it"."""
    if standing == "unknown":
        return f"{kind(reference)} is not known to Slack"
    if standing == "lapsed" and read_at is not None:
        return f"{kind(reference)} was last read from Slack at {_at(read_at)}, too long ago to count"
    if standing == "read" and read_at is not None:
        return f"{kind(reference)} was last read from Slack at {_at(read_at)}"
    return f"{kind(reference)} has not been read yet"


def _lines(uses: Mapping[str, Sequence[str]]) -> list[str]:
    return [
        f"\u2022 {kind(one)}: {', '.join(escape(use, 80) for use in named) or 'signed something'}"
        for one, named in uses.items()
    ]


def _at(moment: datetime) -> str:
    return when(moment, style="{date_short_pretty} {time}")
