"""Values that the studio API answers with. Times are epoch seconds, sizes bytes; unknown members are ignored."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

State = Literal["NotStarted", "Running", "Finished", "Failed", "Canceled", "Skipped"]
ENDED = frozenset({"Finished", "Failed", "Canceled"})


class Workspace(msgspec.Struct, frozen=True):
    id: str
    name: str
    region: str


class Experiment(msgspec.Struct, frozen=True):
    """``version`` counts the saved snapshots, from 1."""

    id: str
    title: str
    version: int
    updated: float = 0.0


class Failure(msgspec.Struct, frozen=True):
    code: str
    message: str
    parameter: str | None = None
    column: str | None = None
    row: int | None = None


class NodeRun(msgspec.Struct, frozen=True):
    """State of one node in a run; ``outputs`` names the ports that have data."""

    state: State
    fraction: float = 0.0
    started: float | None = None
    ended: float | None = None
    cached: bool = False
    failure: Failure | None = None
    outputs: list[str] = []
    log: list[str] = []


class Run(msgspec.Struct, frozen=True):
    id: str
    experiment_id: str
    state: State
    started: float | None = None
    ended: float | None = None
    failure: Failure | None = None
    nodes: dict[str, NodeRun] = {}

    @property
    def ended_well(self) -> bool:
        return self.state == "Finished"


class Preview(msgspec.Struct, frozen=True):
    """First rows of a table; ``columns`` as the schema's JSON, missing cells are None."""

    columns: list[dict[str, Any]]
    rows: list[list[Any]]
    total_rows: int

    def records(self) -> list[dict[str, Any]]:
        """Rows as mappings from column name to cell."""
        names = [column["name"] for column in self.columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows]


class Asset(msgspec.Struct, frozen=True):
    """One version of a dataset, trained model or transform; ``lineage`` tells the run that made it, and its metrics."""

    id: str
    family: str
    kind: str
    name: str
    version: int
    data_type_id: str
    size: int
    created: float
    description: str = ""
    lineage: dict[str, Any] = {}


class Change(msgspec.Struct, frozen=True):
    """One step of turning a training experiment into a predictive one, and its reason."""

    node: str
    what: str
    why: str


class Finding(msgspec.Struct, frozen=True):
    """Something in an imported experiment that a person has to look at."""

    line: int | None
    subject: str
    reason: str


class Imported(msgspec.Struct, frozen=True):
    """A classic experiment, saved, and the report on it."""

    experiment: Experiment
    findings: list[Finding]


class Rewritten(msgspec.Struct, frozen=True):
    """The predictive experiment and how it came about."""

    experiment: Experiment
    changes: list[Change]


class Service(msgspec.Struct, frozen=True):
    """``stage`` is where the newest version stands: staging, ready or production."""

    id: str
    name: str
    kind: Literal["training", "predictive", "non-scoring"]
    stage: str
    version: int
    default_endpoint: str = "default"


class Revision(msgspec.Struct, frozen=True):
    """One line of an endpoint's ledger; ``live`` marks the one that answers."""

    id: str
    number: int
    at: float
    who: str
    why: str
    live: bool = False
    resources: dict[str, str] = {}


class Job(msgspec.Struct, frozen=True):
    id: str
    endpoint_id: str
    service_id: str
    status: str
    created: float = 0.0
    started: float | None = None
    ended: float | None = None
    failure: str | None = None


class Problem(msgspec.Struct, frozen=True):
    """Something that keeps an experiment from running."""

    code: str
    message: str
    node: str | None = None
    parameter: str | None = None
    column: str | None = None


class PortColumns(msgspec.Struct, frozen=True):
    """The columns at an output before running: all of them when ``exact``, else those that may come; None: unknown."""

    node: str
    port: str
    columns: list[dict[str, object]] | None
    exact: bool
    reason: str = ""


class Checked(msgspec.Struct, frozen=True):
    can_run: bool
    problems: list[Problem]
    ports: list[PortColumns]


class ModuleInfo(msgspec.Struct, frozen=True):
    id: str
    name: str
    category: str
    help: str = ""
    example: str = ""
    aliases: list[str] = []
    inputs: list[dict[str, object]] = []
    outputs: list[dict[str, object]] = []
    parameters: list[dict[str, object]] = []
    errors: list[str] = []
    serving: str = "normal"
    fast: bool = False
    known_by_running: str = ""


class Location(msgspec.Struct, frozen=True, rename="pascal"):
    """A blob as batch execution names it."""

    base_location: str
    relative_location: str
    sas_blob_token: str | None = None

    @property
    def url(self) -> str:
        return f"{self.base_location}{self.relative_location}{self.sas_blob_token or ''}"


class Resource(msgspec.Struct, frozen=True, rename="pascal"):
    name: str
    kind: str = "TrainedModel"
    location: Location | None = None


class Endpoint(msgspec.Struct, frozen=True, rename="pascal"):
    """A deployment of a service, as the management API shows it."""

    name: str
    web_service_id: str
    workspace_id: str
    help_location: str
    api_location: str
    primary_key: str
    secondary_key: str
    max_concurrent_calls: int
    throttle_level: str
    prevent_update: bool = False
    description: str = ""
    resources: list[Resource] = []

    @property
    def id(self) -> str:
        """The endpoint's id: the last segment of its scoring address."""
        return self.api_location.rpartition("/")[2]


class BatchResult(msgspec.Struct, frozen=True, rename="pascal"):
    """``results`` maps output name to where it lies; ``details`` tells why a job failed."""

    status_code: str
    results: dict[str, Location] | None = None
    details: str | None = None
