"""The ledger and amendments, which nobody changes; who is in which group; digests that were asked for."""

import sqlalchemy as sa
from alembic import op

from bot.store import columns
from bot.store.append_only import APPEND_ONLY, forbid

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ledger",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", columns.UtcDateTime(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("body", columns.Json(), nullable=False),
        sa.Column("previous", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("hash"),
        sa.UniqueConstraint("previous"),
    )
    op.create_index(op.f("ix_ledger_subject"), "ledger", ["subject"], unique=False)
    for table in ("amendment", "revision"):
        op.create_table(
            table,
            sa.Column("id", sa.Integer(), nullable=False),
            sa.Column("experiment", sa.String(), nullable=False),
            sa.Column("sha256", sa.String(), nullable=False),
            sa.Column("name", sa.String(), nullable=False),
            sa.Column("text", columns.RawText(), nullable=False),
            sa.Column("canonical", columns.RawText(), nullable=False),
            sa.Column("by", sa.String(), nullable=False),
            sa.Column("at", columns.UtcDateTime(), nullable=False),
            sa.ForeignKeyConstraint(["experiment"], ["experiment.id"]),
            sa.PrimaryKeyConstraint("id"),
        )
        op.create_index(op.f(f"ix_{table}_experiment"), table, ["experiment"], unique=False)
    op.create_table(
        "member",
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("read_at", columns.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("reference", "person"),
    )
    op.create_table(
        "subscription",
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("since", columns.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "digest"),
    )
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.add_column(sa.Column("deactivated", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("email", columns.SafeText(), server_default="", nullable=False))
    forbid(op.get_bind(), APPEND_ONLY)


def downgrade() -> None:
    raise NotImplementedError("the ledger is never dropped; restore the backup taken before")
