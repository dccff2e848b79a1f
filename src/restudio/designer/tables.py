"""Tables of the designer."""

from __future__ import annotations

import sqlalchemy as sa

from restudio.seams.database import metadata

pipeline_drafts = sa.Table(
    "pipeline_drafts",
    metadata,
    sa.Column("document_id", sa.String(32), primary_key=True),
    sa.Column("experiment_name", sa.Text, nullable=False),
    sa.Column("tags", sa.Text, nullable=False),
    sa.Column("continue_on_failure", sa.Boolean, nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
)

published_pipelines = sa.Table(
    "published_pipelines",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("workspace_id", sa.String(32), nullable=False, index=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("graph", sa.Text, nullable=False),
    sa.Column("continue_on_failure", sa.Boolean, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("draft_id", sa.String(32), nullable=False),
    sa.Column("draft_version", sa.Integer, nullable=False),
)

pipeline_endpoints = sa.Table(
    "pipeline_endpoints",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("workspace_id", sa.String(32), nullable=False),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("default_version", sa.Integer, nullable=False),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.UniqueConstraint("workspace_id", "name"),
)

pipeline_endpoint_versions = sa.Table(
    "pipeline_endpoint_versions",
    metadata,
    sa.Column("endpoint_id", sa.String(32), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("pipeline_id", sa.String(32), nullable=False),
)

designer_runs = sa.Table(
    "designer_runs",
    metadata,
    sa.Column("run_id", sa.String(32), primary_key=True),
    sa.Column("workspace_id", sa.String(32), nullable=False),
    sa.Column("experiment_name", sa.String(255), nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("tags", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("draft_id", sa.String(32), nullable=False),
    sa.Column("pipeline_id", sa.String(32), nullable=True, index=True),
    sa.Column("endpoint_id", sa.String(32), nullable=True, index=True),
    sa.Column("endpoint_version", sa.Integer, nullable=True),
    sa.Column("parent_run_id", sa.Text, nullable=True),
    sa.Column("schedule_id", sa.String(32), nullable=True, index=True),
    sa.Column("continue_on_failure", sa.Boolean, nullable=False),
    sa.Column("parameters", sa.Text, nullable=False),
    sa.Column("graph_id", sa.String(64), nullable=False),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("request_id", sa.String(128), nullable=True),
    sa.Column("request_digest", sa.String(64), nullable=False),
    sa.Column("created", sa.Float, nullable=False),
    sa.UniqueConstraint("workspace_id", "request_id"),
    sa.Index("ix_designer_runs_experiment", "workspace_id", "experiment_name", "created"),
)

data_stores = sa.Table(
    "data_stores",
    metadata,
    sa.Column("workspace_id", sa.String(32), primary_key=True),
    sa.Column("name", sa.String(255), primary_key=True),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("settings", sa.Text, nullable=False),
    sa.Column("sealed", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
)

pipeline_schedules = sa.Table(
    "pipeline_schedules",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("workspace_id", sa.String(32), nullable=False, index=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("pipeline_id", sa.String(32), nullable=True),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
)
