"""What a table shows of itself at a port: counts, moments and a picture of every column, as small JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from restudio.core.schema import Column, DType
from restudio.tables import parsing
from restudio.tables.table import Table

BINS = 10
TOP = 10
MAX_COLUMNS = 1000
"""Columns beyond are left out; the answer says how many there are."""

_PERCENTS = (1, 5, 25, 50, 75, 95, 99)
_REACH = 1.5

Summary = dict[str, object]


def describe(table: Table) -> Summary:
    """``rows``, ``columns`` (the number), and ``features``: a summary of each of the first columns.

    Numeric columns (Boolean excluded) have ``min``, ``max``, ``mean``, ``median``, ``std`` (of a sample), ``quantiles``
    by percent, a ``histogram`` of ``counts`` between ``edges`` and a ``box`` plot; all others have the ``top`` values
    with their counts. Dates and time spans have ``min`` and ``max`` as text. NaN and infinite cells are counted as
    ``special``, not summed.
    """
    shown = list(zip(table.schema, table.data.columns, strict=True))[:MAX_COLUMNS]
    return {
        "rows": table.num_rows,
        "columns": len(table.schema),
        "features": [describe_column(column, cells) for column, cells in shown],
    }


def describe_column(column: Column, cells: pa.ChunkedArray) -> Summary:
    """The summary of one column; see :func:`describe`."""
    summary: Summary = {
        "name": column.name,
        "type": column.dtype.value,
        "categorical": column.is_categorical,
        "role": column.role.value,
        "count": len(cells) - cells.null_count,
        "missing": cells.null_count,
        "unique": pc.count_distinct(cells, mode="only_valid").as_py(),
    }
    if column.is_numeric:
        return summary | _numeric(cells)
    if column.dtype in (DType.DATETIME, DType.TIMESPAN):
        summary |= _ends(parsing.to_text(_extremes(cells), column.dtype).to_pylist())
    return summary | {"top": _top(cells, column.dtype)}


def _numeric(cells: pa.ChunkedArray) -> Summary:
    numbers = cells.drop_null().to_numpy().astype(np.float64)
    finite = numbers[np.isfinite(numbers)]
    summary: Summary = {"special": len(numbers) - len(finite)}
    if not len(finite):
        nothing = ("min", "max", "mean", "median", "std", "quantiles", "histogram", "box")
        return summary | dict.fromkeys(nothing)
    finite.sort()
    with np.errstate(over="ignore", invalid="ignore"):
        moments = {"mean": float(finite.mean()), "median": float(np.median(finite))}
        moments["std"] = float(finite.std(ddof=1)) if len(finite) > 1 else math.nan
    plain = {name: value if math.isfinite(value) else None for name, value in moments.items()}
    pictures = {"quantiles": _quantiles(finite), "histogram": _histogram(finite), "box": _box(finite)}
    return summary | _ends([float(finite[0]), float(finite[-1])]) | plain | pictures


def _quantiles(ordered: np.ndarray) -> Mapping[str, float]:
    """The least cells that so many percent of all are not above; cells that are there, so that nothing overflows."""
    places = [max(math.ceil(len(ordered) * percent / 100) - 1, 0) for percent in _PERCENTS]
    return {str(percent): float(ordered[at]) for percent, at in zip(_PERCENTS, places, strict=True)}


def _box(ordered: np.ndarray) -> Summary:
    """Quartiles; the ends of the whiskers, which are the outermost cells within 1.5 times their distance; and how many
    cells lie beyond."""
    quantiles = _quantiles(ordered)
    low, high = quantiles["25"], quantiles["75"]
    with np.errstate(over="ignore"):
        reach = _REACH * (np.float64(high) - low)
        inside = ordered[(ordered >= low - reach) & (ordered <= high + reach)]
    return {
        "low": float(inside[0]),
        "q1": low,
        "median": quantiles["50"],
        "q3": high,
        "high": float(inside[-1]),
        "outliers": len(ordered) - len(inside),
    }


def _histogram(finite: np.ndarray) -> Mapping[str, object] | None:
    if not math.isfinite(float(finite.max()) - float(finite.min())):
        return None
    try:
        counts, edges = np.histogram(finite, bins=BINS)
    except ValueError:
        # Neighbouring doubles leave no room for bins.
        return None
    return {"counts": counts.tolist(), "edges": edges.tolist()}


def _extremes(cells: pa.ChunkedArray) -> pa.Array:
    # Arrow compares durations only as numbers.
    ends = pc.min_max(cells.cast(pa.int64()))
    return pa.array([ends["min"].as_py(), ends["max"].as_py()], pa.int64()).cast(cells.type)


def _ends(values: list[object]) -> Summary:
    return {"min": values[0], "max": values[1]}


def _top(cells: pa.ChunkedArray, dtype: DType) -> list[Mapping[str, object]]:
    """The most frequent values, ties in alphabetical order."""
    counted = pa.table({"cell": cells.drop_null()}).group_by("cell").aggregate([("cell", "count")])
    best = counted.sort_by([("cell_count", "descending"), ("cell", "ascending")]).slice(0, TOP)
    texts = parsing.to_text(best["cell"], dtype).to_pylist()
    return [{"value": v, "count": n} for v, n in zip(texts, best["cell_count"].to_pylist(), strict=True)]
