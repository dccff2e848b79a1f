"""Data Transformation / Manipulation: Select Columns Transform (modules reference, 21)."""

from __future__ import annotations

from restudio.artifacts.values import Transform
from restudio.core.params import NoParams
from restudio.core.schema import Role
from restudio.core.spec import Port, PortKind, module, table_in
from restudio.kernels.expr import Frame
from restudio.modules.manipulation import CATEGORY
from restudio.seams.context import Context
from restudio.tables.table import Table

_ID = "select-columns-transform"


@module(
    id=_ID,
    name="Select Columns Transform",
    category=CATEGORY,
    inputs=(table_in("Dataset with desired columns"),),
    outputs=(Port("Columns selection transformation", PortKind.TRANSFORM),),
    family="aa517da1497843ed960ff26cf55bfa95",
    errors=("0003",),
)
def select_columns_transform(p: NoParams, dataset: Table, *, ctx: Context) -> Transform:
    """Remembers the columns of a dataset, usually after feature selection, so that **Apply Transformation** cuts other
    data to the same columns in the same order. Other columns are dropped and a missing one is an error; only the label
    may be absent, because data to score has none.

    Example:
      Dataset with desired columns: {age: [41], city: [Oslo]}
    """
    return Transform(_ID, dataset.schema.columns)


@select_columns_transform.applies
def _apply(transform: Transform, frame: Frame) -> Frame:
    present = frame.schema
    wanted = [c.name for c in transform.columns if c.name in present or c.role is not Role.LABEL]
    chosen = present.select(wanted)
    return Frame(tuple((column, frame.expr(column.name)) for column in chosen), frame.keep)
