"""Experiments as a server has them: real database, object files, child processes, work."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.databases import make_sqlite
from tests.unit.experiments import child_catalog
from tests.unit.experiments.studio import Studio

from restudio.core.registry import Registry
from restudio.engine.processes import ProcessEngine
from restudio.experiments.service import ExperimentService
from restudio.models.service import AssetService
from restudio.storage.clock import SystemClock
from restudio.storage.db import open_database
from restudio.storage.objects import FileObjects
from restudio.storage.work_memory import MemoryWork

CHILD = Path(__file__).parent / "child_catalog.py"
CSV = "age,hours,income\n" + "".join(
    f"{20 + i % 50},{'' if i % 17 == 0 else 10 + i % 40},{'>50K' if (i * 7) % 50 > 25 else '<=50K'}\n"
    for i in range(200)
)


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
def start_studio(
    tmp_path: Path, object_folder: Path, engine: ProcessEngine, catalog: Registry
) -> Iterator[Callable[[], Studio]]:
    """Starts a server's worth of services on the same home, as a restart does."""
    first = make_sqlite(tmp_path / "restudio.db")
    first.close()
    started: list[Studio] = []

    def start() -> Studio:
        database, objects, work, clock = (
            open_database(first.url),
            FileObjects(object_folder),
            MemoryWork(),
            SystemClock(),
        )
        assets = AssetService(database, objects, clock)
        experiments = ExperimentService(database, objects, assets, catalog, work, engine, clock)
        work.start()
        started.append(Studio(experiments, assets, objects, database, work, catalog))
        return started[-1]

    yield start
    for studio in started:
        studio.work.stop()
        studio.database.close()


@pytest.fixture
def studio(start_studio: Callable[[], Studio]) -> Studio:
    return start_studio()


@pytest.fixture
def training(studio: Studio) -> str:
    """A saved training experiment on a saved data set."""
    studio.assets.create(
        studio.workspace, "dataset", "adult.csv", CSV.encode(), data_type_id="GenericCSV", owner="tester"
    )
    return studio.import_yaml((Path(__file__).parent / "cases" / "training.experiment.yaml").read_text("utf-8"))
