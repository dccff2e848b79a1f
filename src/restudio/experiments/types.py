"""Values of the experiments domain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from restudio.core.registry import Registry
from restudio.experiments.bindings import Bindings
from restudio.graph.events import Failure, State
from restudio.graph.model import Graph
from restudio.graph.plan import Plan, PortId, make_plan
from restudio.graph.sketch import Change
from restudio.seams.engine import Limits

ExperimentKind = Literal["experiment", "pipeline"]

DEFAULT_SEED = 42
"""What blank seeds of a run become, so that equal runs give equal results."""


@dataclass(frozen=True, slots=True)
class Experiment:
    """One version of an experiment document. Versions count from 1 and never change; ``updated`` is of this version.

    A ``pipeline`` is the same document, drawn and run through the designer. ``training_id`` is set for a
    predictive experiment: the experiment that it was made from.
    """

    id: str
    workspace_id: str
    title: str
    version: int
    updated: float
    graph: Graph
    description: str = ""
    training_id: str | None = None
    kind: ExperimentKind = "experiment"


@dataclass(frozen=True, slots=True)
class PinnedAsset:
    """The asset version that a saved node meant when a run began; ``digest`` is of its content."""

    id: str
    digest: str
    key: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that decides what a run does, fixed: a graph whose saved nodes name exact versions, and the seed."""

    graph: Graph
    assets: Mapping[str, PinnedAsset] = field(default_factory=dict)
    seed: int = DEFAULT_SEED
    wanted: tuple[str, ...] | None = None
    stop_on_failure: bool = False

    def plan(
        self,
        registry: Registry,
        *,
        inputs: Mapping[PortId, str] | None = None,
        parameters: Mapping[str, object] | None = None,
        wanted: tuple[str, ...] | None = None,
    ) -> Plan:
        """The plan of this snapshot; see :func:`make_plan`."""
        return make_plan(
            self.graph,
            registry,
            seed=self.seed,
            assets={node: asset.digest for node, asset in self.assets.items()},
            inputs=inputs,
            parameters=parameters,
            wanted=wanted or self.wanted,
        )

    def bindings(
        self,
        *,
        inputs: Mapping[PortId, str] | None = None,
        finished: Mapping[str, Mapping[str, str]] | None = None,
        limits: Limits | None = None,
    ) -> Bindings:
        """Where the things of the plan are; ``inputs`` are object keys of bound Web Service Inputs."""
        keys = {asset.id: asset.key for asset in self.assets.values()}
        return Bindings(keys, inputs or {}, finished or {}, limits or Limits())


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of a version of an experiment. Times in epoch seconds."""

    id: str
    workspace_id: str
    experiment_id: str
    version: int
    title: str
    state: State
    created: float
    started: float | None = None
    ended: float | None = None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """First rows of a table as JSON cells (missing: None), its schema, and the number of all rows."""

    columns: list[dict[str, object]]
    rows: list[list[object]]
    total_rows: int


@dataclass(frozen=True, slots=True)
class SetUp:
    """An experiment made ready for a web service, and every difference to what it was made from."""

    experiment: Experiment
    changes: tuple[Change, ...]
