"""Tables to which rows are only added: the database itself refuses to change or delete one.

Who owns the database can take its triggers away; then `lookout verify` shows what was changed.
"""

from collections.abc import Iterable

from sqlalchemy import Connection

APPEND_ONLY = ("ledger", "experiment", "amendment", "revision", "look")
"""What verdicts and decisions rest on."""

FRAMING = ("framing_edition",)
"""What was decided before there was an experiment."""

_SQLITE = """CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only: nobody changes or deletes its rows'); END"""

_KEYS = {"ledger": ("number", "previous", "hash"), "framing_edition": ("framing number",)}
"""What no two rows have in common; the columns of one key with a space between them."""

_REPLACING = """CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table}
WHEN EXISTS (SELECT 1 FROM {table} WHERE {same})
BEGIN SELECT {refusal}; END"""
"""INSERT OR REPLACE deletes what is in its way without asking the trigger on DELETE."""

_FUNCTION = """CREATE OR REPLACE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% is append-only: nobody changes or deletes its rows', TG_TABLE_NAME; END $$"""

_POSTGRES = """CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
FOR EACH ROW EXECUTE FUNCTION append_only()"""

_TRUNCATE = """CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION append_only()"""


def forbid(connection: Connection, tables: Iterable[str]) -> None:
    """Have the database refuse every change of these tables' rows; for a migration.

    A later migration that alters one of them on SQLite (which copies the table) makes the triggers anew.
    """
    if connection.dialect.name == "sqlite":
        for table in tables:
            for verb in ("update", "delete"):
                connection.exec_driver_sql(_SQLITE.format(table=table, verb=verb))
            connection.exec_driver_sql(_replacing(table))
        return
    connection.exec_driver_sql(_FUNCTION.replace("%", "%%"))
    for table in tables:
        connection.exec_driver_sql(_POSTGRES.format(table=table))
        connection.exec_driver_sql(_TRUNCATE.format(table=table))


def _replacing(table: str) -> str:
    """The trigger that keeps a row from being replaced; an experiment known already is left out in silence.

    An id that the database itself will give is -1 or NULL here.
    """
    keys = [[f"{part} = NEW.{part}" for part in key.split()] for key in _KEYS.get(table, ("id",))]
    same = " OR ".join(" AND ".join(parts) for parts in keys)
    said = f"RAISE(ABORT, '{table} is append-only: nobody changes or deletes its rows')"
    refusal = "RAISE(IGNORE)" if table == "experiment" else said
    return _REPLACING.format(table=table, same=same, refusal=refusal)
