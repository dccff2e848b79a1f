"""The grid of a dataset's slices (Data Factory reference, section 9.3)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import cast

from restudio.factory.documents.fields import Fields
from restudio.triggers.windows import Frequency, Windows

FREQUENCIES = ("Minute", "Hour", "Day", "Week", "Month")
_HOURS = {"Hour": 1, "Day": 24, "Week": 168}
_ORIGIN = datetime(1, 1, 1, tzinfo=UTC)
"""A Monday, so that weeks begin on Mondays."""
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
"""Slices are numbered from the one that holds this instant: a slice keeps its number whatever the active period is."""
LATEST = datetime(9000, 1, 1, tzinfo=UTC)
"""What ends later, such as in 9999, has no end."""
_MOST_OFFSET = timedelta(days=366)
_MOST_INTERVAL = {"Minute": 100_000, "Hour": 100_000, "Day": 50_000, "Week": 5_000, "Month": 5_000}


@dataclass(frozen=True, slots=True)
class Availability:
    """Slices of ``interval`` times ``frequency``, counted from ``anchor``, all moved by ``offset``."""

    frequency: str
    interval: int
    at_start: bool = False
    anchor: datetime = _ORIGIN
    offset: timedelta = timedelta(0)

    @property
    def cadence(self) -> str:
        return f"{self.interval} {self.frequency}"

    def windows(self, begin: datetime, end: datetime, **more: object) -> Windows:
        """The slices that have a part in [``begin``, ``end``), as windows."""
        found = Windows(
            frequency=cast(Frequency, "Hour" if self.frequency in _HOURS else self.frequency),
            interval=self._units,
            start=self._counted_from(),
            shift=self.offset,
            end=end,
            at_start=self.at_start,
            patience=None,
            **more,  # type: ignore[arg-type]  # members of Windows by contract
        )
        return replace(found, first=found.number_at(begin))

    @property
    def _units(self) -> int:
        """Minutes, hours or months of a slice."""
        return self.interval * _HOURS.get(self.frequency, 1)

    def _counted_from(self) -> datetime:
        """Where the slice starts that holds :data:`EARLIEST`, before it is shifted."""
        moved = EARLIEST - self.offset
        if self.frequency != "Month":
            unit = timedelta(minutes=1) if self.frequency == "Minute" else timedelta(hours=1)
            return moved - (moved - self.anchor) % (self._units * unit)
        months = 12 * (moved.year - self.anchor.year) + moved.month - self.anchor.month
        months = months // self.interval * self.interval
        year, month = divmod(12 * self.anchor.year + self.anchor.month - 1 + months, 12)
        return datetime(year, month + 1, 1, tzinfo=UTC)


def read_availability(fields: Fields) -> Availability:
    """From ``availability`` of a dataset; parts of the anchor that are finer than the frequency do not count."""
    frequency = fields.choice("frequency", FREQUENCIES, required=True, default="Day")
    style = fields.choice("style", ("EndOfInterval", "StartOfInterval"), default="EndOfInterval")
    offset = fields.span("offset", default=timedelta(0))
    if abs(offset) > _MOST_OFFSET:
        fields.problem("offset", f"must be within a year; got {fields.raw['offset']}.")
        offset = timedelta(0)
    return Availability(
        frequency=frequency,
        interval=fields.integer("interval", 1, _MOST_INTERVAL[frequency], required=True, default=1),
        at_start=style == "StartOfInterval",
        anchor=_cut(fields.utc("anchorDateTime") or _ORIGIN, frequency),
        offset=offset,
    )


def read_bound(fields: Fields, name: str, *, required: bool = False) -> datetime | None:
    """An end of an active period, from :data:`EARLIEST` to :data:`LATEST`."""
    found = fields.utc(name, required=required)
    return None if found is None else min(max(found, EARLIEST), LATEST)


def _cut(anchor: datetime, frequency: str) -> datetime:
    anchor = anchor.replace(second=0, microsecond=0)
    if frequency == "Minute":
        return anchor
    anchor = anchor.replace(minute=0)
    if frequency == "Hour":
        return anchor
    anchor = anchor.replace(hour=0)
    return anchor.replace(day=1) if frequency == "Month" else anchor
