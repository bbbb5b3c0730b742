"""`python -m bot.store.revise "what changed"`: writes the migration from the last revision to the rows."""

import sys
from tempfile import TemporaryDirectory

from alembic import command
from sqlalchemy import create_engine

from bot.store.database import Database
from bot.store.migrate import config


def main() -> int:
    """Migrate an empty database to the newest revision, compare it with the rows, write the difference."""
    if len(sys.argv) != 2:
        print('usage: python -m bot.store.revise "what changed"', file=sys.stderr)  # noqa: T201 - a command
        return 2
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/empty.db"
        database = Database(url)
        database.upgrade()
        database.close()
        with create_engine(url).begin() as connection:
            command.revision(config(connection), sys.argv[1], autogenerate=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
