"""Alembic without its ini file: everything it needs comes from here."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

_FOLDER = Path(__file__).parent


def upgrade(connection: sa.Connection) -> None:
    """Apply all missing versions inside the connection's transaction."""
    command.upgrade(config(connection), "head")


def config(connection: sa.Connection, target: sa.MetaData | None = None) -> Config:
    """Alembic's settings for this connection; ``target`` is needed only to compare with declared tables."""
    settings = Config()
    settings.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    settings.set_main_option("path_separator", "os")
    settings.attributes["connection"] = connection
    settings.attributes["target_metadata"] = target
    return settings
