"""The parts of Data Factory, put together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from restudio.factory.activity import collect_activities
from restudio.factory.documents.check import Catalogs
from restudio.factory.linked_service import all_linked_services
from restudio.factory.platform import Platform
from restudio.factory.runs.loop import PipelineLoop
from restudio.factory.runs.plan import Plans
from restudio.factory.runs.service import PipelineRuns
from restudio.factory.runs.starting import Starter
from restudio.factory.service import FactoryService
from restudio.factory.trigger import collect_triggers
from restudio.factory.vault import SecretVault
from restudio.seams.database import Database
from restudio.seams.secrets import Secrets
from restudio.seams.work import Work

RUN_DAYS = 45.0
"""How long pipeline runs that ended are kept, as in the original."""


@dataclass(frozen=True)
class DataFactory:
    """``loop`` is stopped before the work that it registered with."""

    catalogs: Catalogs
    factories: FactoryService
    vault: SecretVault
    runs: PipelineRuns
    loop: PipelineLoop
    purge: Callable[[], int]


def open_data_factory(db: Database, secrets: Secrets, work: Work, platform: Platform, scratch: Path) -> DataFactory:
    """Build the parts; registers the pipeline loop with the work, starts nothing."""
    clock = platform.clock
    catalog = collect_activities()
    catalogs = Catalogs(catalog, all_linked_services(), collect_triggers())
    plans = Plans(db, secrets, catalog)
    starter = Starter(db, secrets, clock, work, plans)
    vault = SecretVault(db, secrets, clock)
    loop = PipelineLoop(db, secrets, work, platform, catalog, plans, starter, scratch, vault)
    runs = PipelineRuns(db, clock, plans, starter, loop)
    return DataFactory(
        catalogs=catalogs,
        factories=FactoryService(db, secrets, clock, catalogs),
        vault=vault,
        runs=runs,
        loop=loop,
        purge=lambda: runs.purge(clock.now().timestamp() - RUN_DAYS * 86_400),
    )
