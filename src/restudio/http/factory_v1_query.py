"""Instants in the queries of the management API of version 1."""

from __future__ import annotations

from datetime import datetime, timedelta

from restudio.core.errors import Kind, RestudioError
from restudio.http.factory import AnyRequest
from restudio.http.instants import read_instant

_PERIOD = timedelta(hours=48)
"""How long a period is that has no end, for slices as for active periods."""


def asked_instant(request: AnyRequest, *names: str) -> datetime:
    """A query parameter under one of its names, in any case."""
    text = _asked(request, *names)
    if text is None:
        message = f"The query parameter {names[0]} is missing; expected an instant such as 2024-01-08T00:00:00Z."
        raise RestudioError(Kind.BAD_ARGUMENT, "MissingQueryParameter", message, target=names[0])
    return read_instant(text, names[0])


def asked_period(request: AnyRequest) -> tuple[datetime, datetime]:
    """``start`` and ``end``, which is 48 hours later when it is absent."""
    begin, text = asked_instant(request, "start"), _asked(request, "end")
    return begin, begin + _PERIOD if text is None else read_instant(text, "end")


def _asked(request: AnyRequest, *names: str) -> str | None:
    given = {name.casefold(): value for name, value in request.query_params.items()}
    return next((str(given[name.casefold()]) for name in names if given.get(name.casefold())), None)
