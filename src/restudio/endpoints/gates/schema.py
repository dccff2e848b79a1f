"""Gate: the new model fits the service's schema."""

from __future__ import annotations

from collections.abc import Iterator

from restudio.core.errors import Kind
from restudio.core.schema import Column, Schema
from restudio.endpoints.gate import Candidate, Verdict, gate


@gate(
    id="schema",
    name="Same schema",
    order=10,
    kind=Kind.CONFLICT,
    refusal="ModelOutputMetadataMismatch",
)
def same_schema(candidate: Candidate) -> Verdict:
    """The model reads columns that the service has or that come with it (a retrained vocabulary), with the same types,
    predicts the same kind of thing with the same classes, and the service's answer keeps its columns."""
    differences = list(_differences(candidate))
    if not differences:
        differences = list(_output_differences(candidate))
    if differences:
        advice = "Train it with the training experiment that this service was made from."
        return Verdict(False, f"It was trained for another schema: {'; '.join(differences)}. {advice}")
    return Verdict(True, f"{len(candidate.new.features)} features, task and answer columns agree.")


def _differences(candidate: Candidate) -> Iterator[str]:
    new, live = candidate.new, candidate.live
    if new.task is not live.task:
        yield f"it is a {new.task.value} model, the service needs a {live.task.value} model"
        return
    known = {c.name: c for c in live.features}
    unknown = [c.name for c in new.features if c.name not in known]
    if unknown and candidate.transforms:
        # Its own transforms may make them: then the graph binds to it, or says what is missing.
        candidate.scorer()
    elif unknown:
        yield f"it needs {_columns(unknown)} that the service does not have ({_columns(list(known))} known)"
    for column in new.features:
        expected = known.get(column.name)
        if expected is not None and _type(column) != _type(expected):
            yield f"column '{column.name}' is {_type(column)} in the model and {_type(expected)} in the service"
    if new.label is not None and live.label is not None and new.label.name != live.label.name:
        yield f"it predicts {_columns([new.label.name])}, the service predicts {_columns([live.label.name])}"
    if new.classes != live.classes:
        yield f"its classes are {_levels(new.classes)}, those of the service {_levels(live.classes)}"


def _output_differences(candidate: Candidate) -> Iterator[str]:
    if not candidate.version.outputs:
        return
    now = candidate.scorer().outputs
    for port in candidate.version.outputs:
        if _shape(now[port.name]) != _shape(port.schema):
            yield (
                f"output '{port.name}' would have {_columns(now[port.name].names)} instead of "
                f"{_columns(port.schema.names)}"
            )


def _shape(schema: Schema) -> list[tuple[str, str]]:
    return [(c.name, c.dtype.value) for c in schema]


def _type(column: Column) -> str:
    # Levels may change from training to training (a retrained vocabulary); the element type may not.
    return column.dtype.value


def _columns(names: list[str] | tuple[str, ...], limit: int = 8) -> str:
    shown = ", ".join(f"'{n}'" for n in names[:limit])
    return f"{'column' if len(names) == 1 else 'columns'} {shown}{' …' if len(names) > limit else ''}"


def _levels(levels: tuple[object, ...], limit: int = 8) -> str:
    return ", ".join(repr(v) for v in levels[:limit]) + (" …" if len(levels) > limit else "") or "none"
