"""Outputs that are known before a graph runs, because a run did exactly the same."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from restudio.core.registry import Registry
from restudio.core.spec import PortKind
from restudio.experiments.outputs import OutputCache
from restudio.experiments.results import open_table
from restudio.graph.plan import Plan, PortId
from restudio.seams.objects import Objects
from restudio.tables.table import Table


class SeenOutputs:
    """The known outputs of a plan, found by cache key: whichever run made them, they are what this plan would make."""

    def __init__(self, plan: Plan, workspace_id: str, registry: Registry, cache: OutputCache, objects: Objects) -> None:
        self._objects = objects
        known = cache.find(workspace_id, [task.key for task in plan.tasks if task.key is not None])
        self._tables: Mapping[PortId, str] = {
            (task.node, port.name): known[task.key][port.name]
            for task in plan.tasks
            if task.key is not None and task.key in known
            for port in registry.get_entry(task.module).spec.outputs
            if port.kind is PortKind.TABLE and port.name in known[task.key]
        }

    def head(self, source: PortId, rows: int) -> Table | None:
        """The first rows of a table that was made; None when it was not, or is gone."""
        key = self._tables.get(source)
        if key is None:
            return None
        try:
            with open_table(self._objects, key) as table:
                # Taken, not sliced: a slice would live in the mapped file.
                return table.take(pa.array(range(min(rows, table.num_rows)), pa.int64()))
        except KeyError:
            return None
