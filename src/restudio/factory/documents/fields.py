"""Typed reading of the members of a JSON object. What is wrong is told to ``problems`` and read as the default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo

from restudio.core.errors import nearest
from restudio.factory.documents.problems import Problems, shown
from restudio.factory.documents.timespan import parse_timespan
from restudio.factory.properties import Json, Properties

MAX_NAME = 260


class Fields:
    """The members of one object; ``path`` is its JSON path."""

    def __init__(self, raw: Json, path: str, problems: Problems) -> None:
        if raw is not None and not isinstance(raw, Mapping):
            problems.add(path, "InvalidType", f"expected an object; got {shown(raw)}.")
            raw = None
        self.raw = Properties(raw or {})
        self.path = path
        self.problems = problems

    def problem(self, name: str, message: str, code: str = "InvalidValue") -> None:
        self.problems.add(f"{self.path}.{name}", code, message)

    def object(self, name: str, *, required: bool = False) -> Fields:
        """An object; an empty one when it is absent."""
        value = self._present(name, required, "an object")
        # That a whole object is missing is told once, not again for everything that should be in it.
        problems = Problems(self.problems.where) if required and value is None else self.problems
        return Fields(value, f"{self.path}.{name}", problems)

    def objects(self, name: str, *, required: bool = False) -> list[Fields]:
        """An array of objects; a single object counts as an array of one."""
        value = self._present(name, required, "an array of objects")
        if not isinstance(value, list):
            return [] if value is None else [Fields(value, f"{self.path}.{name}", self.problems)]
        return [Fields(each, f"{self.path}.{name}[{i}]", self.problems) for i, each in enumerate(value)]

    def text(self, name: str, *, required: bool = False, default: str = "") -> str:
        value = self._present(name, required, "a text")
        if value is None:
            return default
        if not isinstance(value, str):
            self.problem(name, f"expected a text; got {shown(value)}.", "InvalidType")
            return default
        if required and value == "":
            self.problem(name, "must not be empty.")
        return value

    def resource(self, name: str) -> str:
        """The name of the resource whose id this is: its last part."""
        written = self.text(name, required=True)
        found = written.rstrip("/").rpartition("/")[2]
        if written and not 0 < len(found) <= MAX_NAME:
            self.problem(name, f"expected a resource id that ends in a name; got {shown(written)}.")
            return ""
        return found

    def texts(self, name: str, *, required: bool = False) -> tuple[str, ...]:
        """An array of texts; a single text counts as an array of one."""
        value = self._present(name, required, "an array of texts")
        items = value if isinstance(value, list) else [] if value is None else [value]
        if not all(isinstance(each, str) for each in items):
            self.problem(name, f"expected texts; got {shown(value)}.", "InvalidType")
            return ()
        return tuple(items)

    def choice(self, name: str, choices: Sequence[str], *, required: bool = False, default: str) -> str:
        """One of the choices, written in any case; given as declared."""
        return self.pick(name, self.text(name, required=required, default=default), choices) or default

    def pick(self, name: str, value: str, choices: Sequence[str]) -> str | None:
        """The choice that a value means; told as a problem of ``name`` when it is none."""
        for each in choices:
            if each.casefold() == value.casefold():
                return each
        hint = nearest(value[:80], choices, limit=len(choices))
        self.problem(name, f"'{value[:80]}' is not possible here.{hint}")
        return None

    def flag(self, name: str, *, default: bool) -> bool:
        value = self.raw.get(name)
        if isinstance(value, str) and value.casefold() in ("true", "false"):
            return value.casefold() == "true"
        if value is None or isinstance(value, bool):
            return default if value is None else value
        self.problem(name, f"expected true or false; got {shown(value)}.", "InvalidType")
        return default

    def integer(self, name: str, low: int, high: int, *, required: bool = False, default: int) -> int:
        """A whole number; as text too, which real files hold."""
        value = _whole(self._present(name, required, "a whole number"))
        if value is None:
            return default
        if isinstance(value, int) and low <= value <= high:
            return value
        self.problem(name, f"expected a whole number from {low} to {high}; got {shown(value)}.")
        return default

    def integers(self, name: str, allowed: Sequence[int], expected: str) -> tuple[int, ...]:
        """An array of whole numbers, or a single one, sorted and each once."""
        value = self.raw.get(name)
        items = [_whole(each) for each in (value if isinstance(value, list) else [] if value is None else [value])]
        right = [each for each in items if isinstance(each, int) and each in allowed]
        if len(right) < len(items):
            wrong = [each for each in items if not isinstance(each, int) or each not in allowed]
            self.problem(name, f"expected {expected}; got {shown(wrong[0])}.")
        return tuple(sorted(set(right)))

    def span(self, name: str, *, default: timedelta, required: bool = False) -> timedelta:
        """A time span, ``[d.]hh:mm:ss``, with a sign where it may have one."""
        value = self._present(name, required, "a time span such as 01:00:00")
        if value is None:
            return default
        negative = isinstance(value, str) and value.startswith("-")
        seconds = parse_timespan(value[1:] if negative else value)
        if seconds is None:
            self.problem(name, f"expected a time span such as 01:30:00 or 7.00:00:00; got {shown(value)}.")
            return default
        return timedelta(seconds=-seconds if negative else seconds)

    def instant(self, name: str, *, required: bool = False) -> datetime | None:
        """An ISO 8601 instant, aware when written with a zone."""
        value = self._present(name, required, "an instant such as 2024-05-06T07:00:00Z")
        if value is None:
            return None
        try:
            return datetime.fromisoformat(value.strip())
        except (AttributeError, ValueError):
            self.problem(name, f"expected an instant such as 2024-05-06T07:00:00Z; got {shown(value)}.")
            return None

    def utc(self, name: str, *, required: bool = False, zone: tzinfo = UTC) -> datetime | None:
        """An instant in UTC; one that is written without a zone is one of ``zone``."""
        found = self.instant(name, required=required)
        if found is None:
            return None
        try:
            return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
        except OverflowError:  # at the ends of time
            return found.replace(tzinfo=UTC)

    def _present(self, name: str, required: bool, expected: str) -> Json:
        value = self.raw.get(name)
        if required and (value is None or value == []):
            self.problem(name, f"is {'missing' if value is None else 'empty'}; expected {expected}.", "MissingProperty")
        return value


def _whole(value: Json) -> Json:
    if isinstance(value, str) and value.strip().lstrip("-").isascii() and value.strip().lstrip("-").isdigit():
        return int(value) if len(value) < 20 else value
    if isinstance(value, bool):
        return str(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value
