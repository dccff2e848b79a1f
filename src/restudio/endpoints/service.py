"""Use cases of web services: publish to staging, mark ready, approve into production, list, delete."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from restudio.core.errors import Kind, RestudioError
from restudio.core.ids import new_id
from restudio.endpoints import store
from restudio.endpoints.building import ScorerBuilder
from restudio.endpoints.deployments import Deployments
from restudio.endpoints.ledger import Author, append, create_endpoint, get_service
from restudio.endpoints.publishing import Seen, make_version, nothing_seen
from restudio.endpoints.rules import check_service_name, check_step, published_state
from restudio.endpoints.types import (
    DEFAULT,
    TEST,
    Endpoint,
    EndpointRole,
    EndpointSettings,
    ServiceVersion,
    Stage,
    WebService,
)
from restudio.graph.model import Graph
from restudio.identity.audit import record
from restudio.identity.rules import ensure_allowed
from restudio.identity.types import Action, Principal, Resource
from restudio.models.service import AssetService
from restudio.seams.clock import Clock
from restudio.seams.database import Database
from restudio.seams.secrets import Secrets


@dataclass(frozen=True, slots=True)
class Published:
    """A service with one of its versions and the endpoint where that version answers now."""

    service: WebService
    version: ServiceVersion
    endpoint: Endpoint


@dataclass(frozen=True, slots=True)
class ServiceSummary:
    """A service as lists show it. ``stage`` is where the ``newest`` version stands."""

    service: WebService
    newest: ServiceVersion
    endpoints: int


class ServiceService:
    """Thread-safe. A published graph is a copy: later changes of the experiment do not reach it."""

    def __init__(
        self,
        db: Database,
        secrets: Secrets,
        clock: Clock,
        assets: AssetService,
        builder: ScorerBuilder,
        deployments: Deployments,
    ) -> None:
        self._db = db
        self._secrets = secrets
        self._clock = clock
        self._assets = assets
        self._builder = builder
        self._deployments = deployments

    def publish(
        self,
        principal: Principal,
        workspace_id: str,
        graph: Graph,
        name: str,
        *,
        service_id: str | None = None,
        experiment_id: str | None = None,
        description: str = "",
        go_live: bool = False,
        why: str = "",
        seen: Seen = nothing_seen,
    ) -> Published:
        """Publish a graph to staging: a new service, or the next version of ``service_id``.

        ``seen`` shows what a run of the graph gave, for the description of ports that cannot be foreseen.

        With ``go_live`` it is approved in the same step (the classic deploy button), which needs that permission.
        """
        ensure_allowed(principal, Action.DEPLOY if go_live else Action.EDIT, Resource(workspace_id))
        name = check_service_name(name)
        author = self._author(principal, why)
        with self._db.read() as conn:
            known = get_service(conn, workspace_id, service_id) if service_id else None
            number = store.newest_version(conn, known.id).number + 1 if known else 1
        service = replace(known, name=name) if known else self._new_service(workspace_id, name, description, author.at)
        version = make_version(
            graph,
            service_id=service.id,
            number=number,
            experiment_id=experiment_id,
            at=author.at,
            by=principal.name,
            registry=self._builder.registry,
            assets=self._assets,
            builder=self._builder,
            seen=seen,
        )
        with self._db.begin() as conn:
            if known is None:
                store.insert_service(conn, service)
            else:
                store.rename_service(conn, service.id, name, description or known.description)
                # Another publish may have taken the number while this one was prepared.
                version = replace(version, number=store.newest_version(conn, known.id).number + 1)
            store.insert_version(conn, version)
            self._audit(conn, author, "service.publish", service, version)
            endpoint = self._put_on(conn, service, version, TEST, "test", author)
            if go_live:
                version = replace(version, stage="production", ready_by=principal.name, approved_by=principal.name)
                endpoint = self._go_live(conn, service, version, author)
        self._deploy(service.id)
        return Published(service, version, endpoint)

    def mark_ready(self, principal: Principal, workspace_id: str, service_id: str) -> Published:
        """Say that the staged version is tested."""
        ensure_allowed(principal, Action.EDIT, Resource(workspace_id))
        with self._db.begin() as conn:
            service, version = self._step(conn, workspace_id, service_id, "ready")
            version = replace(version, ready_by=principal.name)
            store.set_stage(conn, version)
            self._audit(conn, self._author(principal), "service.ready", service, version)
            endpoint = store.find_endpoint(conn, service.id, TEST)
            assert endpoint is not None
        return Published(service, version, endpoint)

    def approve(self, principal: Principal, workspace_id: str, service_id: str, *, why: str = "") -> Published:
        """Put the ready version on the default endpoint, which keeps its id and keys. Other endpoints stay as they are
        until refreshed."""
        ensure_allowed(principal, Action.DEPLOY, Resource(workspace_id))
        with self._db.begin() as conn:
            service, version = self._step(conn, workspace_id, service_id, "production")
            version = replace(version, approved_by=principal.name)
            endpoint = self._go_live(conn, service, version, self._author(principal, why))
        self._deploy(service.id)
        return Published(service, version, endpoint)

    def get(self, workspace_id: str, service_id: str) -> ServiceSummary:
        """``WebServiceIdNotFoundInWorkspace`` when there is none."""
        with self._db.read() as conn:
            return self._summary(conn, get_service(conn, workspace_id, service_id))

    def list(self, workspace_id: str) -> list[ServiceSummary]:
        """In order of creation."""
        with self._db.read() as conn:
            return [self._summary(conn, service) for service in store.list_services(conn, workspace_id)]

    def versions(self, workspace_id: str, service_id: str) -> Sequence[ServiceVersion]:
        """Newest first."""
        with self._db.read() as conn:
            return store.list_versions(conn, get_service(conn, workspace_id, service_id).id)

    def delete(self, principal: Principal, workspace_id: str, service_id: str) -> None:
        """Remove a service with all its endpoints and ledgers."""
        ensure_allowed(principal, Action.DEPLOY, Resource(workspace_id))
        with self._db.begin() as conn:
            service = get_service(conn, workspace_id, service_id)
            version = store.newest_version(conn, service.id)
            ids = store.endpoint_ids(conn, service.id)
            for endpoint_id in ids:
                store.announce(conn, endpoint_id)
            store.delete_service(conn, service.id)
            self._audit(conn, self._author(principal), "service.delete", service, version)
        for endpoint_id in ids:
            self._deployments.deploy(endpoint_id)

    def _author(self, principal: Principal, why: str = "") -> Author:
        return Author(principal, self._clock.now().timestamp(), why)

    @staticmethod
    def _new_service(workspace_id: str, name: str, description: str, at: float) -> WebService:
        return WebService(new_id(), workspace_id, name, description, at)

    @staticmethod
    def _summary(conn: sa.Connection, service: WebService) -> ServiceSummary:
        count = store.count_endpoints(conn, service.id)
        return ServiceSummary(service, store.newest_version(conn, service.id), count)

    @staticmethod
    def _step(conn: sa.Connection, workspace_id: str, service_id: str, to: Stage) -> tuple[WebService, ServiceVersion]:
        """The service and its newest version in the stage ``to``, not written yet."""
        service = get_service(conn, workspace_id, service_id)
        version = store.newest_version(conn, service.id)
        check_step(version, to)
        return service, replace(version, stage=to)

    def _go_live(self, conn: sa.Connection, service: WebService, version: ServiceVersion, author: Author) -> Endpoint:
        former = store.find_endpoint(conn, service.id, DEFAULT)
        if former is not None and former.settings.prevent_update:
            raise RestudioError(
                Kind.INVALID_OPERATION,
                "UpdatePrevented",
                f"The default endpoint of '{service.name}' is set to PreventUpdate; switch that off to deploy to it.",
                target=DEFAULT,
            )
        store.set_stage(conn, version)
        self._audit(conn, author, "service.approve", service, version)
        return self._put_on(conn, service, version, DEFAULT, "default", author)

    def _put_on(
        self,
        conn: sa.Connection,
        service: WebService,
        version: ServiceVersion,
        name: str,
        role: EndpointRole,
        author: Author,
    ) -> Endpoint:
        """Make the version live on the service's endpoint of that name, creating it the first time."""
        state = published_state(version)
        endpoint = store.find_endpoint(conn, service.id, name)
        if endpoint is None:
            settings = EndpointSettings()
            return create_endpoint(conn, self._secrets, service, name, role, settings, state, "publish", author)
        revision = append(conn, endpoint, state, "publish", author)
        return replace(endpoint, live_seq=revision.seq)

    @staticmethod
    def _audit(conn: sa.Connection, author: Author, action: str, service: WebService, version: ServiceVersion) -> None:
        detail = {"name": service.name, "version": version.number, "kind": version.kind, "why": author.why}
        where = f"service:{service.id}"
        record(conn, author.at, author.principal, action, where, detail, workspace_id=service.workspace_id)

    def _deploy(self, service_id: str) -> None:
        with self._db.read() as conn:
            own = [store.find_endpoint(conn, service_id, name) for name in (TEST, DEFAULT)]
        for endpoint in own:
            if endpoint is not None:
                self._deployments.deploy(endpoint.id)
