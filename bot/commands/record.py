"""The record that commands read: the configured database, which must be there."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlmodel import Session

from bot.errors import ConfigError, InputError
from bot.store.database import Database


@contextmanager
def opened(url: str) -> Iterator[Session]:
    """A snapshot of the database.

    Raises InputError when there is none, ConfigError when it cannot be read or is of another version.
    """
    database = Database(url)
    if database.path is not None and not database.path.is_file():
        raise InputError(
            f"There is no database {database.path}.",
            "Set LOOKOUT_DATABASE_URL, or name a record with --file.",
        )
    try:
        database.version()
        with database.read() as session:
            yield session
    except (OperationalError, ProgrammingError) as error:
        raise ConfigError(
            f"Database {database.name} has not the tables of this version.", "Run `lookout db upgrade`."
        ) from error
    finally:
        database.close()
