"""What all kinds of assets can do on the command line."""

from __future__ import annotations

from pathlib import Path

import typer

from restudio.cli.command import Session, command
from restudio.cli.console import at, size
from restudio.client.studio import Assets


def add_asset_commands(app: typer.Typer, kind: str, words: str) -> None:
    """Give ``app`` the commands ``list`` and ``download`` for assets of a kind."""

    def assets(session: Session) -> Assets:
        return session.client.models if kind == "models" else session.client.datasets

    @command(app, "list")
    def list_(session: Session) -> None:
        """The newest version of each."""
        found = assets(session).list()
        rows = [(a.id, a.name, a.version, a.data_type_id, size(a.size), at(a.created)) for a in found]
        session.out.rows(found, ("id", "name", "version", "type", "size", "saved"), rows, empty=f"No {words} yet.")

    @command(app, "download")
    def download(session: Session, id: str, file: Path) -> None:
        """Save the content to a file."""
        written = assets(session).download(id, file)
        session.out.value({"file": str(file), "size": written}, f"{size(written)} written to {file}.")
