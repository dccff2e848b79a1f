"""Time spans as factory documents write them: ``[d.]hh:mm:ss`` (Data Factory reference, section 1.5)."""

from __future__ import annotations

import re

from restudio.factory.properties import Json

_MOST_DAYS = 10_675_199
"""As long as a .NET time span can be."""
_SPAN = re.compile(r"(?:(\d{1,9})\.)?(\d\d):([0-5]\d|60):([0-5]\d|60)(?:\.(\d{1,7}))?\Z")


def parse_timespan(value: Json) -> float | None:
    """Seconds, or None for anything that is not a time span.

    >>> parse_timespan("1.02:00:30"), parse_timespan("90 min")
    (93630.0, None)
    """
    found = _SPAN.match(value.strip()) if isinstance(value, str) else None
    if found is None:
        return None
    days, hours, minutes, seconds, fraction = found.groups()
    if int(days or 0) > _MOST_DAYS:
        return None
    whole = ((int(days or 0) * 24 + int(hours)) * 60 + int(minutes)) * 60 + int(seconds)
    return whole + (float(f"0.{fraction}") if fraction else 0.0)
