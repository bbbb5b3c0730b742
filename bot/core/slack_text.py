"""What people wrote in Slack, as text that can be read anywhere."""

import html
import re
from collections.abc import Mapping

MOST = 8000
"""Characters kept of one message; Slack takes 40,000."""

_MARKUP = re.compile(r"<([^<>\n]{1,4000})>")
_DATE = re.compile(r"!date\^[^|]*\|(.*)", re.DOTALL)


def plain(text: str, names: Mapping[str, str]) -> str:
    """Return Slack's mrkdwn with its mentions, channels, links and entities written out; lines stay lines.

    `names` are people by their Slack id; who is in none stays an id.

    >>> plain("<@U1> see <https://a.test|the graph> &amp; <#C1|ops>", {"U1": "yuki"})
    '@yuki see the graph (https://a.test) & #ops'
    """
    written = _MARKUP.sub(lambda found: _written(found[1], names), text[: 2 * MOST])
    return html.unescape(written)[:MOST]


def _written(inside: str, names: Mapping[str, str]) -> str:
    target, _, label = inside.partition("|")
    if target.startswith("@"):
        return f"@{names.get(target[1:]) or label.lstrip('@') or target[1:]}"
    if target.startswith("#"):
        return f"#{label or target[1:]}"
    if target.startswith("!"):
        date = _DATE.fullmatch(inside)
        if date:
            return date[1]
        return label if label.startswith("@") else f"@{label or target[1:].partition('^')[0]}"
    if label and label != target.removeprefix("mailto:"):
        return f"{label} ({target})"
    return target.removeprefix("mailto:")
