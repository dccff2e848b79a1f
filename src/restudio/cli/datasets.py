"""``restudio datasets``: upload, list, download."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from restudio.cli.assets import add_asset_commands
from restudio.cli.command import Session, command

app = typer.Typer(no_args_is_help=True, help="Data sets of the workspace.")
add_asset_commands(app, "datasets", "data sets")


@command(app, "upload")
def upload(
    session: Session,
    file: Path,
    name: Annotated[str | None, typer.Option(help="Default: the file's name.")] = None,
    type: Annotated[
        str | None, typer.Option(help="GenericCSV, GenericTSV, ARFF, Excel …; default: by extension.")
    ] = None,
    family: Annotated[str | None, typer.Option(help="Save as the next version of this family.")] = None,
) -> None:
    """Upload a local file as a data set."""
    asset = session.client.datasets.upload(file, name=name, data_type_id=type, family=family)
    session.out.value(asset, f"{asset.id}  {asset.name}, version {asset.version}")
