"""Data Input and Output: Import Data (modules reference, section 5.1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from restudio.core.params import boolean
from restudio.core.spec import module, table_out
from restudio.modules.data_input_output import CATEGORY
from restudio.modules.places.azure_table import TableSource, read_azure_table
from restudio.modules.places.blob import BlobSource, read_blob
from restudio.modules.places.datastore import DatastoreSource, read_datastore
from restudio.modules.places.odata import FeedSource, read_feed
from restudio.modules.places.selection import BLOB, DATASTORE, HTTP, ODATA, ON_PREMISES, SQL, TABLE
from restudio.modules.places.sql import SqlSource, read_on_premises, read_sql
from restudio.modules.places.unreached import refuse
from restudio.modules.places.web import WebSource, read_web
from restudio.seams.context import Context
from restudio.tables.table import Table


@dataclass(frozen=True, kw_only=True)
class ImportDataParams(DatastoreSource, FeedSource, TableSource, SqlSource, BlobSource, WebSource):
    """Parameters of every source; those of the last base stand first."""

    cached: bool = boolean("Use cached results", False, help="Take the earlier result while nothing here changed.")


SOURCES: Mapping[str, Callable[[ImportDataParams, Context], Table]] = {
    HTTP: read_web,
    BLOB: read_blob,
    SQL: read_sql,
    TABLE: read_azure_table,
    ODATA: read_feed,
    ON_PREMISES: read_on_premises,
    DATASTORE: read_datastore,
}
"""How each source is read, by the name of its choice; what stands in none is told where to turn."""


@module(
    id="import-data",
    name="Import Data",
    category=CATEGORY,
    outputs=(table_out("Results dataset"),),
    params=ImportDataParams,
    family="4e1b0fe6aded4b3fa36f39b8862b9004",
    aliases=("Reader",),
    deterministic=False,
    known_by_running="The source is read when the module runs.",
    errors=(
        *(
            "0002",
            "0003",
            "0009",
            "0015",
            "0029",
            "0030",
            "0039",
            "0048",
            "0049",
            "0052",
            "0064",
            "0065",
            "0070",
            "0078",
        ),
        *("0126", "0129", "0137", "0154", "0156"),
    ),
)
def import_data(p: ImportDataParams, *, ctx: Context) -> Table:
    """Reads files of a web address, a blob or a data store, what a database's query gives, an Azure table, or a feed.

    A blob is named by an address with a shared access signature, or by account, key, and a path that begins with the
    container. Column types are found by looking at the values; change them with **Edit Metadata**.

    A database is a SQL Server by its host (it needs the Python package ``pymssql`` beside the server), or any other by
    an address in **Database server name**: ``postgresql://host/database``, ``mysql://host/database``, or
    ``sqlite:////srv/lake/data.db`` in a folder that the operator opened. Decimals and binary values are refused; cast
    them in the query. Hosts inside the server's own network are closed unless the operator opens them.

    A table of Azure Table comes with its PartitionKey, RowKey and Timestamp. Its other columns are the properties that
    the first rows have, or all properties with ScanAll.

    The files at a path of a data store are copied when the run begins and read as one table; while they are the same,
    the earlier result is taken.

    A feed of an OData service is read in JSON or Atom to its last page. Values within values come as JSON texts.
    """
    read = SOURCES.get(p.source)
    if read is None:
        refuse(p.source, "Data source")
    return read(p, ctx)
