"""Values of the designer. Times are epoch seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from restudio.experiments.types import Experiment, Run
from restudio.graph.data_path import DataPath
from restudio.graph.events import NodeView
from restudio.graph.model import Graph

PipelineRole = Literal["training", "real-time", "batch"]
"""What a draft is for: a training pipeline, or an inference pipeline made from one."""
DEFAULT_EXPERIMENT = "pipelines"
"""The experiment that groups runs whose submitter named none."""


@dataclass(frozen=True, slots=True)
class DraftSettings:
    """What a draft says beside its document: ``experiment_name`` groups its runs unless a submission names another."""

    experiment_name: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    continue_on_failure: bool = False
    role: PipelineRole = "training"


NO_SETTINGS = DraftSettings()


@dataclass(frozen=True, slots=True)
class Draft:
    """An editable pipeline: a versioned document of kind ``pipeline``, and its settings."""

    document: Experiment
    settings: DraftSettings

    @property
    def id(self) -> str:
        return self.document.id


@dataclass(frozen=True, slots=True)
class PublishedPipeline:
    """A frozen graph with an address. Only ``active`` ever changes.

    ``draft_id`` and ``draft_version`` tell where the graph came from; the defaults of its parameters are those that
    were chosen when it was published.
    """

    id: str
    workspace_id: str
    name: str
    description: str
    version: str
    graph: Graph
    continue_on_failure: bool
    active: bool
    created: float
    created_by: str
    draft_id: str
    draft_version: int


@dataclass(frozen=True, slots=True)
class EndpointVersion:
    """One version of a pipeline endpoint; numbers count from 0."""

    number: int
    pipeline_id: str


@dataclass(frozen=True, slots=True)
class PipelineEndpoint:
    """A name and an address over published pipelines; a call without a version runs ``default_version``."""

    id: str
    workspace_id: str
    name: str
    description: str
    active: bool
    default_version: int
    versions: tuple[EndpointVersion, ...]
    created: float
    created_by: str

    @property
    def default_pipeline(self) -> str:
        """Id of the published pipeline that runs by default."""
        return next(v.pipeline_id for v in self.versions if v.number == self.default_version)


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What a submitter asks for; everything may be left out.

    ``datasets`` maps parameters for data to ids or names of data sets. ``continue_on_failure`` None leaves what the
    pipeline says. ``request_id`` makes submitting again give the same run. With ``regenerate`` nothing comes from the
    cache.
    """

    experiment_name: str = ""
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    parameters: Mapping[str, object] = field(default_factory=dict)
    data_paths: Mapping[str, DataPath] = field(default_factory=dict)
    datasets: Mapping[str, str] = field(default_factory=dict)
    continue_on_failure: bool | None = None
    parent_run_id: str | None = None
    request_id: str | None = None
    regenerate: bool = False
    schedule_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """What the designer knows of a run beside what every run has: what was submitted, how, under which name.

    ``parameters`` are the values of all parameters of the graph in this run.
    """

    run_id: str
    workspace_id: str
    experiment_name: str
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    draft_id: str
    pipeline_id: str | None = None
    endpoint_id: str | None = None
    endpoint_version: int | None = None
    parent_run_id: str | None = None
    schedule_id: str | None = None
    continue_on_failure: bool = False
    parameters: Mapping[str, object] = field(default_factory=dict)
    graph_id: str = ""
    author: str = ""
    request_id: str | None = None
    request_digest: str = ""
    created: float = 0.0


@dataclass(frozen=True, slots=True)
class PipelineRun:
    """A run of a pipeline. ``cancelling`` while its end has been asked for."""

    record: RunRecord
    run: Run
    cancelling: bool = False

    @property
    def id(self) -> str:
        return self.run.id


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a run: the node, its component, and how far it is."""

    node: str
    module: str
    title: str
    view: NodeView


@dataclass(frozen=True, slots=True)
class ParameterUse:
    """A parameter as forms show it: its declaration, and the fields that it serves (node, field)."""

    name: str
    kind: str
    default: object | None
    required: bool
    description: str
    uses: tuple[tuple[str, str], ...]
