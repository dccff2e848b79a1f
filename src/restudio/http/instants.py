"""Instants in queries and bodies, in the spellings that people and clients use."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from restudio.core.errors import Kind, RestudioError

_US = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?: (\d{1,2}):(\d{2})(?::(\d{2}))?(?: ?([AaPp][Mm]))?)?")


def read_instant(text: str, name: str) -> datetime:
    """ISO 8601, with or without time, zone or fractions, or ``1/8/2024 12:00:00 AM``; without a zone it is UTC.

    >>> read_instant("1/8/2024 12:00:00 AM", "start") == read_instant("2024-01-08", "start")
    True
    >>> read_instant("2024-01-08T02:00+02:00", "start") == read_instant("2024-01-08T00:00:00.0000000", "start")
    True
    """
    found = _iso(text.strip()) or _american(text.strip())
    try:
        if found is not None:
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:  # an end of time, in a zone
        pass
    message = f"'{name}' must be an instant such as 2024-01-08T00:00:00Z; got '{text[:80]}'."
    raise RestudioError(Kind.BAD_ARGUMENT, "InvalidTime", message, target=name)


def _iso(text: str) -> datetime | None:
    try:
        # A plus sign of a zone is a blank in a query that was not encoded.
        return datetime.fromisoformat(re.sub(r"(?<=:\d\d) (?=\d\d:)", "+", text))
    except ValueError:
        return None


def _american(text: str) -> datetime | None:
    found = _US.fullmatch(text)
    if found is None:
        return None
    month, day, year = (int(found[n]) for n in (1, 2, 3))
    hour, minute, second = (int(found[n] or 0) for n in (4, 5, 6))
    if found[7]:
        hour = hour % 12 + (12 if found[7].casefold() == "pm" else 0)
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
