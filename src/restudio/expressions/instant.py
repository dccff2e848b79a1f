"""Points in time with 100 ns resolution, as the language computes with them."""

from __future__ import annotations

import calendar
import enum
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import ClassVar, Final

TICKS_PER_MICROSECOND: Final = 10
SECOND: Final = 10_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
END: Final = date.max.toordinal() * DAY
"""The first tick after the year 9999."""
_EPOCH: Final = datetime(1, 1, 1)  # noqa: DTZ001 - the origin of ticks in any zone


class ZoneKind(enum.Enum):
    """What a text said of its zone; decides how the instant is written."""

    NONE = ""
    UTC = "Z"
    OFFSET = "+00:00"
    """It had an offset. The ticks are UTC, because that is the zone of the host."""


@dataclass(frozen=True, slots=True)
class Instant:
    """``ticks`` count 100 ns units from the start of the year 1, and lie within the years 1 to 9999."""

    type_name: ClassVar[str] = "DateTime"

    ticks: int
    zone: ZoneKind = ZoneKind.NONE

    def __post_init__(self) -> None:
        if not 0 <= self.ticks < END:
            raise OverflowError("outside of the years 1 to 9999")

    @classmethod
    def of(cls, moment: datetime) -> Instant:
        """A moment with a zone as UTC; one without as it stands."""
        if moment.tzinfo is not None:
            return cls(_ticks(moment.astimezone(UTC).replace(tzinfo=None)), ZoneKind.UTC)
        return cls(_ticks(moment))

    @property
    def date(self) -> date:
        return date.fromordinal(self.ticks // DAY + 1)

    @property
    def weekday(self) -> int:
        """Sunday is 0."""
        return (self.ticks // DAY + 1) % 7

    @property
    def moment(self) -> datetime:
        """To the microsecond, without a zone."""
        return _EPOCH + timedelta(microseconds=self.ticks // TICKS_PER_MICROSECOND)

    def plus(self, ticks: int) -> Instant:
        return Instant(self.ticks + ticks, self.zone)

    def plus_months(self, count: int) -> Instant:
        """The same day of another month, or its last day where it has no such day."""
        day = self.date
        months = day.year * 12 + day.month - 1 + count
        year, month = divmod(months, 12)
        if not 1 <= year <= 9999:
            raise OverflowError("outside of the years 1 to 9999")
        last = calendar.monthrange(year, month + 1)[1]
        moved = date(year, month + 1, min(day.day, last))
        return Instant((moved.toordinal() - 1) * DAY + self.ticks % DAY, self.zone)

    def floor(self, unit: int) -> Instant:
        return Instant(self.ticks - self.ticks % unit, self.zone)


def _ticks(moment: datetime) -> int:
    passed = moment - _EPOCH
    return passed.days * DAY + passed.seconds * SECOND + passed.microseconds * TICKS_PER_MICROSECOND
