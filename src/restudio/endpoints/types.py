"""Values of web services and endpoints. Times are epoch seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from restudio.core.ids import Digest, digest_json
from restudio.endpoints.description import ServiceKind, TablePort
from restudio.graph.model import Graph

Stage = Literal["staging", "ready", "production", "retired"]
"""A version is published to staging, tested, marked ready, approved into production, and retired by the next one."""
Cause = Literal["publish", "add", "patch", "refresh", "rollback"]
EndpointRole = Literal["default", "added", "test"]
"""``test`` is the address of the newest staged version; it is not counted among a service's endpoints."""
ThrottleLevel = Literal["Low", "High"]
TraceLevel = Literal["None", "Error", "All"]

DEFAULT = "default"
TEST = "staging"


@dataclass(frozen=True, slots=True)
class Holding:
    """An asset version and its content: digest and, for datasets, file format. The content outlives the asset, so that
    deleting a saved model never stops an endpoint."""

    asset: str
    digest: str
    data_type_id: str = ""


@dataclass(frozen=True, slots=True)
class ResourceSlot:
    """An updatable resource: a saved trained model, at one or several nodes of the graph."""

    name: str
    nodes: tuple[str, ...]
    holding: Holding


@dataclass(frozen=True, slots=True)
class WebService:
    """A published graph under one id; its content stands in its versions."""

    id: str
    workspace_id: str
    name: str
    description: str
    created: float


@dataclass(frozen=True, slots=True)
class ServiceVersion:
    """An immutable snapshot of what was published; only ``stage`` and who moved it change.

    ``transforms`` maps a saved transform's node id, which is also its key in a model bundle, to what it held when
    published; ``datasets`` maps asset id to the saved data in the graph. ``models`` names the outputs that are trained
    models.
    """

    service_id: str
    number: int
    stage: Stage
    kind: ServiceKind
    graph: Graph
    inputs: tuple[TablePort, ...]
    outputs: tuple[TablePort, ...]
    models: tuple[str, ...]
    resources: tuple[ResourceSlot, ...]
    transforms: Mapping[str, Holding]
    datasets: Mapping[str, Holding]
    experiment_id: str | None
    created: float
    created_by: str
    ready_by: str | None = None
    approved_by: str | None = None

    @property
    def scores(self) -> bool:
        """Whether a scorer can be built: every output is a table, and callers or saved data feed it."""
        return self.kind != "training" and bool(self.outputs) and not self.models

    def slot(self, name: str) -> ResourceSlot | None:
        return next((s for s in self.resources if s.name == name), None)


@dataclass(frozen=True, slots=True)
class EndpointState:
    """Everything that decides what an endpoint computes."""

    version: int
    resources: Mapping[str, Holding] = field(default_factory=dict)
    transforms: Mapping[str, Holding] = field(default_factory=dict)

    @property
    def digest(self) -> Digest:
        """Equal for states that compute the same: content counts, not asset numbers."""
        return digest_json(
            {
                "version": self.version,
                "resources": {name: held.digest for name, held in self.resources.items()},
                "transforms": {node: held.digest for node, held in self.transforms.items()},
            }
        )


@dataclass(frozen=True, slots=True)
class MetricRule:
    """Reject a model whose ``metric`` is worse than the live one's by more than ``tolerance``."""

    metric: str
    tolerance: float = 0.0


@dataclass(frozen=True, slots=True)
class EndpointSettings:
    """What may be changed without a new revision. ``max_calls`` is the effective number of concurrent calls."""

    description: str = ""
    throttle: ThrottleLevel = "High"
    max_calls: int = 20
    prevent_update: bool = False
    trace_level: TraceLevel = "None"
    metric_rule: MetricRule | None = None
    sample_data: bool = False
    """Whether help pages, which need no key, show sample rows of the data instead of placeholders."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A named deployment of a service. ``live_seq`` is the number of its live revision."""

    id: str
    service_id: str
    workspace_id: str
    name: str
    role: EndpointRole
    created: float
    live_seq: int
    settings: EndpointSettings = EndpointSettings()


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """Both API keys in clear; ``repr`` shows neither."""

    primary: str
    secondary: str


@dataclass(frozen=True, slots=True)
class GateResult:
    """``passed`` None: the gate had nothing to judge."""

    gate: str
    passed: bool | None
    message: str
    detail: str = ""
    """Detail code of the refusal when it did not pass."""


@dataclass(frozen=True, slots=True)
class Revision:
    """One line of an endpoint's ledger; lines are only ever appended."""

    id: str
    endpoint_id: str
    seq: int
    cause: Cause
    state: EndpointState
    at: float
    who: str
    why: str = ""
    gates: tuple[GateResult, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a change did. ``changed`` False: the asked state was live already. ``revision`` is the live line, or the one
    that the same request wrote before; after a dry run the line that would have been written (sequence and id are what
    they would have been now, not kept)."""

    endpoint: Endpoint
    revision: Revision
    changed: bool
    dry_run: bool = False
