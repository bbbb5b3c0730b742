"""Alerts that wait for more of their kind, silences, and notes that count a storm."""

import sqlalchemy as sa
from alembic import op

from bot.store import columns

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "silence",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("match", columns.Json(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("since", columns.UtcDateTime(), nullable=False),
        sa.Column("until", columns.UtcDateTime(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("reason", columns.SafeText(), nullable=False),
        sa.Column("ended_at", columns.UtcDateTime(), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=False),
        sa.Column("held", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_silence_until"), "silence", ["until"], unique=False)
    op.create_table(
        "held_alert",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("held_by", columns.SafeText(), nullable=False),
        sa.Column("group_key", columns.SafeText(), nullable=False),
        sa.Column("until", columns.UtcDateTime(), nullable=False),
        sa.Column("first_at", columns.UtcDateTime(), nullable=False),
        sa.Column("last_at", columns.UtcDateTime(), nullable=False),
        sa.Column("fired", columns.Json(), nullable=False),
        sa.Column("alert", columns.Json(), nullable=False),
        sa.PrimaryKeyConstraint("source", "key"),
    )
    op.create_index("ix_held_alert_cause", "held_alert", ["cause", "held_by"], unique=False)
    op.create_index("ix_held_alert_group", "held_alert", ["group_key"], unique=False)
    op.create_index("ix_held_alert_until", "held_alert", ["until"], unique=False)
    op.create_table(
        "incident_news",
        sa.Column("incident", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("event", sa.Integer(), nullable=False),
        sa.Column("since", columns.UtcDateTime(), nullable=False),
        sa.Column("until", columns.UtcDateTime(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("left_out", sa.Integer(), nullable=False),
        sa.Column("named", columns.Json(), nullable=False),
        sa.ForeignKeyConstraint(["incident"], ["incident.id"]),
        sa.PrimaryKeyConstraint("incident", "kind"),
    )


def downgrade() -> None:
    for table in ("incident_news", "held_alert", "silence"):
        op.drop_table(table)
