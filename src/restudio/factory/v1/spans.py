"""Time spans as version 1 reads them (Data Factory reference, section 1.5)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from restudio.factory.properties import Json

_MANY_HOURS = re.compile(r"\s*([2-9]\d):(\d\d):(\d\d)\s*")
_SPANS = frozenset(
    {"timeout", "delay", "longretryinterval", "datadelay", "retryinterval", "retrytimeout", "offset", "expirationtime"}
)


def with_days(value: Json) -> Json:
    """A document whose spans of 24 hours and more are the days that the original takes them for; ``typeProperties`` are
    what users say and stay.

    >>> with_days({"policy": {"timeout": "24:00:00", "delay": "01:00:00"}})
    {'policy': {'timeout': '24.00:00:00', 'delay': '01:00:00'}}
    """
    if isinstance(value, list):
        return [with_days(each) for each in value]
    if not isinstance(value, Mapping):
        return value
    return {name: _member(name.casefold(), each) for name, each in value.items()}


def _member(name: str, value: Json) -> Json:
    if name == "typeproperties":
        return value
    found = _MANY_HOURS.fullmatch(value) if name in _SPANS and isinstance(value, str) else None
    if found is None or int(found[1]) < 24:
        return with_days(value)
    return f"{found[1]}.{found[2]}:{found[3]}:00"
