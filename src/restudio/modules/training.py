"""Machine Learning / Train (modules reference, 5.11)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from restudio.artifacts.values import Model, UntrainedModel
from restudio.core.errors import ModuleError
from restudio.core.params import columns, parse_params
from restudio.core.schema import Schema
from restudio.core.selector import Selection
from restudio.core.spec import Port, PortKind, Serving, Task, ToldModel, module, table_in
from restudio.modules.learners.training_data import prepare
from restudio.seams.context import Context
from restudio.tables.table import Table

_LABEL = "Label column"
_SUPERVISED = (Task.BINARY, Task.MULTICLASS, Task.REGRESSION)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainModelParams:
    label: Selection = columns(_LABEL, single=True, help="The column to learn; all other features are learned from.")


@module(
    id="train-model",
    name="Train Model",
    category="Machine Learning / Train",
    params=TrainModelParams,
    inputs=(Port("Untrained model", PortKind.UNTRAINED), table_in("Dataset")),
    outputs=(Port("Trained model", PortKind.MODEL),),
    family="5cc7053eaa30450d96c0dae4be720977",
    serving=Serving.NEVER,
    errors=("0003", "0013", "0014", "0023", "0033", "0037", "0047", "0063", "0083", "0122", "0124", "0130", "0134"),
)
def train_model(p: TrainModelParams, untrained: UntrainedModel, dataset: Table, *, ctx: Context) -> Model:
    """Train a classification or regression model. The label column is the one chosen, or the one marked as label when
    none is chosen. Only columns marked as features are learned from; rows without a label are left out.

    Example:
      parameters: {Label column: price}
      Untrained model: {module: linear-regression}
      Dataset: {size: [1.0, 2.0, 3.0, 4.0], price: [10.0, 20.0, 30.0, 40.0]}
    """
    learner = ctx.entry(untrained.learner)
    if learner.fit_table is not None:
        made: Model = learner.fit_table(
            parse_params(learner.spec.params, untrained.params), dataset, label_name(p.label, dataset.schema), ctx
        )
        return made
    if untrained.task not in _SUPERVISED:
        raise _not_supervised(untrained.task)
    if learner.fit is None:
        raise ModuleError("0013", f"'{learner.spec.name}' is not a learner.")
    data = prepare(dataset, label_name(p.label, dataset.schema), untrained.task)
    ctx.progress(0.1, f"training on {data.rows} rows with {len(data.features)} features")
    model: Model = learner.fit(parse_params(learner.spec.params, untrained.params), data, ctx)
    return model


@train_model.tells_schema
def _told(p: TrainModelParams, untrained: ToldModel | None, dataset: Schema) -> ToldModel | None:
    label = dataset[label_name(p.label, dataset)]
    if untrained is None:
        return None
    if untrained.learner.fit_table is None and untrained.learner.spec.task not in _SUPERVISED:
        raise _not_supervised(untrained.learner.spec.task)
    return replace(untrained, label=label)


def _not_supervised(task: Task | None) -> ModuleError:
    told = "nothing" if task is None else task.value
    return ModuleError("0013", f"A learner for {told} cannot be trained with a label column.")


def label_name(selection: Selection, schema: Schema) -> str:
    """The one label column chosen, or the marked one when none is. Errors: 0003 no label column, 0037 several."""
    marked = schema.label()
    if not selection.rules and marked is not None:
        return marked.name
    names = selection.resolve(schema, parameter=_LABEL)
    if not names:
        raise ModuleError("0003", "No label column is selected.", parameter=_LABEL)
    if len(names) > 1:
        shown = ", ".join(names[:5])
        raise ModuleError("0037", f"One label column must be selected, got {len(names)}: {shown}.", parameter=_LABEL)
    return names[0]
