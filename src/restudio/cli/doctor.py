"""``restudio doctor URL``: what an address is, what is wrong with it, what to do."""

from __future__ import annotations

from typing import Annotated

import typer

from restudio.cli.command import Session, command
from restudio.client.doctor import Doctor
from restudio.core.errors import RestudioError

_MARKS = {"good": "[green]✓[/]", "note": "[yellow]·[/]", "wrong": "[red]✗[/]"}
app = typer.Typer()


@command(app, "doctor")
def doctor(
    session: Session,
    address: Annotated[str, typer.Argument(help="A scoring, batch, PATCH, help or blob address.")],
    key: Annotated[str | None, typer.Option(help="The endpoint key you use with it.")] = None,
    resource: Annotated[str | None, typer.Option(help="The resource name you want to PATCH.")] = None,
) -> None:
    """Examine an address; exit status 1 when something is wrong."""
    findings = _doctor_of(session, key, resource).examine(address)
    if session.out.as_json:
        session.out.value(findings, "")
    for finding in findings if not session.out.as_json else ():
        session.out.console.print(_MARKS[finding.level], end=" ")
        session.out.note(finding.text + (f"\n  → {finding.todo}" if finding.todo else ""))
    if any(finding.level == "wrong" for finding in findings):
        raise typer.Exit(1)


def _doctor_of(session: Session, key: str | None, resource: str | None) -> Doctor:
    try:
        client = session.client
    except RestudioError:
        return Doctor(key=key, resource=resource)
    return Doctor(token=session.token, key=key, resource=resource, home_url=client.url, home_workspace=client.workspace)
