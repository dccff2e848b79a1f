"""Table: Arrow columns with Studio metadata. Immutable; every operation gives a new one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from restudio.core.parallel import map_columns
from restudio.core.schema import Column, DType, Schema

if TYPE_CHECKING:
    import polars as pl

ARROW_TYPES: Mapping[DType, pa.DataType] = {
    DType.STRING: pa.large_string(),
    DType.INTEGER: pa.int64(),
    DType.DOUBLE: pa.float64(),
    DType.BOOLEAN: pa.bool_(),
    DType.DATETIME: pa.timestamp("us"),
    DType.TIMESPAN: pa.duration("us"),
}
"""How each element type is held. Categorical columns hold plain values; their levels stand in the schema."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """``schema`` and ``data`` have the same names in the same order, with the types of :data:`ARROW_TYPES`.

    Missing cells are Arrow nulls; NaN in a Double column is a value, not a missing cell.
    """

    schema: Schema
    data: pa.Table

    def __post_init__(self) -> None:
        if tuple(self.data.column_names) != self.schema.names:
            raise ValueError(f"schema names {self.schema.names} differ from data names {self.data.column_names}")
        for column, field in zip(self.schema, self.data.schema, strict=True):
            if field.type != ARROW_TYPES[column.dtype]:
                raise ValueError(f"column {column.name!r} is {column.dtype} but holds {field.type}")

    @classmethod
    def from_arrow(cls, data: pa.Table, schema: Schema | None = None) -> Table:
        """Wrap Arrow data, converting to the held types; without a schema the columns are plain features.

        Arrow dictionary columns become categorical with the dictionary's levels.
        """
        columns: list[Column] = []
        arrays: list[pa.ChunkedArray] = []
        for name, array in zip(data.column_names, data.columns, strict=True):
            column = schema[name] if schema is not None else _describe(name, array)
            plain = array.cast(array.type.value_type) if pa.types.is_dictionary(array.type) else array
            columns.append(column)
            arrays.append(plain.cast(ARROW_TYPES[column.dtype]))
        names = [c.name for c in columns]
        return cls(Schema.of(columns), pa.table(dict(zip(names, arrays, strict=True))) if names else pa.table({}))

    @classmethod
    def from_columns(cls, values: Mapping[str, Sequence[object]], schema: Schema | None = None) -> Table:
        """Build a table from Python sequences; None is a missing cell."""
        if schema is None:
            return cls.from_arrow(pa.table({name: pa.array(list(cells)) for name, cells in values.items()}))
        arrays = {c.name: pa.array(list(values[c.name]), ARROW_TYPES[c.dtype]) for c in schema}
        return cls(schema, pa.table(arrays))

    @classmethod
    def from_polars(cls, frame: pl.DataFrame, schema: Schema | None = None) -> Table:
        return cls.from_arrow(frame.to_arrow(), schema)

    def to_polars(self) -> pl.DataFrame:
        """The same data as a Polars frame (no copy where Polars can share memory)."""
        import polars as pl

        frame = pl.from_arrow(self.data)
        assert isinstance(frame, pl.DataFrame)
        return frame

    @property
    def num_rows(self) -> int:
        return int(self.data.num_rows)

    @property
    def names(self) -> tuple[str, ...]:
        return self.schema.names

    def column(self, name: str) -> pa.ChunkedArray:
        """Values of a column; error 0001 when it is missing."""
        return self.data.column(self.schema.index(name))

    def select(self, names: Sequence[str]) -> Table:
        """These columns in this order, metadata kept."""
        indices = [self.schema.index(name) for name in names]
        return Table(Schema(tuple(self.schema.columns[i] for i in indices)), self.data.select(indices))

    def with_columns(self, added: Mapping[Column, pa.ChunkedArray | pa.Array]) -> Table:
        """Replace columns of the same name in place and append new ones at the right."""
        columns = list(self.schema.columns)
        arrays = list(self.data.columns)
        for column, values in added.items():
            held = values.cast(ARROW_TYPES[column.dtype])
            if column.name in self.schema:
                at = self.schema.index(column.name)
                columns[at], arrays[at] = column, held
            else:
                columns.append(column)
                arrays.append(held)
        schema = Schema.of(columns)
        return Table(schema, pa.Table.from_arrays(arrays, names=list(schema.names)))

    def with_schema(self, schema: Schema) -> Table:
        """The same values under other metadata (names may change, element types may not)."""
        return Table(schema, self.data.rename_columns(list(schema.names)))

    def take(self, rows: pa.Array) -> Table:
        """Rows by zero-based index; a missing index gives a row of missing cells."""
        return Table(self.schema, map_columns(self.data, lambda column: column.take(rows)))

    def filter(self, mask: pa.Array | pa.ChunkedArray) -> Table:
        """Rows where the mask is true."""
        return Table(self.schema, map_columns(self.data, lambda column: column.filter(mask)))

    def slice(self, offset: int, length: int | None = None) -> Table:
        return Table(self.schema, self.data.slice(offset, length))

    def equals(self, other: Table) -> bool:
        """Same metadata and same values (NaN equals NaN)."""
        if self.schema != other.schema or self.num_rows != other.num_rows:
            return False
        # repr makes NaN equal to itself and tells -0.0 from 0.0.
        return all(
            repr(a.to_pylist()) == repr(b.to_pylist())
            for a, b in zip(self.data.columns, other.data.columns, strict=True)
        )


def _describe(name: str, array: pa.ChunkedArray) -> Column:
    held = array.type
    categories = None
    if pa.types.is_dictionary(held):
        unified = array.unify_dictionaries()
        levels = unified.chunk(0).dictionary.to_pylist() if unified.num_chunks else []
        categories = tuple(v for v in levels if v is not None)
        held = held.value_type
    return Column(name, _dtype_of(name, held), categories)


def _dtype_of(name: str, held: pa.DataType) -> DType:
    if pa.types.is_boolean(held):
        return DType.BOOLEAN
    if pa.types.is_integer(held):
        return DType.INTEGER
    if pa.types.is_floating(held) or pa.types.is_decimal(held):
        return DType.DOUBLE
    if pa.types.is_timestamp(held) or pa.types.is_date(held):
        return DType.DATETIME
    if pa.types.is_duration(held) or pa.types.is_time(held):
        return DType.TIMESPAN
    if pa.types.is_string(held) or pa.types.is_large_string(held) or pa.types.is_null(held) or _is_view(held):
        return DType.STRING
    raise TypeError(f"column {name!r} holds {held}, which is not an element type of tables")


def _is_view(held: pa.DataType) -> bool:
    return bool(pa.types.is_string_view(held))
