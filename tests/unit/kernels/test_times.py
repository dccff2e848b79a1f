"""Times read by a format: a row and a chunk agree, and say which cell is written otherwise."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restudio.core.cells import Cell
from restudio.core.errors import ModuleError
from restudio.core.schema import DType
from restudio.kernels.times import WrittenTimes
from restudio.kernels.vectors import from_cells, to_cells

FORM = "%d.%m.%Y %H:%M:%S"


@given(st.lists(st.none() | st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)), max_size=5))
def test_what_was_written_is_read(times: list[datetime | None]) -> None:
    whole = [None if time is None else time.replace(microsecond=0) for time in times]
    texts: list[Cell] = [None if time is None else time.strftime(FORM) for time in whole]
    kernel = WrittenTimes(FORM, "when")
    (many,) = kernel.many([from_cells(texts, DType.STRING)], len(texts))
    assert list(to_cells(many)) == whole
    assert [kernel.one((text,))[0] for text in texts] == whole


def test_a_cell_that_is_written_otherwise_is_placed() -> None:
    kernel = WrittenTimes(FORM, "when")
    with pytest.raises(ModuleError, match="0042") as caught:
        kernel.many([from_cells([None, "2024"], DType.STRING)], 2)
    assert (caught.value.column, caught.value.row) == ("when", 2)
    with pytest.raises(ModuleError, match="when"):
        kernel.one(("2024",))
