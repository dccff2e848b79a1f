"""Use cases of data stores: register, list, remove; look at a path; fix what it leads to."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import sqlalchemy as sa

from restudio.core.errors import Kind, ModuleError, RestudioError
from restudio.core.ids import Digest
from restudio.designer.rules import ensure_name
from restudio.designer.stores.kinds import check_settings
from restudio.designer.stores.matching import choose, prefix_of
from restudio.designer.stores.reading import Piece, join
from restudio.designer.stores.types import DataStore, Found, OnBytes, Opener, Place
from restudio.designer.tables import data_stores
from restudio.experiments.sources import Pinned, Watch, unwatched
from restudio.graph.data_path import DataPath
from restudio.identity import audit
from restudio.identity.rules import ensure_allowed
from restudio.identity.types import Action, Principal, Resource
from restudio.models.types import asset_key
from restudio.seams.clock import Clock
from restudio.seams.database import Database
from restudio.seams.objects import Objects
from restudio.seams.secrets import Secrets

OWN = "workspaceblobstore"
"""Every workspace has this one from the start."""
OWN_CONTAINER = "azureml-blobstore"
MAX_FILES = 10_000
_CHUNK = 1 << 20


class DataStores:
    """Thread-safe. Secrets are sealed for their workspace and never shown again."""

    def __init__(
        self, db: Database, objects: Objects, secrets: Secrets, clock: Clock, opener: Opener, scratch: Path
    ) -> None:
        self._db = db
        self._objects = objects
        self._secrets = secrets
        self._clock = clock
        self._opener = opener
        self._scratch = scratch

    def put(
        self,
        principal: Principal,
        workspace_id: str,
        name: str,
        kind: str,
        settings: Mapping[str, object],
        *,
        description: str = "",
    ) -> DataStore:
        """Register a store, or replace the one of that name. It is opened once, so that a wrong setting shows now."""
        ensure_allowed(principal, Action.DEPLOY, Resource(workspace_id))
        name = ensure_name("a data store", name)
        if name == OWN:
            text = f"'{OWN}' is the workspace's own store and cannot be changed; choose another name."
            raise RestudioError(Kind.CONFLICT, "DataStoreReserved", text, target=name)
        plain, secret = check_settings(kind, settings)
        self._opener(workspace_id, kind, {**plain, **secret})
        made = DataStore(workspace_id, name, kind, plain, tuple(secret), description, self._now(), principal.name)
        row = {
            "kind": kind,
            "settings": json.dumps(plain),
            "sealed": self._secrets.seal(json.dumps({"workspace": workspace_id, "settings": secret})),
            "description": description,
            "created": made.created,
            "created_by": made.created_by,
        }
        with self._db.begin() as conn:
            if conn.execute(data_stores.update().where(_is(workspace_id, name)).values(**row)).rowcount == 0:
                conn.execute(data_stores.insert().values(workspace_id=workspace_id, name=name, **row))
            audit.record(
                conn, made.created, principal, "put data store", f"data-store:{name}", {"kind": kind},
                workspace_id=workspace_id,
            )  # fmt: skip
        return made

    def get(self, workspace_id: str, name: str) -> DataStore:
        """NotFound ``DataStoreNotFound`` with the nearest names."""
        if name == OWN:
            return _own(workspace_id)
        return self._find(workspace_id, name)[0]

    def list(self, workspace_id: str) -> Sequence[DataStore]:
        """By name, the workspace's own first."""
        query = sa.select(data_stores).where(data_stores.c.workspace_id == workspace_id).order_by(data_stores.c.name)
        with self._db.read() as conn:
            return [_own(workspace_id), *(self._store(row)[0] for row in conn.execute(query))]

    def delete(self, principal: Principal, workspace_id: str, name: str) -> None:
        """Forget a store; the data in it stays where it is."""
        ensure_allowed(principal, Action.DEPLOY, Resource(workspace_id))
        self._find(workspace_id, name)
        with self._db.begin() as conn:
            conn.execute(data_stores.delete().where(_is(workspace_id, name)))
            where = f"data-store:{name}"
            audit.record(conn, self._now(), principal, "delete data store", where, workspace_id=workspace_id)

    def files(self, workspace_id: str, path: DataPath, *, limit: int = MAX_FILES) -> Sequence[Found]:
        """The files that a data path means, in order of their paths; none when there are none.

        Error ``TooManyFiles`` for more than ``limit``.
        """
        return self._files(self._open(workspace_id, path.store), path, limit)

    def check(self, workspace_id: str, path: DataPath) -> None:
        """NotFound ``DataPathNotFound`` for a path that leads to no file, ``DataStoreNotFound`` for its store."""
        if not self.files(workspace_id, path):
            raise _nothing(path)

    def pin(
        self,
        workspace_id: str,
        path: DataPath,
        watch: Watch = unwatched,
        *,
        data_type: str | None = None,
        encoding: str | None = None,
    ) -> Pinned:
        """Copy what is at the path now into the object store: one file as it is, several as one table."""
        place = self._open(workspace_id, path.store)
        found = self._files(place, path, MAX_FILES)
        if not found:
            raise _nothing(path)
        self._scratch.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="data-", dir=self._scratch))
        watch(0.0, f"Copying {len(found)} file{'s' * (len(found) > 1)} from the data store '{path.store}'.")
        try:
            on_bytes = _counting(sum(one.size for one in found), watch)
            pieces = [self._copied(place, path, one, folder / str(i), on_bytes) for i, one in enumerate(found)]
            content, told = join(pieces, folder, lambda: watch(1.0), data_type=data_type, encoding=encoding)
            return Pinned(*self._kept(content, watch), told)
        except ModuleError as error:
            raise RestudioError(Kind.BAD_ARGUMENT, "DataNotReadable", error.text, target=path.uri) from error
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def upload(self, principal: Principal, workspace_id: str, path: DataPath, content: bytes | Path) -> None:
        """Write a file that a person sends. Errors as :meth:`write`."""
        ensure_allowed(principal, Action.EDIT, Resource(workspace_id))
        if isinstance(content, Path):
            self.write(workspace_id, path, content)
        else:
            self._scratch.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(prefix="data-", dir=self._scratch) as file:
                file.write(content)
                file.flush()
                self.write(workspace_id, path, Path(file.name))
        with self._db.begin() as conn:
            where = f"data-store:{path.store}"
            detail = {"path": path.path}
            audit.record(conn, self._now(), principal, "upload to data store", where, detail, workspace_id=workspace_id)

    def write(self, workspace_id: str, path: DataPath, source: Path) -> None:
        """Write a file to a path, in the place of what is there. Errors ``InvalidDataPath``, ``DataStoreReadOnly``."""
        if path.is_pattern or not path.path:
            text = f"'{path.path}' in the data store '{path.store}' is no path of one file; give one without wildcards."
            raise RestudioError(Kind.BAD_ARGUMENT, "InvalidDataPath", text, target=path.uri)
        self._open(workspace_id, path.store).put(path.path, source)

    def _files(self, place: Place, path: DataPath, limit: int) -> Sequence[Found]:
        found: list[Found] = []
        for one in choose(path, place.list(prefix_of(path))):
            found.append(one)
            if len(found) > limit:
                text = f"'{path.path}' in '{path.store}' means more than {limit} files; name fewer of them."
                raise RestudioError(Kind.BAD_ARGUMENT, "TooManyFiles", text, target=path.uri)
        return found

    def _copied(self, place: Place, path: DataPath, found: Found, target: Path, on_bytes: OnBytes) -> Piece:
        try:
            place.copy(found.path, target, on_bytes)
        except KeyError:
            raise _nothing(DataPath(path.store, found.path)) from None
        return Piece(found.path, target)

    def _kept(self, content: Path, watch: Watch) -> tuple[Digest, str]:
        digest = hashlib.sha256()
        with content.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                watch(1.0)
        named = Digest(digest.hexdigest())
        key = asset_key(named)
        try:
            self._objects.info(key)
        except KeyError:
            self._objects.put(key, content)
        return named, key

    def _open(self, workspace_id: str, name: str) -> Place:
        if name == OWN:
            own = _own(workspace_id)
            return self._opener(workspace_id, own.kind, own.settings)
        store, secret = self._find(workspace_id, name)
        return self._opener(workspace_id, store.kind, {**store.settings, **secret})

    def _find(self, workspace_id: str, name: str) -> tuple[DataStore, dict[str, str]]:
        with self._db.read() as conn:
            row = conn.execute(sa.select(data_stores).where(_is(workspace_id, name))).one_or_none()
        if row is None:
            known = [store.name for store in self.list(workspace_id)]
            raise RestudioError.not_found("DataStoreNotFound", "Data store", name, known)
        return self._store(row)

    def _store(self, row: sa.Row[tuple[object, ...]]) -> tuple[DataStore, dict[str, str]]:
        sealed = json.loads(self._secrets.open(row.sealed))
        secret = sealed["settings"] if sealed["workspace"] == row.workspace_id else {}
        settings = json.loads(row.settings)
        store = DataStore(
            row.workspace_id, row.name, row.kind, settings, tuple(secret), row.description, row.created, row.created_by
        )
        return store, secret

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _counting(total: int, watch: Watch) -> OnBytes:
    """Tells a watch the share of bytes that came; nothing is known of stores that do not tell sizes."""
    copied = 0

    def on_bytes(size: int) -> None:
        nonlocal copied
        copied += size
        watch(min(1.0, copied / total) if total else 0.0)

    return on_bytes


def _own(workspace_id: str) -> DataStore:
    return DataStore(workspace_id, OWN, "workspace", {"container": OWN_CONTAINER}, description="The workspace's own.")


def _is(workspace_id: str, name: str) -> sa.ColumnElement[bool]:
    return sa.and_(data_stores.c.workspace_id == workspace_id, data_stores.c.name == name)


def _nothing(path: DataPath) -> RestudioError:
    text = f"There is nothing at '{path.path}' in the data store '{path.store}'. Upload the data, or mend the path."
    return RestudioError(Kind.NOT_FOUND, "DataPathNotFound", text, target=path.uri)
