"""A seal over each look on record."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("look", schema=None) as batch_op:
        batch_op.add_column(sa.Column("seal", sa.String(), server_default="", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("look", schema=None) as batch_op:
        batch_op.drop_column("seal")
