"""Write a migration from the difference between the last version and the declared tables.

``python -m restudio.storage.migrations.generate "what changed"`` adds a version; with ``--initial`` the one initial
version is written anew (before the first release only).
"""

from __future__ import annotations

import argparse
import importlib
import tempfile
from pathlib import Path

from alembic import command

import restudio
from restudio.seams.database import metadata
from restudio.storage.db import open_database
from restudio.storage.migrations.run import config, upgrade

_VERSIONS = Path(__file__).parent / "versions"


def import_tables() -> None:
    """Import every module that declares a table, so that all stand on the metadata.

    By what is in the files, because this layer must not know the domains above it.
    """
    root = Path(restudio.__file__).parent
    for path in sorted(root.rglob("*.py")):
        if path.parent.name != "migrations" and "sa.Table(" in path.read_text():
            importlib.import_module(".".join(("restudio", *path.relative_to(root).with_suffix("").parts)))


def generate(message: str, *, initial: bool = False) -> None:
    """Compare on an empty SQLite database that is brought to the last version first, unless there is to be none."""
    import_tables()
    if initial:
        for old in _VERSIONS.glob("*.py"):
            old.unlink()
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(f"sqlite:///{folder}/compare.db")
        with database.begin() as connection:
            if not initial:
                upgrade(connection)
            number = f"{1 + len(list(_VERSIONS.glob('*.py'))):04d}"
            made = command.revision(config(connection, metadata), message, autogenerate=True, rev_id=number)
        for script in made if isinstance(made, list) else [made]:
            if script is not None:
                _tidy(Path(script.path))
        database.close()


def _tidy(path: Path) -> None:
    """Without Alembic's reminder that it was here; ``make check`` formats the rest."""
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.lstrip().startswith("# ###")))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("message")
    parser.add_argument("--initial", action="store_true")
    arguments = parser.parse_args()
    generate(arguments.message, initial=arguments.initial)
