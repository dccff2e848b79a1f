"""Instants in the queries of the management API of version 1."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from restudio.core.errors import Kind, RestudioError
from restudio.http.factory_api import AnyRequest, asked_text
from restudio.http.instants import read_instant

_END = datetime.max.replace(tzinfo=UTC)
_PERIOD = timedelta(hours=48)
"""How long a period is that has no end, for slices as for active periods."""


def asked_instant(request: AnyRequest, *names: str) -> datetime:
    """A query parameter under one of its names, in any case."""
    found = find_instant(request, *names)
    if found is None:
        message = f"The query parameter {names[0]} is missing; expected an instant such as 2024-01-08T00:00:00Z."
        raise RestudioError(Kind.BAD_ARGUMENT, "MissingQueryParameter", message, target=names[0])
    return found


def find_instant(request: AnyRequest, *names: str) -> datetime | None:
    """As :func:`asked_instant`; None when it is absent."""
    text = asked_text(request, *names)
    return None if text is None else read_instant(text, names[0])


def asked_period(request: AnyRequest) -> tuple[datetime, datetime]:
    """``start`` and ``end``, which is 48 hours later when it is absent."""
    begin = asked_instant(request, "start")
    return begin, find_instant(request, "end") or begin + min(_PERIOD, _END - begin)
