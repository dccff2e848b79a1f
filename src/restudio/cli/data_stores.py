"""``restudio data-stores``: registered places of data."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from restudio.cli.command import Session, command
from restudio.cli.console import size
from restudio.cli.pipeline_values import parameters_of

app = typer.Typer(no_args_is_help=True, help="Registered places of data, read by pipelines and experiments.")


@command(app, "list")
def list_(session: Session) -> None:
    """All data stores; every workspace has one of its own."""
    found = session.client.data_stores.list()
    rows = [(s.name, s.kind, ", ".join(f"{k}={v}" for k, v in s.settings.items()), s.description) for s in found]
    session.out.rows(found, ("name", "kind", "settings", "description"), rows, empty="No data stores.")


@command(app, "put")
def put(
    session: Session,
    name: str,
    kind: Annotated[str, typer.Argument(help="workspace, azure-blob, s3, folder or http")],
    settings: Annotated[list[str] | None, typer.Option("--set", "-p", help="NAME=VALUE; repeat it.")] = None,
    secret_stdin: Annotated[
        str | None, typer.Option(help="Name of a setting to read from standard input, out of sight of other users.")
    ] = None,
) -> None:
    """Register a store, or replace the one of that name; secrets are kept sealed."""
    given = {key: str(value) for key, value in parameters_of(settings).items()}
    if secret_stdin:
        given[secret_stdin] = sys.stdin.readline().rstrip("\n")
    made = session.client.data_stores.put(name, kind, **given)
    session.out.value(made, f"{made.name} ({made.kind}) is registered.")


@command(app, "files")
def files(
    session: Session, name: str, path: Annotated[str, typer.Argument(help="A file, folder or pattern.")] = ""
) -> None:
    """What a path or pattern means."""
    found = session.client.data_stores.files(name, path)
    session.out.rows(found, ("path", "size"), [(f.path, size(f.size)) for f in found], empty="There is nothing.")


@command(app, "upload")
def upload(
    session: Session,
    name: str,
    file: Path,
    path: Annotated[
        str | None, typer.Argument(help="Where to; in a folder with a slash at its end. Default: its name.")
    ] = None,
) -> None:
    """Write a file to a path of a store, in the place of what is there."""
    target = f"{path}{file.name}" if path and path.endswith("/") else path or file.name
    session.client.data_stores.upload(name, target, file)
    session.out.value({"store": name, "path": target}, f"{name}:{target}")


@command(app, "delete")
def delete(session: Session, name: str) -> None:
    """Forget a store; its data stays."""
    session.client.data_stores.delete(name)
    session.out.value({"deleted": name}, f"{name} is forgotten.")
