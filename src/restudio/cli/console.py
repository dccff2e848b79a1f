"""What commands print: tables and progress for people on a terminal, JSON for programs."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from restudio.core.errors import RestudioError

if TYPE_CHECKING:
    from rich.console import Console

_WIDE = 2000
"""Columns of a table that no terminal shows: nothing is folded, so that programs can read it."""


class Output:
    """One command's output. With ``as_json`` exactly one JSON document goes to standard output."""

    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json

    @cached_property
    def console(self) -> Console:
        """Standard output."""
        from rich.console import Console  # not imported where nothing is printed with it, such as in a server

        # Rich takes 80 columns where there is no terminal, and would cut ids that a program reads.
        return Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 160)

    @cached_property
    def errors(self) -> Console:
        """Standard error."""
        from rich.console import Console

        return Console(stderr=True, highlight=False, soft_wrap=True)

    def value(self, value: object, text: str) -> None:
        """A result: the value for programs, the text for people."""
        if self.as_json:
            sys.stdout.write(json.dumps(msgspec.to_builtins(value), indent=2, ensure_ascii=False) + "\n")
        else:
            self.console.print(text, markup=False)

    def rows(self, value: object, columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> None:
        """A list: the value for programs, a table (or the sentence ``empty``) for people."""
        if self.as_json:
            self.value(value, "")
            return
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in columns:
            table.add_column(Text(column), overflow="fold")
        for row in rows:
            # Text, because names like 'income [trained model]' would pass for markup.
            table.add_row(*(Text(shown(cell)) for cell in row))
        if table.row_count:
            self._for_tables().print(table)
        else:
            self.console.print(empty, markup=False)

    def _for_tables(self) -> Console:
        from rich.console import Console

        return self.console if sys.stdout.isatty() else Console(highlight=False, soft_wrap=True, width=_WIDE)

    def note(self, text: str) -> None:
        """A line for people only."""
        if not self.as_json:
            self.console.print(text, markup=False)

    def error(self, error: RestudioError) -> None:
        """Why the command failed, on standard error."""
        if self.as_json:
            told = {"error": {"code": error.kind.value, "detail": error.detail, "message": error.message}}
            self.errors.print(json.dumps(told, ensure_ascii=False), markup=False)
        else:
            self.errors.print(f"[bold red]Error[/] ({error.detail}): ", end="")
            self.errors.print(error.message, markup=False)


def shown(cell: object) -> str:
    """A cell for people.

    >>> shown(None), shown(0.5), shown(True)
    ('', '0.5', 'yes')
    """
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return f"{cell:.6g}"
    return str(cell)


def at(seconds: float | None) -> str:
    """A time in the reader's zone, to the second; nothing for None and 0.

    >>> at(None)
    ''
    """
    if not seconds:
        return ""
    return dt.datetime.fromtimestamp(seconds, tz=dt.UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def size(count: int) -> str:
    """Bytes in words.

    >>> size(999), size(51234), size(3 << 30)
    ('999 B', '50.0 KiB', '3.0 GiB')
    """
    if count < 1024:
        return f"{count} B"
    amount = float(count)
    for unit in ("KiB", "MiB", "GiB"):
        amount /= 1024
        if amount < 1024 or unit == "GiB":
            break
    return f"{amount:.1f} {unit}"
