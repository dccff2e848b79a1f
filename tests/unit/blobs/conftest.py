"""A Blob service without a server."""

from __future__ import annotations

import pytest

from restudio.blobs.service import BlobService
from restudio.seams.objects import Objects
from restudio.storage.clock import ManualClock
from restudio.storage.db import SqlDatabase
from restudio.storage.secrets import MasterKeySecrets

BASE_URL = "http://studio.example:8000"


@pytest.fixture
def service(database: SqlDatabase, objects: Objects, secrets: MasterKeySecrets, clock: ManualClock) -> BlobService:
    """Over both databases and both object stores, with an account and a container."""
    made = BlobService(database, objects, secrets, clock, BASE_URL)
    made.accounts.create("acme")
    made.create_container("acme", "incoming")
    return made


@pytest.fixture
def quick_service(
    sqlite_database: SqlDatabase, secrets: MasterKeySecrets, clock: ManualClock, quick_objects: Objects
) -> BlobService:
    made = BlobService(sqlite_database, quick_objects, secrets, clock, BASE_URL)
    made.accounts.create("acme")
    made.create_container("acme", "incoming")
    return made


@pytest.fixture
def quick_objects() -> Objects:
    from restudio.storage.objects import MemoryObjects

    return MemoryObjects()
