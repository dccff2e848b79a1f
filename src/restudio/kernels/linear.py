"""Linear models: a weighted sum of scaled numbers and category indicators, then a link function."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from restudio.core.schema import DType, Level
from restudio.kernels.expr import Predictor, Vector
from restudio.kernels.functions import exponential, logistic, map_doubles
from restudio.kernels.levels import Levels
from restudio.kernels.scores import Scores
from restudio.kernels.vectors import NUMPY, as_doubles

Link = Literal["identity", "logistic", "softmax", "exp"]


@dataclass(frozen=True, slots=True)
class NumberTerm:
    """A numeric or Boolean feature: adds ``(x - shift) / divisor * weights[k]`` to sum ``k``.

    A missing cell leaves the row without a score. Min-max scaling is shift = min, divisor = max - min.
    """

    weights: tuple[float, ...]
    shift: float = 0.0
    divisor: float = 1.0


@dataclass(frozen=True, slots=True)
class LevelTerm:
    """A categorical feature: adds ``weights[k][code]`` to sum ``k``, the weight of the cell's level.

    ``unknown[k]`` is added for a cell that is none of the levels (nothing by default), ``missing[k]`` for a missing
    cell; without ``missing`` such a row has no score.
    """

    levels: tuple[Level, ...]
    dtype: DType
    weights: tuple[tuple[float, ...], ...]
    unknown: tuple[float, ...] | None = None
    missing: tuple[float, ...] | None = None


class LinearPredictor:
    """One sum per raw score value: ``intercepts[k]`` plus every term in order, then ``link``.

    ``terms[i]`` reads the i-th feature. ``len(intercepts)`` must be the ``width`` of ``scores``: one for two-class and
    regression models, the number of classes for ``softmax``. ``ValueError`` when shapes do not fit or a number is not
    finite.
    """

    def __init__(
        self,
        terms: Sequence[NumberTerm | LevelTerm],
        intercepts: Sequence[float],
        scores: Scores,
        link: Link = "identity",
    ) -> None:
        self._terms = tuple(terms)
        self._intercepts = tuple(float(b) for b in intercepts)
        self._scores = scores
        self._link = _ROW_LINKS[link]
        self._link_chunk = _CHUNK_LINKS[link]
        _ensure_consistent(self._terms, self._intercepts, scores.width)
        self._levels = tuple(Levels(t.levels, t.dtype) if isinstance(t, LevelTerm) else None for t in self._terms)
        self._sums = tuple(self._bind_sum(k) for k in range(len(self._intercepts)))
        self._tables = tuple(
            tuple(_weights_by_code(t, k) if isinstance(t, LevelTerm) else None for t in self._terms)
            for k in range(len(self._intercepts))
        )

    @property
    def outputs(self) -> tuple[DType, ...]:
        return self._scores.outputs

    def one(self, cells: Sequence[object]) -> tuple[object, ...]:
        return self._scores.one(self._link([total(cells) for total in self._sums]))

    def many(self, columns: Sequence[Vector], rows: int) -> tuple[Vector, ...]:
        sums = [np.full(rows, b) for b in self._intercepts]
        with np.errstate(invalid="ignore", over="ignore"):
            for i, (term, levels, column) in enumerate(zip(self._terms, self._levels, columns, strict=True)):
                if isinstance(term, NumberTerm):
                    _ensure_number(column)
                    scaled = as_doubles(column)
                    scaled -= term.shift
                    scaled /= term.divisor
                    for k, weight in enumerate(term.weights):
                        sums[k] += scaled * weight
                else:
                    assert levels is not None
                    codes = levels.codes_of(column)
                    for k, tables in enumerate(self._tables):
                        table = tables[i]
                        assert table is not None
                        sums[k] += table[codes]
            return self._scores.many(self._link_chunk(sums))

    def _bind_sum(self, k: int) -> Callable[[Sequence[object]], float]:
        """The k-th sum as one closure over plain tuples; runs of terms of one kind share a loop."""
        start = self._intercepts[k]
        steps = [
            _bind_number(term, k) if isinstance(term, NumberTerm) else _bind_level(term, levels, k)
            for term, levels in zip(self._terms, self._levels, strict=True)
        ]

        def total(cells: Sequence[object]) -> float:
            z = start
            for (shift, divisor, weight, get), cell in zip(steps, cells, strict=True):
                if get is not None:
                    z += get(cell, weight)
                elif cell is None:
                    return math.nan
                else:
                    z += (cell - shift) / divisor * weight  # type: ignore[operator]  # numeric by contract
            return z

        return total


_Step = tuple[float, float, float, Callable[[object, float], float] | None]


def _bind_number(term: NumberTerm, k: int) -> _Step:
    return float(term.shift), float(term.divisor), float(term.weights[k]), None


def _bind_level(term: LevelTerm, levels: Levels | None, k: int) -> _Step:
    """The look-up of a cell's weight. A missing cell is a key as well: NaN makes the whole sum NaN."""
    assert levels is not None
    table: dict[object, float] = {cell: float(term.weights[k][code]) for cell, code in levels.codes.items()}
    table[None] = math.nan if term.missing is None else float(term.missing[k])
    return 0.0, 1.0, 0.0 if term.unknown is None else float(term.unknown[k]), table.get


