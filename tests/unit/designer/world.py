"""A server's worth of services for the tests of the designer."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from restudio.blobs.service import BlobService
from restudio.blobs.types import BlobPath
from restudio.core.registry import Registry
from restudio.core.selector import Selection
from restudio.designer.service import DesignerService
from restudio.designer.stores.service import OWN_CONTAINER, DataStores
from restudio.designer.types import PipelineRun, Submission
from restudio.experiments.service import ExperimentService
from restudio.graph.events import RunView
from restudio.identity.types import Principal, Role
from restudio.models.service import AssetService
from restudio.storage.db import SqlDatabase
from restudio.storage.objects import FileObjects
from restudio.storage.work_memory import MemoryWork

WORKSPACE = "0123456789abcdef0123456789abcdef"
ENDED = {"Finished", "Failed", "Canceled"}
OWNER = Principal("user", "u1", "ada@example.org", WORKSPACE, frozenset({Role.OWNER}))
READER = Principal("user", "u2", "bob@example.org", WORKSPACE, frozenset({Role.READER}))
MEMBER = Principal("user", "u3", "eve@example.org", WORKSPACE, frozenset({Role.MEMBER}))
PIPELINE = """\
restudio: pipeline/1
title: Income
experiment: nightly
parameters:
  data:
    type: DataSource
    default: adult.csv
  fraction:
    type: Float
    default: 0.7
  weight:
    type: Float
    default: 1.0
nodes:
  adult:
    module: dataset
    linked parameters:
      asset: data
  clean:
    module: clean-missing-data
    inputs:
      Dataset: adult / dataset
  split:
    module: split-data
    inputs:
      Dataset: clean / Cleaned dataset
    linked parameters:
      Fraction of rows in the first output dataset: fraction
  learner:
    module: two-class-logistic-regression
    linked parameters:
      L1 regularization weight: weight
      L2 regularization weight: weight
  train:
    module: train-model
    inputs:
      Untrained model: learner / Untrained model
      Dataset: split / Results dataset1
    parameters:
      Label column: 'LABEL'
  score:
    module: score-model
    inputs:
      Trained model: train / Trained model
      Dataset: split / Results dataset2
  evaluate:
    module: evaluate-model
    inputs:
      Scored dataset: score / Scored dataset
""".replace("LABEL", json.dumps(Selection.names("income").to_json()))


def adult(offset: int = 0) -> bytes:
    """Rows that look like the census; another offset gives others."""
    rows = (
        f"{20 + i % 50},{'' if i % 17 == 0 else 10 + i % 40},{'>50K' if (i * 7 + offset) % 50 > 25 else '<=50K'}\n"
        for i in range(200)
    )
    return ("age,hours,income\n" + "".join(rows)).encode()


@dataclass
class World:
    """One server's worth of services."""

    designer: DesignerService
    stores: DataStores
    experiments: ExperimentService
    assets: AssetService
    blobs: BlobService
    objects: FileObjects
    database: SqlDatabase
    work: MemoryWork
    registry: Registry
    folder: Path

    def draft(self, text: str = PIPELINE) -> str:
        return self.designer.drafts.import_yaml(OWNER, WORKSPACE, text).id

    def publish(self, text: str = PIPELINE, **options: object) -> str:
        published = self.designer.published
        return published.publish_draft(OWNER, WORKSPACE, self.draft(text), **options).id  # type: ignore[arg-type]

    def submit(self, pipeline_id: str, **asked: object) -> PipelineRun:
        return self.designer.submit_pipeline(OWNER, WORKSPACE, pipeline_id, Submission(**asked))  # type: ignore[arg-type]

    def upload(self, path: str, content: bytes, container: str = OWN_CONTAINER) -> None:
        account = self.blobs.accounts.ensure_default(WORKSPACE)
        self.blobs.ensure_container(account, container)
        self.blobs.put_blob(BlobPath(account, container, path), content)

    def wait(self, run: PipelineRun) -> RunView:
        """The view of a run when it has ended."""
        return self.wait_until(run, lambda view: view.state in ENDED)

    def wait_until(self, run: PipelineRun, reached: Callable[[RunView], bool]) -> RunView:
        deadline = time.monotonic() + 60
        while not reached(view := self.designer.view(WORKSPACE, run.id)):
            assert time.monotonic() < deadline, view
            time.sleep(0.01)
        return view

    def reused(self, view: RunView) -> Mapping[str, bool]:
        return {name: node.cached for name, node in view.nodes.items()}
