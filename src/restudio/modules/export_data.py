"""Data Input and Output: Export Data (modules reference, section 5.1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from restudio.core.params import boolean
from restudio.core.spec import module, table_in
from restudio.modules.data_input_output import CATEGORY
from restudio.modules.places.azure_table import TableDestination, write_azure_table
from restudio.modules.places.blob import BlobDestination, write_blob
from restudio.modules.places.datastore_file import DatastoreDestination, write_datastore
from restudio.modules.places.selection import BLOB, DATASTORE, SQL, TABLE
from restudio.modules.places.sql import SqlDestination, write_sql
from restudio.modules.places.unreached import refuse
from restudio.seams.context import Context
from restudio.tables.table import Table


@dataclass(frozen=True, kw_only=True)
class ExportDataParams(DatastoreDestination, TableDestination, SqlDestination, BlobDestination):
    """Parameters of every destination; those of the last base stand first."""

    cached: bool = boolean("Use cached results", False, help="Do not write again while nothing upstream changed.")


DESTINATIONS: Mapping[str, Callable[[ExportDataParams, Table, Context], None]] = {
    BLOB: write_blob,
    SQL: write_sql,
    TABLE: write_azure_table,
    DATASTORE: write_datastore,
}
"""How each destination is written, by the name of its choice; what stands in none is told where to turn."""


@module(
    id="export-data",
    name="Export Data",
    category=CATEGORY,
    inputs=(table_in("Dataset"),),
    params=ExportDataParams,
    aliases=("Writer",),
    deterministic=False,
    errors=(
        *(
            "0001",
            "0003",
            "0015",
            "0027",
            "0029",
            "0039",
            "0048",
            "0052",
            "0057",
            "0064",
            "0065",
            "0066",
            "0070",
            "0078",
        ),
        *("0079", "0121", "0154"),
    ),
)
def export_data(p: ExportDataParams, dataset: Table, *, ctx: Context) -> tuple[()]:
    """Writes a dataset to a blob or a file of a data store, into a table of a database, or into an Azure table.

    A blob is named by an address with a shared access signature or by account, key and path. A table must exist; its
    database is named as in **Import Data**. All rows are written, or after an error none.

    A file of a data store is written again only when the data changed, unless **Regenerate output** is set.

    An Azure table must exist as well. Rows of one partition are written together, at most 100 at once, so that an error
    leaves those before it.
    """
    write = DESTINATIONS.get(p.destination)
    if write is None:
        refuse(p.destination, "Please specify data destination")
    write(p, dataset, ctx)
    return ()
