"""Text as Slack shows it: outside text made harmless, cut to limits; people, times, durations, numbers.

Two kinds of text object exist. `plain_text` shows characters as they are, so `plain` only cleans and cuts.
`mrkdwn` (and the notification `text` of a message) acts on `<…>`, `@…`, links, backticks and emphasis, so
everything from outside passes `escape`, and the objects made by `mrkdwn` are `verbatim` (Slack then does
not turn bare addresses and names into links).
"""

import math
import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from bot.core.effect import Block, Message
from bot.core.outside import clean

ELLIPSIS = "…"
ZERO_WIDTH = "\u200b"
SECTION = 3000
"""Characters in a section's text (Slack: block `section`)."""
HEADER = 150
BUTTON = 75
NOTIFICATION = 3000
"""What we allow the notification line; Slack takes 40,000, a phone shows 200."""

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "`": "\u02cb", "*": "\u2217", "~": "\u223c"}
"""Entities as Slack wants them; characters that format become their look-alikes that do not."""
_AT = re.compile(r"@(?=\w*[A-Za-z])")
_EDGE_UNDERSCORE = re.compile(r"(?<!\w)_|_(?!\w)")
_PERCENT = re.compile(r"(?<=\d) %(?! ?\d)")
NO_BREAK = "\u00a0"


def escape(text: str, limit: int = 500) -> str:
    """Return outside text for mrkdwn: it cannot mention, link, format or break the line.

    The result has at most `limit` characters, entities counted as Slack counts them.

    >>> escape("<!channel> & co")
    '&lt;!channel&gt; &amp; co'
    """
    parts: list[str] = []
    size = 0
    for character in _guarded(clean(text)):
        piece = _ENTITIES.get(character, character)
        parts.append(piece)
        size += len(piece)
        if size > limit:
            while parts and size > limit - len(ELLIPSIS):
                size -= len(parts.pop())
            return "".join(parts).rstrip() + ELLIPSIS
    return "".join(parts)


def _guarded(text: str) -> str:
    """Break what Slack would act on: addresses, @names, underscores that would emphasise."""
    text = text.replace("://", f":{ZERO_WIDTH}//")
    text = _AT.sub(f"@{ZERO_WIDTH}", text)
    return _EDGE_UNDERSCORE.sub(f"{ZERO_WIDTH}_{ZERO_WIDTH}", text)


def plain(text: str, limit: int) -> str:
    """Return outside text for a plain_text object of at most `limit` characters, on one line."""
    return unbroken(cut(clean(text), limit))


def unbroken(text: str) -> str:
    """Hold figures and their percent signs together, so that no narrow screen breaks a line between them.

    >>> ascii(unbroken("51 % of 8 % 3"))
    "'51\\\\xa0% of 8 % 3'"
    """
    return _PERCENT.sub(f"{NO_BREAK}%", text)


def cut(text: str, limit: int) -> str:
    """Shorten to `limit` characters, with an ellipsis where something was left out.

    Not for escaped text with entities near the cut: escape with a limit instead.
    """
    return text if len(text) <= limit else text[: limit - len(ELLIPSIS)].rstrip() + ELLIPSIS


def fit(lines: Sequence[str], limit: int = SECTION) -> str:
    """Join as many whole lines as fit into `limit` characters, and say how many were left out."""
    kept: list[str] = []
    size = 0
    room = limit - len("(and 9999 more lines)") - 1
    for index, line in enumerate(lines):
        if size + len(line) + 1 > room and not (index == len(lines) - 1 and size + len(line) + 1 <= limit):
            kept.append(f"(and {len(lines) - index} more lines)")
            break
        kept.append(line)
        size += len(line) + 1
    return "\n".join(kept)


def mrkdwn(text: str) -> Block:
    """A mrkdwn text object; its outside parts must have passed `escape`."""
    return {"type": "mrkdwn", "text": unbroken(text), "verbatim": True}


