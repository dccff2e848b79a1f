"""Machine Learning / Score (modules reference, 5.12 and section 4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import cast

from restudio.artifacts.values import Json, Model
from restudio.core.cells import text_of
from restudio.core.errors import ModuleError
from restudio.core.params import boolean, to_raw
from restudio.core.schema import Column, DType, Role, Schema, Score, Superset
from restudio.core.spec import Entry, Port, PortKind, Task, ToldModel, module, table_in, table_out
from restudio.kernels.expr import Call, CannotLower, Convert, Expr, Frame, Predict
from restudio.modules.learners.fitted import as_read
from restudio.modules.symbolic import over
from restudio.seams.context import Context
from restudio.tables.table import Table

_NUMERIC = (DType.INTEGER, DType.DOUBLE, DType.BOOLEAN)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreModelParams:
    append: bool = boolean(
        "Append score columns to output",
        True,
        help="Off: only the score columns, and the label where there is one.",
    )


@module(
    id="score-model",
    name="Score Model",
    category="Machine Learning / Score",
    params=ScoreModelParams,
    inputs=(Port("Trained model", PortKind.MODEL), table_in("Dataset")),
    outputs=(table_out("Scored dataset"),),
    family="401b4f92e7244d5abe81d5b0ff9bdb33",
    known_by_running="A saved model, a script, and the classes of several decide which scores there are.",
    errors=("0001", "0003", "0013", "0018", "0042", "0063"),
)
def score_model(p: ScoreModelParams, model: Model, dataset: Table, *, ctx: Context) -> Table:
    """Predict with a trained classification or regression model. The dataset must have the features that the model
    was trained on; other columns are kept, and the label may be absent. A row that the model cannot score (a missing
    feature, for linear models) gets missing scores.

    Example:
      Trained model:
        module: train-model
        parameters: {Label column: price}
        Untrained model: {module: linear-regression, parameters: {L2 regularization weight: 0}}
        Dataset: {size: [1.0, 2.0, 3.0, 4.0], price: [10.0, 20.0, 30.0, 40.0]}
      Dataset: {size: [2.5, 5.0]}
      Scored dataset: {size: [2.5, 5.0], Scored Labels: [25.0, 50.0]}
    """
    learner = ctx.entry(model.learner)
    if learner.score_table is not None:
        return _beside(p, model, dataset, learner.score_table(model, dataset, ctx))
    return over(dataset, lambda frame: _lower(p, model, frame, entry=ctx.entry))


def _beside(p: ScoreModelParams, model: Model, dataset: Table, scores: Table) -> Table:
    """What a script gave, after the columns of the dataset."""
    kept = _kept(p, model, dataset.schema)
    named = _named(scores.schema, kept)
    beside = dataset.select([column.name for column in kept]).with_schema(Schema.of(kept))
    return beside.with_columns(dict(zip(named, scores.data.columns, strict=True)))


@score_model.tells_schema
def _schema(p: ScoreModelParams, told: ToldModel | None, dataset: Schema) -> Schema | Superset | None:
    """Of several classes only where they are declared, for not all need occur."""
    if told is None or told.learner.spec.task is None or told.learner.predictor is None:
        return None
    classes = () if told.label is None or told.label.categories is None else told.label.categories
    params = cast("dict[str, Json]", to_raw(told.params))
    model = Model(told.learner.spec.id, told.learner.spec.task, (), told.label, classes, params=params)
    if model.task is Task.CLUSTERING:
        raise _not_scored(model)
    if model.task is Task.MULTICLASS and not classes:
        return None
    kept = _kept(p, model, dataset)
    schema = Schema.of((*kept, *_named((told.learner.score_columns or score_columns)(model), kept)))
    return Superset(schema) if model.task is Task.MULTICLASS else schema


@score_model.lowers
def _lower(p: ScoreModelParams, model: Model, frame: Frame, *, entry: Callable[[str], Entry]) -> Frame:
    learner = entry(model.learner)
    if learner.score_table is not None:
        raise CannotLower(f"'{learner.spec.name}' scores with a script")
    if learner.predictor is None or model.task is Task.CLUSTERING:
        raise _not_scored(model)
    call = call_of(model, frame, entry=entry)
    kept = _kept(p, model, frame.schema)
    scores = _named((learner.score_columns or score_columns)(model), kept)
    return Frame(
        (
            *((column, frame.expr(column.name)) for column in kept),
            *((column, Predict(call, i)) for i, column in enumerate(scores)),
        ),
        frame.keep,
    )


def _not_scored(model: Model) -> ModuleError:
    return ModuleError("0013", f"A model of '{model.learner}' ({model.task.value}) cannot be scored with Score Model.")


def _kept(p: ScoreModelParams, model: Model, schema: Schema) -> list[Column]:
    """The columns before the scores."""
    marked = [_mark_label(column, model) for column in schema]
    return marked if p.append else [column for column in marked if column.role is Role.LABEL]


def _named(scores: Iterable[Column], kept: Iterable[Column]) -> list[Column]:
    """Score columns by names that are free beside those that are kept."""
    taken = {column.name for column in kept}
    return [column.with_(name=_free_name(column.name, taken)) for column in scores]


def call_of(model: Model, frame: Frame, *, entry: Callable[[str], Entry]) -> Call:
    """The model's kernel over the features that it reads from a symbolic table; error 0001 when one is not there."""
    learner = entry(model.learner)
    assert learner.predictor is not None
    predictor = learner.predictor(model, entry) if learner.composite else learner.predictor(model)
    return Call(predictor, tuple(_read(frame, column) for column in model.features))


