"""The record that commands read: the configured database, which must be there."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DatabaseError, OperationalError, ProgrammingError
from sqlmodel import Session

from bot.errors import ConfigError, InputError
from bot.store.database import Database

_DAMAGED = ("malformed", "not a database")


@contextmanager
def opened(url: str, otherwise: str = "") -> Iterator[Session]:
    """A snapshot of the database; otherwise: what else than a database may be given.

    Raises InputError when there is none, ConfigError when it cannot be read or is of another version.
    """
    database = Database(url)
    if database.path is not None and not database.path.is_file():
        raise InputError(
            f"There is no database {database.path}.",
            f"Set LOOKOUT_DATABASE_URL{otherwise}.",
        )
    try:
        database.version()
        with database.read() as session:
            yield session
    except (OperationalError, ProgrammingError) as error:
        raise ConfigError(
            f"Database {database.name} has not the tables of this version.", "Run `lookout db upgrade`."
        ) from error
    except DatabaseError as error:
        if not any(word in str(error) for word in _DAMAGED):
            raise
        said = f"{database.name} is damaged, or no database: it cannot be read."
        raise ConfigError(said, "Restore it from before.") from error
    finally:
        database.close()
