"""Tables and queries of assets."""

from __future__ import annotations

import json

import sqlalchemy as sa

from restudio.models.types import Asset, AssetKind
from restudio.seams.database import metadata

assets = sa.Table(
    "assets",
    metadata,
    sa.Column("id", sa.String(160), primary_key=True),
    sa.Column("workspace_id", sa.String(32), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("family", sa.String(32), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("data_type_id", sa.String(64), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("origin", sa.String(64), nullable=False),
    sa.Column("schema_json", sa.Text, nullable=True),
    sa.Column("lineage", sa.Text, nullable=False),
    sa.Column("latest", sa.Boolean, nullable=False),
    sa.UniqueConstraint("family", "version"),
    # One living name per workspace and kind, whoever comes first.
    sa.Index(
        "ix_assets_name",
        "workspace_id",
        "kind",
        "name",
        unique=True,
        sqlite_where=sa.text("latest"),
        postgresql_where=sa.text("latest"),
    ),
)


def insert(conn: sa.Connection, asset: Asset) -> None:
    """Add a version and make it the latest of its family."""
    conn.execute(assets.update().where(assets.c.family == asset.family).values(latest=False))
    conn.execute(
        assets.insert().values(
            id=asset.id,
            workspace_id=asset.workspace_id,
            kind=asset.kind,
            family=asset.family,
            version=asset.version,
            name=asset.name,
            data_type_id=asset.data_type_id,
            digest=asset.digest,
            size=asset.size,
            created=asset.created,
            owner=asset.owner,
            description=asset.description,
            origin=asset.origin,
            schema_json=None if asset.schema is None else json.dumps(asset.schema),
            lineage=json.dumps(dict(asset.lineage)),
            latest=True,
        )
    )


def set_schema(conn: sa.Connection, digest: str, data_type_id: str, schema: list[dict[str, object]]) -> None:
    """Keep the columns of a content with every asset that has it."""
    same = (assets.c.digest == digest) & (assets.c.data_type_id == data_type_id) & assets.c.schema_json.is_(None)
    conn.execute(assets.update().where(same).values(schema_json=json.dumps(schema)))


def find(conn: sa.Connection, asset_id: str) -> Asset | None:
    row = conn.execute(sa.select(assets).where(assets.c.id == asset_id)).one_or_none()
    return None if row is None else _to_asset(row)


def find_latest(conn: sa.Connection, workspace_id: str, kind: AssetKind, name: str) -> Asset | None:
    """The newest version under a name."""
    row = conn.execute(_latest(workspace_id, kind).where(assets.c.name == name)).one_or_none()
    return None if row is None else _to_asset(row)


def list_latest(conn: sa.Connection, workspace_id: str, kind: AssetKind) -> list[Asset]:
    """The newest version of every family, by name."""
    return [_to_asset(row) for row in conn.execute(_latest(workspace_id, kind).order_by(assets.c.name))]


def list_versions(conn: sa.Connection, workspace_id: str, family: str) -> list[Asset]:
    """All versions of a family, oldest first."""
    query = sa.select(assets).where(assets.c.workspace_id == workspace_id, assets.c.family == family)
    return [_to_asset(row) for row in conn.execute(query.order_by(assets.c.version))]


def delete_versions(conn: sa.Connection, workspace_id: str, family: str) -> int:
    """How many versions there were."""
    return conn.execute(
        assets.delete().where(assets.c.workspace_id == workspace_id, assets.c.family == family)
    ).rowcount


def _latest(workspace_id: str, kind: AssetKind) -> sa.Select[tuple[object, ...]]:
    return sa.select(assets).where(
        assets.c.workspace_id == workspace_id, assets.c.kind == kind, assets.c.latest.is_(True)
    )


def _to_asset(row: sa.Row[tuple[object, ...]]) -> Asset:
    values = dict(row._mapping)
    schema, lineage = values.pop("schema_json"), values.pop("lineage")
    values.pop("latest")
    return Asset(**values, schema=None if schema is None else json.loads(schema), lineage=json.loads(lineage))
