"""Instants as the originals write them (Data Factory reference, section 1.5)."""

from __future__ import annotations

from datetime import UTC, datetime


def instant_text(seconds: float) -> str:
    """UTC with seven fractional digits.

    >>> instant_text(1714979289.5)
    '2024-05-06T07:08:09.5000000Z'
    """
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"


def second_text(instant: datetime) -> str:
    """UTC in whole seconds, as windows of triggers and times of files are written.

    >>> second_text(datetime(2024, 5, 6, 7, 8, 9, 500000, UTC))
    '2024-05-06T07:08:09Z'
    """
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
