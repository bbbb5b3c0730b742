"""Whether the looks on record can be computed again, bit for bit, from their records alone."""

from dataclasses import asdict, dataclass
from datetime import UTC
from typing import Any

from sqlmodel import Session

from bot.core.course import PEEK
from bot.core.recomputing import Kept, disagreement, plain, seal
from bot.services.look_record import asked_day
from bot.store import experiments
from bot.store.experiments import LookRecord, Registered

EVERYTHING = 1_000_000
"""More experiments than any database has."""


@dataclass(frozen=True)
class Checked:
    """One look on record; `look` is None for a peek, `reason` why it does not hold, empty when it does."""

    record: int
    experiment: str
    look: int | None
    reason: str

    @property
    def ok(self) -> bool:
        """Whether the record holds."""
        return not self.reason

    def to_json(self) -> dict[str, Any]:
        """As `lookout verify --json` prints it."""
        return {
            "record": self.record,
            "experiment": self.experiment,
            "look": self.look,
            "ok": self.ok,
            "reason": self.reason or None,
        }


def verify(session: Session) -> list[Checked]:
    """Every look of every experiment, in the order they were taken."""
    found = []
    for registered in experiments.everywhere(session, EVERYTHING):
        found += [check(registered, one) for one in experiments.looks(session, registered.id)]
    return sorted(found, key=lambda one: one.record)


def check(registered: Registered, record: LookRecord) -> Checked:
    """One look against its registration and itself."""
    number = None if record.number == PEEK else record.number
    return Checked(record.id, record.experiment, number, _reason(registered, record))


def sealed(registered: Registered, record: LookRecord) -> str:
    """The seal of a record: over all of its content and the registration's text, not its number."""
    content = asdict(record) | {
        "asked_at": record.asked_at.astimezone(UTC).isoformat(),
        "taken_at": record.taken_at.astimezone(UTC).isoformat(),
        "text": registered.text,
        "name": registered.name,
        "canonical": registered.canonical,
    }
    del content["id"], content["seal"]
    return seal(plain(content))


def _reason(registered: Registered, record: LookRecord) -> str:
    if record.sha256 != registered.sha256:
        has = f"{registered.id} has {registered.sha256[:12]}…"
        return (
            f"it is of registration {record.sha256[:12]}…, and {has}: "
            "one of them was changed, so restore the database"
        )
    return _columns(record) or disagreement(_kept(registered, record)) or _seal(registered, record)


def _columns(record: LookRecord) -> str:
    """What the record says beside its result, which says it too."""
    said = {
        "look": record.number or None,
        "verdict": None if record.verdict == "unjudged" else record.verdict,
        "day": record.day,
        "planned": record.planned,
        "registration": record.experiment,
        "data_fingerprint": record.fingerprint,
    }
    for name, value in said.items():
        if record.result.get(name) != value:
            return (
                f"{name} is {value} in the record, and {record.result.get(name)} in its result: "
                "one of them was changed, so restore the database"
            )
    return ""


def _seal(registered: Registered, record: LookRecord) -> str:
    if record.seal == sealed(registered, record):
        return ""
    if not record.seal and "peek" not in record.result:  # written before there were seals, and peeks
        return ""
    return "its seal does not fit what it says: a part that the verdict does not need was changed"


def _kept(registered: Registered, record: LookRecord) -> Kept:
    return Kept(
        text=registered.text,
        name=registered.name,
        sha256=record.sha256,
        number=record.number,
        day=asked_day(record),
        earlier=record.earlier,
        observations=record.observations,
        result=record.result,
        fingerprint=record.fingerprint,
    )
