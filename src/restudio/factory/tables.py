"""Tables of factories and of pipeline runs.

A row of ``factory_resources`` holds from its revision until ``until``; null means now, a body of null that the resource
was deleted. Reading a factory as of a revision needs no copy of it.
"""

from __future__ import annotations

import sqlalchemy as sa

from restudio.seams.database import metadata

factories = sa.Table(
    "factories",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("workspace_id", sa.String(32), nullable=False),
    sa.Column("resource_group", sa.String(90), nullable=False),
    sa.Column("group_key", sa.String(90), nullable=False),
    sa.Column("name", sa.String(63), nullable=False),
    sa.Column("key", sa.String(63), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("etag", sa.String(40), nullable=False),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("changed", sa.Float, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.UniqueConstraint("workspace_id", "group_key", "key"),
)

resources = sa.Table(
    "factory_resources",
    metadata,
    sa.Column("factory_id", sa.String(32), primary_key=True),
    sa.Column("kind", sa.String(20), primary_key=True),
    sa.Column("key", sa.String(260), primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True),
    sa.Column("until", sa.Integer, nullable=True),
    sa.Column("name", sa.String(260), nullable=False),
    sa.Column("etag", sa.String(40), nullable=False),
    sa.Column("body", sa.Text, nullable=True),
    sa.Column("changed", sa.Float, nullable=False),
    sa.Column("author", sa.Text, nullable=False),
)

v1_documents = sa.Table(
    "factory_v1_documents",
    metadata,
    sa.Column("factory_id", sa.String(32), primary_key=True),
    sa.Column("kind", sa.String(20), primary_key=True),
    sa.Column("key", sa.String(260), primary_key=True),
    sa.Column("name", sa.String(260), nullable=False),
    sa.Column("etag", sa.String(40), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("made", sa.Text, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("changed", sa.Float, nullable=False),
    sa.Column("author", sa.Text, nullable=False),
)
"""``made``: kinds and names of the resources that the translation of a document published."""

pipeline_runs = sa.Table(
    "pipeline_runs",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("factory_id", sa.String(32), nullable=False),
    sa.Column("workspace_id", sa.String(32), nullable=False),
    sa.Column("pipeline", sa.String(260), nullable=False),
    sa.Column("pipeline_key", sa.String(260), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("group_id", sa.String(36), nullable=False, index=True),
    sa.Column("is_latest", sa.Boolean, nullable=False),
    sa.Column("status", sa.String(16), nullable=False, index=True),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("parameters", sa.Text, nullable=False),
    sa.Column("sealed", sa.Text, nullable=True),
    sa.Column("invoked_by", sa.Text, nullable=False),
    sa.Column("parent_run_id", sa.String(36), nullable=True, index=True),
    sa.Column("recovery", sa.Text, nullable=True),
    sa.Column("dimensions", sa.Text, nullable=False),
    sa.Column("cancel_requested", sa.Boolean, nullable=False),
    sa.Column("returned", sa.Text, nullable=True),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("started", sa.Float, nullable=True),
    sa.Column("ended", sa.Float, nullable=True),
    sa.Column("updated", sa.Float, nullable=False),
    sa.Index("ix_pipeline_runs_factory_id_updated", "factory_id", "updated"),
    sa.Index("ix_pipeline_runs_pipeline", "factory_id", "pipeline_key", "status"),
)

pipeline_run_events = sa.Table(
    "pipeline_run_events",
    metadata,
    sa.Column("run_id", sa.String(36), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("body", sa.Text, nullable=False),
)

vault_secrets = sa.Table(
    "factory_secrets",
    metadata,
    sa.Column("workspace_id", sa.String(32), primary_key=True),
    sa.Column("key", sa.String(127), primary_key=True),
    sa.Column("version", sa.String(32), primary_key=True),
    sa.Column("name", sa.String(127), nullable=False),
    sa.Column("sealed", sa.Text, nullable=False),
    sa.Column("changed", sa.Float, nullable=False),
)

callbacks = sa.Table(
    "factory_callbacks",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("received", sa.Float, nullable=True),
    sa.Column("sealed_body", sa.Text, nullable=True),
)
