"""Apply SQL Transformation."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.modules.catalog import run

from restudio.core.errors import ModuleError
from restudio.core.schema import DType
from restudio.modules.sql import apply_sql_transformation
from restudio.tables.table import Table

CARS = Table.from_columns(
    {
        "make": ["audi", "bmw", None, "audi"],
        "price": [10, 20, 30, None],
        "weight": [1.5, math.nan, 2.5, math.inf],
        "new": [True, False, None, True],
        "built": [datetime(2020, 1, d, 10, 30) for d in (1, 2, 3)] + [None],
        "took": [timedelta(minutes=5), None, timedelta(days=2), timedelta(seconds=1.5)],
    }
)
MAKERS = Table.from_columns({"make": ["audi", "bmw"], "country": ["DE", "DE;x"]})


def query(script: str, *tables: Table) -> Table:
    first, second, third = [*(tables or (CARS,)), None, None][:3]
    result = run(apply_sql_transformation, first, second, third, **{"SQL Query Script": script})
    assert isinstance(result, Table)
    return result


def test_everything_comes_back_with_its_type() -> None:
    result = query("select * from t1")
    assert [(c.name, c.dtype) for c in result.schema] == [(c.name, c.dtype) for c in CARS.schema]
    expected = {name: CARS.column(name).to_pylist() for name in CARS.names}
    expected["weight"][1] = None
    assert result.data.to_pydict() == expected
    empty = query("select * from t1 where price > 99")
    assert [c.dtype for c in empty.schema] == [c.dtype for c in CARS.schema]
    assert empty.num_rows == 0


def test_expressions_take_the_type_of_their_values() -> None:
    result = query("select price / 2.0 as half, price || '!' as text, price + 1 as next, null as none from t1")
    assert [c.dtype for c in result.schema] == [DType.DOUBLE, DType.STRING, DType.INTEGER, DType.STRING]
    assert result.column("half").to_pylist() == [5.0, 10.0, 15.0, None]
    mixed = query("select case when price > 10 then make else price end as m from t1")
    assert mixed.column("m").to_pylist() == ["10", "bmw", None, None]
    assert query("select 5 as new").schema["new"].dtype is DType.INTEGER


def test_joins_groups_quotes_and_comments() -> None:
    result = query(
        """-- by country; of the maker
        select t2.country, count(*) as [the cars], avg(`price`) as "mean price" /* ; */
        from t1 left join t2 on t1.make = t2.make group by country order by country;""",
        CARS,
        MAKERS,
    )
    assert result.data.to_pydict() == {
        "country": [None, "DE", "DE;x"],
        "the cars": [1, 2, 1],
        "mean price": [30.0, 10.0, 20.0],
    }
    assert query("select * from t1 join t2 using (make)", MAKERS, MAKERS).names == ("make", "country", "country (1)")
    assert query("select count(*) as n from t1, t2, t3", MAKERS, MAKERS, MAKERS).column("n").to_pylist() == [8]


def test_dates_work_with_the_functions_of_sqlite() -> None:
    result = query("select built from t1 where date(built) >= '2020-01-02'")
    assert result.column("built").to_pylist() == CARS.column("built").to_pylist()[1:3]
    assert query("select strftime('%d', built) as d from t1").column("d").to_pylist() == ["01", "02", "03", None]


def test_the_last_select_of_several_statements_counts() -> None:
    script = "create table big as select * from t1 where price > 10; select 1 as one; select make from big; ; "
    assert query(script).column("make").to_pylist() == ["bmw", None]
    assert query("select make from t1; update t1 set price = 0").num_rows == 4


def test_names_that_differ_in_case_only() -> None:
    table = Table.from_columns({"a": [1], "A": [2], 'quo"te': [3]})
    assert query("select * from t1", table).data.to_pydict() == {"a": [1], "A (1)": [2], 'quo"te': [3]}


@pytest.mark.parametrize(
    "script",
    [
        "attach database '{file}' as other",
        "vacuum into '{file}'",
        "pragma database_list",
        "pragma writable_schema = 1",
        "select load_extension('{file}')",
        "select writefile('{file}', 'x')",
        "select readfile('{file}')",
        "create virtual table v using fts5(x)",
        "create trigger r after insert on t1 begin select 1; end",
        "select zeroblob(200000000)",
    ],
)
def test_nothing_but_the_datasets_is_in_reach(script: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    with pytest.raises(ModuleError, match="Error 0069"):
        query(script.format(file=file))
    assert not file.exists()


@pytest.mark.parametrize(
    ("script", "number"),
    [
        ("", "0003"),
        ("selec 1", "0069"),
        ("select * from t2", "0069"),
        ("select cost from t1", "0001"),
        ("delete from t1", "0069"),
        ("-- nothing", "0069"),
        ("select x'00' as b", "0069"),
        ("select 'open", "0069"),
    ],
)
def test_errors(script: str, number: str) -> None:
    with pytest.raises(ModuleError) as caught:
        query(script)
    assert caught.value.number == number


def test_too_many_columns_for_sqlite() -> None:
    with pytest.raises(ModuleError, match="Error 0129"):
        query("select 1", Table.from_columns({f"c{i}": [1] for i in range(2001)}))


@given(st.lists(st.tuples(st.none() | st.text(max_size=5), st.none() | st.integers(-(2**63), 2**63 - 1)), max_size=6))
def test_texts_and_integers_survive(rows: list[tuple[str | None, int | None]]) -> None:
    cells: dict[str, list[object]] = {"s": [s and s.replace("\0", "") for s, _ in rows], "n": [n for _, n in rows]}
    types = CARS.schema.select(["make", "price"])
    schema = type(types)(tuple(c.with_(name=n) for c, n in zip(types, "sn", strict=True)))
    assert query("select * from t1", Table.from_columns(cells, schema)).data.to_pydict() == cells
