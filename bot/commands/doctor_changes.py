"""Each source of changes that is asked, asked at once, and how its readings went."""

from collections.abc import Iterator

from bot import clock
from bot.commands.diagnosis import Diagnosis
from bot.errors import SourceError, UserError
from bot.services.change_sources import ask_with
from bot.services.opening import open_desk
from bot.settings import Settings
from bot.store import change_sources
from bot.store.change_sources import Reading
from bot.store.database import Database


def changes(configured: Settings) -> Iterator[Diagnosis]:
    """Ask each source without keeping what it says."""
    if not configured.changes:
        return
    import httpx

    readings, now = _readings(configured), clock.system()
    try:
        desk = open_desk(configured)
    except UserError:
        return  # said beside the playbooks
    with httpx.Client() as client:
        for name, settings in configured.changes.items():
            reading = readings.get(name, Reading(name))
            try:
                found = ask_with(client, desk, name, settings, reading.cursor, now)
            except SourceError as error:
                yield Diagnosis(f"changes {name}", False, f"{error}{_since(reading)}", _mend(name))
                continue
            count = len(found.changes)
            counted = f"{count} change{'' if count == 1 else 's'} in reach"
            said = f"{settings.kind} answers: {counted}{_since(reading)}"
            mend = f"Mend what {name} says of them, or narrow its query." if found.fault else ""
            said += f", but {found.fault}" if found.fault else ""
            yield Diagnosis(f"changes {name}", None if found.fault else True, said, mend)


def _readings(configured: Settings) -> dict[str, Reading]:
    """How the readings went; nothing where the database does not say, which is said elsewhere."""
    db = Database(configured.database_url)
    try:
        db.upgrade()
        with db.read() as session:
            return {reading.name: reading for reading in change_sources.readings(session)}
    except UserError:
        return {}
    finally:
        db.close()


def _since(reading: Reading) -> str:
    if reading.failing_since is not None:
        return (
            f"; not read since {reading.failing_since:%Y-%m-%d %H:%M} UTC, {reading.failures} times in a row"
        )
    if reading.read_at is not None:
        return f"; last read {reading.read_at:%Y-%m-%d %H:%M} UTC"
    return "; not read yet by `lookout serve`"


def _mend(name: str) -> str:
    return f"Check [changes.{name}], its variables, and that it is reachable from here."
