"""Data Transformation / Scale and Reduce: Group Data into Bins (modules reference, 26)."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from restudio.artifacts.values import Json, Transform
from restudio.core.errors import ModuleError
from restudio.core.params import boolean, choice, columns, integer, mode, real, text, when
from restudio.core.schema import Column, DType, Level, Schema
from restudio.core.selector import Selection
from restudio.core.spec import Entry, Port, PortKind, module, table_in, table_out
from restudio.kernels.expr import Call, CannotLower, Frame, Predict, Vector
from restudio.kernels.vectors import as_doubles, from_arrow
from restudio.modules.chosen_columns import chosen_columns, ensure_numeric
from restudio.modules.fitted_state import present_columns, reading
from restudio.modules.mdl import mdl_edges
from restudio.modules.placement import OUTPUT_MODES, Result, place
from restudio.modules.symbolic import over
from restudio.seams.context import Context
from restudio.tables.table import Table

_ID = "group-data-into-bins"
_COLUMNS = "Columns to bin"
_QUANTILES, _MDL, _WIDTH = "Quantiles", "Entropy MDL", "Equal Width"
_CUSTOM, _START_STOP = "Custom Edges", "Equal Width with Custom Start and Stop"
_EDGES = "Comma-separated list of bin edges"
_INDEX, _PERCENT, _SHARE = "QuantileIndex", "Percent", "PQuantile"
_MOST_BINS = 100_000
_MOST_CLASSES = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupIntoBinsParams:
    binning: str = mode("Binning mode", (_QUANTILES, _MDL, _WIDTH, _CUSTOM, _START_STOP))
    bins: int = integer("Number of bins", 10, ge=1, when=when("binning", _QUANTILES, _MDL, _WIDTH))
    normalization: str = choice(
        "Quantile normalization",
        (_PERCENT, _SHARE, _INDEX),
        _INDEX,
        when=when("binning", _QUANTILES),
        help="Bin numbers, or the same scaled to 0…100 or 0…1.",
    )
    edges: str = text(_EDGES, "", when=when("binning", _CUSTOM), help="Ascending numbers; n edges make n + 1 bins.")
    first: float = real("First edge position", 0.0, when=when("binning", _START_STOP))
    width: float = real("Bin width", 0.5, gt=0, when=when("binning", _START_STOP))
    last: float = real("Last edge position", 1.0, when=when("binning", _START_STOP))
    selection: Selection = columns(_COLUMNS, Selection.types("Numeric"), help="Numeric columns.")
    output: str = choice("Output mode", OUTPUT_MODES)
    categorical: bool = boolean("Tag columns as categorical", True, help="The bins are levels of a category.")


@module(
    id=_ID,
    name="Group Data into Bins",
    category="Data Transformation / Scale and Reduce",
    params=GroupIntoBinsParams,
    inputs=(table_in("Dataset"),),
    outputs=(table_out("Quantized dataset"), Port("Binning transformation", PortKind.TRANSFORM)),
    family="08550dd9c5d34538818896a9024ed92d",
    aliases=("Quantize Data", "Quantize"),
    errors=("0001", "0002", "0003", "0004", "0005", "0007", "0011", "0014", "0017", "0019", "0021", "0024", "0075"),
)
def group_data_into_bins(p: GroupIntoBinsParams, dataset: Table, *, ctx: Context) -> tuple[Table, Transform]:
    """Replaces numbers by the number of the bin that they fall in: 1 below the first edge, one more for every edge that
    is not above the number. Edges are quantiles of each column, equal steps between its ends, given ones, or
    (**Entropy MDL**) those that tell most about the label. Missing cells and NaN stay missing. The transformation sorts
    other data into the same bins.

    Example:
      parameters: {Binning mode: Custom Edges, Comma-separated list of bin edges: "18, 65"}
      Dataset: {age: [12, 41, 70]}
      Quantized dataset: {age: [12, 41, 70], age_quantized: [1, 2, 3]}
    """
    chosen = _chosen(p, dataset.schema)
    if not dataset.num_rows:
        raise ModuleError("0021", "The dataset has no rows to find bins in.")
    given = _given_edges(p)
    edges = _learned_edges(p, dataset, chosen) if given is None else [given] * len(chosen)
    transform = _transform(p, chosen, edges)
    return over(dataset, lambda frame: _apply(transform, frame)), transform


@group_data_into_bins.lowers
def _lower(p: GroupIntoBinsParams, frame: Frame, *, entry: Callable[[str], Entry]) -> tuple[Frame, Transform]:
    given = _given_edges(p)
    if given is None:
        raise CannotLower("Group Data into Bins learns the edges from the data; use its saved transformation instead")
    chosen = _chosen(p, frame.schema)
    transform = _transform(p, chosen, [given] * len(chosen))
    return _apply(transform, frame), transform


@group_data_into_bins.tells_schema
def _schemas(p: GroupIntoBinsParams, dataset: Schema) -> tuple[Schema, None]:
    """Levels of the bins are known by running only; they are those of one bin here."""
    chosen = _chosen(p, dataset)
    transform = _transform(p, chosen, [np.empty(0)] * len(chosen))
    return _apply(transform, Frame.input("input", dataset)).schema, None


def _chosen(p: GroupIntoBinsParams, schema: Schema) -> list[Column]:
    chosen = chosen_columns(p.selection, schema, _COLUMNS)
    for column in chosen:
        ensure_numeric(column, parameter=_COLUMNS)
    return chosen


def _given_edges(p: GroupIntoBinsParams) -> np.ndarray | None:
    """The edges that the parameters tell; None when they are learned."""
    if p.binning == _CUSTOM:
        return _read_edges(p.edges)
    if p.binning != _START_STOP:
        return None
    if p.last < p.first:
        raise ModuleError("0007", "The first edge must be at most the last one.", parameter="First edge position")
    # A step that falls short of the last edge by rounding alone is still one.
    steps = np.floor((p.last - p.first) / p.width * (1 + 1e-12))
    if steps >= _MOST_BINS:
        raise ModuleError("0075", f"There would be {steps + 2:.0f} bins; at most {_MOST_BINS} are supported.")
    edges: np.ndarray = p.first + np.arange(steps + 1) * p.width
    return edges


def _read_edges(listed: str) -> np.ndarray:
    parts = [part.strip() for part in listed.split(",") if part.strip()]
    if not parts:
        raise ModuleError("0003", "No bin edges are given.", parameter=_EDGES)
    try:
        edges = np.array([float(part) for part in parts])
    except ValueError as cause:
        raise ModuleError(
            "0002", f"'{listed[:80]}' is no list of numbers such as '1, 2.5, 10'.", parameter=_EDGES
        ) from cause
    if not np.isfinite(edges).all():
        raise ModuleError("0002", "Bin edges must be finite numbers.", parameter=_EDGES)
    if (np.diff(edges) <= 0).any():
        raise ModuleError("0019", "The bin edges must be in ascending order, each once.", parameter=_EDGES)
    return edges


def _learned_edges(p: GroupIntoBinsParams, dataset: Table, chosen: Sequence[Column]) -> list[np.ndarray]:
    if p.binning == _MDL:
        label = dataset.schema.label()
        if label is None:
            raise ModuleError("0024", "Entropy MDL needs a label column; mark one with Edit Metadata.")
        classes = dataset.column(label.name)
        if pc.count_distinct(classes).as_py() > _MOST_CLASSES:
            raise ModuleError("0014", f"The label has more than {_MOST_CLASSES} distinct values.", column=label.name)
        return [mdl_edges(_numbers(dataset, column), classes, p.bins) for column in chosen]
    learn = _quantile_edges if p.binning == _QUANTILES else _equal_width_edges
    found = [_numbers(dataset, column) for column in chosen]
    return [learn(cells[np.isfinite(cells)], p.bins) for cells in found]


def _numbers(dataset: Table, column: Column) -> np.ndarray:
    return as_doubles(from_arrow(dataset.column(column.name), column.dtype))


def _quantile_edges(values: np.ndarray, bins: int) -> np.ndarray:
    if not len(values):
        return values
    return np.unique(np.quantile(values, np.arange(1, bins) / bins))


def _equal_width_edges(values: np.ndarray, bins: int) -> np.ndarray:
    if not len(values) or values.min() == values.max():
        return np.empty(0)
    inner = np.arange(1, bins) / bins
    # Weighted ends: their difference may overflow.
    return np.unique(values.min() * (1 - inner) + values.max() * inner)


def _transform(p: GroupIntoBinsParams, chosen: Sequence[Column], edges: Sequence[np.ndarray]) -> Transform:
    settings: dict[str, Json] = {"output": p.output, "values": p.normalization, "categorical": p.categorical}
    ends = np.cumsum([len(e) for e in edges], dtype=np.int64)
    return Transform(_ID, tuple(chosen), settings, {"edges": np.concatenate([np.empty(0), *edges]), "ends": ends})


@group_data_into_bins.applies
def _apply(transform: Transform, frame: Frame) -> Frame:
    results: list[Result] = []
    with reading(_ID):
        values, categorical = str(transform.settings["values"]), bool(transform.settings["categorical"])
        ends = [0, *transform.arrays["ends"].tolist()]
        output = str(transform.settings["output"])
        for position, column in present_columns(transform, frame):
            edges = transform.arrays["edges"][ends[position] : ends[position + 1]].tolist()
            kernel = Bins(edges, _VALUES[values](len(edges) + 1))
            made = Column(f"{column.name}_quantized", kernel.outputs[0], kernel.levels if categorical else None)
            results.append((column.name, made, Predict(Call(kernel, (frame.expr(column.name),)), 0)))
        return place(frame, results, output)


class Bins:
    """The value of the bin of a number; missing and NaN cells stay missing. ``values`` has one more than ``edges``."""

    def __init__(self, edges: Sequence[float], values: Sequence[Level]) -> None:
        if list(edges) != sorted(edges):
            raise ValueError("bin edges must be in ascending order")
        self._edges = list(edges)
        self.levels = tuple(values)
        self.outputs: tuple[DType, ...] = (DType.INTEGER if isinstance(values[0], int) else DType.DOUBLE,)

    def one(self, cells: Sequence[object]) -> tuple[object, ...]:
        cell = cells[0]
        if cell is None or cell != cell:  # noqa: PLR0124  NaN is in no bin
            return (None,)
        return (self.levels[bisect.bisect_right(self._edges, float(cell))],)  # type: ignore[arg-type]  # a number

    def many(self, columns: Sequence[Vector], rows: int) -> tuple[Vector, ...]:
        cells = as_doubles(columns[0])
        found = np.searchsorted(self._edges, cells, side="right")
        missing = np.isnan(cells)
        return (Vector(self.outputs[0], np.array(self.levels)[found], missing if missing.any() else None),)


def _shares(bins: int, whole: float) -> list[float]:
    return [whole * i / max(bins - 1, 1) for i in range(bins)]


_VALUES: Mapping[str, Callable[[int], Sequence[Level]]] = {
    _INDEX: lambda bins: range(1, bins + 1),
    _PERCENT: lambda bins: _shares(bins, 100.0),
    _SHARE: lambda bins: _shares(bins, 1.0),
}