def section(text: str) -> Block:
    """A section block of mrkdwn."""
    return {"type": "section", "text": mrkdwn(text)}


def message(said: str) -> Message:
    """Return a message of one section, which a notification says too."""
    return Message(said, (section(said),))


def listed(title: str, lines: Sequence[str]) -> list[Block]:
    """Return a section of a title and its lines; nothing where there are none."""
    return [section(fit([title, *lines]))] if lines else []


def header(text: str) -> Block:
    """A header block, cut to Slack's 150 characters."""
    return {"type": "header", "text": {"type": "plain_text", "text": plain(text, HEADER), "emoji": False}}


def context(text: str) -> Block:
    """A block of small print."""
    return {"type": "context", "elements": [mrkdwn(text)]}


def person(reference: str) -> str:
    """Mention a Slack user (U…, W…) or user group (S…); anything else, such as an address, as text.

    >>> person("U01"), person("S0ML")
    ('<@U01>', '<!subteam^S0ML>')
    """
    if re.fullmatch(r"[UW][A-Z0-9]+", reference):
        return f"<@{reference}>"
    if re.fullmatch(r"S[A-Z0-9]+", reference):
        return f"<!subteam^{reference}>"
    return escape(reference, 100)


def people(references: Sequence[str], otherwise: str) -> str:
    """Mention all of them, or say `otherwise` where nobody is configured."""
    return ", ".join(person(reference) for reference in references) or otherwise


def channel(reference: str) -> str:
    """A link to a channel by its id (C…) or, by `bot.core.channel_links`, its name with the hash."""
    if re.fullmatch(r"[CG][A-Z0-9]{4,}|#[a-z0-9_-]{1,80}", reference):
        return f"<#{reference.removeprefix('#')}>"
    return escape(reference, 100)


def when(moment: datetime, *, style: str = "{time}") -> str:
    """A time in the reader's own zone, with UTC for readers and programs that cannot show it.

    `style` is Slack's: "{time}", "{date_short_pretty} {time}", …
    """
    utc = moment.astimezone(UTC)
    return f"<!date^{int(utc.timestamp())}^{style}|{utc:%Y-%m-%d %H:%M} UTC>"


def clock_time(moment: datetime) -> str:
    """A time for text that nobody converts: "02:31 UTC"."""
    return f"{moment.astimezone(UTC):%H:%M} UTC"


def duration(span: timedelta) -> str:
    """A length of time in at most two units; below a minute in seconds.

    >>> duration(timedelta(minutes=125)), duration(timedelta(seconds=40)), duration(timedelta(days=3))
    ('2 h 5 min', '40 s', '3 d')
    """
    seconds = max(0, int(span.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if days:
        rest = hours - days * 24
        return f"{days} d {rest} h" if rest else f"{days} d"
    if hours:
        rest = minutes - hours * 60
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{minutes} min"


def number(value: float) -> str:
    """A number with at most four significant digits, large ones with thousands separators.

    >>> number(0.61), number(1023456.0), number(-0.0000123)
    ('0.61', '1,023,456', '-1.23e-05')
    """
    if not math.isfinite(value):
        return str(value)
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def percent(fraction: float, digits: int = 1) -> str:
    """A signed change in percent, with a real minus sign.

    >>> percent(0.2179)
    '+21.8 %'
    """
    if not math.isfinite(fraction):
        return "n/a"
    sign = "\u2212" if fraction < 0 else "+"
    return f"{sign}{abs(fraction) * 100:.{digits}f} %"


def slug(text: str, limit: int = 40) -> str:
    """A part of a channel name: lower case, digits and single hyphens; "incident" when nothing is left.

    >>> slug("reranker NDCG@10: 0.78 → 0.61")
    'reranker-ndcg-10-0-78-0-61'
    """
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "-", ascii_text.lower()).strip("-")
    return words[:limit].strip("-") or "incident"
