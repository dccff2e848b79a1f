"""What people and clients are told of an endpoint: the source of its swagger document and help pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from restudio.core.schema import Column, DType, Schema
from restudio.graph.model import GraphParameter

Cell = str | int | float | bool | None
ServiceKind = Literal["training", "predictive", "non-scoring"]


@dataclass(frozen=True, slots=True)
class TablePort:
    """A web-service input or table output with a few sample rows (cells in column order; may be empty).

    ``ignored`` are columns that callers of an input may send beside those of ``schema``, and that are not read.
    """

    name: str
    schema: Schema
    sample: tuple[tuple[Cell, ...], ...] = ()
    ignored: frozenset[str] = frozenset()

    def rows(self, count: int) -> list[list[Cell]]:
        """``count`` rows to show: samples first, then neutral placeholders."""
        placeholder = [placeholder_of(c) for c in self.schema]
        shown = [list(row) for row in self.sample[:count]]
        return shown + [list(placeholder) for _ in range(count - len(shown))]


@dataclass(frozen=True, slots=True)
class ServiceDescription:
    """One endpoint of one service version. URLs are absolute and carry no trailing slash.

    ``models`` names the outputs that are trained models (``.ilearner``); they exist in batch execution only.
    ``resources`` are the updatable resources, by name.
    """

    title: str
    kind: ServiceKind
    endpoint: str
    api_location: str
    update_location: str
    help_location: str
    updated: str
    description: str = ""
    inputs: tuple[TablePort, ...] = ()
    outputs: tuple[TablePort, ...] = ()
    models: tuple[str, ...] = ()
    parameters: tuple[GraphParameter, ...] = ()
    resources: tuple[str, ...] = ()
    is_default: bool = False
    prevents_update: bool = False

    @property
    def scores_requests(self) -> bool:
        """Whether request-response calls make sense: every output is a table."""
        return bool(self.outputs) and not self.models

    @property
    def why_not_updatable(self) -> str | None:
        """The reason why there is nothing to update here, or None when there is."""
        if self.kind == "training":
            return (
                "This is a training web service: it produces trained models and holds none that could be replaced. "
                "Update an endpoint of the predictive web service instead."
            )
        if not self.resources:
            return "This web service contains no saved trained model, so there is nothing to replace."
        if self.is_default:
            return (
                "The default endpoint follows its experiment and is updated by deploying the experiment again. "
                "Add another endpoint to this web service and update that one."
            )
        if self.prevents_update:
            return "This endpoint was created with PreventUpdate and keeps its model."
        return None


_PLACEHOLDERS: dict[DType, Cell] = {
    DType.STRING: "value",
    DType.INTEGER: 0,
    DType.DOUBLE: 0,
    DType.BOOLEAN: False,
    DType.DATETIME: "2016-03-02T09:15:44",
    DType.TIMESPAN: "00:00:00",
}


def placeholder_of(column: Column) -> Cell:
    """A neutral cell for a column: its first level when it is categorical, else as the original pages showed."""
    return column.categories[0] if column.categories else _PLACEHOLDERS[column.dtype]


def example_parameters(parameters: Sequence[GraphParameter]) -> dict[str, str]:
    """``GlobalParameters`` to show: defaults, and an empty text where a value is required."""
    return {p.name: "" if p.default is None else str(p.default) for p in parameters}
