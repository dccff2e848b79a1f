"""Time zones by the names that documents use: those of Windows, and of the IANA database (reference, 7.11.3).

The pairs stand in ``windows_zones.json``; they are those of Unicode CLDR.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo, available_timezones

from restudio.expressions.instant import TICKS_PER_MICROSECOND, Instant, ZoneKind

_UTC = frozenset({"Etc/UTC", "UTC", "Etc/Universal", "Universal", "Zulu", "Etc/Zulu", "Etc/UCT", "UCT"})


@lru_cache(maxsize=512)
def find_zone(name: str) -> ZoneInfo | None:
    """A time zone by its Windows or IANA name in any case; None when there is none.

    >>> find_zone("w. europe standard time")
    zoneinfo.ZoneInfo(key='Europe/Berlin')
    """
    key = _names().get(name.strip().casefold())
    return None if key is None else ZoneInfo(key)


def list_windows_zones() -> dict[str, str]:
    """Windows name → IANA name."""
    pairs: dict[str, str] = json.loads((files(__package__) / "windows_zones.json").read_text(encoding="utf-8"))
    return pairs


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    iana = {each.casefold(): each for each in available_timezones()}
    return iana | {windows.casefold(): each for windows, each in list_windows_zones().items()}


def is_utc(zone: ZoneInfo) -> bool:
    return zone.key in _UTC


def from_utc(instant: Instant, zone: ZoneInfo) -> Instant:
    """The time on the clocks of a zone. It tells no zone any more, unless that is UTC."""
    if is_utc(zone):
        return Instant(instant.ticks, ZoneKind.UTC)
    offset = instant.moment.replace(tzinfo=UTC).astimezone(zone).utcoffset()
    return Instant(instant.ticks + _ticks(offset))


def to_utc(instant: Instant, zone: ZoneInfo) -> Instant | None:
    """The instant when the clocks of a zone show a time; None when they never do, or do twice."""
    local = instant.moment
    first, second = (_offset(local, zone, fold) for fold in (0, 1))
    return None if first != second else Instant(instant.ticks - _ticks(first), ZoneKind.UTC)


def _offset(local: datetime, zone: ZoneInfo, fold: int) -> timedelta | None:
    return local.replace(tzinfo=zone, fold=fold).utcoffset()


def _ticks(offset: timedelta | None) -> int:
    return 0 if offset is None else offset // timedelta(microseconds=1) * TICKS_PER_MICROSECOND
