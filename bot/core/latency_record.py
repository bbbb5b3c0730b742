"""A latency budget as the ledger has it: its editions, the load tests locked for it, and their results.

Nothing else is kept: where a budget stands is computed from its entries. Files and results are blobs, named
by the SHA-256 of their content, so that an entry holds them as they were.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.core.ledger import Entry


class Kind(StrEnum):
    """What can happen to a budget; the comment names the body's fields."""

    BUDGET = "latency_budget"  # edition, sha256, blob, title, channel
    LOCKED = "loadtest_locked"  # test, edition, sha256 (of the criteria), criteria, reason, seen
    RESULT = "loadtest_result"  # test, run, load, failure, file, tool, blob, counts, why, verdict


@dataclass(frozen=True)
class Edition:
    """One edition of a budget's file; `blob` is its text."""

    number: int
    sha256: str
    blob: str
    by: str
    at: datetime
    entry: int


@dataclass(frozen=True)
class Result:
    """One result file of a load test; `blob` is what was read of it, `file` the SHA-256 of the file."""

    run: int
    load: float
    failure: str
    file: str
    blob: str
    counts: bool
    why: str
    by: str
    at: datetime
    entry: int


@dataclass(frozen=True)
class Test:
    """A load test: its criteria, of a budget's edition, were locked at `at`. seen: results there by then."""

    number: int
    edition: int
    sha256: str
    reason: str
    seen: int
    by: str
    at: datetime
    entry: int
    results: tuple[Result, ...] = ()

    @property
    def next_run(self) -> int:
        """The number of its next result."""
        return len(self.results) + 1


@dataclass(frozen=True)
class Standing:
    """A budget's record so far; `channel` is where its card is."""

    id: str
    title: str
    channel: str
    editions: tuple[Edition, ...]
    tests: tuple[Test, ...] = ()

    @property
    def edition(self) -> Edition:
        """The newest one."""
        return self.editions[-1]

    @property
    def test(self) -> Test | None:
        """The newest one."""
        return self.tests[-1] if self.tests else None

    @property
    def results(self) -> tuple[Result, ...]:
        """All of all tests."""
        return tuple(one for test in self.tests for one in test.results)

    @property
    def card(self) -> str:
        """The key of the living card's message."""
        return f"latency/{self.id}/card"


def so_far(entries: Iterable[Entry]) -> Standing | None:
    """Where a budget stands; None where it was never registered."""
    found: Standing | None = None
    for entry in entries:
        if entry.kind == Kind.BUDGET:
            found = _edition(found, entry)
        elif found is not None and entry.kind == Kind.LOCKED:
            found = replace(found, tests=(*found.tests, _test(entry)))
        elif found is not None and entry.kind == Kind.RESULT and found.tests:
            tests = [
                replace(one, results=(*one.results, _result(entry)))
                if one.number == entry.body["test"] else one
                for one in found.tests
            ]  # fmt: skip
            found = replace(found, tests=tuple(tests))
    return found


def _edition(found: Standing | None, entry: Entry) -> Standing:
    body = entry.body
    edition = Edition(body["edition"], body["sha256"], body["blob"], entry.by, entry.at, entry.number)
    if found is None:
        return Standing(entry.subject, body["title"], body["channel"], (edition,))
    return replace(found, title=body["title"], editions=(*found.editions, edition))


def _test(entry: Entry) -> Test:
    body: Mapping[str, Any] = entry.body
    return Test(
        body["test"], body["edition"], body["sha256"], body["reason"], body["seen"],
        entry.by, entry.at, entry.number,
    )  # fmt: skip


def _result(entry: Entry) -> Result:
    body: Mapping[str, Any] = entry.body
    return Result(
        body["run"], body["load"], body["failure"], body["file"], body["blob"], body["counts"], body["why"],
        entry.by, entry.at, entry.number,
    )  # fmt: skip
