"""Tables of web services, their versions, endpoints, ledgers and the deployment sequence."""

from __future__ import annotations

import sqlalchemy as sa

from restudio.seams.database import metadata

web_services = sa.Table(
    "web_services",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("workspace_id", sa.String(32), nullable=False, index=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("created", sa.Float, nullable=False),
)

web_service_versions = sa.Table(
    "web_service_versions",
    metadata,
    sa.Column("service_id", sa.String(32), sa.ForeignKey("web_services.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("stage", sa.String(16), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    # Everything that never changes, as JSON with a version of its own (see store).
    sa.Column("snapshot", sa.Text, nullable=False),
    sa.Column("experiment_id", sa.String(128), nullable=True),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("ready_by", sa.Text, nullable=True),
    sa.Column("approved_by", sa.Text, nullable=True),
)

endpoints = sa.Table(
    "endpoints",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("service_id", sa.String(32), sa.ForeignKey("web_services.id", ondelete="CASCADE"), nullable=False),
    sa.Column("workspace_id", sa.String(32), nullable=False, index=True),
    sa.Column("name", sa.String(24), nullable=False),
    sa.Column("role", sa.String(8), nullable=False),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("live_seq", sa.Integer, nullable=False),
    sa.Column("settings", sa.Text, nullable=False),
    sa.Column("primary_sealed", sa.Text, nullable=False),
    sa.Column("primary_fingerprint", sa.String(64), nullable=False),
    sa.Column("secondary_sealed", sa.Text, nullable=False),
    sa.Column("secondary_fingerprint", sa.String(64), nullable=False),
    sa.UniqueConstraint("service_id", "name"),
)

endpoint_revisions = sa.Table(
    "endpoint_revisions",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("endpoint_id", sa.String(32), sa.ForeignKey("endpoints.id", ondelete="CASCADE"), nullable=False),
    sa.Column("seq", sa.Integer, nullable=False),
    sa.Column("cause", sa.String(16), nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("state_digest", sa.String(64), nullable=False),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("gates", sa.Text, nullable=False),
    sa.UniqueConstraint("endpoint_id", "seq"),
)

deployments = sa.Table(
    "deployments",
    metadata,
    # Write transactions are serialised, so that numbers become visible in their order and a reader misses none.
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("endpoint_id", sa.String(32), nullable=False),
    sqlite_autoincrement=True,
)
