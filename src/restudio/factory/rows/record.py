"""Records: rows with named values, in batches, so that memory stays bounded whatever the size of the data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

Record: TypeAlias = dict[str, Any]
"""Values are None, bool, int, float, Decimal, str, bytes, datetime, date, time, timedelta, UUID, or nested JSON."""
BATCH = 1000
"""Records handed on at once."""


@dataclass(frozen=True, slots=True)
class Column:
    """``type`` is an interim type (Data Factory reference, 6.1.4)."""

    name: str
    type: str = "String"


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A row that cannot be used, with its number in its source (from 1) and why."""

    number: int
    shown: str
    reason: str


@dataclass(frozen=True, slots=True)
class Records:
    """``columns`` is empty when rows have no form in common (JSON objects). Batches are read once."""

    columns: tuple[Column, ...]
    batches: Iterator[list[Record | BadRecord]]


def in_batches(rows: Iterator[Record | BadRecord], size: int = BATCH) -> Iterator[list[Record | BadRecord]]:
    batch: list[Record | BadRecord] = []
    for row in rows:
        batch.append(row)
        if len(batch) >= size:
            yield batch
            batch = []
    if batch:
        yield batch


def names_of(columns: Sequence[Column]) -> tuple[str, ...]:
    return tuple(column.name for column in columns)
