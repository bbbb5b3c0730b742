"""The state of monitors, the hours they saw and what they raised."""

import sqlalchemy as sa
from alembic import op

from bot.store import columns

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "monitor",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("learnt", columns.Json(), nullable=True),
        sa.Column("memory", columns.Json(), nullable=True),
        sa.Column("trouble", columns.SafeText(), nullable=False),
        sa.Column("blind_since", columns.UtcDateTime(), nullable=True),
        sa.Column("told_at", columns.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "monitor_hour",
        sa.Column("monitor", sa.String(), nullable=False),
        sa.Column("at", columns.UtcDateTime(), nullable=False),
        sa.Column("cells", columns.Json(), nullable=False),
        sa.PrimaryKeyConstraint("monitor", "at"),
    )
    op.create_table(
        "monitor_alarm",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("monitor", sa.String(), nullable=False),
        sa.Column("cell", columns.Json(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("sign", sa.Integer(), nullable=False),
        sa.Column("at", columns.UtcDateTime(), nullable=False),
        sa.Column("began", columns.UtcDateTime(), nullable=False),
        sa.Column("effect", sa.Float(), nullable=True),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("baseline", sa.Float(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("h", sa.Float(), nullable=False),
        sa.Column("shadow", sa.Boolean(), nullable=False),
        sa.Column("ended_at", columns.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_monitor_alarm_monitor_at", "monitor_alarm", ["monitor", "at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_monitor_alarm_monitor_at", table_name="monitor_alarm")
    for table in ("monitor_alarm", "monitor_hour", "monitor"):
        op.drop_table(table)
