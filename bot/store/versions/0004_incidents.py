"""What an incident needs to be walked by several people, practised and counted."""

import sqlalchemy as sa
from alembic import op

from bot.store import columns

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("incident", schema=None) as batch_op:
        for name in ("labels", "roles", "claims"):
            batch_op.add_column(sa.Column(name, columns.Json(), nullable=True))
        for name in ("onset_from", "onset_to", "acknowledged_at"):
            batch_op.add_column(sa.Column(name, columns.UtcDateTime(), nullable=True))
        for name in ("onset_by", "acknowledged_by", "drill"):
            batch_op.add_column(sa.Column(name, sa.String(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("excluded", columns.SafeText(), server_default="", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("incident", schema=None) as batch_op:
        for name in ("labels", "roles", "claims", "onset_from", "onset_to", "acknowledged_at"):
            batch_op.drop_column(name)
        for name in ("onset_by", "acknowledged_by", "drill", "excluded"):
            batch_op.drop_column(name)
