"""Random tables of every element type, with missing cells and awkward texts."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import strategies as st

from restudio.core.schema import Column, DType, Role, Schema
from restudio.tables.table import Table

_TEXT = st.text(
    st.one_of(
        st.sampled_from("abc ,;\"'\\%?{}\t\n\r#é日"), st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"))
    ),
    max_size=8,
)
CELLS = {
    DType.STRING: _TEXT,
    DType.INTEGER: st.integers(-(2**63), 2**63 - 1),
    DType.DOUBLE: st.floats(allow_nan=True, allow_infinity=True),
    DType.BOOLEAN: st.booleans(),
    DType.DATETIME: st.datetimes(datetime(1700, 1, 1), datetime(2250, 1, 1)),
    DType.TIMESPAN: st.timedeltas(timedelta(days=-100_000), timedelta(days=100_000)),
}
NAMES = st.lists(
    st.text(st.sampled_from("abcXYZ ,\"'é"), min_size=1, max_size=6).filter(lambda n: n == n.strip() != ""),
    min_size=1,
    max_size=4,
    unique=True,
)


@st.composite
def tables(draw: st.DrawFn, max_rows: int = 6) -> Table:
    """A table in which an empty text is a missing cell, as it is in every text format."""
    rows = draw(st.integers(0, max_rows))
    columns: list[Column] = []
    values: dict[str, list[object]] = {}
    for name in draw(NAMES):
        dtype = draw(st.sampled_from(list(DType)))
        cells = [
            None if cell == "" else cell
            for cell in draw(st.lists(st.none() | CELLS[dtype], min_size=rows, max_size=rows))
        ]
        levels = None
        if dtype in (DType.STRING, DType.INTEGER) and draw(st.booleans()):
            levels = tuple(dict.fromkeys(cell for cell in cells if isinstance(cell, (str, int))))
        columns.append(Column(name, dtype, levels, draw(st.sampled_from([Role.FEATURE, Role.WEIGHT]))))
        values[name] = list(cells)
    return Table.from_columns(values, Schema.of(columns))
