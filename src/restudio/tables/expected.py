"""Fitting a file to the schema that a reader demands, with errors that name row, column, expected and got."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from restudio.core.cells import Cell, convert
from restudio.core.errors import nearest
from restudio.core.schema import Column, DType, Schema
from restudio.tables import parsing
from restudio.tables.codec import unreadable
from restudio.tables.table import ARROW_TYPES


@dataclass(frozen=True, slots=True)
class Fit:
    """How the columns of a file become those of ``schema``: ``positions[i]`` is the file's column of column i."""

    schema: Schema
    positions: tuple[int, ...]
    name: str

    @classmethod
    def by_name(cls, names: Sequence[str], schema: Schema, ignored: Collection[str], file: str) -> Fit:
        """Match by name, in any order. Error 0049 for a missing or an unknown column."""
        at = {name: position for position, name in enumerate(names)}
        for column in schema:
            if column.name not in at:
                raise unreadable(file, f"the column is missing.{nearest(column.name, names)}", column=column.name)
        for name in names:
            if name not in schema and name not in ignored:
                raise unreadable(file, f"the column is not expected.{nearest(name, schema.names)}", column=name)
        return cls(schema, tuple(at[name] for name in schema.names), file)

    @classmethod
    def by_position(cls, width: int, schema: Schema, ignored: Collection[str], file: str) -> Fit:
        """Match a file without names. Error 0049 when it is not as wide as the schema."""
        if width != len(schema):
            raise unreadable(file, f"expected {len(schema)} columns ({', '.join(schema.names)}), got {width}.")
        return cls(schema, tuple(range(width)), file)

    def convert(self, data: pa.Table, first_row: int) -> pa.Table:
        """The demanded columns in their types; ``first_row`` (1-based) is where ``data`` stands in the file."""
        arrays = [
            self._column(column, data.column(position), first_row)
            for column, position in zip(self.schema, self.positions, strict=True)
        ]
        return pa.Table.from_arrays(arrays, names=list(self.schema.names))

    def _column(self, column: Column, cells: pa.ChunkedArray, first_row: int) -> pa.ChunkedArray:
        held = ARROW_TYPES[column.dtype]
        if cells.type == held:
            return cells
        if pa.types.is_large_string(cells.type):
            return self._parse(column, cells, first_row)
        try:
            return cells.cast(held)
        except pa.ArrowException as cause:
            raise unreadable(
                self.name, f"expected {column.dtype.value}, got {cells.type}.", column=column.name
            ) from cause

    def _parse(self, column: Column, cells: pa.ChunkedArray, first_row: int) -> pa.ChunkedArray:
        values = parsing.convert(cells, column.dtype)
        if values is None and column.dtype is DType.INTEGER:
            values = _whole(parsing.convert(cells, DType.DOUBLE))
        if values is None:
            values = self._parse_one_by_one(column, cells, first_row)
        return values if isinstance(values, pa.ChunkedArray) else pa.chunked_array([values])

    def _parse_one_by_one(self, column: Column, cells: pa.ChunkedArray, first_row: int) -> pa.Array:
        """What request-response accepts (1 for true, blanks for missing); slow, for columns with odd cells only."""
        parsed: list[Cell] = []
        for row, text in enumerate(cells.to_pylist(), start=first_row):
            try:
                parsed.append(None if text is None else convert(text, column.dtype))
            except ValueError as cause:
                got = f"expected {column.dtype.value}, got '{text[:80]}'."
                raise unreadable(self.name, got, row=row, column=column.name) from cause
        return pa.array(parsed, ARROW_TYPES[column.dtype])


def _whole(values: parsing.Texts | None) -> parsing.Texts | None:
    """Whole numbers written with a point (39.0), as programs write whole numbers of a column with missing cells."""
    if values is None:
        return None
    try:
        return pc.cast(values, ARROW_TYPES[DType.INTEGER])
    except pa.ArrowInvalid:
        return None
