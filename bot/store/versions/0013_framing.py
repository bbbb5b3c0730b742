"""Framings, from their first draft to their decision."""

import sqlalchemy as sa
from alembic import op

from bot.store import columns
from bot.store.append_only import FRAMING, forbid

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "framing",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("created_at", columns.UtcDateTime(), nullable=False),
        sa.Column("changed_at", columns.UtcDateTime(), nullable=False),
        sa.Column("fields", columns.Json(), nullable=False),
        sa.Column("touched", columns.Json(), nullable=False),
        sa.Column("dropped", columns.SafeText(), nullable=False),
        sa.Column("questioned", columns.SafeText(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("token"),
    )
    op.create_table(
        "framing_edition",
        sa.Column("framing", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("fields", columns.Json(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", columns.UtcDateTime(), nullable=False),
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.Column("head", sa.String(), nullable=False),
        sa.Column("why", columns.SafeText(), nullable=False),
        sa.ForeignKeyConstraint(["framing"], ["framing.number"]),
        sa.PrimaryKeyConstraint("framing", "number"),
    )
    forbid(op.get_bind(), FRAMING)


def downgrade() -> None:
    op.drop_table("framing_edition")
    op.drop_table("framing")
