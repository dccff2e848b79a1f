"""Data Format Conversions to text formats besides CSV (modules reference, 6, 9 and 10)."""

from __future__ import annotations

from collections.abc import Callable

from restudio.core.params import NoParams
from restudio.core.schema import Column, DType, Role, Schema
from restudio.core.spec import Entry, module, table_in, table_out
from restudio.kernels.expr import Convert, Frame
from restudio.modules.symbolic import over
from restudio.seams.context import Context
from restudio.tables.table import Table

_CATEGORY = "Data Format Conversions"
EntryOf = Callable[[str], Entry]


@module(
    id="convert-to-tsv",
    name="Convert to TSV",
    category=_CATEGORY,
    inputs=(table_in("Dataset"),),
    outputs=(table_out("Results dataset"),),
    family="1cdbcda42ece49088b87e6b636258d3d",
    errors=("0003",),
)
def convert_to_tsv(p: NoParams, dataset: Table, *, ctx: Context) -> Table:
    """Gives the dataset as tab-separated text says it, for download or for other programs: categories, labels, weights
    and score columns are plain features.

    Example:
      Dataset: {city: [Oslo, Rome]}
      Results dataset: {city: [Oslo, Rome]}
    """
    return over(dataset, lambda frame: _plain(frame, levels=False))


@convert_to_tsv.lowers
def _lower_tsv(p: NoParams, dataset: Frame, *, entry: EntryOf) -> Frame:
    return _plain(dataset, levels=False)


@convert_to_tsv.tells_schema
def _tsv_schema(p: NoParams, dataset: Schema) -> Schema:
    return _plain(Frame.input("input", dataset), levels=False).schema


@module(
    id="convert-to-arff",
    name="Convert to ARFF",
    category=_CATEGORY,
    inputs=(table_in("Dataset"),),
    outputs=(table_out("Results dataset"),),
    errors=("0003",),
)
def convert_to_arff(p: NoParams, dataset: Table, *, ctx: Context) -> Table:
    """Gives the dataset as Weka's ARFF says it: categorical columns are nominal attributes, but labels, weights and
    score columns are plain features.

    Example:
      Dataset: {city: [Oslo, Rome]}
      Results dataset: {city: [Oslo, Rome]}
    """
    return over(dataset, lambda frame: _plain(frame, levels=True))


@convert_to_arff.lowers
def _lower_arff(p: NoParams, dataset: Frame, *, entry: EntryOf) -> Frame:
    return _plain(dataset, levels=True)


@convert_to_arff.tells_schema
def _arff_schema(p: NoParams, dataset: Schema) -> Schema:
    return _plain(Frame.input("input", dataset), levels=True).schema


def _plain(frame: Frame, *, levels: bool) -> Frame:
    """The columns without roles, and without levels where the format has none."""
    return Frame(
        tuple((Column(c.name, c.dtype, c.categories if levels else None), expr) for c, expr in frame.columns),
        frame.keep,
    )


@module(
    id="convert-to-svmlight",
    name="Convert to SVMLight",
    category=_CATEGORY,
    inputs=(table_in("Dataset"),),
    outputs=(table_out("Results dataset"),),
    errors=("0003",),
)
def convert_to_svmlight(p: NoParams, dataset: Table, *, ctx: Context) -> Table:
    """Gives the numbers of the dataset as SVMlight says them: the label first, then the other numeric columns, all
    Double. Columns of other types are left out; turn them into numbers before.

    Example:
      Dataset: {city: [Oslo, Rome], age: [41, 32]}
      Results dataset: {age: [41.0, 32.0]}
    """
    return over(dataset, _numbers)


@convert_to_svmlight.lowers
def _lower_svmlight(p: NoParams, dataset: Frame, *, entry: EntryOf) -> Frame:
    return _numbers(dataset)


@convert_to_svmlight.tells_schema
def _svmlight_schema(p: NoParams, dataset: Schema) -> Schema:
    return _numbers(Frame.input("input", dataset)).schema


def _numbers(frame: Frame) -> Frame:
    kept = [(column, expr) for column, expr in frame.columns if column.dtype.is_number]
    kept.sort(key=lambda pair: pair[0].role is not Role.LABEL)
    return Frame(
        tuple(
            (
                Column(c.name, DType.DOUBLE, role=Role.LABEL if c.role is Role.LABEL else Role.FEATURE),
                Convert(e, DType.DOUBLE),
            )
            for c, e in kept
        ),
        frame.keep,
    )
