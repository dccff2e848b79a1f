"""Data stores of the workspace, as the designer reads them.

What Import Data reads is fixed when its run begins: the run names the copy as the node's asset, as with datasets.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from restudio.core.errors import ModuleError, nearest
from restudio.core.params import boolean, choice, text, when
from restudio.core.schema import Column, DType, Schema
from restudio.graph.imports import (
    BY_NAME,
    DATASTORE,
    ENCODING,
    FILE_FORMAT,
    HEADER,
    PATH,
    REGENERATE,
    STORE,
    UTF8,
)
from restudio.graph.ports import ASSET
from restudio.modules.places.files import ARFF, CSV, SVMLIGHT, TSV
from restudio.modules.places.selection import Source
from restudio.seams.context import Context
from restudio.tables.codec import Codec
from restudio.tables.csv import separated
from restudio.tables.encodings import ENCODINGS
from restudio.tables.formats import get_codec
from restudio.tables.table import Table

_SOURCE = when("source", DATASTORE)
_DELIMITERS = {"Comma": ",", "Semicolon": ";", "Tab": "\t", "Pipe": "|", "Space": " "}
DELIMITER, COLUMN_TYPES = "Delimiter of the files", "Column types"


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
    store_delimiter: str = choice(
        DELIMITER, tuple(_DELIMITERS), "Comma", when=when("store_format", CSV, also=_SOURCE), help="Between two cells."
    )
    store_encoding: str = choice(ENCODING, tuple(ENCODINGS), UTF8, when=when("store_format", CSV, TSV, also=_SOURCE))
    store_types: str = text(
        COLUMN_TYPES,
        "",
        when=_SOURCE,
        help='Column types as JSON, null to leave one out: {"zip": "String", "note": null}. The types of others are '
        "found by looking at the values.",
    )
    regenerate: bool = boolean(
        REGENERATE, False, when=_SOURCE, help="Read again, though neither the data nor anything here changed."
    )
    asset: str = text(ASSET, "", hidden=True)
    data_type: str = text("Format", "", hidden=True)


def read_datastore(p: DatastoreSource, ctx: Context) -> Table:
    """Errors 0001, 0002, 0003 and 0049."""
    if not p.asset:
        raise _unread(p)
    codec = get_codec(p.data_type)
    if p.store_format == CSV:
        codec = separated(codec, _DELIMITERS[p.store_delimiter])
    return _typed(codec, ctx.asset(p.asset), _column_types(p.store_types))


def _unread(p: DatastoreSource) -> ModuleError:
    if not p.store:
        return ModuleError("0003", f"Parameter '{STORE}' must name a data store.", parameter=STORE)
    # What answers requests has no beginning at which the files could be copied.
    text = (
        f"The files of data store '{p.store}' are read when a run or a job of a training service begins; a service "
        "that answers requests cannot read them. Give it a Web Service Input, or a saved dataset in their place."
    )
    return ModuleError("0003", text, parameter=STORE)


def _column_types(given: str) -> dict[str, DType | None]:
    """Type by column; None for one to leave out. Error 0002 for what is no such text."""
    if not given.strip():
        return {}
    try:
        told = json.loads(given)
        return {name: None if word is None else DType(word) for name, word in told.items()}
    except (ValueError, TypeError, AttributeError, RecursionError) as cause:
        known = ", ".join(kind.value for kind in DType)
        text = f'Expected JSON such as {{"zip": "String", "note": null}} with the types {known}, got {given[:100]!r}.'
        raise ModuleError("0002", text, parameter=COLUMN_TYPES) from cause


def _typed(codec: Codec, path: Path, types: dict[str, DType | None]) -> Table:
    table = codec.read(path)
    if not types:
        return table
    for name in types:
        if name not in table.names:
            text = f"'{COLUMN_TYPES}' names the column '{name}', which the files do not have."
            raise ModuleError("0001", text + nearest(name, table.names), parameter=COLUMN_TYPES, column=name)
    wanted = Schema.of(Column(c.name, types.get(c.name) or c.dtype) for c in table.schema)
    kept = [name for name in table.names if types.get(name, DType.STRING) is not None]
    # From the text once more: the look at the values has lost what other types need, such as leading zeros.
    return codec.read(path, schema=wanted).select(kept)
