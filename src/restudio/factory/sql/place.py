"""A database that a linked service names, through SQLAlchemy."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from restudio.blobs.fetch_errors import FetchError
from restudio.factory.errors import ActivityFailed
from restudio.factory.files.folder_files import ensure_open
from restudio.factory.platform import Platform

SQL_FAILED = "2200"
CONNECT_S = 30


@dataclass(frozen=True, slots=True)
class Driver:
    """How SQLAlchemy reaches one kind of database. ``port`` 0 is a file."""

    name: str
    title: str
    port: int
    package: str


POSTGRESQL = Driver("postgresql+psycopg", "PostgreSQL", 5432, "psycopg[binary]")
SQLITE = Driver("sqlite", "SQLite", 0, "")
MSSQL = Driver("mssql+pymssql", "SQL Server", 1433, "pymssql")
MYSQL = Driver("mysql+pymysql", "MySQL", 3306, "pymysql")
ORACLE = Driver("oracle+oracledb", "Oracle", 1521, "oracledb")
DRIVERS = {
    "postgresql": POSTGRESQL,
    "postgres": POSTGRESQL,
    "sqlite": SQLITE,
    "mssql": MSSQL,
    "mysql": MYSQL,
    "mariadb": MYSQL,
    "oracle": ORACLE,
}


@dataclass(frozen=True, slots=True, repr=False)
class SqlPlace:
    """Thread-safe. ``connect`` opens a connection of its own each time; ``repr`` shows no secret.

    ``schema`` is where tables without one are.
    """

    driver: Driver
    url: sa.URL
    platform: Platform
    schema: str | None = None
    options: dict[str, Any] = field(default_factory=dict)

    @contextmanager
    def connect(self) -> Iterator[sa.Connection]:
        """A connection without a transaction begun. Driver errors become failures that tell the database's words."""
        engine = self._engine()
        try:
            with told(self.driver), engine.connect() as connection:
                yield connection
        finally:
            engine.dispose()

    def _engine(self) -> sa.Engine:
        url, options = self.url, dict(self.options)
        if self.driver is SQLITE:
            url = url.set(database=str(ensure_open(Path(url.database or ""), self.platform.folders)))
        else:
            options |= self._pinned()
        try:
            engine = sa.create_engine(url, poolclass=sa.NullPool, connect_args=options)
        except ImportError as cause:
            raise ActivityFailed(
                SQL_FAILED,
                f"ErrorCode=UserErrorDriverMissing: {self.driver.title} is reached through the Python package "
                f"'{self.driver.package}', which is not installed here. Install it beside the server: "
                f"pip install {self.driver.package}",
            ) from cause
        if self.driver is SQLITE:
            sa.event.listen(engine, "connect", _confine)
        return engine

    def _pinned(self) -> dict[str, Any]:
        """Connect options that keep to an address checked now, and to a time."""
        host = self.url.host
        if not host:
            raise ActivityFailed.missing("server")
        try:
            address = self.platform.outgoing.resolve(host, self.url.port or self.driver.port)
        except FetchError as refused:
            raise ActivityFailed(SQL_FAILED, f"ErrorCode=UserErrorHostNotAllowed: {refused.message}") from refused
        if self.driver is POSTGRESQL:
            # Passwords that the server's own user keeps are not for pipelines.
            return {"hostaddr": address, "connect_timeout": CONNECT_S, "passfile": f"{os.devnull}/none"}
        return {}


def _confine(connection: sqlite3.Connection, record: object) -> None:
    # ATTACH and VACUUM INTO would reach files outside the folders that the operator opened.
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)


@contextmanager
def told(driver: Driver) -> Iterator[None]:
    """What the database complains of, as the failure of an activity; without the statement, which may hold data."""
    try:
        yield
    except sa.exc.DBAPIError as cause:
        raise answered(driver, cause.orig) from None
    except sa.exc.SQLAlchemyError as cause:
        raise ActivityFailed(SQL_FAILED, f"ErrorCode=SqlOperationFailed: {str(cause)[:1000]}") from None


