"""The parts of Data Factory, put together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from restudio.factory.activity import collect_activities
from restudio.factory.dataset import all_datasets
from restudio.factory.documents.check import Catalogs
from restudio.factory.linked_service import all_linked_services
from restudio.factory.pipeline_target import KIND, PipelineTarget
from restudio.factory.platform import Platform
from restudio.factory.runs.loop import PipelineLoop
from restudio.factory.runs.plan import Plans
from restudio.factory.runs.service import PipelineRuns
from restudio.factory.runs.starting import Starter
from restudio.factory.service import FactoryService
from restudio.factory.trigger import collect_triggers
from restudio.factory.trigger_service import FactoryTriggers, trigger_guard
from restudio.factory.v1.monitoring import SliceMonitor
from restudio.factory.v1.service import V1Service, forget_documents
from restudio.factory.v1.slices import SliceService
from restudio.factory.vault import SecretVault
from restudio.seams.database import Database
from restudio.seams.secrets import Secrets
from restudio.seams.work import Work
from restudio.triggers.service import TriggerService

RUN_DAYS = 45.0
"""How long pipeline runs that ended are kept, as in the original."""


@dataclass(frozen=True)
class DataFactory:
    """``loop`` is stopped before the work that it registered with."""

    catalogs: Catalogs
    factories: FactoryService
    vault: SecretVault
    runs: PipelineRuns
    triggers: FactoryTriggers
    v1: V1Service
    slices: SliceService
    monitor: SliceMonitor
    target: PipelineTarget
    loop: PipelineLoop
    purge: Callable[[], int]


def open_data_factory(db: Database, secrets: Secrets, work: Work, platform: Platform, scratch: Path) -> DataFactory:
    """Build the parts; registers the pipeline loop with the work, starts nothing."""
    clock = platform.clock
    catalog = collect_activities()
    kinds = collect_triggers()
    catalogs = Catalogs(catalog, all_linked_services(), kinds, all_datasets())
    plans = Plans(db, secrets, catalog)
    starter = Starter(db, secrets, clock, work, plans)
    vault = SecretVault(db, secrets, clock)
    loop = PipelineLoop(db, secrets, work, platform, catalog, plans, starter, scratch, vault)
    runs = PipelineRuns(db, clock, plans, starter, loop)
    factories = FactoryService(db, secrets, clock, catalogs, [trigger_guard(clock)], [forget_documents])
    target = PipelineTarget(db, platform, kinds, plans, starter, runs, vault)
    fired = TriggerService(db, clock, {KIND: target})
    return DataFactory(
        catalogs=catalogs,
        factories=factories,
        vault=vault,
        runs=runs,
        triggers=FactoryTriggers(db, clock, factories, kinds, fired, platform.blobs.accounts),
        v1=V1Service(db, secrets, clock, factories, kinds),
        slices=SliceService(db, clock, kinds),
        monitor=SliceMonitor(db, clock, kinds),
        target=target,
        loop=loop,
        purge=lambda: runs.purge(clock.now().timestamp() - RUN_DAYS * 86_400),
    )
