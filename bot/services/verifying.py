"""Whether the record holds: looks computed again bit for bit, the chain, and rows as the ledger has them."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from datetime import UTC
from typing import Any

from sqlmodel import Session, SQLModel

from bot.core.course import PEEK
from bot.core.launch import Kind
from bot.core.ledger import Entry, Head, broken, unwitnessed
from bot.core.recomputing import Kept, disagreement, plain, seal
from bot.core.rulings import unruled
from bot.services import correlation_agreeing, framing_agreeing
from bot.services.agreeing import Fault, Tables, faults
from bot.services.look_record import asked_day
from bot.store import exact
from bot.store.experiment_rows import AmendmentRow, ExperimentRow, LookRow, RevisionRow
from bot.store.experiments import LookRecord, Registered
from bot.store.ledger import LedgerRow


@dataclass(frozen=True)
class Checked:
    """One look on record; `look` is None for a peek, `reason` why it does not hold, empty when it does.

    plan_broken: the number of the ledger's entry that changed the plan after a look and before this one, 0
    where none did: its verdict holds as computed, and its error rates are not those that were signed.
    """

    record: int
    experiment: str
    look: int | None
    reason: str
    plan_broken: int = 0

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
            "plan_broken": self.plan_broken or None,
        }


@dataclass(frozen=True)
class Verified:
    """The whole record.

    entries: of the ledger, up to the first that cannot be read, and head the last of them. faults: rows that
    do not hold, the ledger's own first; looks: each look computed again.
    """

    entries: int
    head: Entry | None
    faults: tuple[Fault, ...]
    looks: tuple[Checked, ...]

    @property
    def ok(self) -> bool:
        """Whether everything holds."""
        return not self.faults and all(one.ok for one in self.looks)


def verify(session: Session, heads: Sequence[Head] = ()) -> Verified:
    """Check everything; `heads` are the ledger's as copied from Slack."""
    harm = exact.damage(session)
    found = [Fault("database", "file", f"it is damaged ({harm}): restore it from before")] if harm else []
    entries, wrong = _chain(session)
    if wrong is None:
        missing = unwitnessed(entries, heads) or unruled(entries)
        wrong = Fault("ledger", missing.number, missing.reason) if missing else None
    found += [wrong] if wrong else []
    kinds: dict[str, type[SQLModel]]
    kinds = {"experiment": ExperimentRow, "amendment": AmendmentRow, "revision": RevisionRow, "look": LookRow}
    tables = {name: list(exact.rows(session, kind)) for name, kind in kinds.items()}
    found += faults(entries, tables)
    found += framing_agreeing.faults(session, entries)
    found += correlation_agreeing.faults(session, entries)
    since = _broken_plans(entries)
    looks = tuple(replace(one, plan_broken=since.get(one.record, 0)) for one in _looks(tables))
    return Verified(len(entries), entries[-1] if entries else None, tuple(found), looks)


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


def _chain(session: Session) -> tuple[list[Entry], Fault | None]:
    """The entries up to the first that cannot be read, and the first that does not hold."""
    entries: list[Entry] = []
    unread = None
    with closing(exact.rows(session, LedgerRow)) as rows:
        for row in rows:
            if row.fault:
                unread = Fault("ledger", row.key, f"{row.fault}, so restore the database from before")
                break
            entries.append(Entry(**row.values))
    gone = broken(entries)
    if gone is not None:
        return entries, Fault("ledger", gone.number, f"{gone.reason}; restore the database from before")
    return entries, unread


def _broken_plans(entries: Sequence[Entry]) -> Mapping[int, int]:
    """By record the entry that broke its plan before it was taken, the newest one."""
    plans: dict[str, int] = {}
    found: dict[int, int] = {}
    for entry in entries:
        if entry.kind == Kind.AMENDED and entry.body.get("breaking"):
            plans[entry.subject] = entry.number
        elif entry.kind in (Kind.LOOK, Kind.PEEK) and entry.subject in plans:
            found[entry.body["record"]] = plans[entry.subject]
    return found


def _looks(tables: Tables) -> list[Checked]:
    """Every look that can be read, in the order they were taken."""
    versions = _versions(tables)
    found = []
    for row in tables["look"]:
        if row.fault:
            continue  # named among the rows already
        record = LookRecord(**row.values | {"earlier": tuple(row.values["earlier"])})
        found.append(_checked(versions.get(record.experiment, []), record))
    return found


def _checked(versions: Sequence[Registered], record: LookRecord) -> Checked:
    """One look against the version of the registration that it was judged by."""
    mine = [one for one in versions if one.sha256 == record.sha256]
    if not mine:
        number = None if record.number == PEEK else record.number
        said = f"it is of registration {record.sha256[:12]}…, which {record.experiment} never had: "
        return Checked(
            record.id, record.experiment, number, f"{said}one was changed, so restore the database"
        )
    fits = (one for one in reversed(mine) if sealed(one, record) == record.seal)
    return check(next(fits, mine[-1]), record)


def _versions(tables: Tables) -> dict[str, list[Registered]]:
    """By experiment its registration and every revision, in order; without those that cannot be read."""
    found = {row.key: [Registered(**row.values)] for row in tables["experiment"] if not row.fault}
    for row in tables["revision"]:
        first = found.get(row.values.get("experiment", ""))
        if first and not row.fault:
            first.append(_revised(first[0], row.values))
    return found


def _revised(first: Registered, values: Mapping[str, Any]) -> Registered:
    version = {name: values[name] for name in ("sha256", "name", "text", "canonical")}
    return replace(first, **version, registered_by=values["by"], registered_at=values["at"])


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
