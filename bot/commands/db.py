"""`lookout db upgrade`: the migrations."""

from collections.abc import Mapping

from bot import settings
from bot.clock import system
from bot.services.adopting import adopt
from bot.store.database import Database


def run(environment: Mapping[str, str]) -> int:
    """Bring the configured database to this version, and what it holds into the ledger."""
    database = Database(settings.load(environment).database_url)
    database.upgrade()
    with database.write() as session:
        adopt(session, system())
    print(f"{database.name}: up to date ({database.version()}).")
    database.close()
    return 0