def _weights_by_code(term: LevelTerm, k: int) -> np.ndarray:
    missing = math.nan if term.missing is None else term.missing[k]
    unknown = 0.0 if term.unknown is None else term.unknown[k]
    return np.array([*term.weights[k], missing, unknown], np.float64)


def _ensure_number(column: Vector) -> None:
    if column.dtype not in NUMPY:
        raise ValueError(f"a numeric feature cannot be {column.dtype.value}")


def _ensure_consistent(terms: Sequence[NumberTerm | LevelTerm], intercepts: Sequence[float], width: int) -> None:
    if len(intercepts) != width:
        raise ValueError(f"{width} sums are needed, got {len(intercepts)} intercepts")
    numbers: list[float] = list(intercepts)
    for term in terms:
        if isinstance(term, NumberTerm):
            sizes_fit = len(term.weights) == width and term.divisor != 0.0
            numbers += [*term.weights, term.shift, term.divisor]
        else:
            extra = [e for e in (term.unknown, term.missing) if e is not None]
            sizes_fit = len(term.weights) == width and all(len(e) == width for e in extra)
            sizes_fit = sizes_fit and all(len(w) == len(term.levels) for w in term.weights)
            numbers += [w for row in (*term.weights, *extra) for w in row]
        if not sizes_fit:
            raise ValueError(f"the weights of a term do not fit {width} sums: {term!r}"[:200])
    if not all(map(math.isfinite, numbers)):
        raise ValueError("a weight is not finite")


def _softmax(sums: list[float]) -> list[float]:
    top = max(sums)
    if not math.isfinite(top) or any(map(math.isnan, sums)):
        return [math.nan] * len(sums)
    weights = [math.exp(z - top) for z in sums]
    total = 0.0
    for weight in weights:
        total += weight
    return [weight / total for weight in weights]


def _softmax_chunk(sums: list[np.ndarray]) -> list[np.ndarray]:
    top = sums[0].copy()
    for z in sums[1:]:
        np.maximum(top, z, out=top)  # NaN wins, as in the row form
    top[~np.isfinite(top)] = np.nan
    weights = [map_doubles(math.exp, z - top) for z in sums]
    total = np.zeros(len(top))
    for weight in weights:
        total += weight
    return [weight / total for weight in weights]


_ROW_LINKS: dict[Link, Callable[[list[float]], list[float]]] = {
    "identity": lambda sums: sums,
    "logistic": lambda sums: [logistic(z) for z in sums],
    "softmax": _softmax,
    "exp": lambda sums: [exponential(z) for z in sums],
}
_CHUNK_LINKS: dict[Link, Callable[[list[np.ndarray]], list[np.ndarray]]] = {
    "identity": lambda sums: sums,
    "logistic": lambda sums: [map_doubles(logistic, z) for z in sums],
    "softmax": _softmax_chunk,
    "exp": lambda sums: [map_doubles(exponential, z) for z in sums],
}

if TYPE_CHECKING:
    _: type[Predictor] = LinearPredictor
