"""Missing cells told from the other cells of their row: by chained regressions, or by a Gaussian of low rank.

Both work on the *design* of a row: a standardised number for each numeric or Boolean column, an indicator for each
level. What a row does not know (a missing cell, NaN, an unseen level) starts at the average, which is 0. Sums run in
the order of the design, so that a row gives the same alone as in a chunk, to the last bit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from restudio.core.schema import Column, DType
from restudio.kernels.dense import weighted_sums
from restudio.kernels.expr import Predictor, Vector
from restudio.kernels.levels import Levels
from restudio.kernels.vectors import ARROW, NUMPY, as_doubles, from_arrow, missing_mask

_BLOCK = 1024
"""Rows that are completed together: bounds the memory for a system of equations a row."""


@dataclass(frozen=True, slots=True, eq=False)
class Axes:
    """How the numbers of a design stand for cells: ``(x - shift) / divisor``, within what was seen (``low``, ``high``).

    ``ValueError`` when the arrays do not fit each other or a number is not finite.
    """

    shift: np.ndarray
    divisor: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def __post_init__(self) -> None:
        parts = (self.shift, self.divisor, self.low, self.high)
        if any(part.shape != (len(self.shift),) or not np.isfinite(part).all() for part in parts):
            raise ValueError("the axes of a design must be equally many finite numbers")
        if not (self.divisor > 0).all() or not (self.low <= self.high).all():
            raise ValueError("an axis of a design has no extent")

    def __len__(self) -> int:
        return len(self.shift)

    def standardised(self, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Design numbers, 0 where ``raw`` has no finite number; and where that is."""
        with np.errstate(invalid="ignore", over="ignore"):
            values = (raw - self.shift) / self.divisor
        unknown = ~np.isfinite(values)
        values[unknown] = 0.0
        return self.clipped(values), unknown

    def clipped(self, values: np.ndarray, block: slice = slice(None)) -> np.ndarray:
        clipped: np.ndarray = np.clip(values, self.low[block], self.high[block])
        return clipped


class Rule(Protocol):
    """Completes design rows."""

    def complete(self, values: np.ndarray, unknown: np.ndarray) -> None:
        """Replace the ``unknown`` numbers of ``values`` in place."""


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """Rounds of linear regressions, one after the other in ``order``: each tells the numbers of a block of the design
    (a column) from all others as they are by then. ``weights`` is rounds x design x design, ``intercepts`` rounds x
    design."""

    axes: Axes
    blocks: tuple[slice, ...]
    order: tuple[int, ...]
    weights: np.ndarray
    intercepts: np.ndarray

    def __post_init__(self) -> None:
        size = len(self.axes)
        rounds = len(self.intercepts)
        if self.weights.shape != (rounds, size, size) or self.intercepts.shape != (rounds, size):
            raise ValueError("the regressions of a chain do not fit its design")
        if not (np.isfinite(self.weights).all() and np.isfinite(self.intercepts).all()):
            raise ValueError("a weight is not finite")
        if not set(self.order) <= set(range(len(self.blocks))):
            raise ValueError("a chain names a column that it has not")

    def complete(self, values: np.ndarray, unknown: np.ndarray) -> None:
        lacking = [(self.blocks[c], np.flatnonzero(unknown[:, self.blocks[c].start])) for c in self.order]
        for weights, intercepts in zip(self.weights, self.intercepts, strict=True):
            for block, rows in lacking:
                if len(rows):
                    told = weighted_sums(values[rows], weights[:, block]) + intercepts[block]
                    values[rows, block] = self.axes.clipped(told, block)


