"""Drills and how they went."""

import sqlalchemy as sa
from alembic import op

from bot.store import columns

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "drill_run",
        sa.Column("incident", sa.Integer(), nullable=False),
        sa.Column("drill", sa.String(), nullable=False),
        sa.Column("begun_by", sa.String(), nullable=False),
        sa.Column("begun_at", columns.UtcDateTime(), nullable=False),
        sa.Column("score", columns.Json(), nullable=True),
        sa.ForeignKeyConstraint(["incident"], ["incident.id"]),
        sa.PrimaryKeyConstraint("incident"),
    )
    op.create_index(op.f("ix_drill_run_drill"), "drill_run", ["drill"], unique=False)
    op.create_index(op.f("ix_drill_run_begun_at"), "drill_run", ["begun_at"], unique=False)


def downgrade() -> None:
    op.drop_table("drill_run")
