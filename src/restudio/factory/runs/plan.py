"""Plan: everything that a run goes by, as the factory was when it was started."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from restudio.core.errors import Kind, RestudioError
from restudio.factory import store as factory_store
from restudio.factory.activity import Activities
from restudio.factory.documents.pipeline import ActivityDocument, Pipeline, read_pipeline
from restudio.factory.documents.problems import Problems, ensure_none
from restudio.factory.properties import Json, Properties
from restudio.factory.runs import store
from restudio.factory.runs.decide import Inherited
from restudio.factory.runs.recovery import inherit
from restudio.factory.runs.state import fold
from restudio.factory.sealing import open_sealed
from restudio.factory.types import GLOBAL_PARAMETERS, Factory, PipelineRun, ResourceKind
from restudio.seams.database import Database
from restudio.seams.secrets import Secrets

_KNOWN = 32
"""Revisions of factories that are kept read."""


@dataclass(frozen=True, slots=True)
class Definition:
    """A resource as published, with its name as written."""

    name: str
    properties: Properties = field(repr=False)


@dataclass(frozen=True, slots=True)
class Definitions:
    """What a factory holds at one revision, secrets open. Thread-safe."""

    factory: Factory
    revision: int
    _db: Database = field(repr=False)
    _secrets: Secrets = field(repr=False)
    _found: dict[tuple[ResourceKind, str], Definition | None] = field(default_factory=dict, repr=False)
    pipelines: dict[str, Pipeline] = field(default_factory=dict, repr=False)
    """Those that were read already, by folded name."""

    def find(self, kind: ResourceKind, name: str) -> Definition | None:
        """A resource by its name in any case; None when there is none."""
        key = (kind, name.casefold())
        if key not in self._found:
            with self._db.read() as conn:
                stored = factory_store.find_resource(conn, self.factory.id, kind, name, self.revision)
            found = None
            if stored is not None:
                try:
                    opened = open_sealed(stored.properties, self._secrets, self.factory.workspace_id)
                except ValueError as error:
                    message = f"The secrets of '{name}' do not open with this server's key: {error}. Set them again."
                    raise RestudioError(Kind.INVALID_OPERATION, "SecretsLost", message, target=name) from error
                found = Definition(stored.name, Properties(opened))
            self._found[key] = found
        return self._found[key]

    @property
    def global_parameters(self) -> Mapping[str, Json]:
        """Values by name."""
        found = self.find("globalParameters", GLOBAL_PARAMETERS)
        written = {} if found is None else found.properties
        return {name: Properties(each).get("value") for name, each in written.items() if isinstance(each, Mapping)}


@dataclass(frozen=True, slots=True)
class Plan:
    """``secret_texts`` are values of secret parameters: they are shown nowhere."""

    run: PipelineRun
    definitions: Definitions
    pipeline: Pipeline
    parameters: Mapping[str, Json] = field(repr=False)
    secret_texts: tuple[str, ...] = field(repr=False)
    inherited: Inherited
    documents: Mapping[str, ActivityDocument] = field(repr=False)
    """Activities by folded name."""


class Plans:
    """Reads plans. Thread-safe."""

    def __init__(self, db: Database, secrets: Secrets, catalog: Activities) -> None:
        self._db = db
        self._secrets = secrets
        self._catalog = catalog
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[str, int], Definitions] = OrderedDict()

    def load(self, run: PipelineRun) -> Plan:
        """The plan of a run; a RestudioError when what it names is gone or cannot run."""
        with self._db.read() as conn:
            factory = factory_store.find_factory_by_id(conn, run.factory_id)
        if factory is None:
            raise RestudioError.not_found("FactoryNotFound", "The factory of the run", run.factory_id)
        definitions = self.definitions(factory, run.revision)
        pipeline = self.pipeline(definitions, run.pipeline)
        secret = json.loads(self._secrets.open(run.sealed)) if run.sealed else {}
        return Plan(
            run=run,
            definitions=definitions,
            pipeline=pipeline,
            parameters={**run.parameters, **secret},
            secret_texts=tuple(value for value in secret.values() if isinstance(value, str)),
            inherited=self._inherited(run, pipeline),
            documents={each.name.casefold(): each for each in pipeline.iter_activities()},
        )

    def definitions(self, factory: Factory, revision: int | None = None) -> Definitions:
        """What the factory holds now, or held at a revision. A revision stays as it is: the last ones are kept."""
        key = (factory.id, factory.revision if revision is None else revision)
        with self._lock:
            known = self._known.pop(key, None)
            found = known or Definitions(factory, key[1], self._db, self._secrets)
            self._known[key] = found
            if len(self._known) > _KNOWN:
                self._known.popitem(last=False)
        return found if found.factory is factory else replace(found, factory=factory)

    def pipeline(self, definitions: Definitions, name: str) -> Pipeline:
        """A pipeline ready to run; NotFound ``PipelineNotFound``."""
        read = definitions.pipelines.get(name.casefold())
        if read is not None:
            return read
        found = definitions.find("pipeline", name)
        if found is None:
            with self._db.read() as conn:
                known = factory_store.list_names(conn, definitions.factory.id, "pipeline")
            raise RestudioError.not_found("PipelineNotFound", "Pipeline", name[:260], known)
        problems = Problems(f"pipeline '{found.name}'")
        pipeline = read_pipeline(found.name, found.properties, self._catalog, problems)
        ensure_none(problems.found)
        return definitions.pipelines.setdefault(name.casefold(), pipeline)

    def activity_types(self, run: PipelineRun) -> dict[str, str]:
        """Types of the run's activities by name; none when its factory is gone."""
        with self._db.read() as conn:
            stored = factory_store.find_resource(conn, run.factory_id, "pipeline", run.pipeline, run.revision)
        if stored is None:
            return {}
        pipeline = read_pipeline(run.pipeline, stored.properties, self._catalog, Problems(run.pipeline))
        return {each.name: each.type for each in pipeline.iter_activities()}

    def _inherited(self, run: PipelineRun, pipeline: Pipeline) -> Inherited:
        if run.recovery is None:
            return Inherited()
        with self._db.read() as conn:
            before = fold(event for _, event in store.list_events(conn, run.recovery.run_id))
        return inherit(pipeline, before, run.recovery)
