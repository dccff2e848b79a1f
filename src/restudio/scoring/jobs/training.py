"""Execution of a training or non-scoring deployment: its graph, run over the files bound to its inputs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from restudio.artifacts.container import read_artifact, write_artifact, write_bundle
from restudio.artifacts.values import Bundle, Model
from restudio.core.errors import Kind, ModuleError, RestudioError
from restudio.core.ids import Digest, digest_json
from restudio.core.registry import Registry
from restudio.core.spec import PortKind
from restudio.experiments.eventlog import EventLog
from restudio.experiments.fitted import fitted_before
from restudio.experiments.runner import Outcome, Runner
from restudio.experiments.snapshots import pin_sources
from restudio.experiments.sources import Sources, Watch
from restudio.experiments.types import PinnedAsset, Snapshot
from restudio.graph.events import Event, RunView
from restudio.graph.model import Graph
from restudio.graph.parameters import bind_parameters
from restudio.graph.plan import Plan, PortId
from restudio.graph.ports import asset_of, title_of
from restudio.graph.promotion import with_defaults
from restudio.graph.signature import ServiceInput, ServiceOutput, signature
from restudio.models.types import asset_key
from restudio.scoring.jobs.inputs import read_input
from restudio.scoring.jobs.types import Deployment, IsCancelled, JobFiles, Progress
from restudio.scoring.scorer import InputSpec
from restudio.seams.engine import Cancelled, Limits
from restudio.seams.objects import Objects
from restudio.tables.formats import get_codec
from restudio.tables.ipc import read_table, write_table


@dataclass(frozen=True, slots=True)
class GraphSource:
    """What a deployment runs: its graph, and the content digest of every asset that the graph names.

    ``inputs`` are the columns that inputs take, by port name; files of other inputs are read as they are.
    """

    graph: Graph
    assets: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0
    limits: Limits = field(default_factory=Limits)
    inputs: Mapping[str, InputSpec] = field(default_factory=dict)


class GraphExecution:
    """Runs graphs for jobs. Thread-safe. Data paths of a graph are read from ``sources`` when a job runs."""

    def __init__(self, runner: Runner, objects: Objects, registry: Registry, sources: Sources | None = None) -> None:
        self._runner = runner
        self._objects = objects
        self._registry = registry
        self._sources = sources

    def run(
        self,
        deployment: Deployment,
        source: GraphSource,
        files: JobFiles,
        parameters: Mapping[str, object],
        progress: Progress,
        is_cancelled: IsCancelled,
    ) -> None:
        """Run the graph over the input files and write the output files."""
        ports = signature(source.graph, self._registry)
        with self._bound(ports.inputs, source.inputs, files) as bound:
            snapshot = self._pinned(deployment.workspace_id, source, parameters, progress, is_cancelled)
            plan = snapshot.plan(self._registry, inputs={port: digest for port, (_, digest) in bound.items()})
            log = self._runner.open_log(files.job_id)
            told = _Told(source.graph, self._registry, progress, log)
            outcome = self._runner.execute(
                plan,
                told.emit,
                is_cancelled,
                run=files.job_id,
                scope=deployment.workspace_id,
                bindings=snapshot.bindings(
                    inputs={port: key for port, (key, _) in bound.items()},
                    finished=_finished(plan, log.view),
                    limits=source.limits,
                ),
            )
            told.ensure_finished(outcome)
            for output in ports.outputs:
                self._write(deployment, source.graph, output, outcome, files.outputs[output.name], files)

    def _pinned(
        self,
        workspace_id: str,
        source: GraphSource,
        parameters: Mapping[str, object],
        progress: Progress,
        is_cancelled: IsCancelled,
    ) -> Snapshot:
        """The graph with the job's values, and with the data behind its paths fixed; ``Cancelled`` ends the copying."""
        graph = bind_parameters(with_defaults(source.graph, parameters), {})
        unpinned = Snapshot(graph, _assets(graph, source.assets), source.seed)

        @contextmanager
        def watched(node: str) -> Iterator[Watch]:
            progress(f"The data of {title_of(graph.node(node), self._registry)} is being copied")
            yield _until(is_cancelled)

        return pin_sources(unpinned, workspace_id, self._registry, self._sources, watched)

    @contextmanager
    def _bound(
        self, inputs: tuple[ServiceInput, ...], specs: Mapping[str, InputSpec], files: JobFiles
    ) -> Iterator[dict[PortId, tuple[str, str]]]:
        """Object key and digest of each input file as a table; the objects live as long as the job."""
        bound: dict[PortId, tuple[str, str]] = {}
        try:
            for number, port in enumerate(inputs):
                table = read_input(port.name, files.inputs[port.name], specs.get(port.name))
                arrow = files.folder / f"bound{number}.arrow"
                write_table(table, arrow)
                key = f"job-inputs/{files.job_id}/{number}"
                self._objects.put(key, arrow)
                bound[port.node, port.port] = (key, _digest_file(arrow))
                arrow.unlink()
            yield bound
        finally:
            for key, _ in bound.values():
                self._objects.delete(key)

    def _write(
        self, deployment: Deployment, graph: Graph, output: ServiceOutput, outcome: Outcome, path: Path, files: JobFiles
    ) -> None:
        key = outcome.value_of(output.source)
        if output.kind is PortKind.MODEL:
            path.write_bytes(write_bundle(self._bundle(deployment, graph, output, outcome)))
        elif output.kind is PortKind.TRANSFORM:
            path.write_bytes(write_artifact(read_artifact(self._objects.get(key))))
        else:
            table = read_table(self._local(key, files.folder / f"{output.name}.arrow"), name=output.name)
            get_codec(path.name).write(table, path)

    def _bundle(self, deployment: Deployment, graph: Graph, output: ServiceOutput, outcome: Outcome) -> Bundle:
        """The model with the transforms that were fitted on its way, under the names a predictive graph knows."""
        model = read_artifact(self._objects.get(outcome.value_of(output.source)))
        if not isinstance(model, Model):
            raise RestudioError(
                Kind.BAD_ARGUMENT, "ModelPackageInvalid", f"Output '{output.name}' is not a trained model."
            )
        transforms = fitted_before(graph, self._registry, self._objects, outcome.value_of, output.source[0])
        lineage = {
            "service": deployment.service_id,
            "revision": deployment.revision,
            "graph": digest_json(sorted((n.id, n.module, repr(sorted(n.params.items()))) for n in graph.nodes)),
        }
        return Bundle(model, transforms, lineage=dict(lineage))

    def _local(self, key: str, aside: Path) -> Path:
        found = self._objects.local(key)
        if found is not None:
            return found
        with aside.open("wb") as file:
            file.writelines(self._objects.stream(key))
        return aside


