"""Triggers of factories: started, stopped, fired by hand, fed with events; and their runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from restudio.blobs.accounts import Accounts
from restudio.core.errors import Kind, RestudioError
from restudio.factory.documents.problems import Problems
from restudio.factory.pipeline_target import KIND
from restudio.factory.properties import Json, Properties
from restudio.factory.runs.queries import PAGE, Page, RunFilter, firing_conditions, firing_order
from restudio.factory.service import FactoryService, Guard
from restudio.factory.trigger import TriggerDocument, Triggers, parse_rule, parse_trigger, read_trigger
from restudio.factory.types import Factory, StoredResource
from restudio.identity import audit
from restudio.identity.rules import ensure_allowed
from restudio.identity.types import Action, Principal, Resource
from restudio.seams.clock import Clock
from restudio.seams.database import Database
from restudio.triggers import store
from restudio.triggers.events import BlobEvents, CustomEvent, CustomEvents
from restudio.triggers.service import TriggerService
from restudio.triggers.types import Firing, Ref
from restudio.triggers.windows import Reruns, Windows

RuntimeState = Literal["Started", "Stopped"]
Subscription = Literal["Enabled", "Disabled"]


class FactoryTriggers:
    """Thread-safe. Names are compared without case."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        factories: FactoryService,
        catalog: Triggers,
        triggers: TriggerService,
        accounts: Accounts,
    ) -> None:
        self._db = db
        self._clock = clock
        self._factories = factories
        self._catalog = catalog
        self._triggers = triggers
        self._accounts = accounts

    def start(self, principal: Principal, factory: Factory, name: str) -> None:
        """Let a trigger fire. Its pipelines must exist, and its storage account be one of the workspace."""
        ensure_allowed(principal, Action.EDIT, Resource(factory.workspace_id))
        stored, document = self._get(factory, name)
        rule_part = self._rule_part(factory, stored, document)
        for each in document.starts:
            self._factories.get(factory, "pipeline", each.pipeline)
        self._ensure_may(factory, stored.name, document.type, rule_part)
        self._triggers.start(_ref(factory, stored.name), document.type, rule_part)
        self._audit(principal, factory, "start trigger", stored.name)

    def stop(self, principal: Principal, factory: Factory, name: str) -> None:
        """Let a trigger fire no more; what it started goes on."""
        ensure_allowed(principal, Action.EDIT, Resource(factory.workspace_id))
        stored, _ = self._get(factory, name)
        self._triggers.stop(_ref(factory, stored.name))
        self._audit(principal, factory, "stop trigger", stored.name)

    def subscription(self, factory: Factory, name: str) -> Subscription:
        """Whether the events of a trigger arrive. There is nothing to provision here: they do while it is started."""
        stored, document = self._get(factory, name)
        if not isinstance(document.rule, (BlobEvents, CustomEvents)):
            message = f"Trigger '{stored.name}' is a {document.type}, which answers to no events."
            raise RestudioError(Kind.BAD_ARGUMENT, "TriggerTypeNotSupported", message, target=stored.name)
        return "Enabled" if self._triggers.is_started(_ref(factory, stored.name)) else "Disabled"

    def list_all(self, factory: Factory, *, parent: str | None = None) -> Sequence[StoredResource]:
        """The triggers of a factory; those alone that run windows of ``parent`` once more, if it is given."""
        found = self._factories.list_kind(factory, "trigger")
        if parent is None:
            return found
        return [each for each in found if self._parent_of(each) == parent.casefold()]

    def runtime_states(self, factory: Factory) -> Mapping[str, RuntimeState]:
        """Of the started triggers, by folded name; all others are stopped."""
        return dict.fromkeys(self._triggers.list_started(KIND, factory.id), "Started")

    def fire(
        self,
        principal: Principal,
        factory: Factory,
        name: str,
        *,
        at: datetime | None = None,
        body: Mapping[str, Json] | None = None,
    ) -> Firing:
        """Fire a trigger by hand, started or not; see :meth:`TriggerService.fire`."""
        ensure_allowed(principal, Action.EDIT, Resource(factory.workspace_id))
        stored, document = self._get(factory, name)
        rule_part = self._rule_part(factory, stored, document)
        firing = self._triggers.fire(_ref(factory, stored.name), document.type, rule_part, at=at, body=body)
        self._audit(principal, factory, "fire trigger", stored.name)
        return firing

    def publish(self, principal: Principal, factory: Factory, events: Sequence[CustomEvent]) -> int:
        """Take events of programs; gives how many times triggers fire."""
        ensure_allowed(principal, Action.EDIT, Resource(factory.workspace_id))
        return self._triggers.publish(KIND, factory.id, events)

    # Runs of triggers

    def list_runs(self, factory: Factory, asked: RunFilter) -> Page[Firing]:
        """What fired, the newest first unless told."""
        where, order = firing_conditions(asked), firing_order(asked)
        found = self._triggers.list_firings(KIND, factory.id, where, order, skip=asked.offset, limit=PAGE + 1)
        return Page(found[:PAGE], asked.offset + PAGE if len(found) > PAGE else None)

    def rerun(self, principal: Principal, factory: Factory, name: str, firing_id: str) -> Firing:
        """Start what a trigger run started once more, by the definitions published now."""
        ensure_allowed(principal, Action.EDIT, Resource(factory.workspace_id))
        again = self._triggers.rerun(_ref(factory, name), firing_id)
        self._audit(principal, factory, "rerun trigger run", name)
        return again

    def cancel(self, principal: Principal, factory: Factory, name: str, firing_id: str) -> None:
        ensure_allowed(principal, Action.EDIT, Resource(factory.workspace_id))
        self._triggers.cancel(_ref(factory, name), firing_id)
        self._audit(principal, factory, "cancel trigger run", name)

    def purge(self) -> int:
        """Forget old runs of triggers; gives their number."""
        return self._triggers.purge()

    # Inside

    def _get(self, factory: Factory, name: str) -> tuple[StoredResource, TriggerDocument]:
        stored = self._factories.get(factory, "trigger", name)
        return stored, parse_trigger(stored.name, stored.properties, self._catalog)

    def _parent_of(self, stored: StoredResource) -> str | None:
        read = read_trigger(stored.name, stored.properties, self._catalog, Problems(stored.name))
        return read.rule.parent.casefold() if read is not None and isinstance(read.rule, Reruns) else None

    def _rule_part(self, factory: Factory, stored: StoredResource, document: TriggerDocument) -> dict[str, Json]:
        """What decides when the trigger fires; what it starts is read anew for every firing."""
        part: dict[str, Json] = {"typeProperties": dict(Properties(stored.properties).object("typeProperties"))}
        if isinstance(document.rule, Reruns):
            part["parent"] = dict(self._factories.get(factory, "trigger", document.rule.parent).properties)
        return part

    def _ensure_may(self, factory: Factory, name: str, type: str, rule_part: Mapping[str, Json]) -> None:
        rule = parse_rule(type, rule_part, self._catalog)
        if isinstance(rule, BlobEvents) and self._accounts.workspace_of(rule.account) != factory.workspace_id:
            message = (
                f"Trigger '{name}' listens to the storage account '{rule.account}', which is not an account of this "
                "workspace. The last part of 'scope' must name one that is."
            )
            raise RestudioError(Kind.BAD_ARGUMENT, "StorageAccountNotFound", message, target=name)
        if isinstance(rule, Windows):
            self._ensure_same_windows(factory, name, rule)

    def _ensure_same_windows(self, factory: Factory, name: str, rule: Windows) -> None:
        with self._db.read() as conn:
            known = store.find(conn, _ref(factory, name))
        if known is None or known.position == 0:
            return
        before = parse_rule(known.type, known.document, self._catalog)
        if not isinstance(before, Windows):
            return
        if rule.reruns and (before.reruns, before.first) != (rule.reruns, rule.first):
            message = (
                f"parentTrigger and requestedStartTime of trigger '{name}' cannot be changed after its first window. "
                "Create another trigger for other windows."
            )
            raise RestudioError(Kind.BAD_ARGUMENT, "TriggerPropertyUpdateNotSupported", message, target=name)
        if not before.same_grid(rule):
            message = (
                f"frequency, interval and startTime of trigger '{name}' cannot be changed after its first window: "
                "windows would overlap. Delete it and create another one."
            )
            raise RestudioError(Kind.BAD_ARGUMENT, "TriggerPropertyUpdateNotSupported", message, target=name)

    def _audit(self, principal: Principal, factory: Factory, action: str, name: str) -> None:
        with self._db.begin() as conn:
            now = self._clock.now().timestamp()
            audit.record(
                conn,
                now,
                principal,
                action,
                f"trigger:{name}",
                {"factory": factory.id},
                workspace_id=factory.workspace_id,
            )


def trigger_guard(clock: Clock) -> Guard:
    """Refuses changes of a started trigger; forgets one that is deleted."""

    def guard(conn: sa.Connection, resource: StoredResource, deleted: bool) -> None:
        found = store.find(conn, Ref(KIND, resource.factory_id, resource.name)) if resource.kind == "trigger" else None
        if found is None:
            return
        if found.started:
            message = f"Cannot update enabled Trigger '{resource.name}'; stop it first."
            raise RestudioError(Kind.BAD_ARGUMENT, "TriggerEnabledCannotUpdate", message, target=resource.name)
        if deleted:
            store.delete(conn, found.id, clock.now())

    return guard


def _ref(factory: Factory, name: str) -> Ref:
    return Ref(KIND, factory.id, name)
