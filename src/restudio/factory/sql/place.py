"""A database that a linked service names, and its failures as those of activities."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from restudio.blobs.fetch_errors import FetchError
from restudio.databases import connection as databases
from restudio.databases.address import DatabaseAddress, Driver
from restudio.databases.errors import AddressInvalid, DatabaseError, DriverMissing
from restudio.factory.errors import ActivityFailed
from restudio.factory.files.folder_files import ensure_open
from restudio.factory.platform import Platform

SQL_FAILED = "2200"


@dataclass(frozen=True, slots=True)
class SqlPlace:
    """Thread-safe. ``connect`` opens a connection of its own each time; ``repr`` shows no secret.

    ``schema`` is where tables without one are.
    """

    address: DatabaseAddress
    platform: Platform
    schema: str | None = None

    @property
    def driver(self) -> Driver:
        return self.address.driver

    @contextmanager
    def connect(self) -> Iterator[sa.Connection]:
        """A connection without a transaction begun. What goes wrong becomes the failure of an activity."""
        if not self.address.url.host and self.driver.port:
            raise ActivityFailed.missing("server")
        with _failing(), databases.connect(self.address, _Reach(self.platform)) as connection:
            yield connection


@dataclass(frozen=True, slots=True)
class _Reach:
    """See :class:`restudio.databases.connection.Reach`."""

    platform: Platform

    def resolve(self, host: str, port: int) -> str:
        try:
            return self.platform.outgoing.resolve(host, port)
        except FetchError as refused:
            raise ActivityFailed(SQL_FAILED, f"ErrorCode=UserErrorHostNotAllowed: {refused.message}") from refused

    def open_file(self, path: Path) -> Path:
        return ensure_open(path, self.platform.folders)


@contextmanager
def told(driver: Driver) -> Iterator[None]:
    """What the database complains of, as the failure of an activity."""
    with _failing(), databases.told(driver):
        yield


def answered(driver: Driver, error: BaseException | None) -> ActivityFailed:
    """The database's own words as the failure of an activity."""
    return _as_failure(databases.answered(driver, error))


@contextmanager
def named() -> Iterator[None]:
    """2106 for an address that names no database."""
    with _failing():
        yield


@contextmanager
def _failing() -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        raise _as_failure(error) from error


def _as_failure(error: DatabaseError) -> ActivityFailed:
    if isinstance(error, AddressInvalid):
        return ActivityFailed("2106", f"The storage connection string is invalid. {error.message}")
    code = "UserErrorDriverMissing" if isinstance(error, DriverMissing) else "SqlOperationFailed"
    return ActivityFailed(SQL_FAILED, f"ErrorCode={code}: {error.message}")
