"""What led to what."""

import sqlalchemy as sa
from alembic import op

from bot.store import columns

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "link",
        sa.Column("earlier_kind", sa.String(), nullable=False),
        sa.Column("earlier_id", sa.String(), nullable=False),
        sa.Column("later_kind", sa.String(), nullable=False),
        sa.Column("later_id", sa.String(), nullable=False),
        sa.Column("why", columns.SafeText(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", columns.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("earlier_kind", "earlier_id", "later_kind", "later_id"),
    )
    op.create_index(op.f("ix_link_later_kind"), "link", ["later_kind"], unique=False)
    op.create_index(op.f("ix_link_later_id"), "link", ["later_id"], unique=False)


def downgrade() -> None:
    op.drop_table("link")
