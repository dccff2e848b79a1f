"""Times from texts that write them in a way of their own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from restudio.core.errors import ModuleError
from restudio.core.schema import DType
from restudio.kernels.expr import Predictor, Vector
from restudio.kernels.vectors import from_cells, to_cells


class WrittenTimes:
    """Reads texts by a format as ``strptime`` knows it; ``column`` names their column in messages.

    A time with an offset is taken to UTC. Missing stays missing; error 0042 for a text that is written otherwise.
    """

    def __init__(self, form: str, column: str) -> None:
        self._form = form
        self._column = column

    @property
    def outputs(self) -> tuple[DType, ...]:
        return (DType.DATETIME,)

    def one(self, cells: Sequence[object]) -> tuple[object, ...]:
        return (self._read(cells[0]),)

    def many(self, columns: Sequence[Vector], rows: int) -> tuple[Vector, ...]:
        return (
            from_cells(
                [self._read(cell, row) for row, cell in enumerate(to_cells(columns[0]), start=1)], DType.DATETIME
            ),
        )

    def _read(self, cell: object, row: int | None = None) -> datetime | None:
        if cell is None:
            return None
        try:
            found = datetime.strptime(str(cell).strip(), self._form)  # noqa: DTZ007  the format may tell an offset
        except ValueError as cause:
            text = f"The cell {cell!r} of column '{self._column}' is no time written as '{self._form}'."
            raise ModuleError(
                "0042", text[:300], parameter="Date and time format", column=self._column, row=row
            ) from cause
        return found if found.tzinfo is None else found.astimezone(UTC).replace(tzinfo=None)


if TYPE_CHECKING:
    _: type[Predictor] = WrittenTimes
