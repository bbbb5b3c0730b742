"""Marked messages, retrospectives and action items."""

import sqlalchemy as sa
from alembic import op

from bot.store import columns

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "marked_message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("incident", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("ts", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("author", columns.SafeText(), nullable=False),
        sa.Column("text", columns.SafeText(), nullable=False),
        sa.Column("thread", sa.String(), nullable=False),
        sa.Column("permalink", columns.SafeText(), nullable=False),
        sa.Column("edited_at", columns.UtcDateTime(), nullable=True),
        sa.Column("attachments", columns.Json(), nullable=False),
        sa.Column("marks", columns.Json(), nullable=False),
        sa.Column("remark", columns.SafeText(), nullable=False),
        sa.Column("marked_at", columns.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["incident"], ["incident.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("incident", "channel", "ts"),
    )
    op.create_index(op.f("ix_marked_message_ts"), "marked_message", ["ts"], unique=False)
    op.create_table(
        "marked_image",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message", sa.Integer(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["message"], ["marked_message.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_marked_image_message"), "marked_image", ["message"], unique=False)
    op.create_table(
        "incident_review",
        sa.Column("incident", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("opened_at", columns.UtcDateTime(), nullable=False),
        sa.Column("due", columns.UtcDateTime(), nullable=False),
        sa.Column("reviewers", columns.Json(), nullable=False),
        sa.Column("given", columns.Json(), nullable=False),
        sa.Column("written", columns.Json(), nullable=False),
        sa.Column("checks", columns.Json(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("published_at", columns.UtcDateTime(), nullable=True),
        sa.Column("published_by", sa.String(), nullable=False),
        sa.Column("link", columns.SafeText(), nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["incident"], ["incident.id"]),
        sa.PrimaryKeyConstraint("incident"),
    )
    op.create_table(
        "incident_action",
        sa.Column("incident", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", columns.SafeText(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("due", sa.String(), nullable=False),
        sa.Column("created_at", columns.UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("done_at", columns.UtcDateTime(), nullable=True),
        sa.Column("done_by", sa.String(), nullable=False),
        sa.Column("dropped", columns.SafeText(), nullable=False),
        sa.Column("remind_on", sa.String(), nullable=True),
        sa.Column("reminded", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["incident"], ["incident.id"]),
        sa.PrimaryKeyConstraint("incident", "number"),
    )


def downgrade() -> None:
    op.drop_table("incident_action")
    op.drop_table("incident_review")
    op.drop_index(op.f("ix_marked_image_message"), table_name="marked_image")
    op.drop_table("marked_image")
    op.drop_index(op.f("ix_marked_message_ts"), table_name="marked_message")
    op.drop_table("marked_message")
