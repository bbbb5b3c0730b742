"""Where the sources of changes that are asked were read up to; what is told twice, and spans of time."""

import sqlalchemy as sa
from alembic import op

from bot.store import columns

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "change_source",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("cursor", columns.Json(), nullable=False),
        sa.Column("asked_at", columns.UtcDateTime(), nullable=True),
        sa.Column("read_at", columns.UtcDateTime(), nullable=True),
        sa.Column("failing_since", columns.UtcDateTime(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("error", columns.SafeText(), nullable=False),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    with op.batch_alter_table("change", schema=None) as batch_op:
        batch_op.add_column(sa.Column("earliest", columns.UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("twin", columns.SafeText(), server_default="", nullable=False))
        batch_op.create_index(batch_op.f("ix_change_twin"), ["twin"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("change", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_change_twin"))
        batch_op.drop_column("twin")
        batch_op.drop_column("earliest")
    op.drop_table("change_source")
