"""Candidates, portfolios and how they went."""

import sqlalchemy as sa
from alembic import op

from bot.store import columns

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "candidate",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", columns.SafeText(), nullable=False),
        sa.Column("alias", columns.SafeText(), nullable=False),
        sa.Column("once", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("why", columns.SafeText(), nullable=False),
        sa.Column("body", columns.Json(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", columns.UtcDateTime(), nullable=False),
        sa.Column("changed_at", columns.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("once"),
    )
    op.create_index(op.f("ix_candidate_alias"), "candidate", ["alias"], unique=False)
    op.create_index(op.f("ix_candidate_state"), "candidate", ["state"], unique=False)
    op.create_table(
        "portfolio",
        sa.Column("quarter", sa.String(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("locked_edition", sa.Integer(), nullable=True),
        sa.Column("locked_entry", sa.Integer(), nullable=True),
        sa.Column("locked_at", columns.UtcDateTime(), nullable=True),
        sa.Column("setup", columns.Json(), nullable=False),
        sa.Column("gut", columns.Json(), nullable=False),
        sa.Column("efforts", columns.Json(), nullable=False),
        sa.Column("outcomes", columns.Json(), nullable=False),
        sa.Column("reviewed_entry", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("quarter"),
    )
    op.create_table(
        "portfolio_edition",
        sa.Column("quarter", sa.String(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("file", columns.Json(), nullable=False),
        sa.Column("result", columns.Json(), nullable=False),
        sa.Column("picked", columns.Json(), nullable=False),
        sa.Column("gut", columns.Json(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", columns.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("quarter", "edition"),
    )


def downgrade() -> None:
    op.drop_table("portfolio_edition")
    op.drop_table("portfolio")
    op.drop_table("candidate")
