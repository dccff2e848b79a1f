"""Use cases of assets: create a version, look up, list, delete."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from sqlalchemy.exc import IntegrityError

from restudio.artifacts.values import Json
from restudio.core.errors import Kind, RestudioError
from restudio.core.ids import Digest, digest_bytes, is_id, new_id
from restudio.core.schema import Schema, from_json, to_json
from restudio.identity import audit
from restudio.identity.types import SYSTEM, Principal
from restudio.models import store
from restudio.models.content import local_copy, read_schema
from restudio.models.rules import asset_id, ensure_name
from restudio.models.types import Asset, AssetKind, asset_key
from restudio.seams.clock import Clock
from restudio.seams.database import Database
from restudio.seams.objects import Objects

_CHUNK = 1 << 20


class AssetService:
    """Thread-safe; ``by`` is who the audit names.

    Content is stored before the row that names it, so a crash leaves at most an unused object.
    """

    def __init__(self, db: Database, objects: Objects, clock: Clock) -> None:
        self._db = db
        self._objects = objects
        self._clock = clock

    def create(
        self,
        workspace_id: str,
        kind: AssetKind,
        name: str,
        content: bytes | Path,
        *,
        data_type_id: str,
        owner: str,
        family: str | None = None,
        description: str = "",
        origin: str = "FromResourceUpload",
        lineage: Mapping[str, Json] | None = None,
        schema: list[dict[str, object]] | None = None,
        by: Principal = SYSTEM,
    ) -> Asset:
        """Save content as a new asset, or with ``family`` as the next version of an existing one.

        The columns of a dataset are read from its content unless ``schema`` tells them.
        Errors: Conflict ``NameExists`` when another asset of that kind has the name; ``AssetNotFound`` for an unknown
        family; ``InvalidName``.
        """
        ensure_name(name)
        digest, size = _measure(content)
        self._keep(digest, size, content)
        if kind == "dataset" and schema is None:
            found = read_schema(content, data_type_id)
            schema = None if found is None else to_json(found)
        created = self._clock.now().timestamp()
        try:
            with self._db.begin() as conn:
                version = 1
                if family:
                    version = self._next_version(store.list_versions(conn, workspace_id, family), kind, family)
                chosen = family or new_id()
                asset = Asset(
                    id=asset_id(workspace_id, chosen, version),
                    workspace_id=workspace_id,
                    kind=kind,
                    family=chosen,
                    version=version,
                    name=name,
                    data_type_id=data_type_id,
                    digest=digest,
                    size=size,
                    created=created,
                    owner=owner,
                    description=description,
                    origin=origin,
                    schema=schema,
                    lineage=lineage or {},
                )
                store.insert(conn, asset)
                detail = {"name": name, "digest": digest}
                audit.record(conn, created, by, f"save {kind}", f"asset:{asset.id}", detail, workspace_id=workspace_id)
        except IntegrityError as cause:
            raise RestudioError(
                Kind.CONFLICT,
                "NameExists",
                f"A {kind} named '{name}' exists already. Choose another name, or save this as its new version.",
                target=name,
            ) from cause
        return asset

    def get(self, asset_id: str) -> Asset:
        """The version of that id; NotFound ``AssetNotFound``."""
        with self._db.read() as conn:
            asset = store.find(conn, asset_id)
        if asset is None:
            raise RestudioError.not_found("AssetNotFound", "Asset", asset_id)
        return asset

    def schema(self, asset: Asset) -> Schema | None:
        """The columns of a dataset; read from its content and kept where they are not known yet.

        None when the content is lost or is no table.
        """
        if asset.schema is not None:
            return from_json(asset.schema)
        try:
            with local_copy(self._objects, asset.key) as path:
                found = read_schema(path, asset.data_type_id)
        except KeyError:
            return None
        if found is not None:
            with self._db.begin() as conn:
                store.set_schema(conn, asset.digest, asset.data_type_id, to_json(found))
        return found

    def find(self, workspace_id: str, kind: AssetKind, name: str) -> Asset | None:
        """The newest version under a name."""
        with self._db.read() as conn:
            return store.find_latest(conn, workspace_id, kind, name)

    def find_named(self, workspace_id: str, kind: AssetKind, name: str) -> Asset | None:
        """What a text names: a version by id, the newest version by name or by family id, or ``name:version``."""
        found = self.find(workspace_id, kind, name)
        stem, colon, number = name.rpartition(":")
        if found is None and colon and number.isdecimal() and (newest := self.find(workspace_id, kind, stem)):
            found = next((v for v in self.versions(workspace_id, newest.family) if v.version == int(number)), None)
        with self._db.read() as conn:
            if found is None and name.startswith(f"{workspace_id}."):
                found = store.find(conn, name)
            if found is None and is_id(family := name.replace("-", "").lower()):
                found = next(reversed(store.list_versions(conn, workspace_id, family)), None)
        return found if found is not None and found.kind == kind else None

    def list_latest(self, workspace_id: str, kind: AssetKind) -> Sequence[Asset]:
        with self._db.read() as conn:
            return store.list_latest(conn, workspace_id, kind)

    def versions(self, workspace_id: str, family: str) -> Sequence[Asset]:
        """All versions of a family, oldest first; empty when there is none."""
        with self._db.read() as conn:
            return store.list_versions(conn, workspace_id, family)

    def delete_family(self, workspace_id: str, family: str, *, by: Principal = SYSTEM) -> None:
        """Forget an asset with all versions; deleting what is not there does nothing.

        Contents stay in the object store: runs, revisions and other assets may refer to them by digest.
        """
        with self._db.begin() as conn:
            if store.delete_versions(conn, workspace_id, family):
                now = self._clock.now().timestamp()
                audit.record(conn, now, by, "delete asset", f"family:{family}", workspace_id=workspace_id)

    def _keep(self, digest: Digest, size: int, content: bytes | Path) -> None:
        key = asset_key(digest)
        try:
            known = self._objects.info(key).size
        except KeyError:
            known = -1
        if known != size:
            self._objects.put(key, content)

    @staticmethod
    def _next_version(known: Sequence[Asset], kind: AssetKind, family: str) -> int:
        if not known or known[0].kind != kind:
            raise RestudioError.not_found("AssetNotFound", f"A {kind} with the family id", family)
        return known[-1].version + 1


def _measure(content: bytes | Path) -> tuple[Digest, int]:
    """Digest and size in bytes."""
    if isinstance(content, bytes):
        return digest_bytes(content), len(content)
    digest, size = hashlib.sha256(), 0
    with content.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return Digest(digest.hexdigest()), size
