"""Places that are offered by name and not reached: each says what to do in its stead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

from restudio.core.errors import ModuleError
from restudio.modules.places.selection import COSMOS, HIVE

INSTEAD: Mapping[str, str] = {
    HIVE: "Have the query's result written as files, and use Azure Blob Storage; or use Azure SQL Database, with the "
    "address of a database that SQLAlchemy knows as its server",
    COSMOS: "Export the documents as CSV to Azure Blob Storage, or use a feed over HTTP (Data Feed Providers)",
}


def refuse(place: str, parameter: str) -> NoReturn:
    """Error 0039 that names the alternative."""
    raise ModuleError("0039", f"'{place}' is not reached from here. {INSTEAD[place]}.", parameter=parameter)