def _digest_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _finished(plan: Plan, earlier: RunView) -> dict[str, Mapping[str, str]]:
    """What a killed attempt has done that must not be done again: modules that act on the world or on chance.

    The others come from the cache, which knows whether the input is still the same.
    """
    ended = {node: view.outputs for node, view in earlier.nodes.items() if view.state == "Finished"}
    return {task.node: ended[task.node] for task in plan.tasks if not task.cacheable and task.node in ended}


def _assets(graph: Graph, digests: Mapping[str, str]) -> dict[str, PinnedAsset]:
    """The asset that each saved node names."""
    named = ((node.id, asset_of(node)) for node in graph.nodes)
    return {
        node: PinnedAsset(asset, digests[asset], asset_key(Digest(digests[asset])))
        for node, asset in named
        if asset is not None and asset in digests
    }


def _until(is_cancelled: Callable[[], bool]) -> Watch:
    """Ends a copy that nobody wants any more."""

    def watch(fraction: float, text: str = "") -> None:
        if is_cancelled():
            raise Cancelled

    return watch


class _Told:
    """Events of the run: kept for the next attempt, told as progress, and where it failed."""

    def __init__(self, graph: Graph, registry: Registry, progress: Progress, log: EventLog) -> None:
        self._log = log
        self._graph = graph
        self._registry = registry
        self._progress = progress
        self._failed: str | None = None

    def emit(self, event: Event) -> None:
        self._log.emit(event)
        if event.node is None:
            return
        if event.kind == "started":
            self._progress(f"{title_of(self._graph.node(event.node), self._registry)} is running")
        elif event.kind == "failed":
            self._failed = self._failed or event.node

    def ensure_finished(self, outcome: Outcome) -> None:
        """Raise what ended the run before its end."""
        if outcome.state == "Canceled":
            raise Cancelled
        if outcome.state == "Finished":
            return
        failure = outcome.failure
        node = self._failed
        if failure is None or node is None:
            raise RestudioError(Kind.INTERNAL, "ModuleExecutionFailed", "The run of the graph did not finish.")
        if len(failure.code) != 4 or not failure.code.isdigit():
            raise RestudioError(Kind.MODULE_EXECUTION, failure.code, failure.message, target=node)
        raise ModuleError(
            failure.code,
            failure.message.removeprefix(f"Error {failure.code}: "),
            parameter=failure.parameter,
            column=failure.column,
            row=failure.row,
            module=self._registry.get_entry(self._graph.node(node).module).spec.name,
            node=node,
        )
