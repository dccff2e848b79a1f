"""initial"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The steps of this version are one thing, however many."""
    op.create_table(
        "assets",
        sa.Column("id", sa.String(length=160), nullable=False),
        sa.Column("workspace_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("family", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("data_type_id", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("origin", sa.String(length=64), nullable=False),
        sa.Column("schema_json", sa.Text(), nullable=True),
        sa.Column("lineage", sa.Text(), nullable=False),
        sa.Column("latest", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assets")),
        sa.UniqueConstraint("family", "version", name=op.f("uq_assets_family")),
    )
    with op.batch_alter_table("assets", schema=None) as batch_op:
        batch_op.create_index(
            "ix_assets_name",
            ["workspace_id", "kind", "name"],
            unique=True,
            sqlite_where=sa.text("latest"),
            postgresql_where=sa.text("latest"),
        )

    op.create_table(
        "audit_lines",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("workspace_id", sa.String(length=32), nullable=True),
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_lines")),
    )
    with op.batch_alter_table("audit_lines", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_lines_workspace_id"), ["workspace_id"], unique=False)

    op.create_table(
        "batch_jobs",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("workspace_id", sa.String(length=32), nullable=False),
        sa.Column("service_id", sa.String(length=32), nullable=False),
        sa.Column("endpoint_id", sa.String(length=32), nullable=False),
        sa.Column("revision", sa.String(length=64), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("sealed_request", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=True),
        sa.Column("progress", sa.Text(), nullable=False),
        sa.Column("outputs", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("started", sa.Float(), nullable=True),
        sa.Column("ended", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch_jobs")),
    )
    with op.batch_alter_table("batch_jobs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_batch_jobs_endpoint_id"), ["endpoint_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_batch_jobs_state"), ["state"], unique=False)
        batch_op.create_index(batch_op.f("ix_batch_jobs_workspace_id"), ["workspace_id"], unique=False)

    op.create_table(
        "blob_accounts",
        sa.Column("name", sa.String(length=24), nullable=False),
        sa.Column("workspace_id", sa.String(length=32), nullable=True),
        sa.Column("sealed_key", sa.Text(), nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_blob_accounts")),
    )
    with op.batch_alter_table("blob_accounts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_blob_accounts_workspace_id"), ["workspace_id"], unique=False)

    op.create_table(
        "blob_blobs",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account", sa.String(length=24), nullable=False),
        sa.Column("container", sa.String(length=63), nullable=False),
        sa.Column(
            "name",
            sa.String(length=1024).with_variant(sa.String(length=1024, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("etag", sa.String(length=40), nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("modified", sa.Float(), nullable=False),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("metadata", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blob_blobs")),
        sa.UniqueConstraint("account", "container", "name", name=op.f("uq_blob_blobs_account")),
    )
    op.create_table(
        "blob_blocks",
        sa.Column("account", sa.String(length=24), nullable=False),
        sa.Column("container", sa.String(length=63), nullable=False),
        sa.Column(
            "name",
            sa.String(length=1024).with_variant(sa.String(length=1024, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("block", sa.String(length=100), nullable=False),
        sa.Column("object_key", sa.String(length=100), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("uploaded", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("account", "container", "name", "block", name=op.f("pk_blob_blocks")),
    )
    with op.batch_alter_table("blob_blocks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_blob_blocks_object_key"), ["object_key"], unique=False)
        batch_op.create_index(batch_op.f("ix_blob_blocks_uploaded"), ["uploaded"], unique=False)

    op.create_table(
        "blob_containers",
        sa.Column("account", sa.String(length=24), nullable=False),
        sa.Column(
            "name", sa.String(length=63).with_variant(sa.String(length=63, collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("etag", sa.String(length=40), nullable=False),
        sa.Column("modified", sa.Float(), nullable=False),
        sa.Column("metadata", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account", "name", name=op.f("pk_blob_containers")),
    )
    op.create_table(
        "blob_events",
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.String(length=32), nullable=False),
        sa.Column("account", sa.String(length=24), nullable=False),
        sa.Column("container", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=1024), nullable=False),
        sa.Column("event", sa.String(length=16), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_blob_events")),
    )
    op.create_table(
        "blob_garbage",
        sa.Column("object_key", sa.String(length=100), nullable=False),
        sa.Column("not_before", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("object_key", name=op.f("pk_blob_garbage")),
    )
    with op.batch_alter_table("blob_garbage", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_blob_garbage_not_before"), ["not_before"], unique=False)

    op.create_table(
        "blob_segments",
        sa.Column("blob_id", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("block", sa.String(length=100), nullable=False),
        sa.Column("object_key", sa.String(length=100), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("blob_id", "position", name=op.f("pk_blob_segments")),
    )
    with op.batch_alter_table("blob_segments", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_blob_segments_object_key"), ["object_key"], unique=False)

    op.create_table(
        "data_stores",
        sa.Column("workspace_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "name", name=op.f("pk_data_stores")),
    )
    op.create_table(
        "deployments",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("endpoint_id", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_deployments")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "designer_runs",
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("workspace_id", sa.String(length=32), nullable=False),
        sa.Column("experiment_name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("draft_id", sa.String(length=32), nullable=False),
        sa.Column("pipeline_id", sa.String(length=32), nullable=True),
        sa.Column("endpoint_id", sa.String(length=32), nullable=True),
        sa.Column("endpoint_version", sa.Integer(), nullable=True),
        sa.Column("parent_run_id", sa.Text(), nullable=True),
        sa.Column("schedule_id", sa.String(length=32), nullable=True),
        sa.Column("continue_on_failure", sa.Boolean(), nullable=False),
        sa.Column("parameters", sa.Text(), nullable=False),
        sa.Column("graph_id", sa.String(length=64), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("request_id", sa.String(length=128), nullable=True),
        sa.Column("request_digest", sa.String(length=64), nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_designer_runs")),
        sa.UniqueConstraint("workspace_id", "request_id", name=op.f("uq_designer_runs_workspace_id")),
    )
    with op.batch_alter_table("designer_runs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_designer_runs_endpoint_id"), ["endpoint_id"], unique=False)
        batch_op.create_index(
            "ix_designer_runs_experiment", ["workspace_id", "experiment_name", "created"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_designer_runs_pipeline_id"), ["pipeline_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_designer_runs_schedule_id"), ["schedule_id"], unique=False)

    op.create_table(
        "experiment_versions",
        sa.Column("experiment_id", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("graph", sa.Text(), nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("experiment_id", "version", name=op.f("pk_experiment_versions")),
    )
    op.create_table(
        "experiments",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("workspace_id", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("training_id", sa.String(length=32), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_experiments")),
    )
    with op.batch_alter_table("experiments", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_experiments_workspace_id"), ["workspace_id"], unique=False)

    op.create_table(
        "factories",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("workspace_id", sa.String(length=32), nullable=False),
        sa.Column("resource_group", sa.String(length=90), nullable=False),
        sa.Column("group_key", sa.String(length=90), nullable=False),
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("key", sa.String(length=63), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("etag", sa.String(length=40), nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("changed", sa.Float(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_factories")),
        sa.UniqueConstraint("workspace_id", "group_key", "key", name=op.f("uq_factories_workspace_id")),
    )
    op.create_table(
        "factory_callbacks",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("received", sa.Float(), nullable=True),
        sa.Column("sealed_body", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_factory_callbacks")),
    )
    op.create_table(
        "factory_resources",
        sa.Column("factory_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("key", sa.String(length=260), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("until", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=260), nullable=False),
        sa.Column("etag", sa.String(length=40), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("changed", sa.Float(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("factory_id", "kind", "key", "revision", name=op.f("pk_factory_resources")),
    )
    op.create_table(
        "factory_secrets",
        sa.Column("workspace_id", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=127), nullable=False),
        sa.Column("version", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=127), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("changed", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "key", "version", name=op.f("pk_factory_secrets")),
    )
    op.create_table(
        "factory_v1_documents",
        sa.Column("factory_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("key", sa.String(length=260), nullable=False),
        sa.Column("name", sa.String(length=260), nullable=False),
        sa.Column("etag", sa.String(length=40), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("made", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("changed", sa.Float(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("factory_id", "kind", "key", name=op.f("pk_factory_v1_documents")),
    )
    op.create_table(
        "module_outputs",
        sa.Column("scope", sa.String(length=64), nullable=False),
        sa.Column("cache_key", sa.String(length=64), nullable=False),
        sa.Column("outputs", sa.Text(), nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("expired", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("scope", "cache_key", name=op.f("pk_module_outputs")),
    )
    op.create_table(
        "pipeline_drafts",
        sa.Column("document_id", sa.String(length=32), nullable=False),
        sa.Column("experiment_name", sa.Text(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("continue_on_failure", sa.Boolean(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_pipeline_drafts")),
    )
    op.create_table(
        "pipeline_endpoint_versions",
        sa.Column("endpoint_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("pipeline_id", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("endpoint_id", "number", name=op.f("pk_pipeline_endpoint_versions")),
    )
    op.create_table(
        "pipeline_endpoints",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("workspace_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("default_version", sa.Integer(), nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pipeline_endpoints")),
        sa.UniqueConstraint("workspace_id", "name", name=op.f("uq_pipeline_endpoints_workspace_id")),
    )
    op.create_table(
        "pipeline_run_events",
        sa.Column("run_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "number", name=op.f("pk_pipeline_run_events")),
    )
    op.create_table(
        "pipeline_runs",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("factory_id", sa.String(length=32), nullable=False),
        sa.Column("workspace_id", sa.String(length=32), nullable=False),
        sa.Column("pipeline", sa.String(length=260), nullable=False),
        sa.Column("pipeline_key", sa.String(length=260), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.String(length=36), nullable=False),
        sa.Column("is_latest", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("parameters", sa.Text(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=True),
        sa.Column("invoked_by", sa.Text(), nullable=False),
        sa.Column("parent_run_id", sa.String(length=36), nullable=True),
        sa.Column("recovery", sa.Text(), nullable=True),
        sa.Column("dimensions", sa.Text(), nullable=False),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("returned", sa.Text(), nullable=True),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("started", sa.Float(), nullable=True),
        sa.Column("ended", sa.Float(), nullable=True),
        sa.Column("updated", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pipeline_runs")),
    )
    with op.batch_alter_table("pipeline_runs", schema=None) as batch_op:
        batch_op.create_index("ix_pipeline_runs_factory_id_updated", ["factory_id", "updated"], unique=False)
        batch_op.create_index(batch_op.f("ix_pipeline_runs_group_id"), ["group_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_pipeline_runs_parent_run_id"), ["parent_run_id"], unique=False)
        batch_op.create_index("ix_pipeline_runs_pipeline", ["factory_id", "pipeline_key", "status"], unique=False)
        batch_op.create_index(batch_op.f("ix_pipeline_runs_status"), ["status"], unique=False)

    op.create_table(
        "pipeline_schedules",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("workspace_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("pipeline_id", sa.String(length=32), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pipeline_schedules")),
    )
    with op.batch_alter_table("pipeline_schedules", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_pipeline_schedules_workspace_id"), ["workspace_id"], unique=False)

    op.create_table(
        "published_pipelines",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("workspace_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("graph", sa.Text(), nullable=False),
        sa.Column("continue_on_failure", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("draft_id", sa.String(length=32), nullable=False),
        sa.Column("draft_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_published_pipelines")),
    )
    with op.batch_alter_table("published_pipelines", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_published_pipelines_workspace_id"), ["workspace_id"], unique=False)

    op.create_table(
        "run_events",
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "number", name=op.f("pk_run_events")),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("workspace_id", sa.String(length=32), nullable=False),
        sa.Column("experiment_id", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("snapshot", sa.Text(), nullable=False),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("started", sa.Float(), nullable=True),
        sa.Column("ended", sa.Float(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
    )
    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_runs_experiment_id"), ["experiment_id"], unique=False)

    op.create_table(
        "sign_in_attempts",
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_sign_in_attempts")),
    )
    op.create_table(
        "trigger_completions",
        sa.Column("trigger_id", sa.String(length=32), nullable=False),
        sa.Column("run_id", sa.String(length=64), nullable=False),
        sa.Column("pipeline", sa.String(length=260), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("used", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("trigger_id", "run_id", name=op.f("pk_trigger_completions")),
    )
    op.create_table(
        "trigger_firings",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("trigger_id", sa.String(length=32), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=260), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("scheduled", sa.Float(), nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("updated", sa.Float(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("window_start", sa.Float(), nullable=True),
        sa.Column("window_end", sa.Float(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("mirrors", sa.Boolean(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("retries_left", sa.Integer(), nullable=False),
        sa.Column("waits_since", sa.Float(), nullable=False),
        sa.Column("not_before", sa.Float(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("runs", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trigger_firings")),
    )
    with op.batch_alter_table("trigger_firings", schema=None) as batch_op:
        batch_op.create_index("ix_trigger_firings_number", ["trigger_id", "number"], unique=False)
        batch_op.create_index("ix_trigger_firings_owner", ["kind", "owner", "updated"], unique=False)
        batch_op.create_index("ix_trigger_firings_state", ["state", "not_before"], unique=False)

    op.create_table(
        "triggers",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=260), nullable=False),
        sa.Column("folded", sa.String(length=260), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("started", sa.Boolean(), nullable=False),
        sa.Column("mode", sa.String(length=16), nullable=False),
        sa.Column("listens", sa.String(length=400), nullable=True),
        sa.Column("next_due", sa.Float(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("seen", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_triggers")),
        sa.UniqueConstraint("kind", "owner", "folded", name=op.f("uq_triggers_kind")),
    )
    with op.batch_alter_table("triggers", schema=None) as batch_op:
        batch_op.create_index("ix_triggers_due", ["mode", "next_due"], unique=False)
        batch_op.create_index(batch_op.f("ix_triggers_listens"), ["listens"], unique=False)

    op.create_table(
        "users",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
    )
    op.create_table(
        "web_services",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("workspace_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_web_services")),
    )
    with op.batch_alter_table("web_services", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_web_services_workspace_id"), ["workspace_id"], unique=False)

    op.create_table(
        "workspaces",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("region", sa.String(length=64), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("primary_sealed", sa.Text(), nullable=False),
        sa.Column("primary_fingerprint", sa.String(length=64), nullable=False),
        sa.Column("secondary_sealed", sa.Text(), nullable=False),
        sa.Column("secondary_fingerprint", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workspaces")),
    )
    op.create_table(
        "endpoints",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("service_id", sa.String(length=32), nullable=False),
        sa.Column("workspace_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=24), nullable=False),
        sa.Column("role", sa.String(length=8), nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("live_seq", sa.Integer(), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("primary_sealed", sa.Text(), nullable=False),
        sa.Column("primary_fingerprint", sa.String(length=64), nullable=False),
        sa.Column("secondary_sealed", sa.Text(), nullable=False),
        sa.Column("secondary_fingerprint", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["service_id"], ["web_services.id"], name=op.f("fk_endpoints_service_id_web_services"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_endpoints")),
        sa.UniqueConstraint("service_id", "name", name=op.f("uq_endpoints_service_id")),
    )
    with op.batch_alter_table("endpoints", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_endpoints_workspace_id"), ["workspace_id"], unique=False)

    op.create_table(
        "members",
        sa.Column("workspace_id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_members_user_id_users")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_members_workspace_id_workspaces")),
        sa.PrimaryKeyConstraint("workspace_id", "user_id", name=op.f("pk_members")),
    )
    op.create_table(
        "service_principals",
        sa.Column("client_id", sa.String(length=36), nullable=False),
        sa.Column("tenant_id", sa.String(length=36), nullable=False),
        sa.Column("object_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.String(length=32), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("secret_fingerprint", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_service_principals_workspace_id_workspaces")
        ),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_service_principals")),
    )
    with op.batch_alter_table("service_principals", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_service_principals_secret_fingerprint"), ["secret_fingerprint"], unique=False
        )

    op.create_table(
        "web_service_versions",
        sa.Column("service_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("snapshot", sa.Text(), nullable=False),
        sa.Column("experiment_id", sa.String(length=128), nullable=True),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("ready_by", sa.Text(), nullable=True),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["service_id"],
            ["web_services.id"],
            name=op.f("fk_web_service_versions_service_id_web_services"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("service_id", "number", name=op.f("pk_web_service_versions")),
    )
    op.create_table(
        "endpoint_revisions",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("endpoint_id", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("cause", sa.String(length=16), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_digest", sa.String(length=64), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("gates", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["endpoints.id"],
            name=op.f("fk_endpoint_revisions_endpoint_id_endpoints"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_endpoint_revisions")),
        sa.UniqueConstraint("endpoint_id", "seq", name=op.f("uq_endpoint_revisions_endpoint_id")),
    )


def downgrade() -> None:
    """The same steps back, also one thing."""
    op.drop_table("endpoint_revisions")
    op.drop_table("web_service_versions")
    with op.batch_alter_table("service_principals", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_service_principals_secret_fingerprint"))

    op.drop_table("service_principals")
    op.drop_table("members")
    with op.batch_alter_table("endpoints", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_endpoints_workspace_id"))

    op.drop_table("endpoints")
    op.drop_table("workspaces")
    with op.batch_alter_table("web_services", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_web_services_workspace_id"))

    op.drop_table("web_services")
    op.drop_table("users")
    with op.batch_alter_table("triggers", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_triggers_listens"))
        batch_op.drop_index("ix_triggers_due")

    op.drop_table("triggers")
    with op.batch_alter_table("trigger_firings", schema=None) as batch_op:
        batch_op.drop_index("ix_trigger_firings_state")
        batch_op.drop_index("ix_trigger_firings_owner")
        batch_op.drop_index("ix_trigger_firings_number")

    op.drop_table("trigger_firings")
    op.drop_table("trigger_completions")
    op.drop_table("sign_in_attempts")
    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_runs_experiment_id"))

    op.drop_table("runs")
    op.drop_table("run_events")
    with op.batch_alter_table("published_pipelines", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_published_pipelines_workspace_id"))

    op.drop_table("published_pipelines")
    with op.batch_alter_table("pipeline_schedules", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_pipeline_schedules_workspace_id"))

    op.drop_table("pipeline_schedules")
    with op.batch_alter_table("pipeline_runs", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_pipeline_runs_status"))
        batch_op.drop_index("ix_pipeline_runs_pipeline")
        batch_op.drop_index(batch_op.f("ix_pipeline_runs_parent_run_id"))
        batch_op.drop_index(batch_op.f("ix_pipeline_runs_group_id"))
        batch_op.drop_index("ix_pipeline_runs_factory_id_updated")

    op.drop_table("pipeline_runs")
    op.drop_table("pipeline_run_events")
    op.drop_table("pipeline_endpoints")
    op.drop_table("pipeline_endpoint_versions")
    op.drop_table("pipeline_drafts")
    op.drop_table("module_outputs")
    op.drop_table("factory_v1_documents")
    op.drop_table("factory_secrets")
    op.drop_table("factory_resources")
    op.drop_table("factory_callbacks")
    op.drop_table("factories")
    with op.batch_alter_table("experiments", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_experiments_workspace_id"))

    op.drop_table("experiments")
    op.drop_table("experiment_versions")
    with op.batch_alter_table("designer_runs", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_designer_runs_schedule_id"))
        batch_op.drop_index(batch_op.f("ix_designer_runs_pipeline_id"))
        batch_op.drop_index("ix_designer_runs_experiment")
        batch_op.drop_index(batch_op.f("ix_designer_runs_endpoint_id"))

    op.drop_table("designer_runs")
    op.drop_table("deployments")
    op.drop_table("data_stores")
    with op.batch_alter_table("blob_segments", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_blob_segments_object_key"))

    op.drop_table("blob_segments")
    with op.batch_alter_table("blob_garbage", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_blob_garbage_not_before"))

    op.drop_table("blob_garbage")
    op.drop_table("blob_events")
    op.drop_table("blob_containers")
    with op.batch_alter_table("blob_blocks", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_blob_blocks_uploaded"))
        batch_op.drop_index(batch_op.f("ix_blob_blocks_object_key"))

    op.drop_table("blob_blocks")
    op.drop_table("blob_blobs")
    with op.batch_alter_table("blob_accounts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_blob_accounts_workspace_id"))

    op.drop_table("blob_accounts")
    with op.batch_alter_table("batch_jobs", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_batch_jobs_workspace_id"))
        batch_op.drop_index(batch_op.f("ix_batch_jobs_state"))
        batch_op.drop_index(batch_op.f("ix_batch_jobs_endpoint_id"))

    op.drop_table("batch_jobs")
    with op.batch_alter_table("audit_lines", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_lines_workspace_id"))

    op.drop_table("audit_lines")
    with op.batch_alter_table("assets", schema=None) as batch_op:
        batch_op.drop_index("ix_assets_name", sqlite_where=sa.text("latest"), postgresql_where=sa.text("latest"))

    op.drop_table("assets")