def score_columns(model: Model) -> Iterator[Column]:
    """The columns that scoring with this model adds, in order."""
    dtype = DType.DOUBLE if model.label is None else model.label.dtype
    match model.task:
        case Task.BINARY:
            yield Column("Scored Labels", dtype, model.classes, score=Score.BINARY_LABEL)
            yield Column("Scored Probabilities", DType.DOUBLE, score=Score.PROBABILITY)
        case Task.MULTICLASS:
            for level in model.classes:
                name = f'Scored Probabilities for Class "{text_of(level)}"'
                yield Column(name, DType.DOUBLE, score=Score.CLASS_PROBABILITY)
            yield Column("Scored Labels", dtype, model.classes, score=Score.MULTICLASS_LABEL)
        case Task.ANOMALY:
            yield Column("Scored Labels", DType.INTEGER, (0, 1), score=Score.ANOMALY_LABEL)
            yield Column("Scored Probabilities", DType.DOUBLE, score=Score.ANOMALY_SCORE)
        case _:
            yield Column("Scored Labels", DType.DOUBLE, score=Score.REGRESSION_LABEL)


def _read(frame: Frame, feature: Column) -> Expr:
    """The feature's expression, converted where the column has another element type than in training."""
    source = frame.expr(feature.name)
    have, want = frame.schema[feature.name].dtype, as_read(feature).dtype
    both_numbers = feature.categories is None and have in _NUMERIC and want in _NUMERIC
    return source if have is want or both_numbers else Convert(source, want)


def _mark_label(column: Column, model: Model) -> Column:
    """Evaluate Model finds the label by its role, which a test set may not carry. A model that learned no label leaves
    the test set's as it is."""
    if model.label is None:
        return column
    if column.name == model.label.name and column.score is None:
        return column.with_(role=Role.LABEL)
    return column.with_(role=Role.NONE) if column.role is Role.LABEL else column


def _free_name(name: str, taken: set[str]) -> str:
    """The name, or the name with the first free suffix `` (1)``, `` (2)``, ..."""
    free, n = name, 0
    while free in taken:
        n += 1
        free = f"{name} ({n})"
    taken.add(free)
    return free
