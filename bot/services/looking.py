"""A look: computed from the data outside any transaction, then stored under the ledger's lock and posted."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from importlib import import_module
from typing import Any

from bot.core.analysis import analyse
from bot.core.course import PEEK
from bot.core.freshness import lacking
from bot.core.look import LookResult
from bot.core.look_json import look_json
from bot.core.observation import Observations
from bot.core.registration import Registration
from bot.errors import InputError, SourceError
from bot.services.desk import Desk
from bot.services.look_record import (
    again,
    before_look,
    counted,
    days_before,
    registration_of,
    registration_then,
)
from bot.services.verifying import sealed
from bot.sources.engine import load
from bot.sources.samples import observe
from bot.stats.undecided import Undecided
from bot.store import experiments
from bot.store.database import Database
from bot.store.experiments import LookRecord, Registered
from bot.views import chart


def warm() -> None:
    """Import what a look needs (2 s, 6 s without compiled files), so that the first one need not wait."""
    load()
    for module in ("matplotlib.backends.backend_agg", "pyarrow.parquet"):
        import_module(module)


@dataclass(frozen=True)
class Taken:
    """A look computed, of which nothing is stored yet; before: the records of the looks it counts as held."""

    registered: Registered
    registration: Registration
    result: LookResult
    seen: Observations
    before: tuple[LookRecord, ...]
    earlier: tuple[float, ...]
    picture: bytes
    alt: str

    def record(self, payload: Mapping[str, Any], now: datetime) -> LookRecord:
        """What is to be stored of it; payload: channel, by, asked_at."""
        result = self.result
        record = LookRecord(
            id=0,
            experiment=self.registered.id,
            sha256=self.registered.sha256,
            number=result.look,
            day=result.day,
            planned=result.planned,
            verdict=result.verdict,
            result=look_json(result),
            observations=self.seen.to_json(),
            earlier=self.earlier,
            fingerprint=result.data_fingerprint,
            channel=payload["channel"],
            asked_by=payload["by"],
            asked_at=datetime.fromisoformat(payload["asked_at"]),
            taken_at=now,
        )
        return replace(record, seal=sealed(self.registered, record))


def take(
    db: Database, desk: Desk, experiment: str, number: int, day: float | None = None, *, patient: bool = False
) -> Taken:
    """Compute look `number`, or a peek on `day`, from the data as they are now.

    patient: whoever asks can wait, so data that lag, and metrics that are gone since an earlier look, are a
    reason not to take it. Raises SourceError or ValueError with the reason when it cannot be taken.
    """
    with db.read() as session:
        registered = experiments.load(session, experiment)
        taken = experiments.looks(session, experiment)
        then = {one.id: registration_then(session, one) for one in taken}
    if registered is None:
        raise InputError(f"No experiment {experiment} is registered.")
    registration = registration_of(registered)
    seen, day = _observed(desk, registration, number, day)
    before = tuple(before_look(registration, taken, number, day))
    if number != PEEK and (patient or not seen.summary):
        _refuse_lacking(registration, seen, day, before if patient else ())
    earlier = tuple(days_before(registration, before, number, day))
    seen = counted(seen, before)
    result = analyse(registration, registered.sha256, seen, look=number, day=day, earlier=earlier)
    history = _history(then, before, result)
    return Taken(
        registered=registered,
        registration=registration,
        result=result,
        seen=seen,
        before=before,
        earlier=earlier,
        picture=chart.png(registration, result, history),
        alt=chart.alt(registration, result, history),
    )


def _observed(
    desk: Desk, registration: Registration, number: int, day: float | None
) -> tuple[Observations, float]:
    """The data, and the day they are of: a peek takes the newest day there is."""
    on = float(registration.looks[number - 1] if number != PEEK else day or 0)
    root = desk.settings.data.path if desk.settings.data else None
    seen = observe(registration, day=on, sources=desk.settings.sources, root=root)
    if number == PEEK and seen.last_day is not None and 1 <= seen.last_day <= on - 1:
        on = float(int(seen.last_day))
        seen = replace(seen, day=on)
    if number == PEEK and on in registration.looks:
        planned = registration.looks.index(int(on)) + 1
        raise SourceError(f"the newest data are of day {on:g}, which is look {planned}'s: ask for that look")
    return seen, on


def _refuse_lacking(
    registration: Registration, seen: Observations, day: float, before: tuple[LookRecord, ...]
) -> None:
    newest = before[-1].observations if before else None
    had = () if newest is None else set(registration.metrics) - set(newest.get("missing", {}))
    reason = lacking(registration, seen, day, had)
    if reason:
        raise SourceError(reason)


def _history(
    registrations: Mapping[int, Registration], before: tuple[LookRecord, ...], result: LookResult
) -> list[chart.Seen]:
    seen = []
    for one in before:
        effect = again(registrations[one.id], one).primary.effect
        if not isinstance(effect, Undecided):
            seen.append(chart.Seen(one.number, one.day, effect.z))
    effect = result.primary.effect
    if not isinstance(effect, Undecided) and result.verdict != "invalid":
        seen.append(chart.Seen(result.look, result.day, effect.z))
    return seen
