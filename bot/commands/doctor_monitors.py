"""What `lookout doctor` says of monitors: faults in their files, and those that are blind."""

from collections.abc import Iterator

from bot import clock
from bot.commands.diagnosis import Diagnosis
from bot.errors import UserError
from bot.services.monitor_files import read_monitors
from bot.services.monitor_status import standing
from bot.settings import Settings
from bot.store.database import Database


def monitors(configured: Settings) -> Iterator[Diagnosis]:
    """Yield a line for what is fine, and one for each monitor that is not."""
    if configured.monitors is None:
        return
    try:
        known = read_monitors(configured)
    except UserError as error:
        yield Diagnosis("monitors", False, error.message, error.hint)
        return
    db = Database(configured.database_url)
    try:
        db.upgrade()
        with db.read() as session:
            found = [standing(session, one, clock.system()) for one in known]
    except UserError as error:
        yield Diagnosis("monitors", False, error.message, error.hint)
        return
    finally:
        db.close()
    blind = [one for one in found if one.trouble]
    for one in blind:
        said = f"{one.monitor.id} is blind: {one.trouble}"
        yield Diagnosis("monitors", None, said, f"Does source {one.monitor.feed.source} answer its queries?")
    learning = sum(one.learnt is None for one in found)
    if not blind:
        yield Diagnosis("monitors", True, f"{len(found)} configured, {learning} still without a baseline")
