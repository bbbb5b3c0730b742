"""Text from outside, made safe to keep: what no database takes and no reader should see is taken out."""

import re

_UNWANTED = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # control characters; NUL is refused by PostgreSQL
    "\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff"  # invisible, or turning the text's direction
    "\u2028\u2029]+"  # line breaks of another name
)
_HALF_PAIR = re.compile("[\ud800-\udfff]")


def clean(text: str) -> str:
    """Return `text` on one line, without control, invisible and half characters.

    >>> clean("a\\nb\\x00  c")
    'a b c'
    """
    return " ".join(_UNWANTED.sub(" ", _HALF_PAIR.sub("\ufffd", text)).split())


def kept(text: str, limit: int) -> str:
    """Return `text` cleaned and no longer than `limit` characters, marked where it was cut."""
    text = clean(text[: limit * 4])
    return text if len(text) <= limit else text[: limit - 1] + "…"
