"""Composition: the one place that names concrete stores and engines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from restudio.app.batch import BatchDeployments
from restudio.app.child import PACKAGES
from restudio.app.data_factory import DataFactory, open_data_factory
from restudio.app.data_places import DataPlaces
from restudio.app.home import prepare_home, refresh_home
from restudio.app.objects import open_objects
from restudio.app.outside import FetchedOutside
from restudio.app.settings import Settings
from restudio.app.upkeep import Chore, Upkeep
from restudio.blobs.egress import EgressPolicy
from restudio.blobs.fetch import Fetcher
from restudio.blobs.outgoing import Outgoing
from restudio.blobs.service import BlobService
from restudio.core.errors import Kind, RestudioError
from restudio.core.registry import Registry
from restudio.designer.inference import InferenceService
from restudio.designer.results import RunResults
from restudio.designer.schedules.service import ScheduleService
from restudio.designer.schedules.target import KIND as SCHEDULES
from restudio.designer.schedules.target import ScheduleTarget
from restudio.designer.service import DesignerService, make_designer
from restudio.designer.stores.service import DataStores
from restudio.endpoints.addresses import Addresses
from restudio.endpoints.building import ScorerBuilder
from restudio.endpoints.contents import Contents
from restudio.endpoints.deployments import Deployments
from restudio.endpoints.endpoint_service import EndpointService
from restudio.endpoints.gate import collect_gates
from restudio.endpoints.model_files import ModelFiles
from restudio.endpoints.service import ServiceService
from restudio.endpoints.update import Updater
from restudio.engine.processes import ProcessEngine
from restudio.engine.sandbox import run_script
from restudio.experiments.retention import sweep_outputs
from restudio.experiments.service import ExperimentService
from restudio.factory.callbacks import Callbacks
from restudio.factory.pipeline_target import KIND as PIPELINES
from restudio.factory.platform import Platform
from restudio.identity.service import IdentityService
from restudio.models.service import AssetService
from restudio.models.uploads import Uploads
from restudio.scoring.contexts import Contexts, ServingContexts
from restudio.scoring.dataplane import DataPlane
from restudio.scoring.jobs.service import JobService
from restudio.scoring.jobs.training import GraphExecution
from restudio.seams.clock import Clock
from restudio.seams.engine import Limits
from restudio.seams.objects import Objects
from restudio.seams.secrets import Secrets
from restudio.storage.clock import SystemClock
from restudio.storage.db import SqlDatabase, open_database
from restudio.storage.scratch import Scratch
from restudio.storage.secrets import MasterKeySecrets, load_or_create_key
from restudio.storage.work import DbosWork
from restudio.triggers.loop import TriggerLoop
from restudio.triggers.service import TriggerService

WORK_RETENTION_S = 7 * 86_400.0
"""How long the record of durable work that ended is kept; results are kept by the parts that they belong to."""
_STOP_S = 5.0
"""How long an end waits for work that was told to hand itself over."""
_SOON_S = 30.0
_LATER_S = 3600.0


@dataclass(frozen=True)
class Studio:
    """Everything one process is made of. ``start`` and ``stop`` are called once each."""

    settings: Settings
    db: SqlDatabase
    objects: Objects
    secrets: Secrets
    clock: Clock
    scratch: Scratch
    registry: Registry
    work: DbosWork
    engine: ProcessEngine
    identity: IdentityService
    blobs: BlobService
    outgoing: Outgoing
    assets: AssetService
    uploads: Uploads
    experiments: ExperimentService
    data_stores: DataStores
    designer: DesignerService
    inference: InferenceService
    schedules: ScheduleService
    run_results: RunResults
    plane: DataPlane
    deployments: Deployments
    services: ServiceService
    endpoints: EndpointService
    jobs: JobService
    data_factory: DataFactory
    triggers: TriggerLoop
    callbacks: Callbacks
    upkeep: Upkeep

    def start(self) -> None:
        """Get ready to answer, and to work if that is this process's role."""
        self.deployments.start()
        if self.settings.role != "web":
            self.engine.start()
            self.work.start()
            self.triggers.start()
            self.upkeep.start()

    def prepare_home(self) -> None:
        """Furnish a new home folder and write its credentials."""
        settings = self.settings
        known = prepare_home(settings.home, settings.url, settings.region, self.identity, self.blobs)
        self.data_factory.factories.ensure(known.workspace_id, known.resource_group, known.factory_name)

    def refresh_home(self) -> None:
        """Tell clients of this machine of a changed token or key."""
        settings = self.settings
        refresh_home(settings.home, settings.url, settings.region, self.identity, self.blobs)

    def find_missing(self) -> str | None:
        """What keeps this process from serving; None when it is ready."""
        with self.db.read() as connection:
            connection.exec_driver_sql("SELECT 1")
        return None

    def find_failing(self) -> Mapping[str, str]:
        """Endpoints that this process cannot serve as they should be, and why; the rest is ready."""
        return self.deployments.failures

    def rest(self) -> None:
        """Take no more work and hand pipelines over, while the faces still answer: activities call them."""
        if self.settings.role != "web":
            self.work.rest()
            self.data_factory.loop.stop()

    def stop(self) -> bool:
        """Finish or hand over what runs, and let go of everything.

        False when something runs on that hears of no end, such as a read from a host that does not answer. It keeps all
        it uses: taken away, it would fail, where the next start does it again once this process has ended.
        """
        self.upkeep.stop()
        self.triggers.stop()
        self.deployments.stop()
        self.work.rest()
        self.data_factory.loop.stop()
        self.jobs.stop()
        self.experiments.stop()
        self.engine.close()
        if not self.work.stop(_STOP_S):
            return False
        self.outgoing.close()
        self.db.close()
        self.scratch.close()
        return True


