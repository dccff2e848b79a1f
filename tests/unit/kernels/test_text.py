"""Text kernels: a row at a time and a chunk at a time."""

from __future__ import annotations

import pyarrow as pa
import pytest

from restudio.core.schema import DType
from restudio.kernels.expr import Vector
from restudio.kernels.text import Reading, TextFeatures, TextRewrite
from restudio.kernels.vectors import to_cells

TEXTS = Vector(DType.STRING, pa.array(["ab", None, ""], pa.large_string()))


def _lengths(text: str | None) -> Reading:
    return (text, len(text or "")), {i: float(ord(c)) for i, c in enumerate(text or "")}


def test_features_agree() -> None:
    kernel = TextFeatures(_lengths, (DType.STRING, DType.INTEGER), 3, DType.DOUBLE)
    rows = [kernel.one((cell,)) for cell in to_cells(TEXTS)]
    assert rows == [("ab", 2, 97.0, 98.0, 0.0), (None, 0, 0.0, 0.0, 0.0), ("", 0, 0.0, 0.0, 0.0)]
    columns = kernel.many([TEXTS], 3)
    assert tuple(c.dtype for c in columns) == kernel.outputs
    assert list(zip(*map(to_cells, columns), strict=True)) == rows


def test_features_without_rows_or_columns() -> None:
    kernel = TextFeatures(_lengths, (), 0, DType.INTEGER)
    assert kernel.many([Vector(DType.STRING, pa.array([], pa.large_string()))], 0) == ()


def test_rewrites_agree() -> None:
    kernel = TextRewrite(lambda left, right: None if left is None else left + right)
    rows = [kernel.one((cell, "!")) for cell in to_cells(TEXTS)]
    marks = Vector(DType.STRING, pa.array(["!"] * 3, pa.large_string()))
    (column,) = kernel.many([TEXTS, marks], 3)
    assert to_cells(column) == [row[0] for row in rows] == ["ab!", None, "!"]


def test_features_are_numbers() -> None:
    with pytest.raises(ValueError, match="String"):
        TextFeatures(_lengths, (), 1, DType.STRING)
