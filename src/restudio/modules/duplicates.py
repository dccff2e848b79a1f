"""Data Transformation / Manipulation: Remove Duplicate Rows (modules reference, 19)."""

from __future__ import annotations

from dataclasses import dataclass

from restudio.core.params import boolean, columns
from restudio.core.schema import Schema
from restudio.core.selector import Selection
from restudio.core.spec import module, table_in, table_out
from restudio.modules.chosen_columns import chosen_columns
from restudio.modules.manipulation import CATEGORY
from restudio.seams.context import Context
from restudio.tables.table import Table

_KEYS = "Key column selection filter expression"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveDuplicateRowsParams:
    keys: Selection = columns(_KEYS, help="Rows that are equal in these columns are duplicates.")
    first: bool = boolean("Retain first duplicate row", True, help="Off: keep the last one.")


@module(
    id="remove-duplicate-rows",
    name="Remove Duplicate Rows",
    category=CATEGORY,
    params=RemoveDuplicateRowsParams,
    inputs=(table_in("Dataset"),),
    outputs=(table_out("Results dataset"),),
    family="02016f47e4c34a069ae516c747389e34",
    errors=("0001", "0003", "0020"),
)
def remove_duplicate_rows(p: RemoveDuplicateRowsParams, dataset: Table, *, ctx: Context) -> Table:
    """Keeps one of the rows that are equal in the key columns, the first or the last. Missing cells are equal to each
    other; the rows that stay keep their order.

    Example:
      parameters: {Key column selection filter expression: name}
      Dataset: {name: [Ann, Bob, Ann], age: [41, 32, 42]}
      Results dataset: {name: [Ann, Bob], age: [41, 32]}
    """
    import polars as pl

    keys = [column.name for column in chosen_columns(p.keys, dataset.schema, _KEYS, none="0020")]
    cells = dataset.select(keys).to_polars().rename({name: f"k{at}" for at, name in enumerate(keys)})
    numbered = cells.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("row"))
    kept = numbered.unique(subset=cells.columns, keep="first" if p.first else "last", maintain_order=True)
    return dataset.take(kept["row"].sort().to_arrow())


@remove_duplicate_rows.tells_schema
def _schema(p: RemoveDuplicateRowsParams, dataset: Schema) -> Schema:
    chosen_columns(p.keys, dataset, _KEYS, none="0020")
    return dataset
