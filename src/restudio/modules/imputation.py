"""How Clean Missing Data tells cells from the others of their row: learned from a table, kept in its transformation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from restudio.artifacts.values import Json, Transform
from restudio.core.errors import ModuleError
from restudio.core.schema import Column, DType
from restudio.kernels.completion import Axes, Chain, Completion, Encoder, Subspace, Target, blocks_of
from restudio.kernels.expr import Call, Constant, Convert, Expr, Frame, Predict
from restudio.kernels.vectors import NUMPY, from_arrow
from restudio.modules.imputation_rules import learn_axes, learn_chain, learn_subspace
from restudio.modules.learners.training_data import levels_of
from restudio.tables.table import Table

_WIDEST = 2000
"""Numbers of a design: the regressions hold the square of it for every round."""


def can_be_told(column: Column) -> bool:
    """Whether a column can be told from others, and others from it."""
    return column.dtype in NUMPY or (column.is_categorical and column.dtype is DType.STRING)


@dataclass(frozen=True, slots=True, eq=False)
class Imputation:
    """``columns`` are those of the design, ``names`` those among them whose gaps are filled."""

    columns: tuple[Column, ...]
    names: tuple[str, ...]
    rule: Chain | Subspace

    def settings(self) -> dict[str, Json]:
        order = list(self.rule.order) if isinstance(self.rule, Chain) else []
        return {"told": list(self.names), "order": cast("list[Json]", order)}

    def arrays(self) -> dict[str, np.ndarray]:
        axes, rule = self.rule.axes, self.rule
        arrays = {"shift": axes.shift, "divisor": axes.divisor, "low": axes.low, "high": axes.high}
        if isinstance(rule, Chain):
            return arrays | {"weights": rule.weights, "intercepts": rule.intercepts}
        return arrays | {"mean": rule.mean, "loadings": rule.loadings, "variance": np.array([rule.variance])}

    @classmethod
    def of(cls, transform: Transform) -> Imputation:
        """What a transform keeps; ``ValueError`` or ``KeyError`` when that is not whole."""
        told, order, arrays = transform.settings["told"], transform.settings["order"], transform.arrays
        if not isinstance(told, list) or not isinstance(order, list):
            raise ValueError("'told' and 'order' must be lists")
        axes = Axes(*(arrays[name] for name in ("shift", "divisor", "low", "high")))
        rule: Chain | Subspace
        if "weights" in arrays:
            blocks = blocks_of(transform.columns)
            rule = Chain(
                axes, blocks, tuple(map(int, cast("list[int]", order))), arrays["weights"], arrays["intercepts"]
            )
        else:
            rule = Subspace(axes, arrays["mean"], arrays["loadings"], float(arrays["variance"][0]))
        return cls(transform.columns, tuple(map(str, told)), rule)

    def over(self, frame: Frame) -> dict[str, tuple[Column, Expr]]:
        """The filled columns of a frame. A column of the design that the frame has not counts as missing."""
        present = {column.name: (column, expr) for column, expr in frame.columns}
        features = [_feature(column, present.get(column.name)) for column in self.columns]
        filled = [(i, *features[i]) for i, c in enumerate(self.columns) if c.name in self.names and c.name in present]
        if not filled:
            return {}
        targets = [Target(i, column.dtype) for i, column, _ in filled]
        call = Call(Completion(self.columns, self.rule.axes, self.rule, targets), tuple(e for _, e in features))
        return {
            column.name: (column.with_(nullable=False), Predict(call, output))
            for output, (_, column, _) in enumerate(filled)
        }


def _feature(fitted: Column, present: tuple[Column, Expr] | None) -> tuple[Column, Expr]:
    """A column in a type that the design reads and its gaps can be told in: whole numbers take fractions only in a
    Double column."""
    if present is None:
        return fitted, Constant(None, fitted.dtype)
    column, expr = present
    if column.dtype is not fitted.dtype and (fitted.is_categorical or fitted.dtype is DType.DOUBLE):
        column, expr = column.with_(dtype=fitted.dtype), Convert(expr, fitted.dtype)
    if column.categories is not None and fitted.categories is not None:
        new = (level for level in fitted.categories if level not in (column.categories or ()))
        column = column.with_(categories=(*column.categories, *new))
    return column, expr


def learn_chained(dataset: Table, columns: Sequence[Column], names: Sequence[str], rounds: int) -> Imputation | None:
    """Chained regressions of the named columns on all of ``columns``; None when no column has any value."""
    known, axes, values, unknown = _design(dataset, columns)
    if not known:
        return None
    targets = [i for i, column in enumerate(known) if column.name in names]
    return _imputation(known, names, learn_chain(axes, values, unknown, blocks_of(known), targets, rounds))


def learn_principal(
    dataset: Table, columns: Sequence[Column], names: Sequence[str], iterations: int
) -> Imputation | None:
    """Probabilistic principal components of all of ``columns``; None when no column has any value."""
    known, axes, values, unknown = _design(dataset, columns)
    return _imputation(known, names, learn_subspace(axes, values, unknown, iterations)) if known else None


def _imputation(known: Sequence[Column], names: Sequence[str], rule: Chain | Subspace) -> Imputation:
    return Imputation(tuple(known), tuple(c.name for c in known if c.name in names), rule)


def _design(dataset: Table, columns: Sequence[Column]) -> tuple[list[Column], Axes, np.ndarray, np.ndarray]:
    """Columns with a known value (and their levels), axes, standardised numbers, and where they are unknown."""
    learned = [
        column.with_(categories=levels_of(column, dataset.column(column.name))) if column.is_categorical else column
        for column in columns
    ]
    width = sum(len(column.categories or (0,)) for column in learned)
    if width > _WIDEST:
        raise ModuleError(
            "0014",
            f"The selected columns have {width} numbers and category levels together; at most {_WIDEST} can be told "
            "from each other. Leave out or group categories with many levels.",
        )
    encoders = [(column, Encoder([column]).many) for column in learned]
    raws = [
        (column, encode([from_arrow(dataset.column(column.name), column.dtype)], dataset.num_rows))
        for column, encode in encoders
    ]
    for _, raw in raws:
        raw[~np.isfinite(raw)] = np.nan
    kept = [(column, raw) for column, raw in raws if raw.shape[1] and not np.isnan(raw[:, 0]).all()]
    known = [column for column, _ in kept]
    raw = np.column_stack([np.empty((dataset.num_rows, 0)), *(raw for _, raw in kept)])
    numbers = [column.categories is None for column in known for _ in range(len(column.categories or (0,)))]
    axes = learn_axes(raw, np.array(numbers, np.bool_))
    return known, axes, *axes.standardised(raw)
