"""How a database is named: by an address, by ``Name=value;…``, or by its parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from restudio.databases.errors import AddressInvalid


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
class DatabaseAddress:
    """``options`` go to the driver when it connects; ``repr`` shows no secret."""

    driver: Driver
    url: sa.URL
    options: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"DatabaseAddress({self.driver.title!r}, {self.url.host!r}, {self.url.database!r})"


def from_url(text: str) -> DatabaseAddress:
    """From an address such as ``postgresql://user:password@host/database`` or ``sqlite:////srv/lake/data.db``."""
    try:
        url = sa.make_url(text)
        driver = DRIVERS[url.drivername.partition("+")[0].casefold()]
    except (sa.exc.ArgumentError, KeyError, ValueError) as cause:
        raise AddressInvalid(
            f"A database address begins with one of {', '.join(sorted(DRIVERS))} and '://'."
        ) from cause
    options: dict[str, Any] = {name: str(value) for name, value in url.query.items()}
    allowed = {"sslmode", "application_name"} if driver is POSTGRESQL else set()
    for name in options:
        if name not in allowed:
            raise AddressInvalid(f"The option '{name}' of the database address is not offered.")
    plain = url.set(drivername=driver.name, query={})
    return DatabaseAddress(driver, plain, options)


def from_host(text: str, driver: Driver) -> DatabaseAddress:
    """From a host as SQL Server's clients write it, with or without a port: ``tcp:host,1433``."""
    host, port = _host(text)
    return DatabaseAddress(driver, sa.URL.create(driver.name, host=host or None, port=port))


def from_parts(text: str, driver: Driver, password: str | None = None) -> DatabaseAddress:
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
        raise AddressInvalid("Windows authentication is not offered; give User ID and Password.")
    return DatabaseAddress(driver, url, options)


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
    raise AddressInvalid(f"'{text[:40]}' is no SSL mode; expected 0 to 5, or one of {', '.join(_MODES)}.")


def _parse(text: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for piece in _split(text):
        name, equals, value = piece.partition("=")
        if not equals:
            raise AddressInvalid("Every part must be a name, '=' and a value.")
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
