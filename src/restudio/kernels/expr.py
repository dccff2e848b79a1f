"""What a lowered graph computes: column expressions over the web-service inputs.

Lowering runs a graph once over symbolic tables (:class:`Frame`); each module's ``lower`` says which expression every
output column is. Selecting and reordering cost nothing, unused columns disappear. The same expressions are evaluated a
row at a time for request-response and a chunk at a time for batches and for the table functions themselves, with the
same operations in the same order, so that all three agree to the last bit.

A cell is None (missing) or a Python value of its type: str, int, float, bool; DateTime and TimeSpan cells are
``datetime`` and ``timedelta``. In chunk form a column is a :class:`Vector`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import pyarrow as pa

from restudio.core.schema import Column, DType, Level, Schema


@dataclass(frozen=True, slots=True, eq=False)
class Vector:
    """A chunk of one column. Numbers and Booleans are NumPy arrays (int64, float64, bool), other types Arrow arrays.

    ``missing`` is a Boolean mask, or None when nothing is missing; masked cells hold arbitrary values.
    Arrow arrays carry their own nulls and leave ``missing`` None.
    """

    dtype: DType
    values: np.ndarray | pa.Array | pa.ChunkedArray
    missing: np.ndarray | None = None


class Predictor(Protocol):
    """A fitted model as a kernel over its feature cells, in training order. Bound once, then stateless.

    ``one`` and ``many`` return one cell or Vector per output; rows a model cannot score give missing outputs. Both
    perform the same floating-point operations in the same order.
    """

    @property
    def outputs(self) -> tuple[DType, ...]: ...

    def one(self, cells: Sequence[object]) -> tuple[object, ...]: ...

    def many(self, columns: Sequence[Vector], rows: int) -> tuple[Vector, ...]: ...


@runtime_checkable
class RowsPredictor(Predictor, Protocol):
    """A predictor that takes some typed rows faster together than one by one, with the same results."""

    def rows(self, cells: Sequence[Sequence[object]]) -> Sequence[tuple[object, ...]]: ...


@dataclass(frozen=True, slots=True)
class Input:
    """Column ``column`` of the web-service input ``port``."""

    port: str
    column: Column


@dataclass(frozen=True, slots=True)
class Constant:
    """The same cell in every row (None: missing)."""

    value: Level | None
    dtype: DType


@dataclass(frozen=True, slots=True)
class Fill:
    """``source`` with missing cells replaced by ``value``."""

    source: Expr
    value: Level


@dataclass(frozen=True, slots=True)
class IsMissing:
    """Boolean: whether the cell of ``source`` is missing."""

    source: Expr


@dataclass(frozen=True, slots=True)
class Scale:
    """``(x - shift) / divisor`` as Double; missing stays missing."""

    source: Expr
    shift: float
    divisor: float


@dataclass(frozen=True, slots=True)
class Function:
    """A named function of one number as Double: ``logistic``, ``tanh``, ``lognormal`` (parameters mu, sigma)."""

    source: Expr
    name: str
    parameters: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Convert:
    """``source`` as another element type; a cell that cannot be converted is error 0042."""

    source: Expr
    dtype: DType


@dataclass(frozen=True, slots=True, eq=False)
class Predict:
    """Output ``output`` of ``predictor`` over the feature expressions. Share one ``call`` between its outputs."""

    call: Call
    output: int


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """One application of a predictor; evaluated once a row or chunk however many outputs are used."""

    predictor: Predictor
    features: tuple[Expr, ...]


Expr = Input | Constant | Fill | IsMissing | Scale | Function | Convert | Predict


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A symbolic table: an expression beside the metadata of every column, and row filters.

    A row is dropped when any of ``keep`` (Boolean expressions) is false or missing.
    """

    columns: tuple[tuple[Column, Expr], ...]
    keep: tuple[Expr, ...] = ()

    @property
    def schema(self) -> Schema:
        return Schema.of(column for column, _ in self.columns)

    def expr(self, name: str) -> Expr:
        """The expression of a column; error 0001 when there is none of that name."""
        return self.columns[self.schema.index(name)][1]

    @classmethod
    def input(cls, port: str, schema: Schema) -> Frame:
        """The table that arrives at a web-service input."""
        return cls(tuple((column, Input(port, column)) for column in schema))


class CannotLower(Exception):
    """Raised by a ``lower`` that has no kernels for these parameters; the table function is used instead."""


def inputs_of(exprs: Sequence[Expr]) -> dict[tuple[str, str], None]:
    """Input columns that the expressions read, in order of first use."""
    found: dict[tuple[str, str], None] = {}
    seen: set[int] = set()
    pending = list(reversed(exprs))
    while pending:
        expr = pending.pop()
        if isinstance(expr, Input):
            found[expr.port, expr.column.name] = None
        elif isinstance(expr, Predict):
            if id(expr.call) not in seen:
                seen.add(id(expr.call))
                pending.extend(reversed(expr.call.features))
        elif not isinstance(expr, Constant):
            pending.append(expr.source)
    return found
