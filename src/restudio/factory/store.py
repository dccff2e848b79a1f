"""Queries of factories and of what they hold."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from restudio.factory.properties import Json
from restudio.factory.tables import factories, resources
from restudio.factory.types import Factory, ResourceKind, StoredResource


def insert_factory(conn: sa.Connection, factory: Factory) -> None:
    conn.execute(
        factories.insert().values(
            id=factory.id,
            workspace_id=factory.workspace_id,
            resource_group=factory.resource_group,
            group_key=factory.resource_group.casefold(),
            name=factory.name,
            key=factory.name.casefold(),
            body=json.dumps(dict(factory.body)),
            etag=factory.etag,
            created=factory.created,
            changed=factory.changed,
            revision=factory.revision,
        )
    )


def update_factory(conn: sa.Connection, factory_id: str, body: Mapping[str, Json], etag: str, changed: float) -> None:
    values = {"body": json.dumps(dict(body)), "etag": etag, "changed": changed}
    conn.execute(factories.update().where(factories.c.id == factory_id).values(**values))


def delete_factory(conn: sa.Connection, factory_id: str) -> None:
    """Forget a factory and what it holds; its runs stay until they are old."""
    conn.execute(resources.delete().where(resources.c.factory_id == factory_id))
    conn.execute(factories.delete().where(factories.c.id == factory_id))


def find_factory(conn: sa.Connection, workspace_id: str, resource_group: str, name: str) -> Factory | None:
    table = factories.c
    query = sa.select(factories).where(
        table.workspace_id == workspace_id, table.group_key == resource_group.casefold(), table.key == name.casefold()
    )
    row = conn.execute(query).one_or_none()
    return None if row is None else _factory(row)


def find_factory_by_id(conn: sa.Connection, factory_id: str) -> Factory | None:
    row = conn.execute(sa.select(factories).where(factories.c.id == factory_id)).one_or_none()
    return None if row is None else _factory(row)


def list_factories(conn: sa.Connection, workspace_id: str, resource_group: str | None = None) -> list[Factory]:
    """By name."""
    query = sa.select(factories).where(factories.c.workspace_id == workspace_id)
    if resource_group is not None:
        query = query.where(factories.c.group_key == resource_group.casefold())
    return [_factory(row) for row in conn.execute(query.order_by(factories.c.key))]


def next_revision(conn: sa.Connection, factory_id: str) -> int:
    """Count one more change; the caller's transaction makes it."""
    counted = factories.update().where(factories.c.id == factory_id).values(revision=factories.c.revision + 1)
    return int(conn.execute(counted.returning(factories.c.revision)).scalar_one())


def put_resource(conn: sa.Connection, resource: StoredResource, *, deleted: bool = False) -> None:
    """Let a resource hold from its revision on."""
    table, key = resources.c, resource.name.casefold()
    same = (table.factory_id == resource.factory_id) & (table.kind == resource.kind) & (table.key == key)
    conn.execute(resources.update().where(same, table.until.is_(None)).values(until=resource.revision))
    conn.execute(
        resources.insert().values(
            factory_id=resource.factory_id,
            kind=resource.kind,
            key=key,
            revision=resource.revision,
            until=None,
            name=resource.name,
            etag=resource.etag,
            body=None if deleted else json.dumps(dict(resource.properties)),
            changed=resource.changed,
            author=resource.author,
        )
    )


def find_resource(
    conn: sa.Connection, factory_id: str, kind: ResourceKind, name: str, revision: int | None = None
) -> StoredResource | None:
    """A resource as it is now, or was at a revision."""
    query = _held(factory_id, revision).where(resources.c.kind == kind, resources.c.key == name.casefold())
    row = conn.execute(query).one_or_none()
    return None if row is None else _resource(row)


def list_resources(
    conn: sa.Connection, factory_id: str, kind: ResourceKind | None = None, revision: int | None = None
) -> list[StoredResource]:
    """By kind and name."""
    query = _held(factory_id, revision)
    if kind is not None:
        query = query.where(resources.c.kind == kind)
    return [_resource(row) for row in conn.execute(query.order_by(resources.c.kind, resources.c.key))]


def list_names(conn: sa.Connection, factory_id: str, kind: ResourceKind) -> Sequence[str]:
    query = _held(factory_id, None).where(resources.c.kind == kind).with_only_columns(resources.c.name)
    return list(conn.execute(query.order_by(resources.c.key)).scalars())


def _held(factory_id: str, revision: int | None) -> sa.Select[tuple[object, ...]]:
    table = resources.c
    query = sa.select(resources).where(table.factory_id == factory_id, table.body.is_not(None))
    if revision is None:
        return query.where(table.until.is_(None))
    return query.where(table.revision <= revision, sa.or_(table.until.is_(None), table.until > revision))


def _factory(row: sa.Row[tuple[object, ...]]) -> Factory:
    return Factory(
        id=row.id,
        workspace_id=row.workspace_id,
        resource_group=row.resource_group,
        name=row.name,
        body=json.loads(row.body),
        etag=row.etag,
        created=row.created,
        changed=row.changed,
        revision=row.revision,
    )


def _resource(row: sa.Row[tuple[object, ...]]) -> StoredResource:
    return StoredResource(
        factory_id=row.factory_id,
        kind=row.kind,
        name=row.name,
        revision=row.revision,
        etag=row.etag,
        properties=json.loads(row.body),
        changed=row.changed,
        author=row.author,
    )