def answered(driver: Driver, error: BaseException | None) -> ActivityFailed:
    """The database's own words: the first line, for the others repeat the statement."""
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return ActivityFailed(SQL_FAILED, f"ErrorCode=SqlOperationFailed: {driver.title} answered: {reason[:1000]}")


def from_url(text: str, platform: Platform) -> SqlPlace:
    """From an address such as ``postgresql://user:password@host/database`` or ``sqlite:////srv/lake/data.db``."""
    try:
        url = sa.make_url(text)
        driver = DRIVERS[url.drivername.partition("+")[0].casefold()]
    except (sa.exc.ArgumentError, KeyError, ValueError) as cause:
        raise invalid(f"A database address begins with one of {', '.join(sorted(DRIVERS))} and '://'.") from cause
    options = {name: str(value) for name, value in url.query.items()}
    allowed = {"sslmode", "application_name"} if driver is POSTGRESQL else set()
    for name in options:
        if name not in allowed:
            raise invalid(f"The option '{name}' of the database address is not offered.")
    schemaless = url.set(drivername=driver.name, query={})
    return SqlPlace(driver, schemaless, platform, options=dict(options))


def from_parts(text: str, driver: Driver, platform: Platform, password: str | None = None) -> SqlPlace:
    """From ``Name=value;…`` with the names that database clients of old use."""
    parts = _parse(text)
    host, port = _host(_first(parts, _HOST))
    given_port = _first(parts, ("port",))
    user, written = _first(parts, _USER), _first(parts, _PASSWORD)
    url = sa.URL.create(
        driver.name,
        username=user or None,
        password=password or written or None,
        host=host or None,
        port=int(given_port) if given_port.isdecimal() else port,
        database=_first(parts, _DATABASE) or None,
    )
    options: dict[str, Any] = {}
    mode = _first(parts, ("sslmode", "ssl mode", "encryptionmethod"))
    if driver is POSTGRESQL and mode:
        options["sslmode"] = ssl_mode(mode)
    if _first(parts, ("integrated security", "trusted_connection")).casefold() in ("true", "sspi", "yes"):
        raise invalid("Windows authentication is not offered; give User ID and Password.")
    return SqlPlace(driver, url, platform, options=options)


_HOST = ("server", "data source", "host", "addr", "address", "network address")
_DATABASE = ("database", "initial catalog", "dbname")
_USER = ("user id", "uid", "user", "username", "user name")
_PASSWORD = ("password", "pwd")
_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")


def ssl_mode(given: object) -> str:
    """A PostgreSQL mode by its number or its name.

    >>> ssl_mode(2), ssl_mode("3"), ssl_mode("VerifyFull")
    ('prefer', 'require', 'verify-full')
    """
    text = str(given).strip()
    if text.isdecimal() and int(text) < len(_MODES):
        return _MODES[int(text)]
    folded = text.casefold().replace("-", "")
    for mode in _MODES:
        if mode.replace("-", "") == folded:
            return mode
    raise invalid(f"'{text[:40]}' is no SSL mode; expected 0 to 5, or one of {', '.join(_MODES)}.")


def _parse(text: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for piece in _split(text):
        name, equals, value = piece.partition("=")
        if not equals:
            raise invalid("Every part must be a name, '=' and a value.")
        value = value.strip()
        if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
            value = value[1:-1]
        parts[name.strip().casefold()] = value
    return parts


def _split(text: str) -> Iterator[str]:
    """Pieces between semicolons that stand outside quotes."""
    piece, quote = "", ""
    for letter in text:
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"" and piece.rstrip().endswith("="):
            quote = letter
        if letter == ";" and not quote:
            if piece.strip():
                yield piece
            piece = ""
        else:
            piece += letter
    if piece.strip():
        yield piece


def _first(parts: dict[str, str], names: Sequence[str]) -> str:
    return next((parts[name] for name in names if parts.get(name)), "")


def _host(text: str) -> tuple[str, int | None]:
    """Host and port of ``tcp:host,1433``."""
    host, _, port = text.removeprefix("tcp:").partition(",")
    return host.strip(), int(port) if port.strip().isdecimal() else None


def invalid(because: str) -> ActivityFailed:
    """2106 without any value of the connection string."""
    return ActivityFailed("2106", f"The storage connection string is invalid. {because}")
