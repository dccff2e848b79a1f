"""Data Format Conversions (modules reference, section 5.2)."""

from __future__ import annotations

from collections.abc import Callable

from restudio.core.params import NoParams
from restudio.core.schema import Column, Schema
from restudio.core.spec import Entry, module, table_in, table_out
from restudio.kernels.expr import Frame
from restudio.modules.symbolic import over
from restudio.seams.context import Context
from restudio.tables.table import Table


@module(
    id="convert-to-csv",
    name="Convert to CSV",
    category="Data Format Conversions",
    inputs=(table_in("Dataset"),),
    outputs=(table_out("Results dataset"),),
    family="faa6ba63383c4086ba587abf26b85814",
    errors=("0003",),
)
def convert_to_csv(p: NoParams, dataset: Table, *, ctx: Context) -> Table:
    """Gives the dataset as comma-separated text with a header row, for download or for other programs.

    What the text cannot say is gone from the result: categories, labels, weights and score columns are plain features.
    Values that hold commas, quotes or line breaks are quoted.

    Example:
      Dataset: {city: [Oslo, Rome]}
      Results dataset: {city: [Oslo, Rome]}
    """
    return over(dataset, _plain)


@convert_to_csv.lowers
def _lower(p: NoParams, dataset: Frame, *, entry: Callable[[str], Entry]) -> Frame:
    return _plain(dataset)


@convert_to_csv.tells_schema
def _schema(p: NoParams, dataset: Schema) -> Schema:
    return Schema.of(Column(c.name, c.dtype) for c in dataset)


def _plain(frame: Frame) -> Frame:
    return Frame(tuple((Column(c.name, c.dtype), expr) for c, expr in frame.columns), frame.keep)
