"""Looking at a graph before it runs: everything that is wrong with it, and the columns at its ports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from restudio.core.errors import ModuleError, RestudioError
from restudio.core.registry import Registry
from restudio.core.schema import Schema, Superset
from restudio.core.spec import PortKind
from restudio.experiments.snapshots import find_asset
from restudio.graph.check import find_problems
from restudio.graph.model import DATASET, Graph
from restudio.graph.parameters import bind_parameters
from restudio.graph.ports import asset_of
from restudio.graph.schemas import Columns, Told, tell_schemas
from restudio.models.service import AssetService

_UNTOLD = "What comes in is not known before running."


@dataclass(frozen=True, slots=True)
class PortColumns:
    """What is known of a table output before running: its columns (a ``Superset``: some of them), or why not."""

    node: str
    port: str
    columns: Columns | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    problems: tuple[RestudioError, ...]
    ports: tuple[PortColumns, ...]

    @property
    def can_run(self) -> bool:
        return not self.problems


def check_before_running(graph: Graph, workspace_id: str, assets: AssetService, registry: Registry) -> Checked:
    """All findings at once, and the columns as far as they can be told. Nothing runs."""
    problems = list(find_problems(graph, registry))
    known: dict[str, Schema] = {}
    for node in graph.nodes if _is_sound(problems) else ():
        try:
            asset = find_asset(node, workspace_id, assets, registry)
        except RestudioError as error:
            problems.append(error)
            continue
        if asset is not None and node.module == DATASET:
            schema = assets.schema(asset)
            if schema is not None:
                known[str(asset_of(node))] = schema
    if not _is_sound(problems):
        return Checked(tuple(problems), ())
    told = tell_schemas(bind_parameters(graph, {}), registry, known)
    problems += _new(told, problems)
    return Checked(tuple(problems), tuple(_ports(graph, registry, told.ports)))


def _is_sound(problems: list[RestudioError]) -> bool:
    """Whether nodes and connections are in order, so that columns can be followed; parameters may be wrong."""
    return all(isinstance(problem, ModuleError) or problem.detail == "AssetNotFound" for problem in problems)


def _new(told: Told, problems: list[RestudioError]) -> Iterator[ModuleError]:
    """What only the columns show; a parameter that is wrong in itself is told already."""
    before = {(p.node, p.parameter) for p in problems if isinstance(p, ModuleError)}
    return (p for p in told.problems if (p.node, p.parameter) not in before)


def _ports(graph: Graph, registry: Registry, told: Mapping[tuple[str, str], Columns]) -> Iterator[PortColumns]:
    for node in graph.nodes:
        spec = registry.get_entry(node.module).spec
        for port in spec.outputs:
            if port.kind is PortKind.TABLE:
                columns = told.get((node.id, port.name))
                reason = "" if columns is not None else spec.known_by_running or _UNTOLD
                yield PortColumns(node.id, port.name, columns, reason)


def columns_of(columns: Columns) -> Schema:
    """The columns, exact or not."""
    return columns.schema if isinstance(columns, Superset) else columns
