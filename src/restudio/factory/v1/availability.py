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
_COUNTED_FROM = datetime(1900, 1, 1, tzinfo=UTC)
"""Slices are numbered from the one that holds this instant: a slice keeps its number whatever the active period is."""


@dataclass(frozen=True, slots=True)
class Availability:
    """Slices of ``interval`` times ``frequency``, counted from ``anchor``, all moved by ``offset``."""

    frequency: str
    interval: int
    at_start: bool = False
    anchor: datetime = _ORIGIN
    offset: timedelta = timedelta(0)

    def first_slice(self, begin: datetime) -> datetime:
        """Where the slice starts that an instant lies in."""
        if self.frequency == "Month":
            moved = begin - self.offset
            months = 12 * (moved.year - self.anchor.year) + moved.month - self.anchor.month
            months = months // self.interval * self.interval
            year, month = divmod(12 * self.anchor.year + self.anchor.month - 1 + months, 12)
            return datetime(year, month + 1, 1, tzinfo=UTC) + self.offset
        moved = begin - self.offset
        return moved - (moved - self.anchor) % self.length + self.offset

    @property
    def length(self) -> timedelta:
        """Of slices that all have the same; months do not."""
        if self.frequency == "Minute":
            return timedelta(minutes=self.interval)
        return timedelta(hours=self.interval * _HOURS[self.frequency])

    def windows(self, begin: datetime, end: datetime, **more: object) -> Windows:
        """The slices that have a part in [``begin``, ``end``), as windows."""
        unit = "Hour" if self.frequency in _HOURS else self.frequency
        found = Windows(
            frequency=cast(Frequency, unit),
            interval=self.interval * _HOURS.get(self.frequency, 1),
            start=self.first_slice(_COUNTED_FROM),
            end=end,
            at_start=self.at_start,
            patience=None,
            **more,  # type: ignore[arg-type]  # members of Windows by contract
        )
        return replace(found, first=found.number_at(begin))


def read_availability(fields: Fields) -> Availability:
    """From ``availability`` of a dataset; parts of the anchor that are finer than the frequency do not count."""
    frequency = fields.choice("frequency", FREQUENCIES, required=True, default="Day")
    style = fields.choice("style", ("EndOfInterval", "StartOfInterval"), default="EndOfInterval")
    anchor = fields.instant("anchorDateTime") or _ORIGIN
    anchor = (anchor if anchor.tzinfo else anchor.replace(tzinfo=UTC)).astimezone(UTC)
    return Availability(
        frequency=frequency,
        interval=fields.integer("interval", 1, 100_000, required=True, default=1),
        at_start=style == "StartOfInterval",
        anchor=_cut(anchor, frequency),
        offset=fields.span("offset", default=timedelta(0)),
    )


def _cut(anchor: datetime, frequency: str) -> datetime:
    anchor = anchor.replace(second=0, microsecond=0)
    if frequency == "Minute":
        return anchor
    anchor = anchor.replace(minute=0)
    if frequency == "Hour":
        return anchor
    anchor = anchor.replace(hour=0)
    return anchor.replace(day=1) if frequency == "Month" else anchor
