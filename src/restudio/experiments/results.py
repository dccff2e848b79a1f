"""Outputs of runs as people look at them: first rows, statistics of columns, what a model is made of."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import pyarrow as pa

from restudio.artifacts.container import read_artifact
from restudio.artifacts.values import Artifact, Bundle, Model, Transform, UntrainedModel
from restudio.core.errors import Kind, RestudioError
from restudio.core.registry import Registry
from restudio.core.schema import DType, to_json
from restudio.core.spec import PortKind
from restudio.experiments.fitted import fitted_before
from restudio.experiments.types import Preview
from restudio.graph.model import Graph
from restudio.graph.plan import PortId
from restudio.models.content import local_copy
from restudio.seams.objects import Objects
from restudio.tables import parsing
from restudio.tables.ipc import read_table, read_view
from restudio.tables.statistics import describe
from restudio.tables.table import Table

CONSOLE = ("Kind", "Name", "Content")
"""Columns of what a script printed and drew."""
_STATISTICS = ".statistics"
_TIMES = (DType.DATETIME, DType.TIMESPAN)


def kind_of(graph: Graph, registry: Registry, source: PortId) -> PortKind:
    """What an output port gives; NotFound when the graph has no such port."""
    node = next((n for n in graph.nodes if n.id == source[0]), None)
    if node is None:
        raise RestudioError.not_found("NodeNotFound", "Node", source[0], [n.id for n in graph.nodes])
    spec = registry.get_entry(node.module).spec
    port = spec.output(source[1])
    if port is None:
        what = f"Output port of '{source[0]}'"
        raise RestudioError.not_found("PortNotFound", what, source[1], [p.name for p in spec.outputs])
    return port.kind


@contextmanager
def open_table(objects: Objects, key: str) -> Iterator[Table]:
    """A stored table, mapped where it lies; use it inside the block."""
    with local_copy(objects, key) as path:
        yield read_table(path, name=key.rpartition("/")[2])


def preview(table: Table, rows: int) -> Preview:
    """The first rows as JSON cells; NaN and infinite numbers, dates and time spans are texts."""
    head = table.slice(0, rows)
    cells = [_json_cells(column.dtype, values) for column, values in zip(head.schema, head.data.columns, strict=True)]
    listed = [list(row) for row in zip(*cells, strict=True)] if cells else [[] for _ in range(head.num_rows)]
    return Preview(to_json(table.schema), listed, table.num_rows)


def statistics(objects: Objects, key: str) -> Mapping[str, object]:
    """Counts, moments, histograms and box plots of every column of a stored table; computed once and kept beside it."""
    kept = f"{key}{_STATISTICS}"
    try:
        found: Mapping[str, object] = json.loads(objects.get(kept))
    except KeyError:
        with open_table(objects, key) as table:
            found = describe(table)
        objects.put(kept, json.dumps(found, allow_nan=False).encode())
    return found


def find_view(objects: Objects, key: str) -> object:
    """What a stored table shows beside its cells (``restudio.tables.view``), or None."""
    with local_copy(objects, key) as path:
        return read_view(path, name=key.rpartition("/")[2])


def find_image(objects: Objects, key: str, name: str) -> bytes | None:
    """An image of the console of a script, by its name."""
    with open_table(objects, key) as table:
        if table.names != CONSOLE:
            return None
        for row in table.data.to_pylist():
            kind, called, content = (row[column] for column in CONSOLE)
            if kind != "text" and called == name:
                return base64.b64decode(content)
    return None


def summarize(value: Artifact) -> dict[str, object]:
    """What a model or transform is, without its fitted state."""
    match value:
        case Model():
            return {
                "kind": "model",
                "learner": value.learner,
                "task": value.task.value,
                "features": [c.name for c in value.features],
                "label": value.label.name if value.label else None,
                "classes": list(value.classes),
                "metrics": dict(value.metrics),
                "params": dict(value.params),
            }
        case Transform():
            columns = [c.name for c in value.columns]
            return {
                "kind": "transform", "module": value.module, "columns": columns, "settings": dict(value.settings)
            }  # fmt: skip
        case UntrainedModel():
            return {
                "kind": "untrained model", "learner": value.learner, "task": value.task.value,
                "params": dict(value.params),
            }  # fmt: skip


def bundle_of(
    graph: Graph,
    registry: Registry,
    key_of: Callable[[PortId], str],
    objects: Objects,
    source: PortId,
    *,
    resource: str | None = None,
) -> Bundle:
    """A trained model of a run with the transforms that were fitted upstream of it, keyed as saved nodes are called.

    ``key_of`` gives the object key of an output. Error ``NotAModel`` when the port holds something else.
    """
    if kind_of(graph, registry, source) is not PortKind.MODEL:
        text = f"Output '{source[1]}' of '{source[0]}' is not a trained model."
        raise RestudioError(Kind.INVALID_OPERATION, "NotAModel", text, target=source[0])
    model = read_artifact(objects.get(key_of(source)))
    assert isinstance(model, Model)
    return Bundle(model, fitted_before(graph, registry, objects, key_of, source[0]), resource)


def _json_cells(dtype: DType, values: pa.ChunkedArray) -> list[object]:
    if dtype in _TIMES:
        values = parsing.to_text(values, dtype)
    cells: list[object] = values.to_pylist()
    if dtype is not DType.DOUBLE:
        return cells
    return [_number_text(c) if isinstance(c, float) and not math.isfinite(c) else c for c in cells]


def _number_text(number: float) -> str:
    return "NaN" if math.isnan(number) else "Inf" if number > 0 else "-Inf"
