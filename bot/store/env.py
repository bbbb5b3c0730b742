"""Alembic's entry: runs the migrations on the connection it was handed (see migrate.py)."""

from typing import Any, Literal

from alembic import context
from sqlmodel import AutoString, SQLModel

import bot.store.tables  # noqa: F401 - fills the metadata


def _render(kind: str, item: Any, _context: object) -> str | Literal[False]:
    """Our column types by name, without the arguments of what they wrap; SQLModel's strings as plain ones."""
    if kind == "type" and type(item).__module__ == "bot.store.columns":
        return f"columns.{type(item).__name__}()"
    return "sa.String()" if kind == "type" and isinstance(item, AutoString) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
    render_item=_render,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
