"""``restudio programs``: accounts for programs that call pipelines and services by themselves."""

from __future__ import annotations

from typing import Annotated

import typer

from restudio.cli.command import Session, command
from restudio.cli.users import RoleName

app = typer.Typer(no_args_is_help=True, help="Accounts of programs (service principals); their secrets are API keys.")


@command(app, "list")
def list_(session: Session) -> None:
    """All accounts of programs, without their secrets."""
    found = session.client.programs.list()
    rows = [(p.client_id, p.name, p.role, p.tenant_id) for p in found]
    session.out.rows(found, ("client id", "name", "role", "tenant"), rows, empty="No programs have accounts.")


@command(app, "add")
def add(
    session: Session,
    name: str,
    role: Annotated[RoleName, typer.Option(help="What the program may do.")] = RoleName.member,
) -> None:
    """Make an account; the secret is shown once, and is a key as it stands (Authorization: Bearer)."""
    made = session.client.programs.add(name, role.value)
    token = f"{session.url}/{made.tenant_id}/oauth2/v2.0/token"
    told = f"client id      {made.client_id}\nclient secret  {made.client_secret}\ntokens at      {token}"
    session.out.value(made, told)


@command(app, "remove")
def remove(session: Session, client_id: str) -> None:
    """End an account: its tokens and its secret are refused from now on."""
    session.client.programs.remove(client_id)
    session.out.value({"removed": client_id}, f"{client_id} has no account any more.")
