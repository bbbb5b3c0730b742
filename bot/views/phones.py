"""The phone tree: what is left when Slack, Lookout or its sources fail."""

import re
from collections.abc import Mapping

from bot.views.text import escape

_SHORT = 3
"""Entries in the card's small print; all of them stand where they are needed."""


def by_hand(tree: Mapping[str, str], *, drill: bool = False) -> str:
    """What to do without Lookout, as mrkdwn lines; every entry of the tree, and in a drill none."""
    if drill:
        return "This is a drill: phone nobody. In earnest the phone tree stands here."
    if not tree:
        return (
            "By hand: call whoever you know, walk the tree in playbooks/triage.yaml. "
            "(No phone tree is configured: name it under [phone_tree] in lookout.toml.)"
        )
    lines = [f"• {escape(name, 100)}: {_reached(number)}" for name, number in tree.items()]
    return "\n".join(["By hand, in this order:", *lines])


def small_print(tree: Mapping[str, str]) -> str:
    """The first numbers, for the card: they are there when nothing can be drawn any more."""
    first = [f"{escape(name, 60)} {_reached(number)}" for name, number in list(tree.items())[:_SHORT]]
    rest = f" and {len(tree) - _SHORT} more: `@lookout triage phones`" if len(tree) > _SHORT else ""
    return f"If Slack or Lookout fails: {' · '.join(first)}{rest}"


def _reached(number: str) -> str:
    """A number as it is; an address as a link to press, which lookout.toml may have and nobody else."""
    if re.fullmatch(r"https?://[^\s<>|]+", number):
        return f"<{number.replace('&', '&amp;')}>"
    return escape(number, 250)
