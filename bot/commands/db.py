"""`lookout db upgrade`: the migrations."""

from collections.abc import Mapping

from bot import settings
from bot.store.database import Database


def run(environment: Mapping[str, str]) -> int:
    """Bring the configured database to this version."""
    database = Database(settings.load(environment).database_url)
    database.upgrade()
    print(f"{database.name}: up to date ({database.version()}).")
    database.close()
    return 0
