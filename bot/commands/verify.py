"""`lookout verify`: whether every look on record can be computed again, bit for bit."""

import json as to_json
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from bot import settings
from bot.core import look_file
from bot.errors import ConfigError, InputError
from bot.services.verifying import Checked, verify
from bot.store.database import Database


def run(environment: Mapping[str, str], *, file: Path | None = None, json: bool = False) -> int:
    """Check the looks of the configured database, or the one in `file`; 1 when one does not hold.

    Raises InputError when there is nothing to be read, ConfigError when the database cannot be.
    """
    checked = [_file(file)] if file else _database(settings.load(environment).database_url)
    broken = [one for one in checked if not one.ok]
    if json:
        print(to_json.dumps({"ok": not broken, "looks": [one.to_json() for one in checked]}, indent=2))
        return int(bool(broken))
    for one in broken:
        where = f"record {one.record}" if one.record else str(file)
        which = "a peek" if one.look is None else f"look {one.look}"
        print(f"{where}, {which} of {one.experiment}: {one.reason}.")
    held = len(checked) - len(broken)
    print(f"{held} of {len(checked)} look{'' if len(checked) == 1 else 's'} on record can be reproduced.")
    return int(bool(broken))


def _file(file: Path) -> Checked:
    try:
        content = file.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        said = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise InputError(f"{file} cannot be read: {said}.", "Is the path right?") from None
    found = look_file.check(content, str(file))
    return Checked(0, found.experiment, found.look, found.reason)


def _database(url: str) -> list[Checked]:
    database = Database(url)
    if database.path is not None and not database.path.is_file():
        raise InputError(
            f"There is no database {database.path}.",
            "Set LOOKOUT_DATABASE_URL, or name a record with --file.",
        )
    try:
        database.version()
        with database.read() as session:
            return verify(session)
    except SQLAlchemyError as error:
        raise ConfigError(
            f"Database {database.name} has not the tables of this version.", "Run `lookout db upgrade`."
        ) from error
    finally:
        database.close()
