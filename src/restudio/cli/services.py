"""``restudio services``: publish, test, approve."""

from __future__ import annotations

from typing import Annotated

import typer

from restudio.cli.command import ServiceName, Session, command
from restudio.client.types import Service

app = typer.Typer(no_args_is_help=True, help="Publish experiments as web services.")


@command(app, "list")
def list_(session: Session) -> None:
    """All web services of the workspace."""
    found = session.client.services.list()
    rows = [(s.id, s.name, s.kind, s.version, s.stage) for s in found]
    session.out.rows(found, ("id", "name", "kind", "version", "stage"), rows, empty="No web services yet.")


@command(app, "publish")
def publish(
    session: Session,
    experiment: str,
    name: Annotated[str | None, typer.Option(help="Default: the experiment's title.")] = None,
    service: Annotated[str | None, typer.Option(help="Publish as the next version of this service.")] = None,
    approve: Annotated[bool, typer.Option(help="Mark ready and approve at once.")] = False,
) -> None:
    """Publish an experiment to staging."""
    services = session.client.services
    published = services.publish(experiment, name=name, service=service and session.service_id(service))
    if approve:
        services.mark_ready(published.id)
        published = services.approve(published.id)
    _show(session, published)


@command(app, "show")
def show(session: Session, service: ServiceName) -> None:
    """One service and its endpoints."""
    found = session.client.services.get(session.service_id(service))
    endpoints = session.client.endpoints.list(found.id)
    session.out.rows(
        {"service": found, "endpoints": endpoints},
        ("endpoint", "updatable", "scoring address", "help"),
        [(e.name, ", ".join(r.name for r in e.resources), e.api_location, e.help_location) for e in endpoints],
        empty="It has no endpoints.",
    )
    session.out.note(f"{found.name}: {found.kind}, version {found.version} in {found.stage}")


@command(app, "ready")
def ready(session: Session, service: ServiceName) -> None:
    """Say that the staged version is tested."""
    _show(session, session.client.services.mark_ready(session.service_id(service)))


@command(app, "approve")
def approve(session: Session, service: ServiceName) -> None:
    """Put the ready version into production."""
    _show(session, session.client.services.approve(session.service_id(service)))


def _show(session: Session, service: Service) -> None:
    session.out.value(service, f"{service.id}  {service.name}, version {service.version}: {service.stage}")