@dataclass(frozen=True, slots=True, eq=False)
class Subspace:
    """A Gaussian ``mean + loadings z + noise``: unknown numbers are the expectation given the known ones.

    ``loadings`` has a row for each number of the design, ``variance`` is that of the noise.
    """

    axes: Axes
    mean: np.ndarray
    loadings: np.ndarray
    variance: float

    def __post_init__(self) -> None:
        size = len(self.axes)
        if self.mean.shape != (size,) or self.loadings.ndim != 2 or len(self.loadings) != size:
            raise ValueError("the loadings of a subspace do not fit its design")
        if not (np.isfinite(self.mean).all() and np.isfinite(self.loadings).all() and self.variance > 0):
            raise ValueError("a loading is not finite")

    def complete(self, values: np.ndarray, unknown: np.ndarray) -> None:
        for start in range(0, len(values), _BLOCK):
            block = slice(start, start + _BLOCK)
            part, lacks = values[block], unknown[block]
            told = self.mean + weighted_sums(self._latent(part, ~lacks), np.ascontiguousarray(self.loadings.T))
            part[lacks] = self.axes.clipped(told)[lacks]

    def _latent(self, values: np.ndarray, known: np.ndarray) -> np.ndarray:
        """Expected positions in the subspace: of each row, the solution of its own small system."""
        width = self.loadings.shape[1]
        system = np.zeros((len(values), width, width)) + self.variance * np.eye(width)
        right = np.zeros((len(values), width))
        for i, loading in enumerate(self.loadings):
            here = known[:, i, None]
            right += np.where(here, (values[:, i, None] - self.mean[i]) * loading, 0.0)
            system += np.where(here[:, None], np.multiply.outer(loading, loading), 0.0)
        return _solved(system, right)


