"""``restudio pipelines endpoints``: lasting names over published pipelines."""

from __future__ import annotations

from typing import Annotated

import typer

from restudio.cli.command import Session, command
from restudio.client.pipeline_types import PipelineEndpoint

app = typer.Typer(no_args_is_help=True, help="Pipeline endpoints, by id or name.")


@command(app, "list")
def list_(session: Session) -> None:
    """All pipeline endpoints."""
    found = session.client.pipeline_endpoints.list()
    rows = [
        (e.id, e.name, e.status, len(e.pipeline_version_list), e.default_version, e.default_pipeline_id) for e in found
    ]
    columns = ("id", "name", "status", "versions", "default", "runs pipeline")
    session.out.rows(found, columns, rows, empty="No pipeline endpoints yet.")


@command(app, "create")
def create(session: Session, name: str, pipeline: str) -> None:
    """Make an endpoint with a published pipeline as version 0."""
    _told(session, session.client.pipeline_endpoints.create(name, pipeline))


@command(app, "add")
def add(
    session: Session,
    endpoint: str,
    pipeline: str,
    default: Annotated[bool, typer.Option(help="And switch to it.")] = False,
) -> None:
    """Add a published pipeline as the next version."""
    _told(session, session.client.pipeline_endpoints.add(endpoint, pipeline, default=default))


@command(app, "set-default")
def set_default(session: Session, endpoint: str, version: str) -> None:
    """Let calls without a version run this one."""
    _told(session, session.client.pipeline_endpoints.set_default(endpoint, version))


@command(app, "versions")
def versions(session: Session, endpoint: str) -> None:
    """Versions of an endpoint, the newest first."""
    found = session.client.pipeline_endpoints.versions(endpoint)
    rows = [(p.endpoint_version, p.is_default, p.id, p.name, p.status, p.last_run_status) for p in found]
    session.out.rows(found, ("version", "default", "pipeline", "name", "status", "last run"), rows, empty="")


@command(app, "rename")
def rename(session: Session, endpoint: str, name: str) -> None:
    """Give an endpoint another name; its id stays."""
    _told(session, session.client.pipeline_endpoints.rename(endpoint, name))


@command(app, "enable")
def enable(session: Session, endpoint: str) -> None:
    """Let an endpoint run pipelines again."""
    _told(session, session.client.pipeline_endpoints.enable(endpoint))


@command(app, "disable")
def disable(session: Session, endpoint: str) -> None:
    """Keep an endpoint, but refuse its runs."""
    _told(session, session.client.pipeline_endpoints.disable(endpoint))


def _told(session: Session, endpoint: PipelineEndpoint) -> None:
    text = f"{endpoint.id}  {endpoint.name} ({endpoint.status}), default version {endpoint.default_version}"
    session.out.value(endpoint, f"{text}\n{endpoint.rest_endpoint}")
