"""``restudio models``: trained models of the workspace."""

from __future__ import annotations

import typer

from restudio.cli.assets import add_asset_commands

app = typer.Typer(no_args_is_help=True, help="Trained models of the workspace.")
add_asset_commands(app, "models", "trained models")
