"""The schemas of upstream tables as they were seen."""

import sqlalchemy as sa
from alembic import op

from bot.store import columns

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "schema_seen",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("place", columns.SafeText(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("columns", columns.Json(), nullable=False),
        sa.Column("first_seen", columns.UtcDateTime(), nullable=False),
        sa.Column("last_seen", columns.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_schema_seen_place"), "schema_seen", ["place"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_schema_seen_place"), table_name="schema_seen")
    op.drop_table("schema_seen")
