"""Use cases of pipeline endpoints: a lasting name and address over versions of published pipelines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from restudio.core.errors import Kind, RestudioError
from restudio.core.ids import hexadecimal, new_id
from restudio.designer import store
from restudio.designer.published import get_pipeline
from restudio.designer.rules import ensure_name, next_version, pipeline_of
from restudio.designer.types import EndpointVersion, PipelineEndpoint, PublishedPipeline
from restudio.identity import audit
from restudio.identity.rules import ensure_allowed
from restudio.identity.types import Action, Principal, Resource
from restudio.seams.clock import Clock
from restudio.seams.database import Database


class PipelineEndpoints:
    """Thread-safe. Every change is one transaction with one audit line."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    def create(
        self, principal: Principal, workspace_id: str, name: str, pipeline_id: str, *, description: str = ""
    ) -> PipelineEndpoint:
        """A new endpoint with the pipeline as version 0, its default. Conflict ``NameExists`` for a taken name."""
        ensure_allowed(principal, Action.DEPLOY, Resource(workspace_id))
        name = ensure_name("a pipeline endpoint", name)
        endpoint = PipelineEndpoint(
            id=new_id(),
            workspace_id=workspace_id,
            name=name,
            description=description,
            active=True,
            default_version=0,
            versions=(EndpointVersion(0, pipeline_id),),
            created=self._clock.now().timestamp(),
            created_by=principal.name,
        )
        try:
            with self._db.begin() as conn:
                get_pipeline(conn, workspace_id, pipeline_id)
                store.insert_endpoint(conn, endpoint)
                self._audit(conn, principal, "create pipeline endpoint", endpoint)
        except IntegrityError as cause:
            raise _name_exists(name) from cause
        return endpoint

    def get(self, workspace_id: str, endpoint_id: str) -> PipelineEndpoint:
        """By id or exact name; NotFound ``PipelineEndpointNotFound``."""
        with self._db.read() as conn:
            return get_endpoint(conn, workspace_id, endpoint_id)

    def list(self, workspace_id: str, *, active_only: bool = False) -> Sequence[PipelineEndpoint]:
        """By name."""
        with self._db.read() as conn:
            return store.list_endpoints(conn, workspace_id, active_only=active_only)

    def pipelines(
        self, workspace_id: str, endpoint_id: str, *, active_only: bool = False
    ) -> Sequence[tuple[int, PublishedPipeline]]:
        """Versions of an endpoint with their pipelines, the newest first."""
        with self._db.read() as conn:
            endpoint = get_endpoint(conn, workspace_id, endpoint_id)
            found = [(v.number, get_pipeline(conn, workspace_id, v.pipeline_id)) for v in endpoint.versions]
        return [(number, pipeline) for number, pipeline in reversed(found) if pipeline.active or not active_only]

    def add(
        self, principal: Principal, workspace_id: str, endpoint_id: str, pipeline_id: str, *, default: bool = False
    ) -> PipelineEndpoint:
        """Add a published pipeline as the next version, and with ``default`` make it the default."""

        def add(conn: sa.Connection, endpoint: PipelineEndpoint) -> PipelineEndpoint:
            version = EndpointVersion(next_version(endpoint), pipeline_id)
            chosen = version.number if default else endpoint.default_version
            return replace(self._with_version(conn, endpoint, version), default_version=chosen)

        return self._change(principal, workspace_id, endpoint_id, "add pipeline version", add)

    def set_default(self, principal: Principal, workspace_id: str, endpoint_id: str, version: str) -> PipelineEndpoint:
        """Let calls without a version run another one; NotFound ``VersionNotFound``."""
        return self._change(
            principal,
            workspace_id,
            endpoint_id,
            "set default pipeline",
            lambda conn, endpoint: replace(endpoint, default_version=pipeline_of(endpoint, version)[0]),
        )

    def update(
        self,
        principal: Principal,
        workspace_id: str,
        endpoint_id: str,
        *,
        name: str | None = None,
        description: str | None = None,
        active: bool | None = None,
        version: str | None = None,
        versions: Sequence[EndpointVersion] = (),
    ) -> PipelineEndpoint:
        """Rename, describe, enable or disable, make another ``version`` the default: all that is given, or nothing.

        Of ``versions`` those are added that are not there; they must be the next ones (``VersionNotNext``).
        """

        def update(conn: sa.Connection, endpoint: PipelineEndpoint) -> PipelineEndpoint:
            for one in sorted(set(versions) - set(endpoint.versions), key=lambda v: v.number):
                endpoint = self._with_version(conn, endpoint, one)
            return replace(
                endpoint,
                name=endpoint.name if name is None else ensure_name("a pipeline endpoint", name),
                description=endpoint.description if description is None else description,
                active=endpoint.active if active is None else active,
                default_version=endpoint.default_version if version is None else pipeline_of(endpoint, version)[0],
            )

        return self._change(principal, workspace_id, endpoint_id, "change pipeline endpoint", update)

    def _with_version(
        self, conn: sa.Connection, endpoint: PipelineEndpoint, version: EndpointVersion
    ) -> PipelineEndpoint:
        if version.number != next_version(endpoint):
            text = (
                f"The next version of the pipeline endpoint '{endpoint.name}' is {next_version(endpoint)}, got "
                f"{version.number}; what versions there are stay as they are."
            )
            raise RestudioError(Kind.CONFLICT, "VersionNotNext", text, target=str(version.number))
        get_pipeline(conn, endpoint.workspace_id, version.pipeline_id)
        store.insert_endpoint_version(conn, endpoint.id, version)
        return replace(endpoint, versions=(*endpoint.versions, version))

    def _change(
        self,
        principal: Principal,
        workspace_id: str,
        endpoint_id: str,
        what: str,
        decide: Callable[[sa.Connection, PipelineEndpoint], PipelineEndpoint],
    ) -> PipelineEndpoint:
        ensure_allowed(principal, Action.DEPLOY, Resource(workspace_id))
        changed: PipelineEndpoint | None = None
        try:
            with self._db.begin() as conn:
                before = get_endpoint(conn, workspace_id, endpoint_id)
                changed = decide(conn, before)
                if changed != before:
                    store.update_endpoint(conn, changed)
                    self._audit(conn, principal, what, changed)
        except IntegrityError as cause:
            raise _name_exists(changed.name if changed else endpoint_id) from cause
        return changed

    def _audit(self, conn: sa.Connection, principal: Principal, what: str, endpoint: PipelineEndpoint) -> None:
        detail = {"name": endpoint.name, "default": endpoint.default_version, "active": endpoint.active}
        now, where = self._clock.now().timestamp(), f"pipeline-endpoint:{endpoint.id}"
        audit.record(conn, now, principal, what, where, detail, workspace_id=endpoint.workspace_id)


def get_endpoint(conn: sa.Connection, workspace_id: str, name: str) -> PipelineEndpoint:
    """By id (dashes do not matter), else by exact name; NotFound ``PipelineEndpointNotFound`` with near names."""
    found = store.find_endpoint(conn, workspace_id, endpoint_id=hexadecimal(name)) or store.find_endpoint(
        conn, workspace_id, name=name
    )
    if found is None:
        known = [endpoint.name for endpoint in store.list_endpoints(conn, workspace_id)]
        error = RestudioError.not_found("PipelineEndpointNotFound", "Pipeline endpoint", name[:100], known)
        if store.find_pipeline(conn, workspace_id, hexadecimal(name)) is not None:
            text = f"{error.message} The id is that of a published pipeline, which has calls of its own."
            raise RestudioError(error.kind, error.detail, text, target=error.target)
        raise error
    return found


def _name_exists(name: str) -> RestudioError:
    text = f"There is a pipeline endpoint '{name}' already; add the pipeline to it, or choose another name."
    return RestudioError(Kind.CONFLICT, "NameExists", text, target=name)
