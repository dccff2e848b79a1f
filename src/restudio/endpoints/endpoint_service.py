"""Use cases of endpoints: add, look up, refresh, roll back, keys, delete, and what others need to know of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

import sqlalchemy as sa

from restudio.core.errors import Kind, RestudioError
from restudio.endpoints import store
from restudio.endpoints.addresses import Addresses
from restudio.endpoints.building import ScorerBuilder
from restudio.endpoints.deployments import Deployments
from restudio.endpoints.description import ServiceDescription, TablePort
from restudio.endpoints.ledger import Author, append, audit, create_endpoint, get_endpoint, get_service
from restudio.endpoints.patch import Patch, SettingsChange
from restudio.endpoints.rules import (
    MAX_ENDPOINTS,
    check_endpoint_name,
    quoted,
    refreshed_state,
)
from restudio.endpoints.types import (
    DEFAULT,
    Endpoint,
    EndpointSettings,
    EndpointState,
    Keys,
    Outcome,
    Revision,
    ServiceVersion,
    WebService,
)
from restudio.endpoints.update import Situation, Updater, read_situation
from restudio.identity.keys import keep, new_key
from restudio.identity.rules import allowed, ensure_allowed
from restudio.identity.types import Action, Principal, Resource
from restudio.seams.clock import Clock
from restudio.seams.database import Database
from restudio.seams.secrets import Secrets


@dataclass(frozen=True, slots=True)
class EndpointView:
    """An endpoint with what is live on it. ``keys`` is None for those who may not see them."""

    service: WebService
    endpoint: Endpoint
    live: Revision
    version: ServiceVersion
    keys: Keys | None


class EndpointService:
    """Thread-safe. Endpoints are named by name or id."""

    def __init__(
        self,
        db: Database,
        secrets: Secrets,
        clock: Clock,
        builder: ScorerBuilder,
        deployments: Deployments,
        updater: Updater,
        addresses: Addresses,
    ) -> None:
        self._db = db
        self._secrets = secrets
        self._clock = clock
        self._builder = builder
        self._deployments = deployments
        self._updater = updater
        self.addresses = addresses

    # -- looking

    def get(self, principal: Principal, workspace_id: str, service_id: str, name: str) -> EndpointView:
        with self._db.read() as conn:
            situation = read_situation(conn, workspace_id, service_id, name)
            ensure_allowed(principal, Action.READ, Resource(workspace_id, situation.endpoint.id))
            return self._view(conn, principal, situation)

    def list(self, principal: Principal, workspace_id: str, service_id: str) -> list[EndpointView]:
        """The default one first; without the test endpoint."""
        ensure_allowed(principal, Action.READ, Resource(workspace_id))
        with self._db.read() as conn:
            service = get_service(conn, workspace_id, service_id)
            names = [e.name for e in store.list_endpoints(conn, service.id)]
            return [self._view(conn, principal, read_situation(conn, workspace_id, service_id, n)) for n in names]

    def ledger(
        self, principal: Principal, workspace_id: str, service_id: str, name: str
    ) -> tuple[Endpoint, Sequence[Revision]]:
        """The endpoint and its revisions, newest first; the one numbered ``live_seq`` is live."""
        with self._db.read() as conn:
            endpoint = get_endpoint(conn, get_service(conn, workspace_id, service_id), name)
            ensure_allowed(principal, Action.READ, Resource(workspace_id, endpoint.id))
            return endpoint, store.list_revisions(conn, endpoint.id)

    def authenticate(self, workspace_id: str, endpoint_id: str, key: str) -> Principal:
        """The principal of an endpoint's own key; ``Kind.UNAUTHORIZED`` for any other key, ``Kind.NOT_FOUND`` for an
        endpoint that does not exist."""
        with self._db.read() as conn:
            endpoint = self._by_id(conn, workspace_id, endpoint_id).endpoint
            if not store.holds_key(conn, endpoint_id, self._secrets.fingerprint(key)):
                raise RestudioError(Kind.UNAUTHORIZED, "ScoreRequestUnauthorized", "Invalid credentials provided.")
        return Principal("endpoint", endpoint.id, f"key of endpoint {endpoint.name}", workspace_id)

    def authenticate_named(self, workspace_id: str, service_id: str, name: str, key: str) -> Principal | None:
        """As :meth:`authenticate` for an endpoint named in a management address; None when the key is not its."""
        with self._db.read() as conn:
            service = store.find_service(conn, workspace_id, service_id)
            endpoint = store.find_endpoint(conn, service.id, name) if service else None
            if endpoint is None or not store.holds_key(conn, endpoint.id, self._secrets.fingerprint(key)):
                return None
        return Principal("endpoint", endpoint.id, f"key of endpoint {endpoint.name}", workspace_id)

    def describe(self, workspace_id: str, endpoint_id: str, service_id: str | None = None) -> ServiceDescription:
        """What help pages and swagger tell; they need no credentials, so samples appear only where that is set.

        With ``service_id`` the endpoint must be one of that service, and may be given by name.
        """
        with self._db.read() as conn:
            if service_id is None:
                found = self._by_id(conn, workspace_id, endpoint_id)
            else:
                found = read_situation(conn, workspace_id, service_id, endpoint_id)
        endpoint, version = found.endpoint, found.version
        shown = endpoint.settings.sample_data
        return ServiceDescription(
            title=found.service.name,
            kind=version.kind,
            endpoint=endpoint.name,
            api_location=self.addresses.api(endpoint),
            update_location=self.addresses.update(endpoint),
            help_location=self.addresses.help(endpoint),
            updated=_iso(found.live.at),
            description=endpoint.settings.description or found.service.description,
            inputs=tuple(_shown(port, shown) for port in version.inputs),
            outputs=tuple(_shown(port, shown) for port in version.outputs),
            models=version.models,
            parameters=version.graph.parameters,
            resources=tuple(slot.name for slot in version.resources),
            is_default=endpoint.role != "added",
            prevents_update=endpoint.settings.prevent_update,
        )

    # -- changing

    def add(
        self,
        principal: Principal,
        workspace_id: str,
        service_id: str,
        name: str,
        change: SettingsChange,
        *,
        why: str = "",
    ) -> EndpointView:
        """Add an endpoint with a copy of the default endpoint's graph and models, and keys of its own."""
        ensure_allowed(principal, Action.DEPLOY, Resource(workspace_id))
        settings = change.applied(EndpointSettings())
        with self._db.begin() as conn:
            service = get_service(conn, workspace_id, service_id)
            check_endpoint_name(name)
            if store.find_endpoint(conn, service.id, name) is not None:
                raise RestudioError(
                    Kind.CONFLICT,
                    "EndpointAlreadyExists",
                    f"Web service '{service.name}' has an endpoint '{name}' already. Change it with PATCH, or choose "
                    "another name.",
                    target=name,
                )
            if store.count_endpoints(conn, service.id) >= MAX_ENDPOINTS:
                raise _invalid("TooManyEndpoints", f"A web service has at most {MAX_ENDPOINTS} endpoints.", name)
            state = store.live_revision(conn, self._default(conn, service)).state
            author = self._author(principal, why)
            created = create_endpoint(conn, self._secrets, service, name, "added", settings, state, "add", author)
        self._deployments.deploy(created.id)
        return self.get(principal, workspace_id, service_id, name)

    def patch(
        self,
        principal: Principal,
        workspace_id: str,
        service_id: str,
        name: str,
        patch: Patch,
        *,
        dry_run: bool = False,
    ) -> Outcome:
        """See :class:`restudio.endpoints.update.Updater`."""
        return self._updater.patch(principal, workspace_id, service_id, name, patch, dry_run=dry_run)

    def refresh(
        self,
        principal: Principal,
        workspace_id: str,
        service_id: str,
        name: str,
        *,
        overwrite: bool = False,
        why: str = "",
        dry_run: bool = False,
    ) -> Outcome:
        """Take over the default endpoint's graph, with ``overwrite`` its models too. Unchanged when equal already."""
        with self._db.read() as conn:
            situation = read_situation(conn, workspace_id, service_id, name)
            ensure_allowed(principal, Action.UPDATE, Resource(workspace_id, situation.endpoint.id))
            source, version = self._source(conn, situation, overwrite)
        state = refreshed_state(situation.live.state, source, overwrite=overwrite)
        if state.digest == situation.live.state.digest:
            return Outcome(situation.endpoint, situation.live, changed=False, dry_run=dry_run)
        if version.scores:
            # Retrained models that the endpoint keeps may not fit the new graph: found out before anything changes.
            self._builder.build(version, state)
        return self._append(principal, situation, state, "refresh", why, dry_run)

    def rollback(
        self,
        principal: Principal,
        workspace_id: str,
        service_id: str,
        name: str,
        revision: str | None = None,
        *,
        why: str = "",
        dry_run: bool = False,
    ) -> Outcome:
        """Make an earlier revision live again, by id or number; the one before the live one by default.

        The ledger gets a new line; nothing is erased.
        """
        with self._db.read() as conn:
            situation = read_situation(conn, workspace_id, service_id, name)
            endpoint = situation.endpoint
            ensure_allowed(principal, Action.UPDATE, Resource(workspace_id, endpoint.id))
            if endpoint.role != "added":
                ensure_allowed(principal, Action.DEPLOY, Resource(workspace_id))
            lines = store.list_revisions(conn, endpoint.id)
        wanted = _choose(lines, situation.live, revision)
        if wanted.state.digest == situation.live.state.digest:
            return Outcome(endpoint, situation.live, changed=False, dry_run=dry_run)
        told = why or f"back to revision {wanted.seq}"
        return self._append(principal, situation, wanted.state, "rollback", told, dry_run)

    def regenerate_key(
        self,
        principal: Principal,
        workspace_id: str,
        service_id: str,
        name: str,
        which: Literal["primary", "secondary"],
    ) -> EndpointView:
        """Replace one key; the old one stops working at once."""
        ensure_allowed(principal, Action.DEPLOY, Resource(workspace_id))
        with self._db.begin() as conn:
            endpoint = get_endpoint(conn, get_service(conn, workspace_id, service_id), name)
            store.set_key(conn, endpoint.id, which, keep(self._secrets, new_key()))
            store.announce(conn, endpoint.id)
            audit(conn, self._author(principal), "endpoint.regenerate-key", endpoint, {"key": which})
        self._deployments.deploy(endpoint.id)
        return self.get(principal, workspace_id, service_id, name)

    def delete(self, principal: Principal, workspace_id: str, service_id: str, name: str) -> None:
        """Remove an endpoint with its ledger; the default one only when it is the last."""
        ensure_allowed(principal, Action.DEPLOY, Resource(workspace_id))
        with self._db.begin() as conn:
            service = get_service(conn, workspace_id, service_id)
            endpoint = get_endpoint(conn, service, name)
            others = [e.name for e in store.list_endpoints(conn, service.id) if e.id != endpoint.id]
            if endpoint.role == "test":
                raise _invalid("TestEndpoint", "The staging endpoint stays as long as its web service.", name)
            if endpoint.role == "default" and others:
                raise _invalid(
                    "DefaultEndpointInUse",
                    f"The default endpoint cannot be deleted while others exist. Delete {quoted(others[:5])} first.",
                    name,
                )
            audit(conn, self._author(principal), "endpoint.delete", endpoint, {})
            store.announce(conn, endpoint.id)
            store.delete_endpoint(conn, endpoint.id)
        self._deployments.deploy(endpoint.id)

    # -- inside

    def _author(self, principal: Principal, why: str = "") -> Author:
        return Author(principal, self._clock.now().timestamp(), why)

    def _view(self, conn: sa.Connection, principal: Principal, found: Situation) -> EndpointView:
        keys = None
        if allowed(principal, Action.DEPLOY, Resource(found.service.workspace_id)):
            primary, secondary = store.get_keys(conn, found.endpoint.id)
            keys = Keys(self._secrets.open(primary.sealed), self._secrets.open(secondary.sealed))
        return EndpointView(found.service, found.endpoint, found.live, found.version, keys)

    @staticmethod
    def _by_id(conn: sa.Connection, workspace_id: str, endpoint_id: str) -> Situation:
        endpoint = store.find_endpoint_by_id(conn, endpoint_id)
        if endpoint is None or endpoint.workspace_id != workspace_id:
            raise RestudioError.not_found("WebServiceNotFound", "Endpoint", endpoint_id[:80])
        return read_situation(conn, workspace_id, endpoint.service_id, endpoint.id)

    @staticmethod
    def _default(conn: sa.Connection, service: WebService) -> Endpoint:
        default = store.find_endpoint(conn, service.id, DEFAULT)
        if default is None:
            raise _invalid(
                "NotInProduction",
                f"'{service.name}' has no default endpoint yet: mark its staged version ready and approve it first.",
                service.name,
            )
        return default

    def _source(
        self, conn: sa.Connection, situation: Situation, overwrite: bool
    ) -> tuple[EndpointState, ServiceVersion]:
        endpoint = situation.endpoint
        if endpoint.role != "added":
            raise _invalid(
                "DefaultEndpointUpdateNotAllowed",
                f"The endpoint '{endpoint.name}' follows its experiment; deploy that again instead of refreshing.",
                endpoint.name,
            )
        if endpoint.settings.prevent_update and not overwrite:
            raise _invalid(
                "UpdatePrevented",
                f"Endpoint '{endpoint.name}' is set to PreventUpdate. Refresh it with OverwriteResources "
                '"True" to take over graph and models all the same.',
                endpoint.name,
            )
        state = store.live_revision(conn, self._default(conn, situation.service)).state
        return state, store.get_version(conn, situation.service.id, state.version)

    def _append(
        self,
        principal: Principal,
        before: Situation,
        state: EndpointState,
        cause: Literal["refresh", "rollback"],
        why: str,
        dry_run: bool,
    ) -> Outcome:
        author = self._author(principal, why)
        with self._db.begin() as conn:
            endpoint = store.find_endpoint_by_id(conn, before.endpoint.id)
            if endpoint is None or endpoint.live_seq != before.endpoint.live_seq:
                raise RestudioError(
                    Kind.CONFLICT,
                    "EndpointChanging",
                    f"Endpoint '{before.endpoint.name}' was changed by somebody else meanwhile. Look and try again.",
                    target=before.endpoint.name,
                )
            if dry_run:
                revision = replace(before.live, seq=endpoint.live_seq + 1, cause=cause, state=state, why=why)
                return Outcome(endpoint, revision, changed=True, dry_run=True)
            revision = append(conn, endpoint, state, cause, author)
            if endpoint.role == "default" and state.version != before.live.state.version:
                version = store.get_version(conn, endpoint.service_id, state.version)
                store.set_stage(conn, replace(version, stage="production"))
        self._deployments.deploy(endpoint.id)
        return Outcome(replace(endpoint, live_seq=revision.seq), revision, changed=True)


def _choose(lines: Sequence[Revision], live: Revision, wanted: str | None) -> Revision:
    if wanted is None:
        earlier = [line for line in lines if line.seq < live.seq and line.state.digest != live.state.digest]
        if not earlier:
            raise _invalid("NoEarlierRevision", "There is no earlier revision with another content.", live.id)
        return earlier[0]
    for line in lines:
        if wanted in (line.id, str(line.seq)):
            return line
    known = [str(line.seq) for line in lines[:10]]
    raise RestudioError(
        Kind.NOT_FOUND,
        "RevisionNotFound",
        f"There is no revision '{wanted[:80]}' of this endpoint. Name one by id or number; newest: {', '.join(known)}.",
        target=wanted[:80],
    )


def _shown(port: TablePort, samples: bool) -> TablePort:
    return port if samples else replace(port, sample=())


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _invalid(detail: str, message: str, target: str) -> RestudioError:
    return RestudioError(Kind.INVALID_OPERATION, detail, message, target=target)
