"""Queries of documents of version 1. They decide nothing."""

from __future__ import annotations

import json

import sqlalchemy as sa

from restudio.factory.tables import v1_documents
from restudio.factory.v1.types import V1_KINDS, V1Document, V1Kind


def put(conn: sa.Connection, document: V1Document) -> None:
    """Insert a document, or write it over the one of its name."""
    delete(conn, document)
    conn.execute(
        v1_documents.insert().values(
            factory_id=document.factory_id,
            kind=document.kind,
            key=document.name.casefold(),
            name=document.name,
            etag=document.etag,
            body=json.dumps(dict(document.properties)),
            made=json.dumps(document.made),
            active=document.active,
            created=document.created,
            changed=document.changed,
            author=document.author,
        )
    )


def delete(conn: sa.Connection, document: V1Document) -> None:
    conn.execute(v1_documents.delete().where(_is(document.factory_id, document.kind, document.name)))


def find(conn: sa.Connection, factory_id: str, kind: V1Kind, name: str) -> V1Document | None:
    row = conn.execute(sa.select(v1_documents).where(_is(factory_id, kind, name))).one_or_none()
    return None if row is None else _document(row)


def list_all(conn: sa.Connection, factory_id: str, kind: V1Kind | None = None) -> list[V1Document]:
    """By kind, what is referred to first, and name."""
    table = v1_documents.c
    query = sa.select(v1_documents).where(table.factory_id == factory_id).order_by(table.key)
    if kind is not None:
        query = query.where(table.kind == kind)
    found = [_document(row) for row in conn.execute(query)]
    return sorted(found, key=lambda each: V1_KINDS.index(each.kind))


def list_factories_with(conn: sa.Connection, kind: V1Kind) -> list[str]:
    """Ids of the factories that have documents of a kind."""
    query = sa.select(v1_documents.c.factory_id).where(v1_documents.c.kind == kind).distinct()
    return list(conn.scalars(query))


def delete_all(conn: sa.Connection, factory_id: str) -> None:
    conn.execute(v1_documents.delete().where(v1_documents.c.factory_id == factory_id))


def _is(factory_id: str, kind: V1Kind, name: str) -> sa.ColumnElement[bool]:
    table = v1_documents.c
    return sa.and_(table.factory_id == factory_id, table.kind == kind, table.key == name.casefold())


def _document(row: sa.Row[tuple[object, ...]]) -> V1Document:
    return V1Document(
        factory_id=row.factory_id,
        kind=row.kind,
        name=row.name,
        etag=row.etag,
        properties=json.loads(row.body),
        made=tuple((kind, name) for kind, name in json.loads(row.made)),
        active=row.active,
        created=row.created,
        changed=row.changed,
        author=row.author,
    )