def _solved(system: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solutions of stacked positive definite systems, by elimination over all of them at once; uses its arguments up.
    A library's solver may round differently with the position of a system in memory."""
    width = right.shape[1]
    for j in range(width):
        factor = system[:, j + 1 :, j] / system[:, j, j, None]
        system[:, j + 1 :, j + 1 :] -= factor[:, :, None] * system[:, j, None, j + 1 :]
        right[:, j + 1 :] -= factor * right[:, j, None]
    for j in reversed(range(width)):
        right[:, j] /= system[:, j, j]
        right[:, :j] -= system[:, :j, j] * right[:, j, None]
    return right


def blocks_of(columns: Sequence[Column]) -> tuple[slice, ...]:
    """The place of each column in the design."""
    widths = [1 if column.categories is None else len(column.categories) for column in columns]
    ends = np.cumsum(widths).tolist()
    return tuple(slice(end - width, end) for end, width in zip(ends, widths, strict=True))


class Encoder:
    """Cells of ``columns`` (number, Boolean or with categories) as raw design numbers, NaN where nothing is known."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self.blocks = blocks_of(columns)
        self.width = self.blocks[-1].stop if self.blocks else 0
        self._levels = [None if c.categories is None else Levels(c.categories, c.dtype) for c in columns]
        for column in columns:
            if column.dtype not in NUMPY and column.categories is None:
                raise ValueError(f"column '{column.name}' of {column.dtype.value} cannot be part of a design")
        self._tables = [
            None if levels is None else np.concatenate([np.eye(len(levels)), np.full((2, len(levels)), np.nan)])
            for levels in self._levels
        ]

    def one(self, cells: Sequence[object]) -> np.ndarray:
        raw = np.full((1, self.width), np.nan)
        for block, levels, cell in zip(self.blocks, self._levels, cells, strict=True):
            if cell is None:
                continue
            if levels is None:
                raw[0, block.start] = cell
                continue
            code = levels.codes.get(cell)  # type: ignore[call-overload]  # a cell of the column's type by contract
            if code is not None:
                raw[0, block] = 0.0
                raw[0, block.start + code] = 1.0
        return raw

    def many(self, columns: Sequence[Vector], rows: int) -> np.ndarray:
        raw = np.empty((rows, self.width))
        for block, levels, table, column in zip(self.blocks, self._levels, self._tables, columns, strict=True):
            if levels is None or table is None:
                raw[:, block.start] = as_doubles(column)
            else:
                raw[:, block] = table[levels.codes_of(column)]
        return raw


@dataclass(frozen=True, slots=True)
class Target:
    """A column whose missing cells are told: its position in the design's columns, and the type of its result."""

    position: int
    dtype: DType


class Completion:
    """The targets with their missing cells told by ``rule`` from all cells of the row; other cells stay as they are.

    Reads one cell for every column of the design. ``ValueError`` when axes and columns do not fit.
    """

    def __init__(self, columns: Sequence[Column], axes: Axes, rule: Rule, targets: Sequence[Target]) -> None:
        self._encoder = Encoder(columns)
        if self._encoder.width != len(axes):
            raise ValueError(f"{len(axes)} axes do not fit a design of {self._encoder.width} numbers")
        self._axes = axes
        self._rule = rule
        self._targets = tuple(targets)
        self._levels = [None if c.categories is None else pa.array(c.categories, ARROW[c.dtype]) for c in columns]

    @property
    def outputs(self) -> tuple[DType, ...]:
        return tuple(target.dtype for target in self._targets)

    def one(self, cells: Sequence[object]) -> tuple[object, ...]:
        if all(cells[target.position] is not None for target in self._targets):
            return tuple(cells[target.position] for target in self._targets)
        design = self._completed(self._encoder.one(cells))
        told = [
            cells[t.position] if cells[t.position] is not None else self._told(t, design)[0].as_py()
            for t in self._targets
        ]
        return tuple(told)

    def many(self, columns: Sequence[Vector], rows: int) -> tuple[Vector, ...]:
        missing = [missing_mask(columns[target.position]) for target in self._targets]
        present = [mask for mask in missing if mask is not None]
        if not present:
            return tuple(columns[target.position] for target in self._targets)
        lacking = np.flatnonzero(np.logical_or.reduce(present))
        design = self._completed(self._encoder.many([_taken(column, lacking) for column in columns], len(lacking)))
        return tuple(
            columns[target.position]
            if mask is None
            else self._filled(columns[target.position], mask, self._told(target, design[mask[lacking]]))
            for target, mask in zip(self._targets, missing, strict=True)
        )

    def _completed(self, raw: np.ndarray) -> np.ndarray:
        design, unknown = self._axes.standardised(raw)
        self._rule.complete(design, unknown)
        return design

    def _told(self, target: Target, design: np.ndarray) -> pa.Array:
        """Cells for the rows of a completed design."""
        block = self._encoder.blocks[target.position]
        numbers = design[:, block] * self._axes.divisor[block] + self._axes.shift[block]
        levels = self._levels[target.position]
        if levels is not None:
            return levels.take(pa.array(numbers.argmax(axis=1)))
        return pa.array(_typed(numbers[:, 0], target.dtype))

    def _filled(self, column: Vector, missing: np.ndarray, told: pa.Array) -> Vector:
        if isinstance(column.values, np.ndarray):
            values = column.values.copy()
            values[missing] = np.asarray(told)
            return Vector(column.dtype, values)
        return Vector(column.dtype, pc.replace_with_mask(column.values, pa.array(missing), told))


def _taken(column: Vector, rows: np.ndarray) -> Vector:
    if isinstance(column.values, np.ndarray):
        missing = None if column.missing is None else column.missing[rows]
        return Vector(column.dtype, column.values[rows], missing)
    return from_arrow(column.values.take(pa.array(rows)), column.dtype)


_LARGEST = math.nextafter(2.0**63, 0.0)


def _typed(numbers: np.ndarray, dtype: DType) -> np.ndarray:
    if dtype is DType.BOOLEAN:
        return numbers >= 0.5
    if dtype is DType.INTEGER:
        whole: np.ndarray = np.clip(np.rint(numbers), -(2.0**63), _LARGEST).astype(np.int64)
        return whole
    return numbers


if TYPE_CHECKING:
    _: type[Predictor] = Completion
    _rules: tuple[type[Rule], ...] = (Chain, Subspace)
