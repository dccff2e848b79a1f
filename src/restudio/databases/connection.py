"""A connection to a database: to an address that was checked, or to a file that the operator opened."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy as sa

from restudio.databases.address import MYSQL, POSTGRESQL, SQLITE, DatabaseAddress, Driver
from restudio.databases.errors import AddressInvalid, DatabaseAnswered, DriverMissing

CONNECT_S = 30
_SEVERAL_STATEMENTS = str(1 << 16)
"""MySQL's ``CLIENT_MULTI_STATEMENTS``: scripts hold several, as they may for the others."""


class Reach(Protocol):
    """What decides where connections may lead. Raises errors of its own for what is not allowed."""

    def resolve(self, host: str, port: int) -> str:
        """The IP address of a host that may be reached."""
        ...

    def open_file(self, path: Path) -> Path:
        """The real path of a file in a folder that the operator opened."""
        ...


@contextmanager
def connect(address: DatabaseAddress, reach: Reach) -> Iterator[sa.Connection]:
    """A connection of its own, without a transaction begun. Driver errors become :class:`DatabaseAnswered`."""
    engine = _engine(address, reach)
    try:
        with told(address.driver, is_connecting=True):
            connection = engine.connect()
        with connection, told(address.driver):
            yield connection
    finally:
        engine.dispose()


def _engine(address: DatabaseAddress, reach: Reach) -> sa.Engine:
    url, options = address.url, dict(address.options)
    if address.driver is SQLITE:
        url = url.set(database=str(reach.open_file(Path(url.database or ""))))
    else:
        options |= _pinned(address, reach)
    if address.driver is MYSQL:
        # In the address, so that SQLAlchemy adds its own flag, by which an update counts the rows that it finds.
        url = url.update_query_dict({"client_flag": _SEVERAL_STATEMENTS})
    try:
        engine = sa.create_engine(url, poolclass=sa.NullPool, connect_args=options)
    except ImportError as cause:
        raise DriverMissing(address.driver.title, address.driver.package) from cause
    if address.driver is SQLITE:
        sa.event.listen(engine, "connect", _confine)
    return engine


def _pinned(address: DatabaseAddress, reach: Reach) -> dict[str, Any]:
    """Connect options that keep to an IP address checked now, and to a time."""
    host = address.url.host
    if not host:
        raise AddressInvalid("It names no server.")
    found = reach.resolve(host, address.url.port or address.driver.port)
    if address.driver is POSTGRESQL:
        # Passwords that the server's own user keeps are not for those who name databases.
        return {"hostaddr": found, "connect_timeout": CONNECT_S, "passfile": f"{os.devnull}/none"}
    return {"host": found, "connect_timeout": CONNECT_S} if address.driver is MYSQL else {}


def _confine(connection: sqlite3.Connection, record: object) -> None:
    # ATTACH and VACUUM INTO would reach files outside the folders that the operator opened.
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)


@contextmanager
def told(driver: Driver, *, is_connecting: bool = False) -> Iterator[None]:
    """What the database complains of, without the statement, which may hold data."""
    try:
        yield
    except sa.exc.DBAPIError as cause:
        raise answered(driver, cause.orig, is_connecting=is_connecting) from None
    except sa.exc.SQLAlchemyError as cause:
        raise DatabaseAnswered(str(cause)[:1000], is_connecting=is_connecting) from None


def answered(driver: Driver, error: BaseException | None, *, is_connecting: bool = False) -> DatabaseAnswered:
    """The database's own words: the first line, for the others repeat the statement."""
    told = error.args if error is not None else ()
    is_numbered = len(told) == 2 and isinstance(told[0], int) and isinstance(told[1], str)
    words = f"{told[1]} ({told[0]})" if is_numbered else str(error)
    reason = (words.strip().splitlines() or [type(error).__name__])[0]
    return DatabaseAnswered(f"{driver.title} answered: {reason[:1000]}", is_connecting=is_connecting)
