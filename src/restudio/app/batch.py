"""Endpoints as batch execution sees them: what one offers at a revision, and its execution over files."""

from __future__ import annotations

from collections.abc import Mapping

from restudio.core.errors import RestudioError
from restudio.core.registry import Registry
from restudio.endpoints import store
from restudio.endpoints.building import ScorerBuilder
from restudio.endpoints.rules import effective_graph
from restudio.endpoints.types import Endpoint, EndpointState, Revision, ServiceVersion
from restudio.graph.signature import signature
from restudio.scoring.jobs.scoring import run_scoring
from restudio.scoring.jobs.training import GraphExecution, GraphSource
from restudio.scoring.jobs.types import Deployment, IsCancelled, JobFiles, OutputPort, Progress
from restudio.scoring.scorer import InputSpec
from restudio.seams.database import Database
from restudio.seams.engine import Limits


class BatchDeployments:
    """Thread-safe. A predictive service streams files through its scorer; any other runs its graph."""

    def __init__(self, db: Database, builder: ScorerBuilder, execution: GraphExecution, limits: Limits) -> None:
        self._db = db
        self._builder = builder
        self._registry: Registry = builder.registry
        self._execution = execution
        self._limits = limits

    def deployment(self, endpoint_id: str, revision: str | None = None) -> Deployment:
        """What the endpoint offers now, or at a revision; ``WebServiceNotFound`` when there is none."""
        endpoint, line, version = self._read(endpoint_id, revision)
        ports = signature(version.graph, self._registry)
        return Deployment(
            workspace_id=endpoint.workspace_id,
            service_id=endpoint.service_id,
            endpoint_id=endpoint.id,
            revision=line.id,
            inputs=tuple(port.name for port in ports.inputs),
            outputs=tuple(OutputPort(port.name, port.kind) for port in ports.outputs),
            parameters=version.graph.parameters,
        )

    def execute(
        self,
        deployment: Deployment,
        files: JobFiles,
        parameters: Mapping[str, object],
        progress: Progress,
        is_cancelled: IsCancelled,
    ) -> None:
        """Run what was deployed; see ``restudio.scoring.jobs.types.Deployments``."""
        _, line, version = self._read(deployment.endpoint_id, deployment.revision)
        if version.scores:
            _, variant = self._builder.build(version, line.state)
            run_scoring(variant(parameters), files, progress, is_cancelled)
            return
        source = GraphSource(
            effective_graph(version, line.state),
            _digests(version, line.state),
            limits=self._limits,
            inputs={port.name: InputSpec(port.schema, port.ignored) for port in version.inputs if len(port.schema)},
        )
        self._execution.run(deployment, source, files, parameters, progress, is_cancelled)

    def _read(self, endpoint_id: str, revision: str | None) -> tuple[Endpoint, Revision, ServiceVersion]:
        with self._db.read() as conn:
            endpoint = store.find_endpoint_by_id(conn, endpoint_id)
            if endpoint is None:
                raise RestudioError.not_found("WebServiceNotFound", "Endpoint", endpoint_id[:80])
            if revision is None:
                line = store.live_revision(conn, endpoint)
            else:
                known = {one.id: one for one in store.list_revisions(conn, endpoint_id)}
                if revision not in known:
                    raise RestudioError.not_found("RevisionNotFound", "Revision", revision[:80])
                line = known[revision]
            return endpoint, line, store.get_version(conn, endpoint.service_id, line.state.version)


def _digests(version: ServiceVersion, state: EndpointState) -> dict[str, str]:
    """Content digest of every asset that the graph may name."""
    slots = [state.resources.get(slot.name, slot.holding) for slot in version.resources]
    held = [*version.datasets.values(), *version.transforms.values(), *state.transforms.values(), *slots]
    return {holding.asset: holding.digest for holding in held}
