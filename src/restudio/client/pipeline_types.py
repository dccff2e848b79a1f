"""Values of the designer's calls. Ids are texts; times are ISO 8601 in UTC as the server writes them."""

from __future__ import annotations

import html
from typing import Any

import msgspec

from restudio.client.types import Change


class ParameterUse(msgspec.Struct, frozen=True):
    """A field that a parameter serves."""

    node: str
    field: str


class DraftParameter(msgspec.Struct, frozen=True):
    """A parameter of a draft; ``type`` is String, Int, Float, Boolean or DataSource."""

    name: str
    type: str
    default: Any = None
    required: bool = False
    description: str = ""
    uses: list[ParameterUse] = []


class Draft(msgspec.Struct, frozen=True):
    """An editable pipeline. ``role`` is training, real-time or batch."""

    id: str
    name: str
    version: int
    description: str = ""
    experiment_name: str = ""
    tags: dict[str, str] = {}
    continue_on_failure: bool = False
    role: str = "training"
    training_id: str | None = None
    parameters: list[DraftParameter] = []


class Problem(msgspec.Struct, frozen=True):
    """Something that keeps a draft from running."""

    code: str
    message: str
    node: str | None = None


class Inference(msgspec.Struct, frozen=True):
    """An inference draft, what was changed in it and why, and the training run that it stands on."""

    draft: Draft
    changes: list[Change]
    run: str


class Deployed(msgspec.Struct, frozen=True):
    """A real-time inference pipeline as a web service; rows go to ``scoring_uri``."""

    service_id: str
    name: str
    version: int
    stage: str
    endpoint: str
    scoring_uri: str
    api_location: str


class Step(msgspec.Struct, frozen=True, rename="pascal"):
    """One step of a run; ``is_reused`` says that its output was known already."""

    id: str
    name: str
    module: str
    status: str
    is_reused: bool = False
    progress: float = 0.0
    outputs: list[str] = []
    error_message: str | None = None
    log: list[str] = []


class PipelineRun(msgspec.Struct, frozen=True, rename="pascal"):
    """A run; ``status`` is NotStarted, Running, Finished, Failed or Canceled. ``steps`` only where asked for."""

    id: str
    status: str
    run_history_experiment_name: str = ""
    name: str = ""
    description: str = ""
    tags: dict[str, str] = {}
    run_source: str = ""
    parent_run_id: str | None = None
    pipeline_id: str | None = None
    pipeline_endpoint_id: str | None = None
    pipeline_version: str | None = None
    draft_id: str | None = None
    schedule_id: str | None = None
    parameter_assignments: dict[str, Any] = {}
    created_date: str | None = None
    start_time: str | None = None
    end_time: str | None = None
    error_message: str | None = None
    steps: list[Step] = []

    @property
    def experiment(self) -> str:
        return self.run_history_experiment_name

    @property
    def ended_well(self) -> bool:
        return self.status == "Finished"

    @property
    def reused(self) -> int:
        """How many steps took their output from earlier runs."""
        return sum(step.is_reused for step in self.steps)

    def _repr_html_(self) -> str:
        """For notebooks: the run and its steps as a table."""
        head = f"<b>{html.escape(self.name)}</b> {html.escape(self.status)} <code>{self.id}</code>"
        rows = "".join(
            f"<tr><td>{html.escape(step.name)}</td><td>{html.escape(step.status)}"
            f"{' (reused)' if step.is_reused else ''}</td><td>{step.progress:.0%}</td>"
            f"<td>{html.escape(step.error_message or '')}</td></tr>"
            for step in self.steps
        )
        return f"{head}<table><tr><th>step</th><th>status</th><th>done</th><th></th></tr>{rows}</table>"


class Parameter(msgspec.Struct, frozen=True, rename="pascal"):
    """A parameter of a published pipeline."""

    name: str
    type: str
    default_value: Any = None
    required: bool = False
    description: str = ""


class PublishedPipeline(msgspec.Struct, frozen=True, rename="pascal"):
    """A frozen pipeline with an address. ``endpoint_version`` and ``is_default`` are set for versions of endpoints."""

    id: str
    name: str
    status: str
    description: str = ""
    version: str = ""
    graph_id: str = ""
    total_run_steps: int = 0
    continue_run_on_step_failure: bool = False
    rest_endpoint: str = ""
    published_date: str | None = None
    published_by: str = ""
    last_run_time: str | None = None
    last_run_status: str | None = None
    parameters: list[Parameter] = []
    endpoint_version: str | None = None
    is_default: bool | None = None


class PipelineVersion(msgspec.Struct, frozen=True, rename="pascal"):
    version: str
    pipeline_id: str


class PipelineEndpoint(msgspec.Struct, frozen=True, rename="pascal"):
    """A lasting name and address over published pipelines."""

    id: str
    name: str
    status: str
    default_version: str
    default_pipeline_id: str
    pipeline_version_list: list[PipelineVersion]
    rest_endpoint: str
    swagger_url: str
    description: str = ""


class DataStore(msgspec.Struct, frozen=True):
    """A registered place of data; ``secrets`` names the settings that the server keeps sealed."""

    name: str
    kind: str
    settings: dict[str, str] = {}
    secrets: list[str] = []
    description: str = ""


class DataFile(msgspec.Struct, frozen=True):
    """A file in a data store; ``size`` in bytes."""

    path: str
    size: int


class Schedule(msgspec.Struct, frozen=True, rename="pascal"):
    """A pipeline or endpoint that runs by the clock (``recurrence``) or when files change (``watch``)."""

    id: str
    name: str
    status: str
    pipeline_id: str | None = None
    pipeline_endpoint_id: str | None = None
    recurrence: dict[str, Any] | None = None
    watch: dict[str, Any] | None = None
    description: str = ""
    experiment_name: str = ""
    parameter_assignments: dict[str, Any] = {}
    data_path_assignments: dict[str, dict[str, str]] = {}
    data_set_definition_value_assignments: dict[str, Any] = {}
    next_time: str | None = None


class Fired(msgspec.Struct, frozen=True, rename="pascal"):
    """A schedule that was fired by hand."""

    id: str
