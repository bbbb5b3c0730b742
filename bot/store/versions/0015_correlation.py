"""Diagnoses of a correlation that fell."""

import sqlalchemy as sa
from alembic import op

from bot.store import columns

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "diagnosis",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("opened_at", columns.UtcDateTime(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("body", columns.Json(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index(op.f("ix_diagnosis_open"), "diagnosis", ["open"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_diagnosis_open"), table_name="diagnosis")
    op.drop_table("diagnosis")
