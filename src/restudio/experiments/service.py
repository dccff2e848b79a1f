"""Use cases of experiments: keep documents, run them, look at results, save results, set up web services."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import sqlalchemy as sa

from restudio.artifacts.container import read_artifact
from restudio.artifacts.values import Bundle, Json
from restudio.core.errors import Kind, RestudioError
from restudio.core.ids import new_id
from restudio.core.registry import Registry
from restudio.core.spec import PortKind
from restudio.experiments import results, store
from restudio.experiments.checking import Checked, check_before_running
from restudio.experiments.credentials import Credentials
from restudio.experiments.outputs import OutputCache
from restudio.experiments.publishing import FinishedRun, Publisher
from restudio.experiments.rules import ensure_title, predictive_title
from restudio.experiments.runner import Runner
from restudio.experiments.runs import Runs
from restudio.experiments.seen import SeenOutputs
from restudio.experiments.snapshots import take_snapshot
from restudio.experiments.sources import Sources
from restudio.experiments.types import Experiment, ExperimentKind, Preview, Run, SetUp, Snapshot
from restudio.graph.classic import Finding, import_classic
from restudio.graph.document import Document, from_yaml, to_yaml
from restudio.graph.events import Event, RunView
from restudio.graph.model import Graph
from restudio.graph.plan import PortId
from restudio.graph.retraining import to_retraining
from restudio.graph.rewrite import Rewrite
from restudio.models.service import AssetService
from restudio.models.types import Asset
from restudio.seams.clock import Clock
from restudio.seams.database import Database
from restudio.seams.engine import Engine, Limits
from restudio.seams.objects import Objects
from restudio.seams.secrets import Secrets
from restudio.seams.work import Work
from restudio.tables.table import Table


class ExperimentService:
    """Thread-safe. Registers the work kind ``run``; whoever composes starts it. ``limits`` hold for each module.

    With ``secrets``, credentials in module parameters are sealed in all that is stored and exported. ``sources`` reads
    data that datasets name by a path in a data store.
    """

    def __init__(
        self,
        db: Database,
        objects: Objects,
        assets: AssetService,
        registry: Registry,
        work: Work,
        engine: Engine,
        clock: Clock,
        *,
        limits: Limits | None = None,
        secrets: Secrets | None = None,
        sources: Sources | None = None,
    ) -> None:
        self._db = db
        self._objects = objects
        self._assets = assets
        self._registry = registry
        self._clock = clock
        self._cache = OutputCache(db, objects, clock)
        self._publisher = Publisher(objects, assets, registry)
        self._credentials = Credentials(registry, secrets) if secrets is not None else None
        opened = self._credentials.open if self._credentials is not None else None
        self.runner = Runner(engine, objects, db, clock, open_params=opened)
        """Also for those who run graphs with inputs of their own (batch jobs)."""
        self._sources = sources
        self._runs = Runs(db, registry, work, self.runner, clock, limits, sources)

    def save(
        self,
        workspace_id: str,
        title: str,
        graph: Graph,
        *,
        experiment_id: str | None = None,
        description: str = "",
        author: str = "",
        training_id: str | None = None,
        kind: ExperimentKind = "experiment",
        after: int | None = None,
        beside: Callable[[sa.Connection, Experiment], None] | None = None,
    ) -> Experiment:
        """Keep a graph as a new experiment, or as the next version of an existing one. Drafts may be unsound.

        Saving what is there already changes nothing and gives the current version. ``after`` is the version that the
        graph was made from: Conflict ``ExperimentChanged`` when another came between. ``beside`` writes in the same
        transaction, in either case.
        """
        ensure_title(title)
        with self._db.begin() as conn:
            before = store.find_experiment(conn, experiment_id) if experiment_id else None
            if experiment_id and (before is None or before.workspace_id != workspace_id):
                raise _no_experiment(experiment_id)
            if before is not None and after is not None and before.version != after:
                message = (
                    f"'{before.title}' was changed meanwhile: version {after} was read, {before.version} is there now."
                )
                raise RestudioError(Kind.CONFLICT, "ExperimentChanged", message + " Read it again.", target=before.id)
            if self._credentials is not None:
                graph = self._credentials.seal(graph, workspace_id, before.graph if before else None)
            if before is not None and (before.title, before.description, before.graph) == (title, description, graph):
                saved = before
            else:
                saved = Experiment(
                    id=before.id if before else new_id(),
                    workspace_id=workspace_id,
                    title=title,
                    version=before.version + 1 if before else 1,
                    updated=self._clock.now().timestamp(),
                    graph=graph,
                    description=description,
                    training_id=before.training_id if before else training_id,
                    kind=before.kind if before else kind,
                )
                store.insert_version(conn, saved, author)
            if beside is not None:
                beside(conn, saved)
        return saved

    def get(self, experiment_id: str, version: int | None = None) -> Experiment:
        """A version, by default the current one; NotFound ``ExperimentNotFound``."""
        with self._db.read() as conn:
            found = store.find_experiment(conn, experiment_id, version)
        if found is None:
            raise _no_experiment(experiment_id)
        return found

    def document_of(self, run: Run) -> Experiment:
        """The version that a run was started from, also when its experiment was removed since."""
        with self._db.read() as conn:
            found = store.find_experiment(conn, run.experiment_id, run.version, deleted=True)
        if found is None:
            raise _no_experiment(run.experiment_id)
        return found

    def list(self, workspace_id: str, kind: ExperimentKind = "experiment") -> Sequence[Experiment]:
        """Current versions, newest first."""
        with self._db.read() as conn:
            return store.list_experiments(conn, workspace_id, kind)

    def versions(self, experiment_id: str) -> Sequence[int]:
        """Version numbers, oldest first."""
        self.get(experiment_id)
        with self._db.read() as conn:
            return store.list_versions(conn, experiment_id)

    def delete(self, experiment_id: str) -> None:
        """Remove an experiment from the lists; its runs and what was made from them stay."""
        self.get(experiment_id)
        with self._db.begin() as conn:
            store.delete_experiment(conn, experiment_id)

    def import_yaml(
        self, workspace_id: str, text: str, *, experiment_id: str | None = None, author: str = ""
    ) -> Experiment:
        """Save an experiment file."""
        document = from_yaml(text)
        return self.save(
            workspace_id,
            document.title,
            document.graph,
            experiment_id=experiment_id,
            description=document.description,
            author=author,
        )

    def import_classic(self, workspace_id: str, text: str, *, author: str = "") -> tuple[Experiment, Sequence[Finding]]:
        """Save a classic experiment, graph or ARM definition, and tell what a person has to look at."""
        imported = import_classic(text, self._registry)
        found = imported.document
        saved = self.save(workspace_id, found.title, found.graph, description=found.description, author=author)
        return saved, imported.findings

    def export_yaml(self, experiment_id: str, version: int | None = None) -> str:
        """The experiment file; importing it gives an equal document."""
        found = self.get(experiment_id, version)
        return to_yaml(Document(found.title, found.graph, found.description))

    def check(self, workspace_id: str, graph: Graph) -> Checked:
        """Everything that is wrong with a graph, and the columns at its ports, without running it."""
        return check_before_running(graph, workspace_id, self._assets, self._registry)

    def snapshot(self, workspace_id: str, graph: Graph) -> Snapshot:
        """A checked graph with its assets pinned, to run it with inputs of one's own."""
        return take_snapshot(graph, workspace_id, self._assets, self._registry, self._sources)

    def start(
        self,
        experiment: Experiment,
        snapshot: Snapshot,
        *,
        author: str = "",
        beside: Callable[[sa.Connection, Run], None] | None = None,
    ) -> Run:
        """Start a run of a snapshot under the id and title of an experiment; see :meth:`Runs.start`."""
        return self._runs.start(experiment, snapshot, author=author, beside=beside)

    def seen(self, workspace_id: str, snapshot: Snapshot) -> Callable[[PortId, int], Table | None]:
        """A look at the first rows of tables that some run already made of exactly this snapshot; None for others."""
        return SeenOutputs(snapshot.plan(self._registry), workspace_id, self._registry, self._cache, self._objects).head

    def run(self, experiment_id: str, *, author: str = "", wanted: Sequence[str] | None = None) -> Run:
        """Start a run of the current version; with ``wanted`` of these nodes and what they need.

        Raises ManyErrors ``InvalidGraph`` with all findings when the graph cannot run.
        """
        experiment = self.get(experiment_id)
        chosen = None if wanted is None else tuple(wanted)
        snapshot = replace(self.snapshot(experiment.workspace_id, experiment.graph), wanted=chosen)
        return self._runs.start(experiment, snapshot, author=author)

    def recover(self) -> None:
        """Take care of runs that a crash left without work; call it after the work has started."""
        self._runs.recover()

    def stop(self) -> None:
        """Interrupt what is being copied for runs in this process; call it when the work takes no more."""
        self._runs.stop()

    def cancel(self, run_id: str) -> None:
        """Ask for the end of a run; idempotent."""
        self._runs.cancel(run_id)

    def get_run(self, run_id: str) -> Run:
        return self._runs.get(run_id)

    def find_runs(self, run_ids: Sequence[str]) -> Mapping[str, tuple[Run, bool]]:
        """Some runs by id, each with whether its end has been asked for; those that do not exist are left out."""
        with self._db.read() as conn:
            return store.find_runs(conn, run_ids)

    def seal(self, workspace_id: str, graph: Graph) -> Graph:
        """The graph without a credential in clear, as it is stored."""
        return graph if self._credentials is None else self._credentials.seal(graph, workspace_id)

    def run_view(self, run_id: str) -> RunView:
        """The state of a run and of each of its nodes."""
        return self._runs.view(run_id)

    def run_events(self, run_id: str, after: int = -1) -> Sequence[tuple[int, Event]]:
        """Numbered events after a number, in order."""
        return self._runs.events(run_id, after)

    def run_snapshot(self, run_id: str) -> Snapshot:
        """What the run did, fixed when it began."""
        self._runs.get(run_id)
        return self._runs.snapshot(run_id)

    def run_yaml(self, run_id: str) -> str:
        """What the run did as an experiment file; its saved nodes name the exact versions that were used."""
        return to_yaml(Document(self.get_run(run_id).title, self.run_snapshot(run_id).graph))

    def runs(self, experiment_id: str) -> Sequence[Run]:
        """History of an experiment, newest first."""
        return self._runs.list_runs(experiment_id)

    def output(self, run_id: str, node: str, port: str) -> str:
        """The object key of an output; NotFound ``OutputNotFound`` when its node did not finish, ``OutputExpired`` when
        it was removed since."""
        snapshot = self.run_snapshot(run_id)
        results.kind_of(snapshot.graph, self._registry, (node, port))
        view = self.run_view(run_id).nodes.get(node)
        if view is None or port not in view.outputs:
            state = view.state if view else "NotStarted"
            text = f"Output '{port}' of '{node}' is not there; the module is {state} in this run."
            raise RestudioError(Kind.NOT_FOUND, "OutputNotFound", text, target=node)
        key = view.outputs[port]
        try:
            self._objects.info(key)
        except KeyError:
            text = f"Output '{port}' of '{node}' is kept no longer. Run the experiment again to get it."
            raise RestudioError(Kind.NOT_FOUND, "OutputExpired", text, target=node) from None
        return key

    def output_kind(self, run_id: str, node: str, port: str) -> PortKind:
        """What an output port of a run gives."""
        return results.kind_of(self.run_snapshot(run_id).graph, self._registry, (node, port))

    def preview(self, run_id: str, node: str, port: str, *, rows: int = 100) -> Preview:
        """The first rows of a table output; error ``NotATable`` for other outputs."""
        with results.open_table(self._objects, self._table_key(run_id, node, port)) as table:
            return results.preview(table, rows)

    def statistics(self, run_id: str, node: str, port: str) -> Mapping[str, object]:
        """Column statistics of a table output."""
        return results.statistics(self._objects, self._table_key(run_id, node, port))

    def view(self, run_id: str, node: str, port: str) -> object:
        """What a table output shows beside its cells: curves and tables of an evaluation, images of a script.

        NotFound ``NoView`` for other outputs.
        """
        found = results.find_view(self._objects, self._table_key(run_id, node, port))
        if found is None:
            text = f"Output '{port}' of '{node}' shows nothing but its table."
            raise RestudioError(Kind.NOT_FOUND, "NoView", text, target=node)
        return found

    def image(self, run_id: str, node: str, port: str, name: str) -> bytes:
        """An image that a script drew (PNG); NotFound ``ImageNotFound``."""
        found = results.find_image(self._objects, self._table_key(run_id, node, port), name)
        if found is None:
            raise RestudioError.not_found("ImageNotFound", f"An image of '{node}'", name)
        return found

    def summary(self, run_id: str, node: str, port: str) -> Mapping[str, object]:
        """What a model or transform output is."""
        if self.output_kind(run_id, node, port) is PortKind.TABLE:
            raise RestudioError(Kind.INVALID_OPERATION, "NotAModel", f"Output '{port}' of '{node}' is a table.")
        return results.summarize(read_artifact(self._objects.get(self.output(run_id, node, port))))

    def bundle(self, run_id: str, node: str, port: str) -> Bundle:
        """A trained model of a run with the transforms fitted upstream of it."""
        finished = self._finished(run_id)
        return results.bundle_of(finished.graph, self._registry, finished.key_of, self._objects, (node, port))

    def promote(
        self,
        run_id: str,
        node: str,
        port: str,
        kind: str,
        name: str,
        *,
        family: str | None = None,
        owner: str = "",
        told: Mapping[str, Json] | None = None,
    ) -> Asset:
        """Save an output as a dataset, model or transform; with ``family`` as its next version."""
        finished = self._finished(run_id)
        return self._publisher.promote(finished, (node, port), kind, name, family=family, owner=owner, told=told)

    def predictive(
        self, run_id: str, graph: Graph, existing: Experiment | None, *, train: str | None = None, owner: str = ""
    ) -> Rewrite:
        """The predictive graph of a finished run of ``graph``, with what it learned saved; nothing is kept of it.

        An ``existing`` one keeps its owner's edits and gets the new versions. Errors as in :meth:`set_up_web_service`.
        """
        run = self.get_run(run_id)
        if run.state != "Finished":
            text = f"A web service is set up from a finished run; this one is {run.state}. Run the experiment first."
            raise RestudioError(Kind.INVALID_OPERATION, "RunNotFinished", text, target=run_id)
        finished = replace(self._finished(run_id), graph=graph)
        return self._publisher.predictive(finished, self.document_of(run), existing, train=train, owner=owner)

    def set_up_web_service(
        self, run_id: str, *, train: str | None = None, owner: str = "", fresh: bool = False
    ) -> SetUp:
        """Make the predictive experiment of a finished training run, or bring the one that is there up to date.

        ``train`` selects the trainer when there are several; ``fresh`` makes a new predictive experiment in any case.
        Errors (InvalidOperation): ``RunNotFinished``, ``NoTrainedModel``, ``SeveralTrainedModels``, ``NoScoreModel``.
        """
        run = self.get_run(run_id)
        training = self.get(run.experiment_id, run.version)
        with self._db.read() as conn:
            existing = None if fresh else store.find_predictive(conn, training.id)
        rewrite = self.predictive(run_id, self._runs.snapshot(run_id).graph, existing, train=train, owner=owner)
        saved = self.save(
            training.workspace_id,
            existing.title if existing else predictive_title(training.title),
            rewrite.graph,
            experiment_id=existing.id if existing else None,
            description=existing.description if existing else "",
            author=owner,
            training_id=training.id,
        )
        return SetUp(saved, rewrite.changes)

    def set_up_retraining(self, experiment_id: str, *, train: str | None = None, author: str = "") -> SetUp:
        """Give a training experiment the ports of a retraining web service."""
        training = self.get(experiment_id)
        rewrite = to_retraining(training.graph, self._registry, train=train)
        saved = self.save(
            training.workspace_id,
            training.title,
            rewrite.graph,
            experiment_id=training.id,
            description=training.description,
            author=author,
        )
        return SetUp(saved, rewrite.changes)

    def _finished(self, run_id: str) -> FinishedRun:
        snapshot = self.run_snapshot(run_id)
        return FinishedRun(
            self.get_run(run_id), snapshot.graph, snapshot.seed, lambda source: self.output(run_id, *source)
        )

    def _table_key(self, run_id: str, node: str, port: str) -> str:
        if self.output_kind(run_id, node, port) is not PortKind.TABLE:
            text = f"Output '{port}' of '{node}' is not a table."
            raise RestudioError(Kind.INVALID_OPERATION, "NotATable", text, target=node)
        return self.output(run_id, node, port)


def _no_experiment(experiment_id: str) -> RestudioError:
    return RestudioError.not_found("ExperimentNotFound", "Experiment", experiment_id)
