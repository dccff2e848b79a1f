"""Data Input and Output: Export Data (modules reference, section 5.1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from restudio.core.params import boolean
from restudio.core.spec import module, table_in
from restudio.modules.data_input_output import CATEGORY
from restudio.modules.places.blob import BlobDestination, write_blob
from restudio.modules.places.selection import BLOB
from restudio.modules.places.unreached import refuse
from restudio.seams.context import Context
from restudio.tables.table import Table


@dataclass(frozen=True, kw_only=True)
class ExportDataParams(BlobDestination):
    """Parameters of every destination; those of the last base stand first."""

    cached: bool = boolean("Use cached results", False, help="Do not write again while nothing upstream changed.")


DESTINATIONS: Mapping[str, Callable[[ExportDataParams, Table, Context], None]] = {
    BLOB: write_blob,
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
    errors=("0003", "0029", "0039", "0057", "0064", "0065", "0066", "0079"),
)
def export_data(p: ExportDataParams, dataset: Table, *, ctx: Context) -> tuple[()]:
    """Writes a dataset to a blob, named by an address with a shared access signature or by account, key and path."""
    write = DESTINATIONS.get(p.destination)
    if write is None:
        refuse(p.destination, "Please specify data destination")
    write(p, dataset, ctx)
    return ()
