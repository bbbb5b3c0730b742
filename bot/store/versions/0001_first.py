"""The first tables."""

import sqlalchemy as sa
from alembic import op

from bot.store import columns

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "blob",
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256"),
    )
    op.create_table(
        "change",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("title", columns.SafeText(), nullable=False),
        sa.Column("at", columns.UtcDateTime(), nullable=False),
        sa.Column("ended_at", columns.UtcDateTime(), nullable=True),
        sa.Column("person", columns.SafeText(), nullable=False),
        sa.Column("service", columns.SafeText(), nullable=False),
        sa.Column("version", columns.SafeText(), nullable=False),
        sa.Column("previous_version", columns.SafeText(), nullable=False),
        sa.Column("url", columns.SafeText(), nullable=False),
        sa.Column("received_at", columns.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("source", "id"),
    )
    with op.batch_alter_table("change", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_change_at"), ["at"], unique=False)

    op.create_table(
        "channel",
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("reference"),
    )
    op.create_table(
        "experiment",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("text", columns.RawText(), nullable=False),
        sa.Column("canonical", columns.RawText(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("registered_by", sa.String(), nullable=False),
        sa.Column("registered_at", columns.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("experiment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_experiment_channel"), ["channel"], unique=False)

    op.create_table(
        "heartbeat",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("at", columns.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "inbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("repeat", sa.Integer(), nullable=False),
        sa.Column("received_at", columns.UtcDateTime(), nullable=False),
        sa.Column("body", columns.RawText(), nullable=False),
        sa.Column("headers", columns.Json(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("error", columns.SafeText(), nullable=True),
        sa.Column("path", columns.SafeText(), nullable=True),
        sa.Column("hint", columns.SafeText(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("free_at", columns.UtcDateTime(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("source", "key", "repeat"),
    )
    with op.batch_alter_table("inbox", schema=None) as batch_op:
        batch_op.create_index("ix_inbox_state_id", ["state", "id"], unique=False)

    op.create_table(
        "incident",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", columns.SafeText(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("group_key", columns.SafeText(), nullable=False),
        sa.Column("open_group", sa.String(), nullable=True),
        sa.Column("playbook", sa.String(), nullable=False),
        sa.Column("position", sa.String(), nullable=False),
        sa.Column("opened_at", columns.UtcDateTime(), nullable=False),
        sa.Column("opened_by", sa.String(), nullable=False),
        sa.Column("started", columns.UtcDateTime(), nullable=False),
        sa.Column("detected_at", columns.UtcDateTime(), nullable=False),
        sa.Column("localized_at", columns.UtcDateTime(), nullable=True),
        sa.Column("mitigated_at", columns.UtcDateTime(), nullable=True),
        sa.Column("resolved_at", columns.UtcDateTime(), nullable=True),
        sa.Column("last_alert_at", columns.UtcDateTime(), nullable=True),
        sa.Column("lead", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("category", sa.Integer(), nullable=False),
        sa.Column("metric", columns.SafeText(), nullable=False),
        sa.Column("service", columns.SafeText(), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("baseline", sa.Float(), nullable=True),
        sa.Column("path", columns.Json(), nullable=False),
        sa.Column("moved", columns.Json(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("open_group"),
    )
    with op.batch_alter_table("incident", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_incident_channel"), ["channel"], unique=False)
        batch_op.create_index(batch_op.f("ix_incident_status"), ["status"], unique=False)

    op.create_table(
        "message",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("ts", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("once", sa.String(), nullable=True),
        sa.Column("lane", sa.String(), nullable=False),
        sa.Column("effect", columns.Json(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", columns.UtcDateTime(), nullable=False),
        sa.Column("free_at", columns.UtcDateTime(), nullable=False),
        sa.Column("lease_until", columns.UtcDateTime(), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("doubt", sa.Boolean(), nullable=False),
        sa.Column("note", columns.Json(), nullable=False),
        sa.Column("error", columns.SafeText(), nullable=True),
        sa.Column("first_try", columns.UtcDateTime(), nullable=True),
        sa.Column("settled_at", columns.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("once"),
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index("ix_outbox_kind_key", ["kind", "key"], unique=False)
        batch_op.create_index("ix_outbox_state_lane", ["state", "lane", "id"], unique=False)

    op.create_table(
        "person",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", columns.SafeText(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "schedule",
        sa.Column("job", sa.String(), nullable=False),
        sa.Column("rule", columns.Json(), nullable=False),
        sa.Column("payload", columns.Json(), nullable=False),
        sa.Column("next_slot", sa.String(), nullable=False),
        sa.Column("next_due", columns.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("job"),
    )
    op.create_table(
        "slot",
        sa.Column("job", sa.String(), nullable=False),
        sa.Column("slot", sa.String(), nullable=False),
        sa.Column("due", columns.UtcDateTime(), nullable=False),
        sa.Column("payload", columns.Json(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("free_at", columns.UtcDateTime(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("error", columns.SafeText(), nullable=True),
        sa.PrimaryKeyConstraint("job", "slot"),
    )
    with op.batch_alter_table("slot", schema=None) as batch_op:
        batch_op.create_index("ix_slot_state_due", ["state", "due"], unique=False)

    op.create_table(
        "upload",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("file", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "incident_alert",
        sa.Column("incident", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("title", columns.SafeText(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("first_seen", columns.UtcDateTime(), nullable=False),
        sa.Column("last_seen", columns.UtcDateTime(), nullable=False),
        sa.Column("severity", columns.SafeText(), nullable=False),
        sa.Column("metric", columns.SafeText(), nullable=False),
        sa.Column("service", columns.SafeText(), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("baseline", sa.Float(), nullable=True),
        sa.Column("cohort", columns.Json(), nullable=False),
        sa.Column("started_at", columns.UtcDateTime(), nullable=True),
        sa.Column("first_started_at", columns.UtcDateTime(), nullable=True),
        sa.Column("ended_at", columns.UtcDateTime(), nullable=True),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("url", columns.SafeText(), nullable=False),
        sa.Column("labels", columns.Json(), nullable=False),
        sa.Column("annotations", columns.Json(), nullable=False),
        sa.ForeignKeyConstraint(
            ["incident"],
            ["incident.id"],
        ),
        sa.PrimaryKeyConstraint("incident", "source", "key"),
    )
    with op.batch_alter_table("incident_alert", schema=None) as batch_op:
        batch_op.create_index("ix_incident_alert_key", ["source", "key"], unique=False)

    op.create_table(
        "incident_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("incident", sa.Integer(), nullable=False),
        sa.Column("at", columns.UtcDateTime(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("text", columns.SafeText(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("detail", columns.Json(), nullable=False),
        sa.ForeignKeyConstraint(
            ["incident"],
            ["incident.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("incident_event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_incident_event_incident"), ["incident"], unique=False)

    op.create_table(
        "incident_evidence",
        sa.Column("incident", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("evidence", columns.Json(), nullable=False),
        sa.ForeignKeyConstraint(
            ["incident"],
            ["incident.id"],
        ),
        sa.PrimaryKeyConstraint("incident", "step", "place"),
    )
    op.create_table(
        "look",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("experiment", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("day", sa.Float(), nullable=False),
        sa.Column("planned", sa.Boolean(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("result", columns.Json(), nullable=False),
        sa.Column("observations", columns.Json(), nullable=False),
        sa.Column("earlier", columns.Json(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_at", columns.UtcDateTime(), nullable=False),
        sa.Column("taken_at", columns.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["experiment"],
            ["experiment.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("look", schema=None) as batch_op:
        batch_op.create_index("ix_look_experiment_number", ["experiment", "number"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("look", schema=None) as batch_op:
        batch_op.drop_index("ix_look_experiment_number")

    op.drop_table("look")
    op.drop_table("incident_evidence")
    with op.batch_alter_table("incident_event", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_incident_event_incident"))

    op.drop_table("incident_event")
    with op.batch_alter_table("incident_alert", schema=None) as batch_op:
        batch_op.drop_index("ix_incident_alert_key")

    op.drop_table("incident_alert")
    op.drop_table("upload")
    with op.batch_alter_table("slot", schema=None) as batch_op:
        batch_op.drop_index("ix_slot_state_due")

    op.drop_table("slot")
    op.drop_table("schedule")
    op.drop_table("person")
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index("ix_outbox_state_lane")
        batch_op.drop_index("ix_outbox_kind_key")

    op.drop_table("outbox")
    op.drop_table("message")
    with op.batch_alter_table("incident", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_incident_status"))
        batch_op.drop_index(batch_op.f("ix_incident_channel"))

    op.drop_table("incident")
    with op.batch_alter_table("inbox", schema=None) as batch_op:
        batch_op.drop_index("ix_inbox_state_id")

    op.drop_table("inbox")
    op.drop_table("heartbeat")
    with op.batch_alter_table("experiment", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_experiment_channel"))

    op.drop_table("experiment")
    op.drop_table("channel")
    with op.batch_alter_table("change", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_change_at"))

    op.drop_table("change")
    op.drop_table("blob")
