"""``restudio login`` and ``restudio audit``: who one is, and what was done."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from restudio.cli.command import Session, command
from restudio.cli.console import at
from restudio.client.client import log_in

app = typer.Typer()


@command(app, "login")
def login(
    session: Session,
    email: str,
    password_stdin: Annotated[bool, typer.Option(help="Read the password from standard input.")] = False,
) -> None:
    """Sign in as a person; prints the session's token, which is good for twelve hours."""
    given = sys.stdin.readline().rstrip("\n") if password_stdin else typer.prompt("Password", hide_input=True)
    opened = log_in(session.url, email, given)
    lines = [f"export RESTUDIO_URL={session.url}", f"export RESTUDIO_TOKEN={opened.token}"]
    lines += [f"export RESTUDIO_WORKSPACE={workspace.id}  # {workspace.name}" for workspace in opened.workspaces]
    session.out.value(opened, "\n".join(lines))


@command(app, "audit")
def audit(
    session: Session,
    limit: Annotated[int, typer.Option(help="How many lines, newest first.")] = 50,
    before: Annotated[int | None, typer.Option(help="Only lines before this number.")] = None,
) -> None:
    """Who changed what; for owners."""
    found = session.client.members.audit(limit=limit, before=before)
    rows = [(line.id, at(line.at), line.name, line.action, line.resource, _detail(line.detail)) for line in found]
    session.out.rows(found, ("no", "at", "who", "did", "to", "detail"), rows, empty="Nothing was changed yet.")


def _detail(detail: dict[str, object]) -> str:
    return json.dumps(detail, ensure_ascii=False) if detail else ""
