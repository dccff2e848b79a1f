"""Cells as columns of databases take them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from restudio.core.cells import text_of

Fit = Callable[[Any], Any]
_MIDNIGHT = dt.datetime(1970, 1, 1)  # noqa: DTZ001  times of tables carry no zone


def fit_for(kind: sa.types.TypeEngine[Any]) -> Fit:
    """How a cell that is not missing becomes a value for a column of this type.

    What the type has no value for goes as it is: the database refuses it in its own words.
    """
    if isinstance(kind, sa.String):
        return text_of
    if isinstance(kind, sa.Date):
        return lambda cell: cell.date() if isinstance(cell, dt.datetime) else cell
    if isinstance(kind, sa.Time):
        return lambda cell: (_MIDNIGHT + cell).time() if isinstance(cell, dt.timedelta) else cell
    if isinstance(kind, sa.Integer):
        return lambda cell: int(cell) if isinstance(cell, float) and cell.is_integer() else cell
    return lambda cell: cell
