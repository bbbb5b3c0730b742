"""The records that a document cites: what each is, and where it can be read or checked."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime

from bot.core.ledger import Entry
from bot.core.thing import Thing, ThingKind
from bot.services.narrative_teller import Teller, dated
from bot.services.trace_things import in_words
from bot.store import experiments, ledger
from bot.views.document import markdown

_WHERE = {
    ThingKind.FRAMING: "/frame show",
    ThingKind.CANDIDATE: "/trace",
    ThingKind.PORTFOLIO: "/portfolio status",
    ThingKind.INCIDENT: "/incidents timeline",
    ThingKind.BUDGET: "/latency status",
    ThingKind.EXPERIMENT: "/experiment status",
}


def index(teller: Teller) -> Callable[[Sequence[str]], list[tuple[str, str]]]:
    """Return what says of each record what it is; both are Markdown."""

    def rows(records: Sequence[str]) -> list[tuple[str, str]]:
        numbers = sorted({number for one in records for number in _numbers(one)})
        entries = {one.number: one for one in ledger.numbered(teller.session, numbers)}
        return [(markdown(one), _what(teller, one, entries)) for one in records]

    return rows


_PARTS = re.compile(r", (?=ledger |record |registration |/|[A-Z]{3}-\d|\d{4}-Q\d)")
"""Between the records of a figure that rests on several kinds of them, or on several things."""


def _numbers(record: str) -> list[int]:
    """The entries of the ledger among what a figure rests on."""
    found = (one.removeprefix("ledger ") for one in _PARTS.split(record) if one.startswith("ledger "))
    return [int(number) for one in found for number in re.findall(r"\d{1,9}", one)]


def _what(teller: Teller, record: str, entries: dict[int, Entry]) -> str:
    several = len(_PARTS.split(record)) > 1
    found = [] if several else [entries[number] for number in _numbers(record) if number in entries]
    if found:
        return _entries(teller, found)
    looks = re.fullmatch(r"record (\d{1,9}(?:, \d{1,9})*)", record)
    if looks:
        return "; ".join(_look(teller, int(one)) for one in looks[1].split(", "))
    if record.startswith("registration "):
        if "," in record:
            return "the registrations with these SHA-256; `lookout verify` checks them against the ledger"
        return "the registration with this SHA-256; `lookout verify` checks it against the ledger"
    parts = _PARTS.split(record)
    if len(parts) > 1:
        return "; ".join(_what(teller, one, entries) for one in parts)
    if record.startswith("/"):
        return f"type `{record.replace('`', '')}`"
    return _named(record)


def _entries(teller: Teller, found: Sequence[Entry]) -> str:
    newest, subjects = found[-1], list(dict.fromkeys(one.subject for one in found))
    at, hashed = _day(teller, newest.at), f"hash {newest.hash[:12]}…"
    if len(found) == 1:
        return f"{markdown(subjects[0])}: {markdown(in_words(newest), 160)}; {at}, {hashed}"
    about = markdown(", ".join(subjects[:3])) + (
        f" and {len(subjects) - 3} more" if len(subjects) > 3 else ""
    )
    return f"{len(found)} entries about {about}; the last on {at}, {hashed}"


def _look(teller: Teller, number: int) -> str:
    record = experiments.look(teller.session, number)
    if record is None:
        return "a look that is not on record any more"
    seal = f", seal {record.seal[:12]}…" if record.seal else ""
    name = f"look {record.number}" if record.number else "a peek"
    at = _day(teller, record.taken_at)
    return f"{name} of {markdown(record.experiment)}, taken {at}{seal}; `lookout verify` recomputes it"


def _named(record: str) -> str:
    """What is known by a name: FRM-3 edition 1, INC-7, several incidents, a document that somebody linked."""
    first = record.split(",")[0].split(" ")[0]
    thing = Thing.read(first)
    if " of " in record or (thing.kind is ThingKind.EXPERIMENT and " " in record):
        return "a document that was linked to the launch"
    return f"`{_WHERE[thing.kind]} {thing.id}`".replace("``", "`")


def _day(teller: Teller, moment: datetime) -> str:
    return dated(moment.astimezone(teller.zone).date())
