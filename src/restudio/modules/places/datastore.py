"""Data stores of the workspace, as the designer reads them.

What Import Data reads is fixed when its run begins: the run names the copy as the node's asset, as with datasets.
"""

from __future__ import annotations

from dataclasses import dataclass

from restudio.core.errors import ModuleError
from restudio.core.params import boolean, choice, text, when
from restudio.graph.imports import BY_NAME, DATASTORE, FILE_FORMAT, HEADER, PATH, REGENERATE, STORE
from restudio.graph.ports import ASSET
from restudio.modules.places.files import ARFF, CSV, SVMLIGHT, TSV
from restudio.modules.places.selection import Source
from restudio.seams.context import Context
from restudio.tables.formats import get_codec
from restudio.tables.table import Table

_SOURCE = when("source", DATASTORE)


@dataclass(frozen=True, kw_only=True)
class DatastoreSource(Source):
    """Parameters of :func:`read_datastore`."""

    store: str = text(STORE, "", when=_SOURCE, help="Name of a data store of the workspace.")
    store_path: str = text(
        PATH,
        "",
        when=_SOURCE,
        help="A file, a folder, or a pattern such as `2031-*/part?.csv` or `folder/**`; a pipeline parameter for data "
        "may give store and path together.",
    )
    store_format: str = choice(
        FILE_FORMAT,
        (BY_NAME, CSV, TSV, ARFF, SVMLIGHT, "Parquet"),
        when=_SOURCE,
        help="Format of all files; they are read as one table.",
    )
    store_header: bool = boolean(HEADER, True, when=when("store_format", CSV, TSV, also=_SOURCE))
    regenerate: bool = boolean(
        REGENERATE, False, when=_SOURCE, help="Read again, though neither the data nor anything here changed."
    )
    asset: str = text(ASSET, "", hidden=True)
    data_type: str = text("Format", "", hidden=True)


def read_datastore(p: DatastoreSource, ctx: Context) -> Table:
    """Errors 0003 and 0049."""
    if not p.asset:
        raise ModuleError("0003", f"Parameter '{STORE}' must name a data store.", parameter=STORE)
    return get_codec(p.data_type).read(ctx.asset(p.asset))
