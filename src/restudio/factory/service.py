"""Factories and what they hold: created, published, read, deleted."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from restudio.core.errors import Kind, RestudioError
from restudio.core.ids import new_id
from restudio.factory import store
from restudio.factory.documents.check import Catalogs, Document, check_documents, iter_references
from restudio.factory.documents.names import factory_name_problem, group_name_problem
from restudio.factory.documents.problems import Problem, ensure_none
from restudio.factory.properties import Json, Properties
from restudio.factory.sealing import mask, seal
from restudio.factory.types import GLOBAL_PARAMETERS, TITLES, Factory, ResourceKind, StoredResource
from restudio.identity import audit
from restudio.identity.rules import ensure_allowed
from restudio.identity.types import SYSTEM, Action, Principal, Resource
from restudio.seams.clock import Clock
from restudio.seams.database import Database
from restudio.seams.secrets import Secrets

Guard = Callable[[sa.Connection, StoredResource, bool], None]
"""Refuses a change of a resource that exists, by raising; the flag says whether it is to be deleted."""

Forget = Callable[[sa.Connection, Factory], None]
"""Removes what belongs to a factory that is deleted, before its resources are guarded."""


@dataclass(frozen=True, slots=True)
class NewResource:
    """Something to publish."""

    kind: ResourceKind
    name: str
    properties: Mapping[str, Json]
    where: str = ""
    """The file that it comes from, for what is told about it."""


class FactoryService:
    """Thread-safe. What it gives has its secrets masked."""

    def __init__(
        self,
        db: Database,
        secrets: Secrets,
        clock: Clock,
        catalogs: Catalogs,
        guards: Sequence[Guard] = (),
        forgets: Sequence[Forget] = (),
    ) -> None:
        self._catalogs = catalogs
        self._db = db
        self._secrets = secrets
        self._clock = clock
        self._guards = tuple(guards)
        self._forgets = tuple(forgets)

    # Factories

    def put_factory(
        self,
        principal: Principal,
        workspace_id: str,
        resource_group: str,
        name: str,
        body: Mapping[str, Json],
        *,
        if_match: str | None = None,
    ) -> Factory:
        """Create a factory, or replace what is told of it; what it holds stays."""
        ensure_allowed(principal, Action.EDIT, Resource(workspace_id))
        problem = factory_name_problem(name) or group_name_problem(resource_group)
        if problem:
            raise _wrong("InvalidName", problem, name)
        if not isinstance(body.get("properties"), Mapping | None):
            raise _wrong("RequestBodyInvalid", "'properties' must be an object.", "properties")
        parameters = Properties(body).object("properties").get("globalParameters")
        if parameters is not None:
            # Checked before anything is written; they are published after the factory, which holds them.
            document = Document("globalParameters", GLOBAL_PARAMETERS, parameters, TITLES["globalParameters"])
            ensure_none(check_documents([document], self._catalogs, lambda *_: None, lambda _: []))
        with self._db.begin() as conn:
            known = store.find_factory(conn, workspace_id, resource_group, name)
            _ensure_match(known.etag if known else None, if_match, name)
            now, etag = self._now(), new_etag()
            if known is not None:
                store.update_factory(conn, known.id, body, etag, now)
                made = replace(known, body=body, etag=etag, changed=now)
            else:
                made = Factory(new_id(), workspace_id, resource_group, name, body, etag, now, now, 0)
                store.insert_factory(conn, made)
            self._audit(conn, principal, "put factory", made, {"name": name})
        return made

    def ensure(self, workspace_id: str, resource_group: str, name: str) -> None:
        """Make a factory if it is not there."""
        with self._db.read() as conn:
            if store.find_factory(conn, workspace_id, resource_group, name) is not None:
                return
        self.put_factory(SYSTEM, workspace_id, resource_group, name, {"location": "local"})

    def get_factory(self, workspace_id: str, resource_group: str, name: str) -> Factory:
        """NotFound ``FactoryNotFound``."""
        with self._db.read() as conn:
            found = store.find_factory(conn, workspace_id, resource_group, name)
            known = [] if found else [each.name for each in store.list_factories(conn, workspace_id, resource_group)]
        if found is None:
            raise RestudioError.not_found("FactoryNotFound", "Factory", name[:80], known)
        return found

    def list_factories(self, workspace_id: str, resource_group: str | None = None) -> list[Factory]:
        with self._db.read() as conn:
            return store.list_factories(conn, workspace_id, resource_group)

    def delete_factory(self, principal: Principal, workspace_id: str, resource_group: str, name: str) -> bool:
        """Delete a factory with what it holds; False when there is none."""
        ensure_allowed(principal, Action.EDIT, Resource(workspace_id))
        with self._db.begin() as conn:
            found = store.find_factory(conn, workspace_id, resource_group, name)
            if found is None:
                return False
            for forget in self._forgets:
                forget(conn, found)
            for resource in store.list_resources(conn, found.id):
                self._guard(conn, resource, deleted=True)
            store.delete_factory(conn, found.id)
            self._audit(conn, principal, "delete factory", found, {"name": found.name})
        return True

    # What factories hold

    def put(
        self,
        principal: Principal,
        factory: Factory,
        kind: ResourceKind,
        name: str,
        properties: Mapping[str, Json],
        *,
        if_match: str | None = None,
    ) -> StoredResource:
        """Publish one resource."""
        with self._db.read() as conn:
            known = store.find_resource(conn, factory.id, kind, name)
        _ensure_match(known.etag if known else None, if_match, name)
        return self.publish(principal, factory, [NewResource(kind, name, properties)])[0]

    def publish(self, principal: Principal, factory: Factory, resources: Sequence[NewResource]) -> list[StoredResource]:
        """Publish resources together, as one revision: all or none. What has problems is refused, with all of them."""
        ensure_allowed(principal, Action.EDIT, Resource(factory.workspace_id))
        ensure_none(self.check(factory, resources))
        with self._db.begin() as conn:
            revision, now = store.next_revision(conn, factory.id), self._now()
            stored = [self._stored(conn, factory, each, revision, now, principal) for each in resources]
            for resource in stored:
                store.put_resource(conn, resource)
            names = [f"{each.kind}/{each.name}" for each in resources][:50]
            self._audit(conn, principal, "publish", factory, {"resources": names, "revision": revision})
        return [self._masked(each, factory) for each in stored]

    def exchange(
        self,
        conn: sa.Connection,
        principal: Principal,
        factory: Factory,
        resources: Sequence[NewResource],
        gone: Sequence[tuple[ResourceKind, str]] = (),
    ) -> None:
        """Publish resources and delete others as one revision, in a transaction of the caller's, who has checked them
        and answers for what guards would refuse."""
        revision, now = store.next_revision(conn, factory.id), self._now()
        for each in resources:
            known = store.find_resource(conn, factory.id, each.kind, each.name)
            sealed = self._sealed(factory, each, known)
            name = each.name if known is None else known.name
            store.put_resource(
                conn, StoredResource(factory.id, each.kind, name, revision, new_etag(), sealed, now, principal.name)
            )
        for kind, name in gone:
            found = store.find_resource(conn, factory.id, kind, name)
            if found is not None:
                store.put_resource(conn, replace(found, revision=revision, changed=now), deleted=True)

    def check(self, factory: Factory, resources: Sequence[NewResource]) -> list[Problem]:
        """What is wrong with resources that are to be published, seen beside what the factory holds."""
        with self._db.read() as conn:
            held = store.list_resources(conn, factory.id)
        by_name = {(each.kind, each.name.casefold()): each for each in held}

        def find(kind: ResourceKind, name: str) -> Properties | None:
            found = by_name.get((kind, name.casefold()))
            return None if found is None else Properties(found.properties)

        documents = [
            Document(each.kind, each.name, each.properties, each.where or f"{TITLES[each.kind]} '{each.name}'")
            for each in resources
        ]
        return check_documents(
            documents, self._catalogs, find, lambda kind: [each.name for each in held if each.kind == kind]
        )

    def get(self, factory: Factory, kind: ResourceKind, name: str) -> StoredResource:
        """NotFound, as ``PipelineNotFound``."""
        with self._db.read() as conn:
            found = store.find_resource(conn, factory.id, kind, name)
            known = [] if found else store.list_names(conn, factory.id, kind)
        if found is None:
            code = TITLES[kind].title().replace(" ", "") + "NotFound"
            raise RestudioError.not_found(code, TITLES[kind], name[:260], known)
        return self._masked(found, factory)

    def find(self, factory: Factory, kind: ResourceKind, name: str) -> StoredResource | None:
        with self._db.read() as conn:
            found = store.find_resource(conn, factory.id, kind, name)
        return None if found is None else self._masked(found, factory)

    def list_kind(self, factory: Factory, kind: ResourceKind) -> list[StoredResource]:
        with self._db.read() as conn:
            found = store.list_resources(conn, factory.id, kind)
        return [self._masked(each, factory) for each in found]

    def list_all(self, factory: Factory) -> list[StoredResource]:
        """Everything that the factory holds now."""
        with self._db.read() as conn:
            found = store.list_resources(conn, factory.id)
        return [self._masked(each, factory) for each in found]

    def delete(self, principal: Principal, factory: Factory, kind: ResourceKind, name: str) -> bool:
        """Delete a resource; runs that began before keep seeing it. False when there is none."""
        ensure_allowed(principal, Action.EDIT, Resource(factory.workspace_id))
        with self._db.begin() as conn:
            found = store.find_resource(conn, factory.id, kind, name)
            if found is None:
                return False
            self._guard(conn, found, deleted=True)
            _ensure_unused(found, store.list_resources(conn, factory.id))
            revision = store.next_revision(conn, factory.id)
            gone = replace(found, revision=revision, changed=self._now(), author=principal.name)
            store.put_resource(conn, gone, deleted=True)
            self._audit(conn, principal, f"delete {kind}", factory, {"name": found.name})
        return True

    def _stored(
        self,
        conn: sa.Connection,
        factory: Factory,
        asked: NewResource,
        revision: int,
        now: float,
        principal: Principal,
    ) -> StoredResource:
        known = store.find_resource(conn, factory.id, asked.kind, asked.name)
        if known is not None:
            self._guard(conn, known, deleted=False)
        sealed = self._sealed(factory, asked, known)
        name = asked.name if known is None else known.name
        return StoredResource(factory.id, asked.kind, name, revision, new_etag(), sealed, now, principal.name)

    def _sealed(self, factory: Factory, asked: NewResource, known: StoredResource | None) -> Mapping[str, Json]:
        before = None if known is None else known.properties
        sealed: Mapping[str, Json] = seal(dict(asked.properties), self._secrets, factory.workspace_id, before)
        return sealed

    def _guard(self, conn: sa.Connection, resource: StoredResource, *, deleted: bool) -> None:
        for guard in self._guards:
            guard(conn, resource, deleted)

    def _masked(self, resource: StoredResource, factory: Factory) -> StoredResource:
        return replace(resource, properties=mask(resource.properties, self._secrets, factory.workspace_id))

    def _audit(
        self, conn: sa.Connection, principal: Principal, action: str, factory: Factory, detail: Mapping[str, object]
    ) -> None:
        resource = f"factory:{factory.id}"
        audit.record(conn, self._now(), principal, action, resource, detail, workspace_id=factory.workspace_id)

    def _now(self) -> float:
        return self._clock.now().timestamp()


def new_etag() -> str:
    """A fresh version mark."""
    return str(uuid.uuid4())


def _ensure_match(etag: str | None, if_match: str | None, name: str) -> None:
    """Refuse a change of something that is not as the caller saw it (``If-Match``)."""
    if if_match is None:
        return
    if if_match.strip() == "*":
        if etag is not None:
            return
    elif etag is not None and if_match.strip().removeprefix("W/").strip('"') == etag:
        return
    message = f"'{name[:260]}' is not in the state that If-Match names; read it again and repeat the change."
    raise RestudioError(Kind.PRECONDITION, "PreconditionFailed", message, target=name[:260])


def _ensure_unused(resource: StoredResource, held: Sequence[StoredResource]) -> None:
    """Refuse to delete what something else refers to."""
    for other in held:
        for path, kind, name in iter_references(dict(other.properties), "$.properties"):
            if (kind, name.casefold()) == (resource.kind, resource.name.casefold()) and other != resource:
                message = (
                    f"{TITLES[resource.kind]} '{resource.name}' is used by {TITLES[other.kind].lower()} "
                    f"'{other.name}' ({path}). Change or delete that first."
                )
                raise RestudioError(Kind.INVALID_OPERATION, "ResourceInUse", message, target=resource.name)


def _wrong(code: str, message: str, target: str) -> RestudioError:
    return RestudioError(Kind.BAD_ARGUMENT, code, message, target=target[:260])
