"""Migrations, run by alembic inside one transaction of ours. No alembic.ini: the configuration is code."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from bot.errors import ConfigError


def config(connection: Connection) -> Config:
    """Alembic's configuration over `connection`, whose transaction stays the caller's."""
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    settings.set_main_option("path_separator", "os")
    settings.attributes["connection"] = connection
    return settings


def migrate(connection: Connection, name: str) -> None:
    """Upgrade to the newest revision; `name` is how errors call the database.

    The caller holds the lock that keeps other processes out. Raises ConfigError when the database was
    written by a newer Lookout, or when rows would be left pointing nowhere.
    """
    settings = config(connection)
    known = {script.revision for script in ScriptDirectory.from_config(settings).walk_revisions()}
    current = MigrationContext.configure(connection).get_current_heads()
    unknown = [revision for revision in current if revision not in known]
    if unknown:
        raise ConfigError(
            f"database {name} is at revision {unknown[0]}, which this version of Lookout does not know.",
            "Run the newer Lookout that wrote it, or restore the backup taken before.",
        )
    command.upgrade(settings, "head")
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        if broken:
            raise ConfigError(
                f"database {name}: after the upgrade {len(broken)} rows of {broken[0][0]} refer to nothing; "
                "nothing was changed.",
                "Restore a backup or report this.",
            )
