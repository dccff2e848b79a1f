"""Tables of the Blob service.

Content bytes lie in the Objects seam under keys that are never reused: a blob is an ordered list of segments, so that
committing blocks and copying move no bytes. Every object key that no segment and no uncommitted block refers to stands
in ``blob_garbage``, also while it is being written: a crash leaves nothing behind that is not collected.
"""

from __future__ import annotations

import sqlalchemy as sa

from restudio.seams.database import metadata


def _name(length: int) -> sa.types.TypeEngine[str]:
    # Listings page by name: PostgreSQL must compare bytes as SQLite does, whatever the database's language.
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


accounts = sa.Table(
    "blob_accounts",
    metadata,
    sa.Column("name", sa.String(24), primary_key=True),
    sa.Column("workspace_id", sa.String(32), nullable=True, index=True),
    sa.Column("sealed_key", sa.Text, nullable=False),
    sa.Column("created", sa.Float, nullable=False),
)

containers = sa.Table(
    "blob_containers",
    metadata,
    sa.Column("account", sa.String(24), primary_key=True),
    sa.Column("name", _name(63), primary_key=True),
    sa.Column("etag", sa.String(40), nullable=False),
    sa.Column("modified", sa.Float, nullable=False),
    sa.Column("metadata", sa.Text, nullable=False),
)

blobs = sa.Table(
    "blob_blobs",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("account", sa.String(24), nullable=False),
    sa.Column("container", sa.String(63), nullable=False),
    sa.Column("name", _name(1024), nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("etag", sa.String(40), nullable=False),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("modified", sa.Float, nullable=False),
    sa.Column("headers", sa.Text, nullable=False),
    sa.Column("metadata", sa.Text, nullable=False),
    sa.UniqueConstraint("account", "container", "name"),
)

segments = sa.Table(
    "blob_segments",
    metadata,
    sa.Column("blob_id", sa.String(32), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("block", sa.String(100), nullable=False),
    sa.Column("object_key", sa.String(100), nullable=False, index=True),
    sa.Column("size", sa.BigInteger, nullable=False),
)

blocks = sa.Table(
    "blob_blocks",
    metadata,
    sa.Column("account", sa.String(24), primary_key=True),
    sa.Column("container", sa.String(63), primary_key=True),
    sa.Column("name", _name(1024), primary_key=True),
    sa.Column("block", sa.String(100), primary_key=True),
    sa.Column("object_key", sa.String(100), nullable=False, index=True),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("uploaded", sa.Float, nullable=False, index=True),
)

garbage = sa.Table(
    "blob_garbage",
    metadata,
    sa.Column("object_key", sa.String(100), primary_key=True),
    sa.Column("not_before", sa.Float, nullable=False, index=True),
)

events = sa.Table(
    "blob_events",
    metadata,
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("event_id", sa.String(32), nullable=False),
    sa.Column("account", sa.String(24), nullable=False),
    sa.Column("container", sa.String(63), nullable=False),
    sa.Column("name", sa.String(1024), nullable=False),
    sa.Column("event", sa.String(16), nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("at", sa.Float, nullable=False),
)
"""What was written or deleted, until somebody who fires triggers has taken note of it."""
