"""The tables that every module meets: an ordinary one, and its odd relatives with the same columns."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import pyarrow as pa
from hypothesis import strategies as st

from restudio.core.schema import Column, DType, Role, Schema
from restudio.tables.table import Table

LABEL = "churned"
SCHEMA = Schema.of(
    [
        Column("age", DType.INTEGER),
        Column("spent", DType.DOUBLE),
        Column("plan", DType.STRING),
        Column("region", DType.STRING, ("east", "north", "west")),
        Column("paid", DType.BOOLEAN),
        Column(LABEL, DType.STRING, role=Role.LABEL),
    ]
)
_ROWS = 48
_START = datetime(2020, 1, 1)


def ordinary() -> Table:
    """Every basic type, missing features, a label of two classes that the features explain roughly."""
    rows = range(_ROWS)
    return Table.from_columns(
        {
            "age": [None if i % 13 == 5 else 20 + i * 7 % 50 for i in rows],
            "spent": [None if i % 11 == 3 else i * 37 % 101 / 4 for i in rows],
            "plan": [None if i % 17 == 2 else ("basic", "gold", "pro")[i % 3] for i in rows],
            "region": [("east", "north", "west")[i // 3 % 3] for i in rows],
            "paid": [None if i % 19 == 4 else i % 4 < 2 for i in rows],
            LABEL: ["yes" if (i * 37 % 101 > 50) != (i % 9 == 0) else "no" for i in rows],
        },
        SCHEMA,
    )


def _changed(**cells: object) -> Table:
    """The ordinary table with some columns holding one value in every row."""
    table = ordinary()
    values = {name: table.column(name).to_pylist() for name in table.names}
    return Table.from_columns({**values, **{n: [v] * _ROWS for n, v in cells.items()}}, SCHEMA)


def _with_times() -> Table:
    added = Table.from_columns(
        {
            "when": [_START + timedelta(days=i) for i in range(_ROWS)],
            "took": [timedelta(seconds=i) for i in range(_ROWS)],
        }
    )
    return ordinary().with_columns(dict(zip(added.schema, added.data.columns, strict=True)))


def _many_categories() -> Table:
    """A category of 10,000 levels, and a text that is another one in every row."""
    table = _changed()
    levels = tuple(f"level {n}" for n in range(10_000))
    region = pa.chunked_array([pa.array([levels[n * 199] for n in range(_ROWS)], pa.large_string())])
    plan = pa.chunked_array([pa.array([f"plan {n}" for n in range(_ROWS)], pa.large_string())])
    return table.with_columns({table.schema["region"].with_(categories=levels): region, table.schema["plan"]: plan})


def _wide() -> Table:
    added = Table.from_columns({f"c{n}": [float(i * n % 7) for i in range(_ROWS)] for n in range(300)})
    return ordinary().with_columns(dict(zip(added.schema, added.data.columns, strict=True)))


VARIANTS: Mapping[str, Table] = {
    "ordinary": ordinary(),
    "empty": ordinary().slice(0, 0),
    "one row": ordinary().slice(0, 1),
    "all missing": _changed(age=None, spent=None, plan=None, paid=None),
    "constant": _changed(age=41, spent=1.5, plan="gold", paid=True),
    "unseen category": _changed(plan="platinum", region="south"),
    "many categories": _many_categories(),
    "unicode": _changed(plan="naïve 日本 🦉"),
    "not finite": _changed(spent=float("nan")),
    "large numbers": _changed(age=2**62, spent=1e300),
    "times": _with_times(),
    "wide": _wide(),
}

_CELLS: Mapping[str, st.SearchStrategy[object]] = {
    "age": st.none() | st.integers(-(2**63), 2**63 - 1) | st.integers(0, 99),
    "spent": st.none() | st.floats() | st.floats(0, 30),
    "plan": st.none() | st.sampled_from(["basic", "gold", "pro", "platinum", ""]) | st.text(max_size=4),
    "region": st.none() | st.sampled_from(["east", "north", "west", "south"]),
    "paid": st.none() | st.booleans(),
    LABEL: st.none() | st.sampled_from(["yes", "no"]),
}


@st.composite
def random_tables(draw: st.DrawFn) -> Table:
    """Rows under the ordinary schema: missing cells, unseen categories, extreme numbers."""
    rows = draw(st.integers(1, 5))
    values = {n: draw(st.lists(cells, min_size=rows, max_size=rows)) for n, cells in _CELLS.items()}
    return Table.from_columns(values, SCHEMA)
