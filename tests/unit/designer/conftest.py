"""The designer as a server has it: real database, blobs, object files, child processes, work."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.databases import make_sqlite
from tests.unit.designer.world import WORKSPACE, World, adult
from tests.unit.experiments import child_catalog

from restudio.app.data_places import DataPlaces
from restudio.blobs.egress import EgressPolicy
from restudio.blobs.fetch import Fetcher
from restudio.blobs.outgoing import Outgoing
from restudio.blobs.service import BlobService
from restudio.core.registry import Registry
from restudio.designer.service import make_designer
from restudio.designer.stores.service import DataStores
from restudio.engine.processes import ProcessEngine
from restudio.experiments.service import ExperimentService
from restudio.models.service import AssetService
from restudio.storage.clock import SystemClock
from restudio.storage.db import open_database
from restudio.storage.objects import FileObjects
from restudio.storage.secrets import MasterKeySecrets
from restudio.storage.work_memory import MemoryWork

CHILD = Path(child_catalog.__file__)


@pytest.fixture(scope="session")
def catalog() -> Registry:
    return child_catalog.catalog()


@pytest.fixture(scope="session")
def object_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("objects")


@pytest.fixture(scope="session")
def engine(object_folder: Path) -> Iterator[ProcessEngine]:
    made = ProcessEngine({"files": str(object_folder)}, workers=2, child_command=(sys.executable, str(CHILD)))
    yield made
    made.close()


@pytest.fixture
def start_world(
    tmp_path: Path, object_folder: Path, engine: ProcessEngine, catalog: Registry, secrets: MasterKeySecrets
) -> Iterator[Callable[[], World]]:
    """Starts a server's worth of services on the same home, as a restart does."""
    first = make_sqlite(tmp_path / "restudio.db")
    first.close()
    started: list[World] = []
    folder = tmp_path / "open"
    folder.mkdir()

    def start() -> World:
        database, objects, work, clock = (
            open_database(first.url),
            FileObjects(object_folder),
            MemoryWork(),
            SystemClock(),
        )
        assets = AssetService(database, objects, clock)
        blobs = BlobService(database, objects, secrets, clock, "http://studio.example")
        outgoing = Outgoing(EgressPolicy(), clock)
        places = DataPlaces(blobs, Fetcher(blobs, outgoing, clock), outgoing, [folder])
        stores = DataStores(database, objects, secrets, clock, places, tmp_path / "scratch")
        experiments = ExperimentService(
            database, objects, assets, catalog, work, engine, clock, secrets=secrets, sources=stores
        )
        designer = make_designer(database, experiments, catalog, clock)
        work.start()
        started.append(World(designer, stores, experiments, assets, blobs, objects, database, work, catalog, folder))
        return started[-1]

    yield start
    for world in started:
        world.work.stop()
        world.database.close()


@pytest.fixture
def world(start_world: Callable[[], World]) -> World:
    made = start_world()
    made.assets.create(WORKSPACE, "dataset", "adult.csv", adult(), data_type_id="GenericCSV", owner="tester")
    return made
