"""Machine Learning / Evaluate (modules reference, 5.13).

The result is a table with one row an input. What its graphs need travels with it (``restudio.tables.view``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from restudio.artifacts.values import Json
from restudio.core.cells import text_of
from restudio.core.errors import ModuleError
from restudio.core.schema import Column, DType, Level, Schema, Score
from restudio.core.spec import Serving, Task, module, table_in, table_out
from restudio.kernels.levels import Levels
from restudio.kernels.vectors import as_doubles, from_arrow
from restudio.modules.learners.training_data import ensure_finite
from restudio.modules.metrics import binary, clustering, multiclass, quantile, regression
from restudio.seams.context import Context
from restudio.tables.table import Table
from restudio.tables.view import with_view

_DISTANCES = "DistancesToClusterCenter no."
_LABEL_SCORES = {
    Score.BINARY_LABEL: Task.BINARY,
    Score.ANOMALY_LABEL: Task.BINARY,
    Score.MULTICLASS_LABEL: Task.MULTICLASS,
    Score.REGRESSION_LABEL: Task.REGRESSION,
}
_QUANTILE = re.compile(r"Scores for quantile :(0?\.\d+(?:e-\d+)?)(?: \(\d+\))?\Z")
_PROBABILITY_SCORES = (Score.PROBABILITY, Score.ANOMALY_SCORE)
_CUSTOM_NAMES = {
    "Binary Class Scored Labels": Task.BINARY,
    "Anomaly Detection Scored Labels": Task.BINARY,
    "Multi Class Scored Labels": Task.MULTICLASS,
    "Regression Scored Labels": Task.REGRESSION,
}
_CUSTOM_PROBABILITIES = (
    "Binary Class Scored Probabilities",
    "Anomaly Detection Scored Probabilities",
    "Scored Probabilities",
)


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """Metrics by name in order, and what its graphs and tables show as plain JSON."""

    task: Task
    metrics: dict[str, float]
    curves: dict[str, Json]


@module(
    id="evaluate-model",
    name="Evaluate Model",
    category="Machine Learning / Evaluate",
    inputs=(table_in("Scored dataset"), table_in("Scored dataset to compare", optional=True)),
    outputs=(table_out("Evaluation results"),),
    family="927d65ac3b504694990320f6c1672089",
    serving=Serving.NEVER,
    errors=("0003", "0013", "0018", "0021", "0024", "0025", "0033", "0062"),
)
def evaluate_model(p: object, scored: Table, compared: Table | None, *, ctx: Context) -> Table:
    """Measure one scored dataset, or two side by side: accuracy, precision, recall, F1, AUC and log loss for two
    classes; overall, average, micro and macro figures for several; absolute, squared and relative errors for numbers.
    Assignments to clusters are measured by their distances. Rows without a label or a score are left out.

    Example:
      Scored dataset:
        module: edit-metadata
        parameters: {Column: price, Fields: Labels}
        Dataset: {price: [10.0, 20.0, 30.0], Scored Labels: [11.0, 19.0, 30.0]}
      Evaluation results: {Mean Absolute Error: [0.6667], Coefficient of Determination: [0.99], ...: []}
    """
    tables = [table for table in (scored, compared) if table is not None]
    if any(_is_clustered(table.schema) for table in tables):
        return _evaluate_clusters(tables)
    evaluations = [evaluate_scored(table) for table in tables]
    _ensure_comparable([evaluation.task for evaluation in evaluations])
    schema = _metric_columns(evaluation.metrics for evaluation in evaluations)
    table = Table.from_columns({n: [e.metrics.get(n) for e in evaluations] for n in schema.names}, schema)
    return with_view(table, {"kind": "evaluation", "results": [e.curves for e in evaluations]})


@evaluate_model.tells_schema
def _schema(p: object, scored: Schema, compared: Schema | None) -> Schema:
    schemas = [schema for schema in (scored, compared) if schema is not None]
    if any(map(_is_clustered, schemas)):
        _ensure_clustered(schemas)
        return _CLUSTER_COLUMNS
    judged = [_judged(schema) for schema in schemas]
    _ensure_comparable([columns.task for columns in judged])
    return _metric_columns(map(_metrics_of_made_up_rows, judged))


def _metric_columns(evaluations: Iterable[Iterable[str]]) -> Schema:
    """A column for each metric that some of the evaluations have."""
    names = dict.fromkeys(name for evaluation in evaluations for name in evaluation)
    return Schema.of(Column(name, DType.DOUBLE) for name in names)


def _ensure_comparable(tasks: Sequence[Task]) -> None:
    if len(set(tasks)) > 1:
        left, right = (task.value for task in tasks)
        raise ModuleError("0062", f"A {left} model cannot be compared with a {right} model.")


def _is_clustered(schema: Schema) -> bool:
    """Whether the newest scores of a dataset are assignments to clusters; by name, when it was read from a file."""
    scores = [c.score for c in schema if c.score in _LABEL_SCORES or c.score is Score.CLUSTER_LABEL]
    return scores[-1] is Score.CLUSTER_LABEL if scores else "Assignments" in schema


_CLUSTER_COLUMNS = Schema.of(
    Column(name, dtype)
    for name, dtype in zip(
        clustering.NAMES, (DType.STRING, DType.DOUBLE, DType.DOUBLE, DType.INTEGER, DType.DOUBLE), strict=True
    )
)


def _evaluate_clusters(tables: list[Table]) -> Table:
    """One row for all clusters of a dataset and one for each; those of a dataset to compare follow."""
    _ensure_clustered([table.schema for table in tables])
    rows = [row for table in tables for row in clustering.metrics(*_assignments(table))]
    cells = zip(*rows, strict=True)
    return Table.from_columns(dict(zip(clustering.NAMES, cells, strict=True)), _CLUSTER_COLUMNS)


def _ensure_clustered(schemas: Sequence[Schema]) -> None:
    if not all(map(_is_clustered, schemas)):
        raise ModuleError("0062", "Clusters cannot be compared with the scores of another kind of model.")


def _assignments(table: Table) -> tuple[np.ndarray, np.ndarray]:
    """Assigned clusters and distances (a column a centre) of the rows that have them."""
    typed = [c.name for c in table.schema if c.score is Score.CLUSTER_LABEL]
    assigned = typed[-1] if typed else "Assignments"
    position = table.schema.index(assigned)
    distances = [c.name for c in table.schema.columns[position + 1 :] if c.name.startswith(_DISTANCES)]
    numbers = [assigned, *distances]
    if not distances or not all(table.schema[name].dtype.is_number for name in numbers):
        raise ModuleError("0025", "There are no distances to cluster centres; connect Assign Data to Clusters.")
    rows = _complete(table.select(numbers))
    cells = np.column_stack([as_doubles(from_arrow(rows.column(n), rows.schema[n].dtype)) for n in numbers])
    clusters = cells[:, 0].astype(np.int64)
    if (clusters < 0).any() or (clusters >= len(distances)).any():
        raise ModuleError("0025", f"Assignments must be from 0 to {len(distances) - 1}.", column=assigned)
    return clusters, cells[:, 1:]


@dataclass(frozen=True, slots=True)
class _Judged:
    """The columns of a scored dataset that count: the label, then scores, the assigned one first, or quantiles."""

    task: Task
    label: Column
    scores: tuple[Column, ...]
    quantiles: Mapping[float, str]


def _judged(schema: Schema) -> _Judged:
    quantiles = _find_quantiles(schema)
    task, assigned = (Task.REGRESSION, None) if quantiles else _find_assigned(schema)
    label = schema.label()
    if label is None:
        raise ModuleError(
            "0024", "There is no label column to compare the scores with; mark it with Edit Metadata before scoring."
        )
    if assigned is None:
        return _Judged(task, label, tuple(schema[name] for name in quantiles.values()), quantiles)
    beside = _find_probability(schema) if task is Task.BINARY else None
    if task is Task.REGRESSION:
        beside = _find_deviation(schema, assigned)
    return _Judged(task, label, (assigned,) if beside is None else (assigned, beside), {})


def evaluate_scored(scored: Table) -> Evaluation:
    """Measure one scored dataset.

    Errors: 0024 no label column, 0025 no scores, 0021 no row with both, 0013 a task that this module does not judge.
    """
    judged = _judged(scored.schema)
    rows = _complete(scored.select([judged.label.name, *(column.name for column in judged.scores)]))
    if judged.quantiles:
        return _evaluate_quantiles(rows, judged.label, judged.quantiles)
    return _EVALUATE[judged.task](rows, judged.label, judged.scores[0])


def _metrics_of_made_up_rows(judged: _Judged) -> Mapping[str, float]:
    """Metrics under the names that real rows give."""
    numbers, classes = np.array([0.0, 1.0]), np.array([0, 1])
    if judged.quantiles:
        return quantile.metrics(numbers, dict.fromkeys(judged.quantiles, numbers))
    match judged.task:
        case Task.BINARY:
            return binary.metrics(classes == 1, classes == 1, numbers)
        case Task.MULTICLASS:
            return multiclass.metrics(multiclass.count(classes, classes, 2))
        case _:
            return regression.metrics(numbers, numbers, numbers if len(judged.scores) > 1 else None)


def _find_assigned(schema: Schema) -> tuple[Task, Column]:
    """The column of assigned labels, by score type, else by name. The last one counts: it is the newest."""
    for column in reversed(schema.columns):
        if column.score in _LABEL_SCORES:
            return _LABEL_SCORES[column.score], column
        if column.score is Score.CLUSTER_LABEL:
            raise ModuleError("0013", "Cluster assignments have no label to be judged against.")
    for column in reversed(schema.columns):
        if column.name in _CUSTOM_NAMES:
            return _CUSTOM_NAMES[column.name], column
    if "Scored Labels" in schema:
        column = schema["Scored Labels"]
        if "Scored Probabilities" in schema:
            return Task.BINARY, column
        if any(name.startswith("Scored Probabilities") for name in schema.names):
            return Task.MULTICLASS, column
        if column.dtype.is_number:
            return Task.REGRESSION, column
    raise ModuleError("0025", "There are no score columns; connect the output of Score Model.")


def _find_quantiles(schema: Schema) -> dict[float, str]:
    """The score columns of quantiles, when these are the newest scores."""
    found: dict[float, str] = {}
    for column in reversed(schema.columns):
        match = _QUANTILE.match(column.name)
        if match is None or not column.dtype.is_number:
            break
        found[float(match[1])] = column.name
    return dict(sorted(found.items()))


def _find_probability(schema: Schema) -> Column:
    for column in reversed(schema.columns):
        if column.score in _PROBABILITY_SCORES:
            return column
    for name in _CUSTOM_PROBABILITIES:
        if name in schema and schema[name].dtype.is_number:
            return schema[name]
    raise ModuleError("0025", "There is no column of scored probabilities, which two-class metrics need.")


def _find_deviation(schema: Schema, mean: Column) -> Column | None:
    """The standard deviation beside the predicted mean, where the model tells one."""
    following = schema.columns[schema.index(mean.name) + 1 :][:1]
    return next((c for c in following if c.score is Score.REGRESSION_DEVIATION), None)


def _complete(table: Table) -> Table:
    """The rows without a missing cell or NaN; error 0021 when there are none, 0033 when a number is infinite."""
    keep = np.ones(table.num_rows, np.bool_)
    for column in table.data.columns:
        missing = pc.is_null(column, nan_is_null=pa.types.is_floating(column.type))
        keep &= ~np.asarray(missing, np.bool_)
    if not keep.any():
        raise ModuleError("0021", "No row has both a label and a score.")
    rows = table.filter(pa.array(keep))
    for column in rows.schema:
        if column.dtype is DType.DOUBLE:
            ensure_finite(column, as_doubles(from_arrow(rows.column(column.name), column.dtype)))
    return rows


def _evaluate_binary(rows: Table, label: Column, assigned: Column) -> Evaluation:
    classes = _classes(rows, label, assigned)
    if len(classes) > 2:
        shown = ", ".join(map(repr, classes[:5]))
        raise ModuleError("0013", f"Two-class scores are judged against two classes, found {len(classes)}: {shown}.")
    truth, chosen = _positions(rows, label, classes), _positions(rows, assigned, classes)
    last = len(classes) - 1
    probability = as_doubles(from_arrow(rows.data.columns[2], rows.schema.columns[2].dtype))
    arguments = truth == last, chosen == last, probability
    facts: dict[str, Json] = {"task": Task.BINARY.value, "classes": list(classes), "Positive Label": classes[last]}
    return Evaluation(Task.BINARY, binary.metrics(*arguments), {**facts, **binary.curves(*arguments)})


def _evaluate_multiclass(rows: Table, label: Column, assigned: Column) -> Evaluation:
    classes = _classes(rows, label, assigned)
    truth, chosen = _positions(rows, label, classes), _positions(rows, assigned, classes)
    counts = multiclass.count(truth, chosen, len(classes))
    curves = {"task": Task.MULTICLASS.value, **multiclass.tables(truth, chosen, counts, classes)}
    return Evaluation(Task.MULTICLASS, multiclass.metrics(counts), curves)


def _evaluate_regression(rows: Table, label: Column, assigned: Column) -> Evaluation:
    for column in (label, assigned):
        _ensure_number(column)
    truth, predicted = (as_doubles(from_arrow(rows.column(c.name), c.dtype)) for c in (label, assigned))
    curves = {"task": Task.REGRESSION.value, **regression.error_histogram(truth, predicted)}
    deviations = as_doubles(from_arrow(rows.data.columns[2], DType.DOUBLE)) if len(rows.schema) > 2 else None
    return Evaluation(Task.REGRESSION, regression.metrics(truth, predicted, deviations), curves)


def _evaluate_quantiles(rows: Table, label: Column, quantiles: Mapping[float, str]) -> Evaluation:
    _ensure_number(label)
    truth, *values = (as_doubles(from_arrow(rows.column(c.name), c.dtype)) for c in rows.schema)
    predicted = dict(zip(quantiles, values, strict=True))
    histogram = regression.error_histogram(truth, quantile.middle(predicted))
    curves: dict[str, Json] = {"task": Task.REGRESSION.value, "Quantiles": list(quantiles), **histogram}
    return Evaluation(Task.REGRESSION, quantile.metrics(truth, predicted), curves)


def _ensure_number(column: Column) -> None:
    if not column.dtype.is_number:
        raise ModuleError("0013", f"Column '{column.name}' is {column.dtype.value}; a regression needs numbers.")


def _classes(rows: Table, label: Column, assigned: Column) -> tuple[Level, ...]:
    """Classes in score order: those of the model, else sorted; then labels that the model does not know."""
    known = assigned.categories or ()
    occurring = {
        *pc.unique(_as_dtype(rows, label, assigned.dtype)).to_pylist(),
        *pc.unique(rows.column(assigned.name)).to_pylist(),
    }
    if not known:
        return tuple(sorted(occurring))
    return (*sorted(occurring - set(known)), *known)


def _positions(rows: Table, column: Column, classes: tuple[Level, ...]) -> np.ndarray:
    dtype = rows.schema.columns[1].dtype
    values = _as_dtype(rows, column, dtype)
    return Levels(classes, dtype).codes_of(from_arrow(values, dtype)).astype(np.int64)


def _as_dtype(rows: Table, column: Column, dtype: DType) -> pa.ChunkedArray:
    """A label read anew from a file may be typed otherwise than the model's classes; then both are compared as text."""
    values = rows.column(column.name)
    if column.dtype is dtype:
        return values
    if dtype is DType.STRING:
        return pa.chunked_array([pa.array([text_of(v) for v in values.to_pylist()], pa.large_string())])
    raise ModuleError(
        "0018",
        f"The label '{column.name}' is {column.dtype.value}, but the assigned labels are {dtype.value}; give the label "
        "the same type with Edit Metadata.",
        column=column.name,
    )


_EVALUATE: dict[Task, Callable[[Table, Column, Column], Evaluation]] = {
    Task.BINARY: _evaluate_binary,
    Task.MULTICLASS: _evaluate_multiclass,
    Task.REGRESSION: _evaluate_regression,
}
