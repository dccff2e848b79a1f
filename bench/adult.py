"""The two services that the benchmarks score: Adult income by logistic regression and by boosted trees.

Fitted here with the product's own predictors on the real data set: clean missing cells, score, and return every input
column beside the label and its probability, as a published experiment does.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv

from restudio.core.schema import Column, DType, Level, Role, Schema, Score
from restudio.kernels.expr import Call, Fill, Frame, Predict, Predictor
from restudio.kernels.levels import Levels
from restudio.kernels.linear import LevelTerm, LinearPredictor, NumberTerm
from restudio.kernels.scores import BinaryScores
from restudio.kernels.trees import TreePredictor
from restudio.kernels.vectors import from_arrow
from restudio.scoring.scorer import InputSpec, KernelScorer

DATA = Path(__file__).parents[2] / "shared" / "data" / "adult.csv"
LABEL = "income-per-year"
MODELS = ("logistic", "trees")


def read_adult() -> pa.Table:
    """The data set with ``?`` as missing and the held types of tables."""
    table = csv.read_csv(DATA, convert_options=csv.ConvertOptions(null_values=["?"], strings_can_be_null=True))
    return table.cast(
        pa.schema([(f.name, pa.large_string() if f.type == pa.string() else f.type) for f in table.schema])
    )


def make_scorer(model: str) -> KernelScorer:
    """Fit and bind the service of one of :data:`MODELS`."""
    return _bind(*_fit(model))


def save_model(model: str, path: Path) -> None:
    """Fit, and keep what :func:`load_scorer` needs."""
    columns, fitted = _fit(model)
    levels = [[c.name, c.dtype.value, c.categories] for c in columns]
    path.write_text(json.dumps({"columns": levels, "fitted": fitted}))


def load_scorer(path: Path) -> KernelScorer:
    """The bound service of a saved model: 14 columns in, 16 out."""
    saved = json.loads(path.read_text())
    columns = [Column(name, DType(dtype), levels and tuple(levels)) for name, dtype, levels in saved["columns"]]
    return _bind(columns, saved["fitted"])


Fitted = str | dict[str, list[list[float]]]
"""A LightGBM text; or ``terms`` (weights, then shift and divisor of a number) and ``intercept``."""


def _fit(model: str) -> tuple[list[Column], Fitted]:
    data = read_adult()
    columns = [_describe(name, data.column(name)) for name in data.column_names if name != LABEL]
    filled = pa.table({c.name: data.column(c.name).fill_null(_blank(c)) for c in columns})
    target = np.array([cell == ">50K" for cell in data.column(LABEL).to_pylist()])
    return columns, (_fit_linear if model == "logistic" else _fit_trees)(columns, filled, target)


def _bind(columns: list[Column], fitted: Fitted) -> KernelScorer:
    scores_ = BinaryScores(["<=50K", ">50K"], DType.STRING)
    predictor: Predictor
    if isinstance(fitted, str):
        predictor = TreePredictor(fitted, columns, scores_)
    else:
        terms = [_term(c, numbers) for c, numbers in zip(columns, fitted["terms"], strict=True)]
        predictor = LinearPredictor(terms, fitted["intercept"][0], scores_, "logistic")
    frame = Frame.input("input1", Schema.of(c.with_(categories=None) for c in columns))
    cleaned = [(column, Fill(expr, _blank(column))) for column, expr in frame.columns]
    call = Call(predictor, tuple(expr for _, expr in cleaned))
    scores = (
        (Column("Scored Labels", DType.STRING, role=Role.NONE, score=Score.BINARY_LABEL), Predict(call, 0)),
        (Column("Scored Probabilities", DType.DOUBLE, role=Role.NONE, score=Score.PROBABILITY), Predict(call, 1)),
    )
    spec = InputSpec(frame.schema, frozenset({LABEL}))
    return KernelScorer({"input1": spec}, {"output1": Frame((*cleaned, *scores))})


def make_body(rows: int, start: int = 0) -> bytes:
    """A request of that many rows in table form, cells as texts and numbers as clients send them."""
    data = read_adult().drop_columns([LABEL]).slice(start, rows)
    values = [list(row.values()) for row in data.to_pylist()]
    body = {"Inputs": {"input1": {"ColumnNames": data.column_names, "Values": values}}, "GlobalParameters": {}}
    return json.dumps(body, separators=(",", ":")).encode()


def _describe(name: str, cells: pa.ChunkedArray) -> Column:
    if pa.types.is_integer(cells.type):
        return Column(name, DType.INTEGER)
    return Column(name, DType.STRING, tuple(sorted(set(cells.drop_null().to_pylist()))))


def _blank(column: Column) -> Level:
    return 0 if column.categories is None else column.categories[0]


def _codes(columns: list[Column], data: pa.Table) -> list[np.ndarray]:
    vectors = [from_arrow(data.column(c.name), c.dtype) for c in columns]
    return [
        np.asarray(v.values, float) if c.categories is None else Levels(c.categories, c.dtype).codes_of(v)
        for c, v in zip(columns, vectors, strict=True)
    ]


def _fit_trees(columns: list[Column], data: pa.Table, target: np.ndarray) -> str:
    import lightgbm

    matrix = np.column_stack(_codes(columns, data))
    categorical = [i for i, c in enumerate(columns) if c.categories is not None]
    settings = {"objective": "binary", "num_leaves": 31, "learning_rate": 0.1, "verbose": -1, "seed": 1}
    dataset = lightgbm.Dataset(matrix, target, categorical_feature=categorical)
    return str(lightgbm.train(settings, dataset, 100).model_to_string())


def _fit_linear(columns: list[Column], data: pa.Table, target: np.ndarray) -> dict[str, list[list[float]]]:
    from sklearn.linear_model import LogisticRegression

    parts, ranges = [], []
    for column, codes in zip(columns, _codes(columns, data), strict=True):
        scale = (0.0, 1.0) if column.categories else (float(codes.min()), float(np.ptp(codes)))
        parts.append(
            np.eye(len(column.categories))[codes] if column.categories else (codes[:, None] - scale[0]) / scale[1]
        )
        ranges.append(scale)
    model = LogisticRegression(max_iter=300).fit(np.hstack(parts), target)
    weights = np.split(model.coef_[0], np.cumsum([part.shape[1] for part in parts])[:-1])
    terms = [[*map(float, w), *scale] for w, scale in zip(weights, ranges, strict=True)]
    return {"terms": terms, "intercept": [[float(model.intercept_[0])]]}


def _term(column: Column, numbers: list[float]) -> NumberTerm | LevelTerm:
    *weights, shift, divisor = numbers
    if column.categories is None:
        return NumberTerm(tuple(weights), shift, divisor)
    return LevelTerm(column.categories, column.dtype, (tuple(weights),))
