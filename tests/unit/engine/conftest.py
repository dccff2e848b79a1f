"""A real engine with real child processes over a real object store."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from restudio.engine.processes import Outside, ProcessEngine
from restudio.storage.objects import FileObjects

CHILD = Path(__file__).parent / "child_catalog.py"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("engine")


@pytest.fixture(scope="module")
def store(folder: Path) -> FileObjects:
    return FileObjects(folder / "objects")


@pytest.fixture(scope="module")
def outside() -> Outside | None:
    return None


@pytest.fixture(scope="module")
def engine(folder: Path, store: FileObjects, outside: Outside | None) -> Iterator[ProcessEngine]:
    scratch = folder / "scratch"
    scratch.mkdir()
    location = {"files": str(folder / "objects")}
    made = ProcessEngine(
        location, workers=2, child_command=(sys.executable, str(CHILD)), outside=outside, scratch=scratch
    )
    yield made
    made.close()
    assert list(scratch.iterdir()) == []
