"""Input files of services that run their graph: read in the columns that the service declares."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from restudio.core.errors import Kind, ModuleError, RestudioError
from restudio.core.schema import Column, Schema
from restudio.scoring.scorer import InputSpec
from restudio.tables.formats import get_codec
from restudio.tables.table import Table


def read_input(port: str, path: Path, spec: InputSpec | None) -> Table:
    """A file as the table of an input, in the columns and types of ``spec``; as it is when nothing is declared.

    Columns may come in any order, with those that ``spec`` ignores. ``InputParseError`` for anything else, naming row
    and column. Levels of categorical columns are those declared and the new ones of the file.
    """
    codec = get_codec(path.name)
    try:
        if spec is None:
            return codec.read(path, name=port)
        table = codec.read(path, schema=spec.schema, ignored=spec.ignored, name=port)
    except ModuleError as error:
        raise RestudioError(
            Kind.BAD_USER_ARGUMENT, "InputParseError", error.text, target=error.column or port
        ) from error
    levelled = (_with_levels(column, table.column(column.name)) for column in table.schema)
    return table.with_schema(Schema.of(levelled))


def _with_levels(column: Column, cells: pa.ChunkedArray) -> Column:
    if column.categories is None:
        return column
    found = pc.unique(cells.drop_null()).to_pylist()
    return column.with_(categories=tuple(dict.fromkeys([*column.categories, *found])))
