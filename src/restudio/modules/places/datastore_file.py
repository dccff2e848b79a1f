"""A file at a path of a data store, as the designer writes it."""

from __future__ import annotations

from dataclasses import dataclass

from restudio.core.params import boolean, choice, text, when
from restudio.graph.data_path import make_data_path
from restudio.graph.imports import DATASTORE, PATH, REGENERATE, STORE
from restudio.modules.places.files import ARFF, CSV, TSV, given, write_file
from restudio.modules.places.selection import Destination
from restudio.seams.context import Context
from restudio.tables.table import Table

_DESTINATION = when("destination", DATASTORE)


@dataclass(frozen=True, kw_only=True)
class DatastoreDestination(Destination):
    """Parameters of :func:`write_datastore`."""

    store: str = text(STORE, "", when=_DESTINATION, help="Name of a data store of the workspace.")
    store_path: str = text(PATH, "", when=_DESTINATION, help="The file in the store; what is there is replaced.")
    store_format: str = choice("File format", (CSV, TSV, ARFF), CSV, when=_DESTINATION)
    regenerate: bool = boolean(
        REGENERATE, False, when=_DESTINATION, help="Write at each run, though the data did not change."
    )


def write_datastore(p: DatastoreDestination, dataset: Table, ctx: Context) -> None:
    """Errors 0003 and 0066. The file has a header row."""
    path = make_data_path(given(p.store, STORE), given(p.store_path, PATH))
    ctx.deliver(path.uri, write_file(dataset, p.store_format, True, ctx))
