"""The small languages of the form for a new experiment: guardrails, cohorts, looks, a metric's columns.

Each reader takes what somebody typed and returns the part of a registration it stands for, or raises
`ValueError` with the line, what was read and an example.
"""

import math
import re
from collections.abc import Iterator
from typing import Any

from bot.core.outside import clean

_NUMBER = re.compile(r"[-+\N{MINUS SIGN}]?\d[\d,_ ]*(?:\.\d+)?(?:[eE][-+]?\d+)?|[-+\N{MINUS SIGN}]?\.\d+")
_METRIC = re.compile(
    r"(?:(?P<kind>mean|proportion|p\d{1,2}(?:\.\d+)?)\s+)?(?P<name>[^\s=:]+)(?:\s*=\s*(?P<column>.+))?"
)
_THRESHOLD = re.compile(
    r"(?P<sign><=|>=|\N{LESS-THAN OR EQUAL TO}|\N{GREATER-THAN OR EQUAL TO}|[-+\N{MINUS SIGN}])"
    r"\s*(?P<value>[\d.,_eE+-]+)\s*(?P<percent>%?)"
)

GUARDRAIL_EXAMPLE = "csat: -1 %"
COHORT_EXAMPLE = "locale: en 55, jp 30, mixed 15"


def number(text: str) -> float:
    """A number as people type it: `0.183`, `200,000`, `3 %` (which is 3: the field says the unit).

    >>> number("200,000"), number("3 %"), number("-0.5")
    (200000.0, 3.0, -0.5)
    """
    bare = clean(text).removesuffix("%").strip()
    if not _NUMBER.fullmatch(bare):
        raise ValueError(f"`{bare[:40]}` is not a number.")
    value = float(re.sub(r"[,_ ]", "", bare).replace("\N{MINUS SIGN}", "-"))
    if not math.isfinite(value):
        raise ValueError(f"`{bare[:40]}` is too large a number.")
    return value


def days(text: str) -> list[int]:
    """The days of the looks: `4, 7, 11, 14`."""
    parts = [part for part in re.split(r"[\s,;]+", clean(text)) if part]
    wrong = next((part for part in parts if not re.fullmatch(r"\d{1,4}", part)), None)
    if wrong is not None:
        raise ValueError(f"`{wrong[:40]}` is not a day. Write e.g. `4, 7, 11, 14`.")
    return [int(part) for part in parts]


def listed(text: str) -> list[str]:
    """One thing a line; empty lines and bullets are left out."""
    return [line for line in (clean(line).lstrip("-•* ") for line in text.splitlines()) if line]


def named(text: str) -> list[str]:
    """Names, between commas or one a line."""
    return [name for name in (clean(part) for part in re.split(r"[,\n]", text)) if name]


def metric(text: str, name: str = "") -> tuple[str, dict[str, Any]]:
    """A metric's name and where it is read: `csat`, `p95 latency_ms`, `ctr = clicks / views`.

    >>> metric("p95 latency_ms")
    ('p95_latency_ms', {'kind': 'quantile', 'q': 0.95, 'column': 'latency_ms'})
    >>> metric("ctr = clicks / views")
    ('ctr', {'kind': 'ratio', 'numerator': 'clicks', 'denominator': 'views'})
    """
    found = _METRIC.fullmatch(clean(text))
    if found is None:
        raise ValueError(f"`{clean(text)[:60]}` is no metric. Write e.g. `csat`, or `ctr = clicks / views`.")
    word, own, column = found["kind"] or "", found["name"], (found["column"] or "").strip()
    if "/" in column:
        numerator, denominator = (part.strip() for part in column.split("/", 1))
        return name or own, {"kind": "ratio", "numerator": numerator, "denominator": denominator}
    if word.startswith("p") and word != "proportion":
        said = {"kind": "quantile", "q": round(float(word[1:]) / 100, 6), "column": column or own}
        return name or (own if column else f"{word.replace('.', '_')}_{own}"), said
    return name or own, {"kind": word or "mean", "column": column or own}


def guardrails(text: str) -> list[tuple[str, dict[str, Any], dict[str, float]]]:
    """Name, metric and threshold of each line: `csat: -1 %`, `p95 latency_ms: <= 800`, `spam: +5 %`.

    >>> guardrails("csat: -1 %")
    [('csat', {'kind': 'mean', 'column': 'csat'}, {'max_relative_regression': 0.01})]
    """
    read = []
    for at, line in _lines(text):
        what, colon, threshold = line.rpartition(":")
        limit = _THRESHOLD.fullmatch(threshold.strip())
        if not colon or limit is None:
            raise ValueError(f"line {at}: `{line[:60]}` has no threshold. Write e.g. `{GUARDRAIL_EXAMPLE}`.")
        try:
            name, declared = metric(what)
            read.append((name, declared, _threshold(limit)))
        except ValueError as error:
            raise ValueError(f"line {at}: {error}") from None
    return read


def _threshold(found: re.Match[str]) -> dict[str, float]:
    value, percent = number(found["value"]), bool(found["percent"])
    bound = {"<=": "max", "≤": "max", ">=": "min", "≥": "min"}.get(found["sign"])
    if bound is not None and percent:
        raise ValueError("a bound is in the metric's own unit, without %. Write e.g. `<= 800`.")
    if bound is not None:
        return {bound: value}
    if not percent:
        raise ValueError("a change is in percent. Write e.g. `-1 %`.")
    kind = "max_relative_increase" if found["sign"] == "+" else "max_relative_regression"
    return {kind: round(value / 100, 10)}


def cohorts(text: str) -> tuple[dict[str, list[str]], dict[str, dict[str, float]]]:
    """Dimensions with their values, and the shares where they were given: `locale: en 55, jp 30, mixed 15`.

    >>> cohorts("device: mobile, desktop")
    ({'device': ['mobile', 'desktop']}, {})
    """
    dimensions: dict[str, list[str]] = {}
    shares: dict[str, dict[str, float]] = {}
    for at, line in _lines(text):
        name, colon, rest = (part.strip() for part in line.partition(":"))
        values = named(rest)
        if not (name and colon and values):
            raise ValueError(f"line {at}: `{line[:60]}` names no values. Write e.g. `{COHORT_EXAMPLE}`.")
        if name in dimensions:
            raise ValueError(f"line {at}: `{name[:40]}` is given twice. Keep one line of it.")
        pairs = [_share(value) for value in values]
        given = [share for _, share in pairs if share is not None]
        if given and len(given) < len(pairs):
            raise ValueError(f"line {at}: some values of `{name[:40]}` have a share and some have none.")
        dimensions[name] = [value for value, _ in pairs]
        if given:
            shares[name] = {value: round(share / 100, 10) for value, share in pairs if share is not None}
    return dimensions, shares


def _share(text: str) -> tuple[str, float | None]:
    found = re.fullmatch(r"(.+?)\s+(\d+(?:\.\d+)?)\s*%?", text)
    return (found[1], float(found[2])) if found else (text, None)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Every line that says something, with its number."""
    for at, line in enumerate(text.splitlines(), start=1):
        if clean(line):
            yield at, clean(line).lstrip("•* ")
