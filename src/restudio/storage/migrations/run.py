"""Alembic without its ini file: everything it needs comes from here. It is imported only when there is something to do,
because it would cost each start of a server a tenth of a second."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from alembic.config import Config

_FOLDER = Path(__file__).parent
_VERSION = sa.table("alembic_version", sa.column("version_num"))


def upgrade(connection: sa.Connection) -> None:
    """Apply all missing versions inside the connection's transaction."""
    if _current(connection) != newest():
        from alembic import command

        command.upgrade(config(connection), "head")


def newest() -> str:
    """The version of the newest tables: what the last file in ``versions`` begins with."""
    return max(path.name.split("_")[0] for path in (_FOLDER / "versions").glob("[0-9]*.py"))


def _current(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table(_VERSION.name):
        return None
    return connection.scalar(sa.select(_VERSION.c.version_num))


def config(connection: sa.Connection, target: sa.MetaData | None = None) -> Config:
    """Alembic's settings for this connection; ``target`` is needed only to compare with declared tables."""
    from alembic.config import Config

    settings = Config()
    settings.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    settings.set_main_option("path_separator", "os")
    settings.attributes["connection"] = connection
    settings.attributes["target_metadata"] = target
    return settings
