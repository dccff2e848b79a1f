"""Queries as they are streamed, and names as they are written."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa

# Only these can be read through a cursor of the server; what else gives rows is taken at once.
_SELECTS = re.compile(r"(?:\s|--[^\n]*\n|/\*.*?\*/)*(?:SELECT|WITH|VALUES|TABLE)\b", re.IGNORECASE | re.DOTALL)
_CHANGES = re.compile(r"\b(?:INSERT|UPDATE|DELETE|MERGE)\b", re.IGNORECASE)
_PART = re.compile(r"\[((?:[^\]]|\]\])*)\]|\"((?:[^\"]|\"\")*)\"|([^.\[\]\"]+)")


def run_query(connection: sa.Connection, query: str, batch: int) -> sa.CursorResult[Any]:
    """The result of a user's statement; at most about ``batch`` of its rows wait in memory."""
    streams = _SELECTS.match(query) is not None and _CHANGES.search(query) is None
    # Without parameters a per cent sign is only a per cent sign.
    options = {"stream_results": streams, "max_row_buffer": batch, "no_parameters": True}
    return connection.execution_options(**options).exec_driver_sql(query)


def split_name(text: str) -> tuple[str | None, str]:
    """Schema and table of a name in one piece.

    >>> split_name("[dbo].[My.Table]"), split_name("sales.orders"), split_name("t")
    (('dbo', 'My.Table'), ('sales', 'orders'), (None, 't'))
    """
    parts = [
        (found[1] or "").replace("]]", "]") or (found[2] or "").replace('""', '"') or found[3]
        for found in _PART.finditer(text.strip())
    ]
    return (parts[-2] if len(parts) > 1 else None), parts[-1] if parts else text