# This is one thing, a list: every part once, in the order in which they need each other.
def compose(settings: Settings, clock: Clock | None = None) -> Studio:
    """Build all parts; opens and migrates the database, starts nothing. ``clock`` stands in for the machine's."""
    settings.home.mkdir(parents=True, exist_ok=True)
    scratch = Scratch(settings.home / "scratch")
    clock = clock or SystemClock()
    db = open_database(settings.database)
    db.migrate()
    objects = open_objects(settings.objects)
    secrets = MasterKeySecrets(_master_key(settings))
    registry = Registry.collect(*PACKAGES)
    work = DbosWork(database_url=settings.database, executor_id=settings.executor_id, clock=clock)
    identity = IdentityService(db, secrets, clock)
    blobs = BlobService(db, objects, secrets, clock, settings.url)
    outgoing = Outgoing(EgressPolicy.of(settings.egress), clock, own_url=settings.url)
    fetcher = Fetcher(blobs, outgoing, clock)
    folders = tuple(Path(folder).expanduser().resolve() for folder in settings.pipeline_folders)
    places = DataPlaces(blobs, fetcher, outgoing, folders)
    data_stores = DataStores(db, objects, secrets, clock, places, scratch.path)
    outside = FetchedOutside(fetcher, outgoing, folders, data_stores)
    store = {"url": settings.objects}
    engine = ProcessEngine(store, workers=settings.engine_workers, outside=outside, scratch=scratch.path)
    assets = AssetService(db, objects, clock)
    limits = Limits(settings.module_seconds, settings.module_memory_mb, settings.script_network)
    experiments = ExperimentService(
        db, objects, assets, registry, work, engine, clock, limits=limits, secrets=secrets, sources=data_stores
    )
    plane = DataPlane()
    contents = Contents(objects)
    hurried = replace(limits, seconds=min(settings.request_seconds, limits.seconds))
    builder = ScorerBuilder(registry, contents, _contexts(registry, hurried))
    deployments = Deployments(db, secrets, builder, plane)
    addresses = Addresses(settings.url)
    files = ModelFiles(fetcher, registry, clock)
    updater = Updater(db, clock, assets, files, builder, deployments, addresses, collect_gates())
    patient = ScorerBuilder(registry, contents, _contexts(registry, limits))
    batch = BatchDeployments(db, patient, GraphExecution(experiments.runner, objects, registry, data_stores), limits)
    jobs = JobService(db, blobs, fetcher, secrets, clock, work, batch, scratch.path)
    jobs.register()
    uploads = Uploads(objects)
    services = ServiceService(db, secrets, clock, assets, builder, deployments)
    designer = make_designer(db, experiments, registry, clock)
    schedule_target = ScheduleTarget(db, designer, experiments, data_stores)
    callbacks = Callbacks(db, secrets, clock, settings.url)
    platform = Platform(settings.url, fetcher, outgoing, blobs, clock, folders, callbacks, designer, identity)
    data_factory = open_data_factory(db, secrets, work, platform, scratch.path)
    return Studio(
        settings=settings,
        db=db,
        objects=objects,
        secrets=secrets,
        clock=clock,
        scratch=scratch,
        registry=registry,
        work=work,
        engine=engine,
        identity=identity,
        blobs=blobs,
        outgoing=outgoing,
        assets=assets,
        uploads=uploads,
        experiments=experiments,
        data_stores=data_stores,
        designer=designer,
        schedules=ScheduleService(db, TriggerService(db, clock, {SCHEDULES: schedule_target}), data_stores, clock),
        inference=InferenceService(designer, experiments, services, assets, objects),
        run_results=RunResults(designer, experiments, assets, registry),
        plane=plane,
        deployments=deployments,
        services=services,
        endpoints=EndpointService(db, secrets, clock, builder, deployments, updater, addresses),
        jobs=jobs,
        data_factory=data_factory,
        triggers=TriggerLoop(db, clock, {PIPELINES: data_factory.target, SCHEDULES: schedule_target}),
        callbacks=callbacks,
        upkeep=Upkeep(
            [
                Chore("runs that lost their work", _SOON_S, experiments.recover),
                Chore("jobs that lost their work", _SOON_S, jobs.recover),
                Chore("pipeline runs that lost their work", _SOON_S, data_factory.runs.recover),
                Chore("old pipeline runs", _LATER_S, data_factory.purge),
                Chore("one-time pipelines that are over", _LATER_S, data_factory.v1.purge),
                Chore("old callbacks", _LATER_S, callbacks.purge),
                Chore("old trigger runs", _LATER_S, data_factory.triggers.purge),
                Chore("old jobs", _LATER_S, jobs.purge),
                Chore("old attempts to sign in", _LATER_S, identity.attempts.prune),
                Chore("blobs that nothing refers to", _LATER_S, blobs.collect_garbage),
                Chore("old announcements", _LATER_S, deployments.prune),
                *_sweeps(settings, db, objects, clock, work, uploads),
            ]
        ),
    )


def _master_key(settings: Settings) -> bytes:
    if settings.master_key is None:
        return load_or_create_key(settings.home / "master.key")
    try:
        return bytes.fromhex(settings.master_key)
    except ValueError as error:
        message = "'master_key' must be 64 hexadecimal digits."
        raise RestudioError(Kind.BAD_ARGUMENT, "BadSetting", message, target="master_key") from error


def _contexts(registry: Registry, limits: Limits) -> Contexts:
    """For services whose modules run scripts, in this process's sandboxes."""
    return ServingContexts(registry, partial(run_script, limits=limits)).open


def _sweeps(
    settings: Settings, db: SqlDatabase, objects: Objects, clock: Clock, work: DbosWork, uploads: Uploads
) -> list[Chore]:
    """Chores that go by age."""

    def now() -> float:
        return clock.now().timestamp()

    return [
        Chore("old work", _LATER_S, lambda: work.purge(now() - WORK_RETENTION_S)),
        Chore("old module outputs", _LATER_S, lambda: sweep_outputs(db, objects, clock, settings.output_days)),
        Chore("broken uploads", _LATER_S, lambda: uploads.sweep(now())),
    ]
