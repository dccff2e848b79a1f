"""Documents of version 1 in a factory: kept as written, and translated anew as a whole whenever one changes.

What the translation publishes follows from the documents alone, so that a change publishes only what became different.
Slices are numbered by their grid: they keep their states when a pipeline or its active period changes, and lose them
when their grid does.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from restudio.core.errors import Kind, RestudioError
from restudio.factory import store as resource_store
from restudio.factory.documents.check import iter_references
from restudio.factory.documents.fields import Fields
from restudio.factory.documents.names import entity_name_problem
from restudio.factory.documents.problems import Problem, Problems, ensure_none
from restudio.factory.pipeline_target import KIND, SLICES
from restudio.factory.properties import Json, Properties
from restudio.factory.sealing import mask, seal
from restudio.factory.service import FactoryService, NewResource, new_etag
from restudio.factory.trigger import Triggers, parse_trigger
from restudio.factory.types import TITLES, Factory, StoredResource
from restudio.factory.v1 import store
from restudio.factory.v1.spans import with_days
from restudio.factory.v1.translate import Translation, activities_of, is_one_time, is_paused, names_of, translate
from restudio.factory.v1.types import Key, Made, V1Document, V1Kind
from restudio.identity import audit
from restudio.identity.rules import ensure_allowed
from restudio.identity.types import SYSTEM, Action, Principal, Resource
from restudio.seams.clock import Clock
from restudio.seams.database import Database
from restudio.seams.secrets import Secrets
from restudio.triggers import store as trigger_store
from restudio.triggers.rule import Mode
from restudio.triggers.rules import first_due
from restudio.triggers.service import make_trigger
from restudio.triggers.types import OPEN, FiringState, Ref
from restudio.triggers.windows import Windows

_DELETED = "Its pipeline was deleted, or has other slices now."
_EXPIRATION = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class NewV1Document:
    """Something to publish; ``where`` is the file that it comes from."""

    kind: V1Kind
    name: str
    properties: Mapping[str, Json]
    where: str = ""


@dataclass(frozen=True, slots=True)
class Put:
    """A document as it is now, and whether there was none before."""

    document: V1Document
    is_new: bool


class V1Service:
    """Thread-safe. What it gives has its secrets masked."""

    def __init__(
        self, db: Database, secrets: Secrets, clock: Clock, factories: FactoryService, catalog: Triggers
    ) -> None:
        self._db = db
        self._secrets = secrets
        self._clock = clock
        self._factories = factories
        self._catalog = catalog

    def put(
        self, principal: Principal, factory: Factory, kind: V1Kind, name: str, properties: Mapping[str, Json]
    ) -> Put:
        """Keep a document. A pipeline that is not paused is worked on from now on."""
        return self._publish(principal, factory, [NewV1Document(kind, name, properties)], hold=False)[0]

    def publish(
        self, principal: Principal, factory: Factory, documents: Sequence[NewV1Document]
    ) -> Sequence[V1Document]:
        """Keep documents together: all or none. New pipelines wait for :meth:`resume`, others go on as they were."""
        return [each.document for each in self._publish(principal, factory, documents, hold=True)]

    def check(self, factory: Factory, documents: Sequence[NewV1Document]) -> list[Problem]:
        """What is wrong with documents, seen beside those that the factory holds."""
        with self._db.read() as conn:
            held = {each.key: each for each in store.list_all(conn, factory.id)}
            resources = {(one.kind, one.name.casefold()) for one in resource_store.list_resources(conn, factory.id)}
        for each in documents:
            fresh = self._fresh(factory, each, held.get((each.kind, each.name.casefold())), "", hold=True)
            held[fresh.key] = fresh
        found = translate(list(held.values()))
        wanted = _all(found)
        others = [*_taken(wanted, resources, held.values()), *self._factories.check(factory, wanted)]
        first = [*_name_problems(documents), *found.problems]
        told = {(each.where, each.path) for each in first}
        return first + [each for each in found.locate(others) if (each.where, each.path) not in told]

    def get(self, factory: Factory, kind: V1Kind, name: str) -> V1Document:
        """NotFound, as ``DatasetNotFound``."""
        with self._db.read() as conn:
            found = store.find(conn, factory.id, kind, name)
            known = [] if found else [each.name for each in store.list_all(conn, factory.id, kind)]
        if found is None:
            raise _missing(kind, name, known)
        return self._masked(factory, found)

    def list_kind(self, factory: Factory, kind: V1Kind | None = None) -> list[V1Document]:
        with self._db.read() as conn:
            found = store.list_all(conn, factory.id, kind)
        return [self._masked(factory, each) for each in found]

    def delete(self, principal: Principal, factory: Factory, kind: V1Kind, name: str) -> bool:
        """Delete a document with what it became; False when there is none. What others need is refused."""
        ensure_allowed(principal, Action.EDIT, Resource(factory.workspace_id))
        with self._db.begin() as conn:
            held = self._held(conn, factory)
            found = held.pop((kind, name.casefold()), None)
            if found is None:
                return False
            _ensure_unused(found, held.values())
            store.delete(conn, found)
            self._apply(conn, principal, factory, held, gone=found.made)
            self._audit(conn, principal, factory, f"delete version 1 {kind}", found.name)
        return True

    def suspend(self, principal: Principal, factory: Factory, name: str) -> None:
        """Start no further slices of a pipeline; what runs goes on."""
        self._set_active(principal, factory, name, active=False)

    def resume(self, principal: Principal, factory: Factory, name: str) -> None:
        """Work on the slices of a pipeline, those of the past first."""
        self._set_active(principal, factory, name, active=True)

    def set_active_period(
        self, principal: Principal, factory: Factory, name: str, begin: datetime, end: datetime
    ) -> None:
        """Give a pipeline another ``start`` and ``end``; its slices follow, as by :meth:`put`."""
        period = {"start": begin.isoformat(), "end": end.isoformat()}

        def change(found: V1Document) -> V1Document:
            if is_one_time(found.properties):
                message = f"Pipeline '{found.name}' runs once: it has no active period."
                raise RestudioError(Kind.INVALID_OPERATION, "PipelineIsOneTime", message, target=found.name)
            kept = {k: v for k, v in found.properties.items() if k.casefold() not in period}
            return replace(found, properties={**kept, **period})

        self._change(principal, factory, name, change, "set active period")

    def purge(self) -> int:
        """Delete one-time pipelines whose ``expirationTime`` is over and whose slices are all done; their number."""
        with self._db.read() as conn:
            ids = store.list_factories_with(conn, "pipeline")
            factories = [each for each in (resource_store.find_factory_by_id(conn, one) for one in ids) if each]
        return sum(self._purge_one(factory) for factory in factories)

    # Inside

    def _publish(
        self, principal: Principal, factory: Factory, documents: Sequence[NewV1Document], *, hold: bool
    ) -> list[Put]:
        ensure_allowed(principal, Action.EDIT, Resource(factory.workspace_id))
        ensure_none(_name_problems(documents))
        with self._db.begin() as conn:
            held = self._held(conn, factory)
            fresh, new = [], []
            for each in documents:
                key: Key = (each.kind, each.name.casefold())
                new.append(key not in held)
                held[key] = self._fresh(factory, each, held.get(key), principal.name, hold=hold)
                fresh.append(key)
            self._apply(conn, principal, factory, held, changed=fresh)
            names = ", ".join(f"{each.kind}/{each.name}" for each in documents[:50])
            self._audit(conn, principal, factory, "publish version 1", names)
        return [Put(self._masked(factory, held[key]), is_new) for key, is_new in zip(fresh, new, strict=True)]

    def _held(self, conn: sa.Connection, factory: Factory) -> dict[Key, V1Document]:
        """All documents; nobody else changes those of this factory before the transaction ends."""
        resource_store.next_revision(conn, factory.id)
        return {each.key: each for each in store.list_all(conn, factory.id)}

    def _fresh(
        self, factory: Factory, asked: NewV1Document, known: V1Document | None, author: str, *, hold: bool
    ) -> V1Document:
        properties = {k: v for k, v in asked.properties.items() if k.casefold() not in _OURS}
        before = None if known is None else known.properties
        sealed = seal(properties, self._secrets, factory.workspace_id, before)
        if asked.kind == "pipeline" and before is not None and is_one_time(before) != is_one_time(properties):
            message = f"pipelineMode of pipeline '{asked.name}' cannot be changed. Delete it and create another one."
            raise RestudioError(Kind.BAD_ARGUMENT, "PipelineModeCannotChange", message, target=asked.name)
        now = self._now().timestamp()
        running = not is_paused(properties) and not (hold and (known is None or not known.active))
        return V1Document(
            factory_id=factory.id,
            kind=asked.kind,
            name=asked.name if known is None else known.name,
            etag=new_etag(),
            properties=sealed,
            made=() if known is None else known.made,
            active=asked.kind == "pipeline" and running,
            created=now if known is None else known.created,
            changed=now,
            author=author,
            where=asked.where,
        )

    def _apply(
        self,
        conn: sa.Connection,
        principal: Principal,
        factory: Factory,
        held: Mapping[Key, V1Document],
        *,
        changed: Sequence[Key] = (),
        gone: Sequence[Made] = (),
    ) -> None:
        """Let the factory hold what its documents become, and their triggers run as they say."""
        found = translate(list(held.values()))
        wanted = _all(found)
        now_held = {(each.kind, each.name.casefold()): each for each in resource_store.list_resources(conn, factory.id)}
        ensure_none([*found.problems, *found.locate(_taken(wanted, now_held, held.values()))])
        fresh = [
            each for each in wanted if self._differs(factory, each, now_held.get((each.kind, each.name.casefold())))
        ]
        ensure_none(found.locate(self._factories.check(factory, fresh)))
        kept = {(each.kind, each.name.casefold()) for each in wanted}
        obsolete = [
            (kind, name)
            for kind, name in dict.fromkeys([*gone, *(made for each in held.values() for made in each.made)])
            if (kind, name.casefold()) not in kept
        ]
        _ensure_free(obsolete, now_held.values(), kept)
        self._factories.exchange(conn, principal, factory, fresh, obsolete)
        for kind, name in obsolete:
            if kind == "trigger":
                self._forget(conn, Ref(KIND, factory.id, name))
        for each in wanted:
            if each.kind == "trigger":
                self._set_trigger(conn, factory, each, active=each.name.casefold() in found.active)
        for key, document in held.items():
            made = tuple((each.kind, each.name) for each in found.made[key])
            if key in changed or made != document.made:
                store.put(conn, replace(document, made=made))

    def _differs(self, factory: Factory, asked: NewResource, known: StoredResource | None) -> bool:
        if known is None:
            return True
        sealed = seal(dict(asked.properties), self._secrets, factory.workspace_id, known.properties)
        return bool(sealed != known.properties)

    def _set_trigger(self, conn: sa.Connection, factory: Factory, asked: NewResource, *, active: bool) -> None:
        """Start, stop or change what works on slices. Those that are done stay so as long as the grid is the same."""
        ref, now = Ref(KIND, factory.id, asked.name), self._now()
        document = {"typeProperties": dict(Properties(asked.properties).object("typeProperties"))}
        known = trigger_store.find(conn, ref)
        if known is not None and known.started == active and known.document == document:
            return
        rule, position = self._rule(asked.name, asked.properties), None
        if known is not None:
            before = self._rule(asked.name, {"type": SLICES, **known.document})
            if before.same_grid(rule):
                trigger_store.delete_waiting_outside(conn, known.id, rule.first, rule.last)
                if rule.retries != before.retries:
                    trigger_store.set_retries(conn, known.id, rule.retries)
                if not active:
                    trigger_store.hold_windows(conn, known.id)
                position = min(known.position, rule.last + 1) if before.first <= rule.first else None
            else:
                self._forget(conn, ref)
                known = None
        trigger = replace(
            make_trigger(ref, SLICES, document, known),
            started=active,
            position=rule.first if position is None else position,
            seen=now,
        )
        due = first_due(rule, trigger, now) if active else None
        trigger_store.put(conn, replace(trigger, next_due=due), Mode.WINDOWS, None)

    def _rule(self, name: str, properties: Mapping[str, Json]) -> Windows:
        rule = parse_trigger(name, properties, self._catalog).rule
        assert isinstance(rule, Windows)
        return rule

    def _forget(self, conn: sa.Connection, ref: Ref) -> None:
        found = trigger_store.find(conn, ref)
        if found is not None:
            trigger_store.delete(conn, found.id, self._now(), _DELETED)

    def _set_active(self, principal: Principal, factory: Factory, name: str, *, active: bool) -> None:
        def change(found: V1Document) -> V1Document:
            properties = dict(found.properties)
            if is_paused(properties) or not active:
                properties = {k: v for k, v in properties.items() if k.casefold() != "ispaused"}
                properties["isPaused"] = not active
            return replace(found, properties=properties, active=active)

        self._change(principal, factory, name, change, "resume pipeline" if active else "suspend pipeline")

    def _change(
        self,
        principal: Principal,
        factory: Factory,
        name: str,
        change: Callable[[V1Document], V1Document],
        action: str,
    ) -> None:
        """Change one pipeline that there is."""
        ensure_allowed(principal, Action.EDIT, Resource(factory.workspace_id))
        with self._db.begin() as conn:
            held = self._held(conn, factory)
            key: Key = ("pipeline", name.casefold())
            if key not in held:
                raise _missing("pipeline", name, [each.name for each in held.values() if each.kind == "pipeline"])
            held[key] = replace(change(held[key]), etag=new_etag())
            self._apply(conn, principal, factory, held, changed=[key])
            self._audit(conn, principal, factory, action, held[key].name)

    def _purge_one(self, factory: Factory) -> int:
        now, gone = self._now().timestamp(), 0
        with self._db.read() as conn:
            held = [each for each in store.list_all(conn, factory.id, "pipeline") if is_one_time(each.properties)]
            over = [each for each in held if now >= each.created + _lifetime(each) and self._is_done(conn, each)]
        for each in over:
            gone += self.delete(SYSTEM, factory, "pipeline", each.name)
        return gone

    def _is_done(self, conn: sa.Connection, pipeline: V1Document) -> bool:
        """Whether no slice of a pipeline is active, failed or pending."""
        for kind, name in pipeline.made:
            found = trigger_store.find(conn, Ref(KIND, pipeline.factory_id, name)) if kind == "trigger" else None
            if found is not None:
                rule = self._rule(name, {"type": SLICES, **found.document})
                firings = trigger_store.list_windows(conn, found.id, rule.first, rule.last)
                states = {each.state for each in firings.values()}
                if not states or states & {*OPEN, FiringState.FAILED}:
                    return False
        return True

    def _masked(self, factory: Factory, document: V1Document) -> V1Document:
        return replace(document, properties=mask(document.properties, self._secrets, factory.workspace_id))

    def _audit(self, conn: sa.Connection, principal: Principal, factory: Factory, action: str, name: str) -> None:
        resource, detail = f"factory:{factory.id}", {"name": name}
        now = self._now().timestamp()
        audit.record(conn, now, principal, action, resource, detail, workspace_id=factory.workspace_id)

    def _now(self) -> datetime:
        return self._clock.now()


_OURS = frozenset({"provisioningstate", "runtimeinfo", "errormessage"})
"""What answers hold beside what was written; clients send it back."""


def forget_documents(conn: sa.Connection, factory: Factory) -> None:
    """Remove the documents of a factory that is deleted, and stop what they became, which guards would refuse."""
    for document in store.list_all(conn, factory.id):
        for kind, name in document.made:
            if kind == "trigger":
                trigger_store.stop(conn, Ref(KIND, factory.id, name))
    store.delete_all(conn, factory.id)


def _all(found: Translation) -> list[NewResource]:
    return [each for made in found.made.values() for each in made]


def _name_problems(documents: Sequence[NewV1Document]) -> list[Problem]:
    problems: list[Problem] = []
    for each in documents:
        wrong = entity_name_problem(each.name)
        if wrong:
            problems.append(Problem(each.where or f"{each.kind} '{each.name[:80]}'", "$.name", "InvalidName", wrong))
    return problems


def _taken(
    wanted: Iterable[NewResource], held: Container[tuple[str, str]], documents: Iterable[V1Document]
) -> list[Problem]:
    """Pipelines, datasets and triggers that would be written over ones of version 2. A linked service of the same name
    is the same service."""
    ours = {(kind, name.casefold()) for document in documents for kind, name in document.made}
    found = []
    for each in wanted:
        key = (each.kind, each.name.casefold())
        if each.kind != "linkedService" and key in held and key not in ours:
            title = TITLES[each.kind]
            message = f"it becomes {title.lower()} '{each.name}', and version 2 has one of this name; "
            message += "rename or delete one of them."
            found.append(Problem(f"{title} '{each.name}'", "$.name", "NameTaken", message))
    return found


def _lifetime(pipeline: V1Document) -> float:
    """Seconds for which a one-time pipeline is kept at least."""
    fields = Fields(with_days(dict(pipeline.properties)), "$.properties", Problems(pipeline.name))
    return fields.span("expirationTime", default=_EXPIRATION).total_seconds()


def _references(document: V1Document) -> Iterator[Key]:
    """What a document needs."""
    properties = Properties(document.properties)
    holders = [properties, *map(Properties, properties.list("datasets"))]
    for holder in (*holders, *activities_of(document.properties)):
        name = holder.object("properties").get("linkedServiceName") or holder.get("linkedServiceName")
        if isinstance(name, str):
            yield "linkedService", name.casefold()
    private = {str(each.get("name", "")).casefold() for each in map(Properties, properties.list("datasets"))}
    for activity in activities_of(document.properties):
        for name in (*names_of(activity, "inputs"), *names_of(activity, "outputs")):
            if name.casefold() not in private:
                yield "dataset", name.casefold()


def _ensure_unused(gone: V1Document, others: Iterable[V1Document]) -> None:
    for other in others:
        if gone.key in _references(other):
            message = (
                f"{TITLES[gone.kind]} '{gone.name}' is used by {TITLES[other.kind].lower()} '{other.name}'. "
                "Change or delete that first."
            )
            raise RestudioError(Kind.INVALID_OPERATION, "ResourceInUse", message, target=gone.name)


def _ensure_free(obsolete: Sequence[Made], held: Iterable[StoredResource], kept: Collection[tuple[str, str]]) -> None:
    """Refuse to delete what a document of version 2 refers to."""
    gone = {(kind, name.casefold()) for kind, name in obsolete}
    for other in held:
        if (other.kind, other.name.casefold()) in gone or (other.kind, other.name.casefold()) in kept:
            continue
        for path, kind, name in iter_references(dict(other.properties), "$.properties"):
            if (kind, name.casefold()) in gone:
                message = f"'{name}' is used by {TITLES[other.kind].lower()} '{other.name}' ({path}) of version 2."
                raise RestudioError(Kind.INVALID_OPERATION, "ResourceInUse", message, target=name)


def _missing(kind: V1Kind, name: str, known: Sequence[str]) -> RestudioError:
    code = TITLES[kind].title().replace(" ", "") + "NotFound"
    return RestudioError.not_found(code, TITLES[kind], name[:260], known)
