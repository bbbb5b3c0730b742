"""Which alerts are meant: labels held against patterns, as rules, silences and maintenance windows do it."""

import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

Match: TypeAlias = Mapping[str, Sequence[str]]
"""Patterns by label; a label is right when one of its patterns fits, an alert when all its labels are."""


def matches(labels: Mapping[str, str], match: Match) -> bool:
    """Whether labels are meant by `match`; one without patterns means everything.

    >>> matches({"service": "rag-index"}, {"service": ["rag-*", "answers"]})
    True
    """
    return all(any(fits(labels.get(name, ""), one) for one in patterns) for name, patterns in match.items())


def fits(value: str, pattern: str) -> bool:
    """Whether a value is the pattern, in which `*` stands for anything; upper case is lower case.

    A label that is missing or empty fits only the empty pattern. The time grows with the lengths alone,
    whatever the pattern: it comes from people, and the value from strangers.

    >>> fits("RAG-index-3", "rag-*-3"), fits("", "*"), fits("", ""), fits("a*", "a")
    (True, False, True, False)
    """
    value, pattern = value.casefold(), pattern.casefold()
    first, *rest = pattern.split("*")
    if not rest or not value:
        return value == pattern
    *middle, last = rest
    if not value.startswith(first) or not value.endswith(last) or len(value) < len(first) + len(last):
        return False
    at, end = len(first), len(value) - len(last)
    for part in middle:
        found = value.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def words(match: Match) -> str:
    """The match as people type it: with quotation marks where it has spaces; `*` stands for one of its own.

    >>> words({"service": ["rag"], "locale": ["jp", "en"], "title": ["it got worse"]})
    'service=rag locale=jp|en title="it got worse"'
    """
    return " ".join(f"{name}={_typed('|'.join(patterns))}" for name, patterns in match.items())


def _typed(value: str) -> str:
    return value if re.fullmatch(r'[^\s"“”]+', value) else '"{}"'.format(value.replace('"', "*"))
