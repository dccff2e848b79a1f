"""The dense kernel: one row is one row of a chunk to the last bit, and both are the plain matrix form."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from restudio.core.schema import DType
from restudio.kernels.dense import Activation, DensePredictor, Layer, LevelInput, NumberInput
from restudio.kernels.expr import Vector
from restudio.kernels.scores import BinaryScores, ClassScores
from restudio.kernels.vectors import from_cells, to_cells

INPUTS = (NumberInput(1.0, 3.0), LevelInput(("a", "b"), DType.STRING), NumberInput(edges=(0.0, 1.0, 5.0)))
TYPES = (DType.DOUBLE, DType.STRING, DType.DOUBLE)
RNG = np.random.default_rng(0)


def layer(rows: int, columns: int, activation: Activation) -> Layer:
    return Layer(RNG.normal(size=(rows, columns)), RNG.normal(size=columns), activation)


NETWORKS = [
    DensePredictor(INPUTS, [layer(4, 9, "sigmoid"), layer(9, 1, "sigmoid")], BinaryScores(("n", "y"), DType.STRING)),
    DensePredictor(
        INPUTS,
        [layer(4, 7, "tanh"), layer(7, 5, "rlinear"), layer(5, 3, "softmax")],
        ClassScores((1, 2, 3), DType.INTEGER),
    ),
    DensePredictor(INPUTS, [layer(4, 1, "sigmoid")], BinaryScores((0, 1), DType.INTEGER), unit_length=True),
]
ROWS = st.lists(
    st.tuples(st.none() | st.floats(), st.none() | st.sampled_from(["a", "b", "c"]), st.none() | st.floats(-2, 9)),
    min_size=1,
    max_size=40,
)


@given(rows=ROWS, network=st.sampled_from(NETWORKS))
@settings(max_examples=150, deadline=None)
def test_rows_are_those_of_a_chunk(rows: list[tuple[object, ...]], network: DensePredictor) -> None:
    columns = [from_cells(list(cells), dtype) for cells, dtype in zip(zip(*rows, strict=True), TYPES, strict=True)]
    chunk = zip(*map(to_cells, network.many(columns, len(rows))), strict=True)
    assert repr([network.one(row) for row in rows]) == repr(list(chunk))


def test_a_chunk_is_the_product_of_matrices() -> None:
    rows = 3000
    x, y, codes = RNG.normal(size=rows), RNG.uniform(-1, 6, rows), RNG.integers(0, 2, rows)
    first, last = layer(4, 9, "sigmoid"), layer(9, 1, "sigmoid")
    network = DensePredictor(INPUTS, [first, last], BinaryScores((0, 1), DType.INTEGER))
    cells = [Vector(DType.DOUBLE, x), from_cells(["ab"[k] for k in codes], DType.STRING), Vector(DType.DOUBLE, y)]
    encoded = np.column_stack([(x - 1) / 3, codes == 0, codes == 1, np.searchsorted([0, 1, 5], y) / 3])
    hidden = 1 / (1 + np.exp(-(encoded @ first.weights + first.bias)))
    expected = 1 / (1 + np.exp(-(hidden @ last.weights + last.bias)))
    np.testing.assert_allclose(network.many(cells, rows)[1].values, expected[:, 0], rtol=1e-12)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([layer(3, 1, "sigmoid")], "does not fit 4 inputs"),
        ([layer(4, 2, "sigmoid")], "1 outputs are needed"),
        ([Layer(np.full((4, 1), np.nan), np.zeros(1), "sigmoid")], "not finite"),
        ([], "outputs are needed"),
    ],
)
def test_wrong_layers_are_refused(layers: list[Layer], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        DensePredictor(INPUTS, layers, BinaryScores((0, 1), DType.INTEGER))
