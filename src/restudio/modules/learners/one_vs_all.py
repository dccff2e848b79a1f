"""One-vs-All Multiclass (modules reference, 64): several classes by a two-class learner.

The model holds one model a class. Their fitted state stands side by side, arrays and texts of model ``k`` under names
that begin with ``<k>-``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np

from restudio.artifacts.values import Json, Model, UntrainedModel
from restudio.core.errors import ModuleError
from restudio.core.params import parse_params, text, to_raw
from restudio.core.schema import Column, DType
from restudio.core.spec import Entry, Port, PortKind, Serving, Task, module
from restudio.kernels.expr import Predictor, Vector
from restudio.kernels.scores import Scores
from restudio.modules.fitted_state import reading
from restudio.modules.learners.fitted import scores_of
from restudio.modules.learners.training_data import TrainingData
from restudio.seams.context import Context

_ID = "one-vs-all-multiclass"
_INNER = "Untrained binary classification model"
_PROBABILITY = 1
"""Which output of a two-class kernel is the probability."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OneVsAllParams:
    inner: str = text(_INNER, "", hidden=True, help="The two-class learner, as the input port gives it.")


@module(
    id=_ID,
    name="One-vs-All Multiclass",
    category="Machine Learning / Initialize Model / Classification",
    params=OneVsAllParams,
    inputs=(Port(_INNER, PortKind.UNTRAINED),),
    outputs=(Port("Untrained model", PortKind.UNTRAINED),),
    task=Task.MULTICLASS,
    family="7191efaeb4b14d03a6f87205f87be664",
    serving=Serving.NEVER,
    errors=("0003", "0013", "0014", "0023", "0033", "0083", "0130", "0134"),
)
def one_vs_all_multiclass(
    p: OneVsAllParams, untrained: UntrainedModel | None = None, *, ctx: Context
) -> UntrainedModel:
    """Tell several classes apart with a two-class learner: one model a class learns it against all others. The class
    whose model is surest is assigned; the probabilities are brought to the sum 1.

    Example:
      Untrained binary classification model: {module: two-class-support-vector-machine}
    """
    if untrained is None:
        raise ModuleError("0003", f"'{_INNER}' is not connected.")
    if untrained.task is not Task.BINARY or ctx.entry(untrained.learner).fit is None:
        raise ModuleError("0013", f"'{untrained.learner}' is not a two-class learner.")
    inner = json.dumps({"learner": untrained.learner, "params": dict(untrained.params)}, sort_keys=True)
    return UntrainedModel(_ID, Task.MULTICLASS, to_raw(replace(p, inner=inner)))


@one_vs_all_multiclass.fits
def _fit(p: OneVsAllParams, data: TrainingData, ctx: Context) -> Model:
    learner, raw = _inner(p.inner)
    entry = ctx.entry(learner)
    assert data.label is not None
    if entry.fit is None:
        raise ModuleError("0013", f"'{entry.spec.name}' is not a learner.")
    params: object = parse_params(entry.spec.params, raw)
    label = data.label.with_(dtype=DType.INTEGER, categories=None)
    models: list[Model] = []
    for k in range(len(data.classes)):
        part = replace(data, label=label, classes=(0, 1), target=(data.target == k).astype(np.int64))
        models.append(entry.fit(params, part, ctx))
        ctx.progress((k + 1) / len(data.classes), f"{k + 1} of {len(data.classes)} classes")
    return Model(
        learner=_ID,
        task=Task.MULTICLASS,
        features=models[0].features,
        label=data.label,
        classes=data.classes,
        arrays={f"{k}-{name}": array for k, model in enumerate(models) for name, array in model.arrays.items()},
        texts={f"{k}-{name}": value for k, model in enumerate(models) for name, value in model.texts.items()},
        params=cast("dict[str, Json]", to_raw(p)),
        metrics={"Training rows": float(data.rows)},
    )


@one_vs_all_multiclass.predicts_through
def _predict(model: Model, entry: Callable[[str], Entry]) -> Predictor:
    with reading(model.learner):
        learner, raw = _inner(str(model.params[_INNER]))
        found = entry(learner)
        if found.predictor is None or found.composite:
            raise ValueError(f"'{learner}' cannot score as part of another model")
        label = Column("one of the classes", DType.INTEGER)
        parts = [
            Model(
                learner,
                Task.BINARY,
                model.features,
                label,
                (0, 1),
                {name.removeprefix(f"{k}-"): a for name, a in model.arrays.items() if name.startswith(f"{k}-")},
                {name.removeprefix(f"{k}-"): t for name, t in model.texts.items() if name.startswith(f"{k}-")},
                cast("dict[str, Json]", raw),
            )
            for k in range(len(model.classes))
        ]
        return OneVsAll([found.predictor(part) for part in parts], scores_of(model))


def _inner(written: str) -> tuple[str, dict[str, object]]:
    """Learner and raw parameters of the two-class learner."""
    try:
        value = json.loads(written)
        learner, raw = value["learner"], value["params"]
    except (ValueError, KeyError, TypeError) as cause:
        raise ModuleError("0003", f"'{_INNER}' is not known; connect a two-class learner.") from cause
    if not isinstance(learner, str) or not isinstance(raw, dict):
        raise ModuleError("0013", f"'{_INNER}' does not name a learner.")
    return learner, raw


class OneVsAll:
    """The probabilities of one two-class kernel a class, divided by their sum."""

    def __init__(self, parts: Sequence[Predictor], scores: Scores) -> None:
        if any(part.outputs != (DType.INTEGER, DType.DOUBLE) for part in parts):
            raise ValueError("a part is not a two-class model")
        self._parts = tuple(parts)
        self._scores = scores

    @property
    def outputs(self) -> tuple[DType, ...]:
        return self._scores.outputs

    def one(self, cells: Sequence[object]) -> tuple[object, ...]:
        raw: list[float] = []
        for part in self._parts:
            value = part.one(cells)[_PROBABILITY]
            raw.append(float("nan") if value is None else value)  # type: ignore[arg-type]  # a double by contract
        total = 0.0
        for value in raw:
            total += value
        return self._scores.one([1.0 / len(raw) if total == 0.0 else value / total for value in raw])

    def many(self, columns: Sequence[Vector], rows: int) -> tuple[Vector, ...]:
        raw = []
        total = np.zeros(rows)
        for part in self._parts:
            vector = part.many(columns, rows)[_PROBABILITY]
            values = np.array(vector.values, np.float64)
            if vector.missing is not None:
                values[vector.missing] = np.nan
            raw.append(values)
            total += values
        none = total == 0.0
        total[none] = 1.0
        return self._scores.many([np.where(none, 1.0 / len(raw), values / total) for values in raw])


if TYPE_CHECKING:
    _: type[Predictor] = OneVsAll
