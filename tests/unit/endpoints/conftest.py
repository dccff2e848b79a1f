from __future__ import annotations

import pytest
from tests.unit.endpoints.world import World

from restudio.storage.clock import ManualClock
from restudio.storage.db import SqlDatabase
from restudio.storage.secrets import MasterKeySecrets


@pytest.fixture
def world(sqlite_database: SqlDatabase, secrets: MasterKeySecrets, clock: ManualClock) -> World:
    return World(sqlite_database, secrets, clock)


@pytest.fixture
def any_world(database: SqlDatabase, secrets: MasterKeySecrets, clock: ManualClock) -> World:
    """On each kind of database."""
    return World(database, secrets, clock)
