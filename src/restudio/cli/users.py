"""``restudio users``: the people of a workspace and their roles."""

from __future__ import annotations

import secrets
import sys
from enum import StrEnum
from typing import Annotated

import typer

from restudio.cli.command import Session, command

app = typer.Typer(no_args_is_help=True, help="People of the workspace and their roles.")


class RoleName(StrEnum):
    """What a person may do; each role includes the ones before it."""

    reader = "reader"
    member = "member"
    deployer = "deployer"
    owner = "owner"


_FROM_STDIN = Annotated[bool, typer.Option(help="Read the password from standard input instead of making one.")]


@command(app, "list")
def list_(session: Session) -> None:
    """Members and roles."""
    found = session.client.members.list()
    rows = [(m.email, m.name, m.role) for m in found]
    session.out.rows(found, ("e-mail", "name", "role"), rows, empty="The workspace has no members.")


@command(app, "add")
def add(
    session: Session,
    email: str,
    role: Annotated[RoleName, typer.Option(help="What the person may do.")] = RoleName.member,
    name: Annotated[str | None, typer.Option(help="Default: from the address.")] = None,
    password_stdin: _FROM_STDIN = False,
) -> None:
    """Make an account with a role; the password is shown once."""
    password = _password(password_stdin)
    added = session.client.members.put(email, role.value, name=name, password=password)
    shown = "" if password_stdin else f"\nif the account is new, its password is: {password}"
    told = {"member": added, "password": None if password_stdin else password}
    session.out.value(told, f"{added.email} is {added.role} now.{shown}")


@command(app, "role")
def role(session: Session, email: str, role: RoleName) -> None:
    """Change a role."""
    changed = session.client.members.put(email, role.value)
    session.out.value(changed, f"{changed.email} is {changed.role} now.")


@command(app, "password")
def password(session: Session, email: str, password_stdin: _FROM_STDIN = False) -> None:
    """Give a member of this workspace alone a new password."""
    chosen = _password(password_stdin)
    session.client.members.set_password(email, chosen)
    told = {"email": email, "password": None if password_stdin else chosen}
    session.out.value(told, "It is changed." if password_stdin else f"The new password is: {chosen}")


@command(app, "remove")
def remove(session: Session, email: str) -> None:
    """Take somebody's role away."""
    session.client.members.remove(email)
    session.out.value({"removed": email}, f"{email} is no member any more.")


def _password(from_stdin: bool) -> str:
    return sys.stdin.readline().rstrip("\n") if from_stdin else secrets.token_urlsafe(15)
