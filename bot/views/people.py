"""What is said of people: whom Slack does not know, in the words an operator can mend."""

from collections.abc import Mapping, Sequence

from bot.core.effect import Message
from bot.views.text import escape


def kind(reference: str) -> str:
    """What a reference is: an address, a user group, an account."""
    if "@" in reference:
        return f"the address {escape(reference, 120)}"
    return f"the {'group' if reference.startswith('S') else 'account'} {escape(reference, 40)}"


def unknown(uses: Mapping[str, Sequence[str]]) -> Message:
    """To the ops channel: what Slack does not know, and what it stands for in lookout.toml."""
    lines = [
        f"\u2022 {kind(one)}: {', '.join(escape(use, 80) for use in named) or 'signed something'}"
        for one, named in uses.items()
    ]
    head = "Slack does not know some of those whom lookout.toml names, so nobody is behind them:"
    mend = "Mend lookout.toml, or make the group again; `lookout doctor` shows every role."
    return Message("\n".join([head, *lines, mend]))
