"""Who is called, and how often."""

import sqlalchemy as sa
from alembic import op

from bot.store import columns

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "duty",
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("schedule", columns.SafeText(), nullable=False),
        sa.Column("person", columns.SafeText(), nullable=False),
        sa.Column("name", columns.SafeText(), nullable=False),
        sa.Column("starts", columns.UtcDateTime(), nullable=True),
        sa.Column("ends", columns.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("place"),
    )
    op.create_table(
        "duty_read",
        sa.Column("source", columns.SafeText(), nullable=False),
        sa.Column("read_at", columns.UtcDateTime(), nullable=True),
        sa.Column("failed_since", columns.UtcDateTime(), nullable=True),
        sa.Column("reason", columns.SafeText(), nullable=False),
        sa.PrimaryKeyConstraint("source"),
    )
    op.create_table(
        "incident_watch",
        sa.Column("incident", sa.Integer(), nullable=False),
        sa.Column("person", columns.SafeText(), nullable=False),
        sa.Column("since", columns.UtcDateTime(), nullable=True),
        sa.Column("until", columns.UtcDateTime(), nullable=True),
        sa.Column("called", columns.Json(), nullable=False),
        sa.Column("exhausted_at", columns.UtcDateTime(), nullable=True),
        sa.Column("troubles", columns.Json(), nullable=False),
        sa.ForeignKeyConstraint(["incident"], ["incident.id"]),
        sa.PrimaryKeyConstraint("incident"),
    )
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.add_column(sa.Column("zone", columns.SafeText(), server_default="", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.drop_column("zone")
    op.drop_table("incident_watch")
    op.drop_table("duty_read")
    op.drop_table("duty")
