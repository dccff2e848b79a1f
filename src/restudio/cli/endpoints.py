"""``restudio endpoints``: add, update, roll back."""

from __future__ import annotations

from typing import Annotated

import typer

from restudio.cli.command import ServiceName, Session, command
from restudio.cli.console import at
from restudio.cli.location import parse_location
from restudio.client.types import Endpoint, Revision

app = typer.Typer(no_args_is_help=True, help="Endpoints of a web service and their revisions.")


@command(app, "list")
def list_(session: Session, service: str) -> None:
    """Endpoints of a service."""
    found = session.client.endpoints.list(session.service_id(service))
    rows = [(e.name, e.max_concurrent_calls, ", ".join(r.name for r in e.resources), e.api_location) for e in found]
    session.out.rows(found, ("name", "calls", "updatable", "scoring address"), rows, empty="No endpoints.")


@command(app, "add")
def add(
    session: Session, service: ServiceName, name: str, description: str = "", max_concurrent_calls: int = 20
) -> None:
    """Add an endpoint with a copy of the default endpoint's model."""
    _show(
        session,
        session.client.endpoints.add(
            session.service_id(service), name, description=description, max_concurrent_calls=max_concurrent_calls
        ),
    )


@command(app, "show")
def show(session: Session, service: ServiceName, name: str) -> None:
    """Addresses and keys of an endpoint."""
    _show(session, session.client.endpoints.get(session.service_id(service), name))


@command(app, "patch")
def patch(
    session: Session,
    service: ServiceName,
    name: str,
    model: Annotated[str, typer.Argument(help="Address of the .ilearner with its SAS.")],
    resource: Annotated[str | None, typer.Option(help="Resource name; not needed when there is only one.")] = None,
    dry_run: Annotated[bool, typer.Option(help="Check everything, change nothing.")] = False,
) -> None:
    """Replace the model of an endpoint."""
    endpoints, service = session.client.endpoints, session.service_id(service)
    if resource is None:
        updatable = endpoints.get(service, name).resources
        resource = updatable[0].name if len(updatable) == 1 else ""
    answer = endpoints.patch(service, name, resource, parse_location(model), dry_run=dry_run)
    session.out.value(answer, "It would be accepted; nothing was changed." if dry_run else "The new model is live.")


@command(app, "ledger")
def ledger(session: Session, service: ServiceName, name: str) -> None:
    """Every revision the endpoint ever had, newest first."""
    found = session.client.services.ledger(session.service_id(service), name)
    rows = [(r.number, "live" if r.live else "", at(r.at), r.who, r.why, r.id) for r in found]
    session.out.rows(found, ("no", "", "since", "who", "why", "revision"), rows, empty="No revisions.")


@command(app, "rollback")
def rollback(
    session: Session,
    service: ServiceName,
    name: str,
    to: Annotated[str | None, typer.Option(help="Revision id; default: the one before.")] = None,
) -> None:
    """Make an earlier revision live again."""
    _live(session, session.client.services.rollback(session.service_id(service), name, to))


@command(app, "refresh")
def refresh(session: Session, service: ServiceName, name: str, overwrite_resources: bool = False) -> None:
    """Take over the default endpoint's graph; with --overwrite-resources its models too."""
    changed = session.client.endpoints.refresh(
        session.service_id(service), name, overwrite_resources=overwrite_resources
    )
    session.out.value({"changed": changed}, "Refreshed." if changed else "There was nothing to refresh.")


@command(app, "regenerate-key")
def regenerate_key(session: Session, service: ServiceName, name: str, key: str = "Primary") -> None:
    """Replace the primary or secondary key; the old one stops working at once."""
    _show(session, session.client.endpoints.regenerate_key(session.service_id(service), name, key))


@command(app, "delete")
def delete(session: Session, service: ServiceName, name: str) -> None:
    """Delete an endpoint."""
    session.client.endpoints.delete(session.service_id(service), name)
    session.out.value({"deleted": name}, f"{name} is deleted.")


def _show(session: Session, endpoint: Endpoint) -> None:
    lines = (
        f"name     {endpoint.name}",
        f"scoring  {endpoint.api_location}",
        f"key      {endpoint.primary_key}",
        f"help     {endpoint.help_location}",
        *(f"update   {r.name}" for r in endpoint.resources),
    )
    session.out.value(endpoint, "\n".join(lines))


def _live(session: Session, revision: Revision) -> None:
    session.out.value(revision, f"Live: revision {revision.number} ({revision.id}) since {at(revision.at)}")
