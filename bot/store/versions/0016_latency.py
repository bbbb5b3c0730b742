"""What the watch over each latency budget saw last."""

import sqlalchemy as sa
from alembic import op

from bot.store import columns

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "latency_watch",
        sa.Column("budget", sa.String(), nullable=False),
        sa.Column("at", columns.UtcDateTime(), nullable=True),
        sa.Column("seen", columns.Json(), nullable=False),
        sa.Column("trouble", columns.SafeText(), nullable=False),
        sa.Column("blind_since", columns.UtcDateTime(), nullable=True),
        sa.Column("told_at", columns.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("budget"),
    )


def downgrade() -> None:
    op.drop_table("latency_watch")
