"""Scorer: a predictive graph bound for scoring, as rows of typed cells or as chunks of Arrow tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import pyarrow as pa

from restudio.core.errors import Kind, RestudioError
from restudio.core.schema import Schema
from restudio.kernels.chunk import evaluate_all
from restudio.kernels.expr import Constant, Expr, Frame, Input, Predict
from restudio.kernels.row import RowKernel, bind

Row = list[object]
"""Cells of one row in the order of a schema: None, str, int, float, bool, datetime or timedelta."""


@dataclass(frozen=True, slots=True)
class InputSpec:
    """What a service input takes: the columns of ``schema``. Columns of the names ``ignored`` (the label) may be sent
    as well and are not read."""

    schema: Schema
    ignored: frozenset[str] = frozenset()


class Rows(NamedTuple):
    """Result rows of one output."""

    schema: Schema
    rows: Sequence[tuple[object, ...]]


class Scorer(Protocol):
    """Immutable and thread-safe.

    ``fast`` tells whether every module runs as a kernel; if not, ``reason`` says which one does not.
    ``score_rows`` may use up the row lists it is given. Inputs must hold every port of ``inputs``.
    """

    @property
    def inputs(self) -> Mapping[str, InputSpec]: ...

    @property
    def outputs(self) -> Mapping[str, Schema]: ...

    @property
    def fast(self) -> bool: ...

    @property
    def reason(self) -> str | None: ...

    def score_rows(self, inputs: Mapping[str, list[Row]]) -> Mapping[str, Rows]: ...

    def score_table(self, inputs: Mapping[str, pa.Table]) -> Mapping[str, pa.Table]: ...


class KernelScorer:
    """Every output is a frame over the inputs."""

    fast = True
    reason = None

    def __init__(self, inputs: Mapping[str, InputSpec], frames: Mapping[str, Frame]) -> None:
        self.inputs = dict(inputs)
        self.outputs = {name: frame.schema for name, frame in frames.items()}
        self._groups = [_Group(names, frames, self.inputs) for names in _grouped(frames)]

    def score_rows(self, inputs: Mapping[str, list[Row]]) -> Mapping[str, Rows]:
        results: dict[str, Rows] = {}
        last = self._groups[-1] if self._groups else None
        for group in self._groups:
            group.score(inputs, results, self.outputs, copy=group is not last)
        return results

    def score_table(self, inputs: Mapping[str, pa.Table]) -> Mapping[str, pa.Table]:
        results: dict[str, pa.Table] = {}
        for group in self._groups:
            group.ensure_aligned({port: inputs[port].num_rows for port in group.ports})
            tables = {port: inputs[port] for port in group.ports}
            results.update(zip(group.names, evaluate_all(group.frames, tables), strict=True))
        return results


class _Group:
    """Outputs that read the same inputs and drop the same rows: computed together."""

    def __init__(self, names: list[str], frames: Mapping[str, Frame], inputs: Mapping[str, InputSpec]) -> None:
        self.names = names
        self.frames = [frames[name] for name in names]
        self.ports = _ports_of(self.frames[0])
        layout = [(port, column) for port in self.ports for column in inputs[port].schema.names]
        self._kernel: RowKernel = bind(self.frames, layout)

    def score(
        self, inputs: Mapping[str, list[Row]], results: dict[str, Rows], schemas: Mapping[str, Schema], *, copy: bool
    ) -> None:
        rows = self._rows(inputs, copy)
        if len(rows) > 1:
            kept = self._kernel.run_many(list(rows))
        else:
            kept = [result for row in rows if (result := self._kernel.run(row)) is not None]
        for i, name in enumerate(self.names):
            results[name] = Rows(schemas[name], [result[i] for result in kept])

    def ensure_aligned(self, sizes: Mapping[str, int]) -> None:
        """Inputs that meet in one output must have equally many rows."""
        if len(set(sizes.values())) > 1:
            shown = ", ".join(f"'{port}' has {size}" for port, size in sizes.items())
            raise RestudioError(
                Kind.BAD_USER_ARGUMENT, "InputMismatchError", f"The inputs must have equally many rows: {shown}."
            )

    def _rows(self, inputs: Mapping[str, list[Row]], copy: bool) -> Sequence[Row]:
        if len(self.ports) == 1:
            rows = inputs[self.ports[0]]
            return [list(row) for row in rows] if copy else rows
        if not self.ports:
            return [[]]
        self.ensure_aligned({port: len(inputs[port]) for port in self.ports})
        parts = zip(*(inputs[port] for port in self.ports), strict=True)
        return [[cell for part in row for cell in part] for row in parts]


def _grouped(frames: Mapping[str, Frame]) -> list[list[str]]:
    groups: dict[tuple[tuple[str, ...], tuple[Expr, ...]], list[str]] = {}
    for name, frame in frames.items():
        groups.setdefault((_ports_of(frame), frame.keep), []).append(name)
    return list(groups.values())


def _ports_of(frame: Frame) -> tuple[str, ...]:
    """The input ports that a frame reads, sorted."""
    ports: set[str] = set()
    pending: list[Expr] = [*frame.keep, *(expr for _, expr in frame.columns)]
    seen: set[int] = set()
    while pending:
        expr = pending.pop()
        if id(expr) in seen:
            continue
        seen.add(id(expr))
        if isinstance(expr, Input):
            ports.add(expr.port)
        elif isinstance(expr, Predict):
            pending.extend(expr.call.features)
        elif not isinstance(expr, Constant):
            pending.append(expr.source)
    return tuple(sorted(ports))
