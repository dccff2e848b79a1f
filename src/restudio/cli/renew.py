"""``restudio renew``: tokens and keys in the place of those that leaked."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from restudio.cli.command import Session, command

app = typer.Typer(no_args_is_help=True, help="Replace a token or key that leaked; the old one is refused at once.")


class Which(StrEnum):
    """The tokens of a workspace."""

    primary = "primary"
    secondary = "secondary"


@command(app)
def token(
    session: Session,
    which: Annotated[Which, typer.Argument(help="The one to replace; credentials.json holds the primary one.")],
) -> None:
    """Replace a token of the workspace; both are shown."""
    tokens = session.client.access.renew_token(which.value)
    session.out.value(tokens, f"primary    {tokens.primary}\nsecondary  {tokens.secondary}")


@command(app, "storage-key")
def storage_key(session: Session) -> None:
    """Replace the key of the workspace's storage account; signed addresses that were given out end."""
    renewed = session.client.access.renew_storage_key()
    session.out.value(renewed, renewed.connection_string)
