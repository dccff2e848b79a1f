"""``restudio jobs``: batch execution."""

from __future__ import annotations

import typer

from restudio.cli.command import Session, command
from restudio.cli.console import at

app = typer.Typer(no_args_is_help=True, help="Batch jobs of the workspace.")


@command(app, "list")
def list_(session: Session) -> None:
    """Jobs, newest first."""
    found = session.client.jobs.list()
    rows = [(j.id, j.status, at(j.created), at(j.ended), j.endpoint_id, j.failure) for j in found]
    session.out.rows(found, ("job", "status", "submitted", "ended", "endpoint", "failure"), rows, empty="No jobs yet.")


@command(app, "show")
def show(session: Session, job: str) -> None:
    """One job."""
    found = session.client.jobs.get(job)
    session.out.value(found, f"{found.id}  {found.status}  {found.failure or ''}".rstrip())
