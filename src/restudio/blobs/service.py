"""Use cases of the Blob service: containers, block blobs, blocks, copies, listings.

Bytes are written first, under a fresh key that stands in the garbage list; one transaction then makes them the content
and moves what they replace to the garbage. Readers that began earlier keep their bytes for a grace period.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import sqlalchemy as sa

from restudio.blobs import store
from restudio.blobs.accounts import Accounts
from restudio.blobs.failures import refusal
from restudio.blobs.listing import decode_marker, encode_marker, page
from restudio.blobs.rules import (
    check_blob_name,
    check_block_id,
    check_container_name,
    check_metadata,
    ensure_conditions,
)
from restudio.blobs.types import (
    DEFAULT_LIMITS,
    PLAIN_HEADERS,
    UNCONDITIONAL,
    Blob,
    BlobHeaders,
    BlobLimits,
    BlobPage,
    BlobPath,
    BlockEntry,
    Conditions,
    Container,
    ContainerPage,
    Segment,
)
from restudio.core.ids import new_id
from restudio.seams.clock import Clock
from restudio.seams.database import Database
from restudio.seams.objects import Objects
from restudio.seams.secrets import Secrets

READER_GRACE_S = 600.0
UPLOAD_GRACE_S = 86_400.0
BLOCK_LIFETIME_S = 7 * 86_400.0
WRITES_PER_SWEEP = 256
Data = bytes | Path | Iterable[bytes]


@dataclass(frozen=True, slots=True)
class Content:
    """A blob with the segments that it had when it was opened."""

    blob: Blob
    segments: tuple[Segment, ...]


class BlobService:
    """Thread-safe. Refusals carry storage's error codes (see ``failures``); authorization is the caller's."""

    def __init__(
        self,
        db: Database,
        objects: Objects,
        secrets: Secrets,
        clock: Clock,
        base_url: str,
        *,
        limits: BlobLimits = DEFAULT_LIMITS,
    ) -> None:
        self._db = db
        self._objects = objects
        self._clock = clock
        self.accounts = Accounts(db, secrets, clock, base_url)
        self.limits = limits
        self._writes = itertools.count(1)

    # -- containers

    def create_container(self, account: str, name: str, metadata: Mapping[str, str] | None = None) -> Container:
        """``ContainerAlreadyExists`` when it does."""
        check_container_name(name)
        check_metadata(metadata or {})
        container = Container(name, _new_etag(), self._now(), dict(metadata or {}))
        with self._db.begin() as conn:
            if store.find_container(conn, account, name) is not None:
                raise refusal("ContainerAlreadyExists", target=name)
            store.insert_container(conn, account, container)
        return container

    def ensure_container(self, account: str, name: str) -> None:
        """Make a container unless it is there."""
        check_container_name(name)
        with self._db.read() as conn:
            if store.find_container(conn, account, name) is not None:
                return
        with self._db.begin() as conn:
            if store.find_container(conn, account, name) is None:
                store.insert_container(conn, account, Container(name, _new_etag(), self._now()))

    def get_container(self, account: str, name: str) -> Container:
        with self._db.read() as conn:
            return _container(conn, account, name)

    def set_container_metadata(self, account: str, name: str, metadata: Mapping[str, str]) -> Container:
        check_metadata(metadata)
        with self._db.begin() as conn:
            former = _container(conn, account, name)
            container = replace(former, etag=_new_etag(), modified=self._now(), metadata=dict(metadata))
            store.update_container(conn, account, container)
        return container

    def delete_container(self, account: str, name: str) -> None:
        """Remove a container and everything in it, at once."""
        with self._db.begin() as conn:
            _container(conn, account, name)
            self._discard(conn, store.delete_container(conn, account, name))

    def list_containers(self, account: str, prefix: str = "", marker: str = "", limit: int = 5000) -> ContainerPage:
        with self._db.read() as conn:
            found = store.list_containers(conn, account, prefix, decode_marker(marker), limit + 1)
        return ContainerPage(tuple(found[:limit]), encode_marker(found[limit].name) if found[limit:] else "")

    # -- reading

    def get_blob(self, path: BlobPath) -> Blob:
        """Properties; ``BlobNotFound`` or ``ContainerNotFound``."""
        with self._db.read() as conn:
            return _blob(conn, path)

    def open(self, path: BlobPath) -> Content:
        """A blob as it is now, to be read with :meth:`read`."""
        with self._db.read() as conn:
            found = store.find_content(conn, path)
            if found is None:
                _container(conn, path.account, path.container)
                raise refusal("BlobNotFound", target=path.name)
        return Content(*found)

    def read(
        self, content: Content, start: int = 0, length: int | None = None, chunk: int = 1 << 20
    ) -> Iterator[bytes]:
        """Bytes of an opened blob from ``start``, in pieces of at most ``chunk`` bytes."""
        end = content.blob.size if length is None else min(start + length, content.blob.size)
        at = 0
        for segment in content.segments:
            low, high = max(start - at, 0), min(end - at, segment.size)
            while low < high:
                data = self._objects.get(segment.object_key, low, min(chunk, high - low))
                if not data:
                    raise OSError(f"stored object {segment.object_key} is shorter than its {segment.size} bytes")
                yield data
                low += len(data)
            at += segment.size
            if at >= end:
                return

    def list_blobs(
        self, account: str, container: str, prefix: str = "", delimiter: str = "", marker: str = "", limit: int = 5000
    ) -> BlobPage:
        with self._db.read() as conn:
            _container(conn, account, container)

            def fetch(start: str, count: int) -> Sequence[Blob]:
                return store.list_blobs(conn, account, container, prefix, start, count)

            return page(fetch, prefix, delimiter, marker, limit)

    # -- writing

    def put_blob(
        self,
        path: BlobPath,
        data: Data,
        headers: BlobHeaders = PLAIN_HEADERS,
        metadata: Mapping[str, str] | None = None,
        conditions: Conditions = UNCONDITIONAL,
    ) -> Blob:
        """Write a whole blob in the place of what is there; readers see the old one or the new, never a mix."""
        self._check_target(path, metadata or {}, conditions)
        with self._stored(data) as segment:
            content = (segment,) if segment.size else ()
            return self._replace(path, content, headers, metadata or {}, conditions)

    def put_block(self, path: BlobPath, block: str, data: Data) -> None:
        """Stage a block under a Base64 id; it waits for :meth:`commit_blocks`, over a restart too."""
        check_blob_name(path.name)
        check_block_id(block)
        with self._db.read() as conn:
            _container(conn, path.account, path.container)
            if store.count_uncommitted(conn, path) >= self.limits.max_uncommitted:
                raise refusal("OutOfRangeInput", f"A blob has at most {self.limits.max_uncommitted} waiting blocks.")
        with self._stored(data) as segment, self._db.begin() as conn:
            _container(conn, path.account, path.container)
            former = store.put_block(conn, path, replace(segment, block=block), self._now())
            store.keep(conn, [segment.object_key])
            self._discard(conn, former)

    def commit_blocks(
        self,
        path: BlobPath,
        entries: Sequence[BlockEntry],
        headers: BlobHeaders = PLAIN_HEADERS,
        metadata: Mapping[str, str] | None = None,
        conditions: Conditions = UNCONDITIONAL,
    ) -> Blob:
        """Make these blocks the content, in this order; blocks that are not named are dropped."""
        check_blob_name(path.name)
        check_metadata(metadata or {})
        if len(entries) > self.limits.max_blocks:
            raise refusal("InvalidBlockList", f"At most {self.limits.max_blocks} blocks make a blob.")
        with self._db.begin() as conn:
            staged = store.uncommitted(conn, path)
            found = store.find_content(conn, path)
            committed = {s.block: s for s in found[1] if s.block} if found else {}
            content = [_choose(entry, staged, committed) for entry in entries]
            if sum(segment.size for segment in content) > self.limits.max_blob:
                raise refusal("RequestBodyTooLarge", f"A blob has at most {self.limits.max_blob} bytes.")
            former = store.drop_blocks(conn, path)
            return self._replace_in(conn, path, content, headers, metadata or {}, conditions, former)

    def list_blocks(self, path: BlobPath) -> tuple[tuple[Segment, ...], tuple[Segment, ...]]:
        """Committed and uncommitted blocks. ``BlobNotFound`` when there are neither."""
        with self._db.read() as conn:
            _container(conn, path.account, path.container)
            found = store.find_content(conn, path)
            staged = store.uncommitted(conn, path)
        if found is None and not staged:
            raise refusal("BlobNotFound", target=path.name)
        committed = tuple(s for s in found[1] if s.block) if found else ()
        return committed, tuple(staged.values())

    def set_headers(self, path: BlobPath, headers: BlobHeaders, conditions: Conditions = UNCONDITIONAL) -> Blob:
        return self._update(path, conditions, headers=headers)

    def set_metadata(self, path: BlobPath, metadata: Mapping[str, str], conditions: Conditions = UNCONDITIONAL) -> Blob:
        check_metadata(metadata)
        return self._update(path, conditions, metadata=dict(metadata))

    def delete_blob(self, path: BlobPath, conditions: Conditions = UNCONDITIONAL) -> None:
        with self._db.begin() as conn:
            blob = _blob(conn, path)
            ensure_conditions(conditions, blob)
            self._discard(conn, [*store.delete_blob(conn, path), *store.drop_blocks(conn, path)])
            store.add_event(conn, path, "BlobDeleted", blob.size, self._now())

    def copy_blob(
        self,
        source: BlobPath,
        target: BlobPath,
        metadata: Mapping[str, str] | None = None,
        conditions: Conditions = UNCONDITIONAL,
    ) -> Blob:
        """Copy within this service, without moving bytes. Metadata is the source's unless given."""
        check_blob_name(target.name)
        check_metadata(metadata or {})
        with self._db.begin() as conn:
            found = store.find_content(conn, source)
            if found is None:
                raise refusal("CannotVerifyCopySource", "The source does not exist.", target=source.name)
            blob, content = found
            kept = metadata or blob.metadata
            return self._replace_in(
                conn, target, content, blob.headers, kept, conditions, store.drop_blocks(conn, target)
            )

    def collect_garbage(self, limit: int = 1000) -> int:
        """Delete up to ``limit`` objects that nothing refers to any more; gives their number.

        Writing does it now and then by itself.
        """
        now = self._now()
        with self._db.begin() as conn:
            self._discard(conn, store.drop_stale_blocks(conn, now - BLOCK_LIFETIME_S))
            keys = store.take_garbage(conn, now, limit)
            # Stays listed until the objects are really gone.
            store.add_garbage(conn, keys, now)
        for key in keys:
            self._objects.delete(key)
        with self._db.begin() as conn:
            store.keep(conn, keys)
        return len(keys)

    # -- inside

    def _now(self) -> float:
        return self._clock.now().timestamp()

    def _check_target(self, path: BlobPath, metadata: Mapping[str, str], conditions: Conditions) -> None:
        """Refuse what would be refused anyway before bytes are stored."""
        check_blob_name(path.name)
        check_metadata(metadata)
        with self._db.read() as conn:
            _container(conn, path.account, path.container)
            ensure_conditions(conditions, store.find_blob(conn, path))

    @contextmanager
    def _stored(self, data: Data) -> Iterator[Segment]:
        if next(self._writes) % WRITES_PER_SWEEP == 0:
            self.collect_garbage()
        key = f"blobs/{new_id()}"
        with self._db.begin() as conn:
            store.add_garbage(conn, [key], self._now() + UPLOAD_GRACE_S)
        try:
            size = self._objects.put(key, data).size
            if size > self.limits.max_blob:
                raise refusal("RequestBodyTooLarge", f"A blob has at most {self.limits.max_blob} bytes.")
            yield Segment(key, size)
        except BaseException:
            with self._db.begin() as conn:
                store.add_garbage(conn, [key], self._now())
            raise

    def _replace(
        self,
        path: BlobPath,
        content: Sequence[Segment],
        headers: BlobHeaders,
        metadata: Mapping[str, str],
        conditions: Conditions,
    ) -> Blob:
        with self._db.begin() as conn:
            former = store.drop_blocks(conn, path)
            return self._replace_in(conn, path, content, headers, metadata, conditions, former)

    def _replace_in(
        self,
        conn: sa.Connection,
        path: BlobPath,
        content: Sequence[Segment],
        headers: BlobHeaders,
        metadata: Mapping[str, str],
        conditions: Conditions,
        former: Sequence[str],
    ) -> Blob:
        _container(conn, path.account, path.container)
        ensure_conditions(conditions, store.find_blob(conn, path))
        now = self._now()
        size = sum(segment.size for segment in content)
        blob = Blob(path, size, _new_etag(), now, now, headers, dict(metadata))
        replaced = store.replace_blob(conn, blob, content)
        kept = {segment.object_key for segment in content}
        store.keep(conn, kept)
        self._discard(conn, [key for key in (*former, *replaced) if key not in kept])
        store.add_event(conn, path, "BlobCreated", size, now)
        return blob

    def _update(self, path: BlobPath, conditions: Conditions, **changes: object) -> Blob:
        with self._db.begin() as conn:
            blob = _blob(conn, path)
            ensure_conditions(conditions, blob)
            blob = replace(blob, etag=_new_etag(), modified=self._now(), **changes)  # type: ignore[arg-type]  # names of fields by contract
            store.update_blob(conn, blob)
        return blob

    def _discard(self, conn: sa.Connection, keys: Iterable[str]) -> None:
        store.add_garbage(conn, keys, self._now() + READER_GRACE_S)


def _new_etag() -> str:
    return f'"0x{new_id()[:16].upper()}"'


def _container(conn: sa.Connection, account: str, name: str) -> Container:
    container = store.find_container(conn, account, name)
    if container is None:
        raise refusal("ContainerNotFound", target=name[:80])
    return container


def _blob(conn: sa.Connection, path: BlobPath) -> Blob:
    blob = store.find_blob(conn, path)
    if blob is None:
        _container(conn, path.account, path.container)
        raise refusal("BlobNotFound", target=path.name)
    return blob


def _choose(entry: BlockEntry, staged: Mapping[str, Segment], committed: Mapping[str, Segment]) -> Segment:
    sources = {"Uncommitted": (staged,), "Committed": (committed,), "Latest": (staged, committed)}[entry.kind]
    for source in sources:
        if entry.block in source:
            return source[entry.block]
    raise refusal("InvalidBlockList", target=entry.block)
