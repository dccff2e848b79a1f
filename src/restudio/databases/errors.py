"""What goes wrong on the way to a database. Layers above tell it in their own codes."""

from __future__ import annotations

from restudio.core.errors import Kind, RestudioError


class DatabaseError(RestudioError):
    """The database, or the driver in front of it, refused. ``is_connecting``: before any statement was run."""

    def __init__(self, detail: str, message: str, *, is_connecting: bool = False) -> None:
        super().__init__(Kind.BAD_ARGUMENT, detail, message)
        self.is_connecting = is_connecting


class AddressInvalid(DatabaseError):
    """An address or a connection string that names no database; the message holds no value of it."""

    def __init__(self, because: str) -> None:
        super().__init__("DatabaseAddressInvalid", because)


class DriverMissing(DatabaseError):
    """The Python package that reaches this kind of database is not installed."""

    def __init__(self, title: str, package: str) -> None:
        super().__init__(
            "DatabaseDriverMissing",
            f"{title} is reached through the Python package '{package}', which is not installed here. Install it "
            f"beside the server: pip install {package}",
            is_connecting=True,
        )


class DatabaseAnswered(DatabaseError):
    """The database's own words, without the statement, which may hold data."""

    def __init__(self, message: str, *, is_connecting: bool = False) -> None:
        super().__init__("DatabaseAnswered", message, is_connecting=is_connecting)
