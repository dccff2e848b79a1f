"""One server's worth of services, for the tests of experiments."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from restudio.core.registry import Registry
from restudio.experiments.service import ExperimentService
from restudio.graph.events import RunView
from restudio.models.service import AssetService
from restudio.storage.db import SqlDatabase
from restudio.storage.objects import FileObjects
from restudio.storage.work_memory import MemoryWork

WORKSPACE = "0123456789abcdef0123456789abcdef"
ENDED = {"Finished", "Failed", "Canceled"}


@dataclass
class Studio:
    """One server's worth of services."""

    experiments: ExperimentService
    assets: AssetService
    objects: FileObjects
    database: SqlDatabase
    work: MemoryWork
    registry: Registry
    workspace: str = WORKSPACE

    def import_yaml(self, text: str) -> str:
        return self.experiments.import_yaml(self.workspace, text).id

    def wait(self, run_id: str) -> RunView:
        """The view of a run when it has ended."""
        return self.wait_until(run_id, lambda view: view.state in ENDED)

    def wait_until(self, run_id: str, reached: Callable[[RunView], bool]) -> RunView:
        deadline = time.monotonic() + 30
        while not reached(view := self.experiments.run_view(run_id)):
            assert time.monotonic() < deadline, view
            time.sleep(0.01)
        return view

    def run(self, experiment_id: str) -> RunView:
        return self.wait(self.experiments.run(experiment_id).id)
