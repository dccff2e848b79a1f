"""Queries on containers, blobs and blocks. Every function takes a connection and decides nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime

import sqlalchemy as sa

from restudio.blobs.tables import blobs, blocks, containers, events, garbage, segments
from restudio.blobs.types import Blob, BlobChange, BlobEvent, BlobHeaders, BlobPath, Container, Segment
from restudio.core.ids import new_id


def _at(table: sa.Table, path: BlobPath) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.account == path.account, table.c.container == path.container, table.c.name == path.name)


def find_container(conn: sa.Connection, account: str, name: str) -> Container | None:
    row = conn.execute(
        sa.select(containers).where(containers.c.account == account, containers.c.name == name)
    ).one_or_none()
    return None if row is None else _to_container(row)


def insert_container(conn: sa.Connection, account: str, container: Container) -> None:
    conn.execute(
        containers.insert().values(
            account=account,
            name=container.name,
            etag=container.etag,
            modified=container.modified,
            metadata=json.dumps(dict(container.metadata)),
        )
    )


def update_container(conn: sa.Connection, account: str, container: Container) -> None:
    conn.execute(
        containers.update()
        .where(containers.c.account == account, containers.c.name == container.name)
        .values(etag=container.etag, modified=container.modified, metadata=json.dumps(dict(container.metadata)))
    )


def delete_container(conn: sa.Connection, account: str, name: str) -> list[str]:
    """Remove a container with everything in it; gives the object keys that it referred to."""
    mine = sa.select(blobs.c.id).where(blobs.c.account == account, blobs.c.container == name)
    staged = sa.and_(blocks.c.account == account, blocks.c.container == name)
    keys = list(conn.scalars(sa.select(segments.c.object_key).where(segments.c.blob_id.in_(mine))))
    keys += conn.scalars(sa.select(blocks.c.object_key).where(staged))
    conn.execute(segments.delete().where(segments.c.blob_id.in_(mine)))
    conn.execute(blobs.delete().where(blobs.c.account == account, blobs.c.container == name))
    conn.execute(blocks.delete().where(staged))
    conn.execute(containers.delete().where(containers.c.account == account, containers.c.name == name))
    return keys


def list_containers(conn: sa.Connection, account: str, prefix: str, start: str, limit: int) -> list[Container]:
    """In name order, from ``start`` on (inclusive)."""
    rows = conn.execute(
        sa.select(containers)
        .where(containers.c.account == account, containers.c.name >= max(prefix, start))
        .where(sa.func.substr(containers.c.name, 1, len(prefix)) == prefix)
        .order_by(containers.c.name)
        .limit(limit)
    )
    return [_to_container(row) for row in rows]


def find_blob(conn: sa.Connection, path: BlobPath) -> Blob | None:
    row = conn.execute(sa.select(blobs).where(_at(blobs, path))).one_or_none()
    return None if row is None else _to_blob(row)


def find_content(conn: sa.Connection, path: BlobPath) -> tuple[Blob, tuple[Segment, ...]] | None:
    """A blob and its segments in order."""
    row = conn.execute(sa.select(blobs).where(_at(blobs, path))).one_or_none()
    if row is None:
        return None
    parts = conn.execute(
        sa.select(segments.c.object_key, segments.c.size, segments.c.block)
        .where(segments.c.blob_id == row.id)
        .order_by(segments.c.position)
    )
    return _to_blob(row), tuple(Segment(part.object_key, part.size, part.block) for part in parts)


def list_blobs(conn: sa.Connection, account: str, container: str, prefix: str, start: str, limit: int) -> list[Blob]:
    """In name order, names from ``start`` on (inclusive)."""
    rows = conn.execute(
        sa.select(blobs)
        .where(blobs.c.account == account, blobs.c.container == container, blobs.c.name >= max(prefix, start))
        .where(sa.func.substr(blobs.c.name, 1, len(prefix)) == prefix)
        .order_by(blobs.c.name)
        .limit(limit)
    )
    return [_to_blob(row) for row in rows]


def replace_blob(conn: sa.Connection, blob: Blob, content: Sequence[Segment]) -> list[str]:
    """Put a blob in the place of what is there; gives the object keys that the former one referred to."""
    former = delete_blob(conn, blob.path)
    blob_id = new_id()
    conn.execute(
        blobs.insert().values(
            id=blob_id,
            account=blob.path.account,
            container=blob.path.container,
            name=blob.path.name,
            size=blob.size,
            created=blob.created,
            **_changing(blob),
        )
    )
    rows = [
        {"blob_id": blob_id, "position": i, "block": s.block, "object_key": s.object_key, "size": s.size}
        for i, s in enumerate(content)
    ]
    if rows:
        conn.execute(segments.insert(), rows)
    return former


def update_blob(conn: sa.Connection, blob: Blob) -> None:
    """Headers, metadata, ETag and time of change; the content stays."""
    conn.execute(blobs.update().where(_at(blobs, blob.path)).values(**_changing(blob)))


def _changing(blob: Blob) -> dict[str, object]:
    return {
        "etag": blob.etag,
        "modified": blob.modified,
        "headers": json.dumps(asdict(blob.headers)),
        "metadata": json.dumps(dict(blob.metadata)),
    }


def delete_blob(conn: sa.Connection, path: BlobPath) -> list[str]:
    """Remove a committed blob if it is there; gives the object keys that it referred to."""
    blob_id = conn.scalar(sa.select(blobs.c.id).where(_at(blobs, path)))
    if blob_id is None:
        return []
    keys = list(conn.scalars(sa.select(segments.c.object_key).where(segments.c.blob_id == blob_id)))
    conn.execute(segments.delete().where(segments.c.blob_id == blob_id))
    conn.execute(blobs.delete().where(blobs.c.id == blob_id))
    return keys


def uncommitted(conn: sa.Connection, path: BlobPath) -> dict[str, Segment]:
    """Blocks uploaded and not committed, by id."""
    rows = conn.execute(sa.select(blocks).where(_at(blocks, path)).order_by(blocks.c.block))
    return {row.block: Segment(row.object_key, row.size, row.block) for row in rows}


def count_uncommitted(conn: sa.Connection, path: BlobPath) -> int:
    return conn.scalar(sa.select(sa.func.count()).select_from(blocks).where(_at(blocks, path))) or 0


def put_block(conn: sa.Connection, path: BlobPath, segment: Segment, at: float) -> list[str]:
    """Stage a block, in the place of one of the same id; gives the object key of that one."""
    same = sa.and_(_at(blocks, path), blocks.c.block == segment.block)
    former = list(conn.scalars(sa.select(blocks.c.object_key).where(same)))
    conn.execute(blocks.delete().where(same))
    conn.execute(
        blocks.insert().values(
            account=path.account,
            container=path.container,
            name=path.name,
            block=segment.block,
            object_key=segment.object_key,
            size=segment.size,
            uploaded=at,
        )
    )
    return former


def drop_blocks(conn: sa.Connection, path: BlobPath) -> list[str]:
    keys = list(conn.scalars(sa.select(blocks.c.object_key).where(_at(blocks, path))))
    conn.execute(blocks.delete().where(_at(blocks, path)))
    return keys


def drop_stale_blocks(conn: sa.Connection, before: float) -> list[str]:
    """Forget blocks that nobody committed since ``before``."""
    keys = list(conn.scalars(sa.select(blocks.c.object_key).where(blocks.c.uploaded < before)))
    conn.execute(blocks.delete().where(blocks.c.uploaded < before))
    return keys


def add_garbage(conn: sa.Connection, keys: Iterable[str], not_before: float) -> None:
    """Objects to delete at ``not_before`` unless something refers to them then."""
    unique = set(keys)
    for part in _parts(sorted(unique)):
        conn.execute(garbage.delete().where(garbage.c.object_key.in_(part)))
        conn.execute(garbage.insert(), [{"object_key": key, "not_before": not_before} for key in part])


def keep(conn: sa.Connection, keys: Iterable[str]) -> None:
    """The opposite of :func:`add_garbage`: something refers to these now."""
    for part in _parts(sorted(set(keys))):
        conn.execute(garbage.delete().where(garbage.c.object_key.in_(part)))


def take_garbage(conn: sa.Connection, now: float, limit: int) -> list[str]:
    """Take due keys off the list; gives those that nothing refers to."""
    due = list(
        conn.scalars(
            sa.select(garbage.c.object_key)
            .where(garbage.c.not_before <= now)
            .order_by(garbage.c.not_before)
            .limit(limit)
        )
    )
    if not due:
        return []
    used = set(conn.scalars(sa.select(segments.c.object_key).where(segments.c.object_key.in_(due))))
    used |= set(conn.scalars(sa.select(blocks.c.object_key).where(blocks.c.object_key.in_(due))))
    conn.execute(garbage.delete().where(garbage.c.object_key.in_(due)))
    return [key for key in due if key not in used]


def add_event(conn: sa.Connection, path: BlobPath, event: BlobEvent, size: int, at: float) -> None:
    """Tell those who look with :func:`take_events` of a change, in the transaction that makes it."""
    conn.execute(
        events.insert().values(
            event_id=new_id(),
            account=path.account,
            container=path.container,
            name=path.name,
            event=event,
            size=size,
            at=at,
        )
    )


def has_events(conn: sa.Connection) -> bool:
    return conn.scalar(sa.select(events.c.position).limit(1)) is not None


def take_events(conn: sa.Connection, limit: int) -> list[BlobChange]:
    """Take changes off the list, the oldest first: whoever commits this has got them, and nobody else."""
    rows = list(conn.execute(sa.select(events).order_by(events.c.position).limit(limit)))
    if rows:
        taken = sa.and_(events.c.position >= rows[0].position, events.c.position <= rows[-1].position)
        conn.execute(events.delete().where(taken))
    return [
        BlobChange(
            id=row.event_id,
            path=BlobPath(row.account, row.container, row.name),
            event=row.event,
            size=row.size,
            at=datetime.fromtimestamp(row.at, UTC),
        )
        for row in rows
    ]


def _parts(keys: Sequence[str], size: int = 500) -> Iterator[Sequence[str]]:
    return (keys[i : i + size] for i in range(0, len(keys), size))


def _texts(text: str) -> Mapping[str, str]:
    loaded: Mapping[str, str] = json.loads(text)
    return loaded


def _to_container(row: sa.Row[tuple[object, ...]]) -> Container:
    return Container(row.name, row.etag, row.modified, _texts(row.metadata))


def _to_blob(row: sa.Row[tuple[object, ...]]) -> Blob:
    return Blob(
        path=BlobPath(row.account, row.container, row.name),
        size=row.size,
        etag=row.etag,
        created=row.created,
        modified=row.modified,
        headers=BlobHeaders(**_texts(row.headers)),
        metadata=_texts(row.metadata),
    )
