"""``restudio modules``: the catalog."""

from __future__ import annotations

import typer

from restudio.cli.command import Session, command

app = typer.Typer(no_args_is_help=True, help="The module catalog.")


@command(app, "list")
def list_(session: Session) -> None:
    """All modules by category."""
    found = sorted(session.client.modules.list(), key=lambda m: (m.category, m.name))
    session.out.rows(found, ("id", "name", "category"), [(m.id, m.name, m.category) for m in found], empty="None.")


@command(app, "show")
def show(session: Session, id: str) -> None:
    """Help of one module."""
    for found in session.client.modules.list():
        if id in (found.id, found.name):
            session.out.value(found, f"{found.name} ({found.id})\n\n{found.help}")
            return
    session.out.errors.print(f"There is no module '{id}'.", markup=False)
    raise typer.Exit(1)
