"""Data Transformation / Manipulation: Apply SQL Transformation (modules reference, 13)."""

from __future__ import annotations

from dataclasses import dataclass

from restudio.core.errors import ModuleError
from restudio.core.params import script
from restudio.core.spec import module, table_in, table_out
from restudio.modules.manipulation import CATEGORY
from restudio.modules.sqlite_tables import run_statements
from restudio.seams.context import Context
from restudio.tables.table import Table

_SCRIPT = "SQL Query Script"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplySqlParams:
    statements: str = script(_SCRIPT, "select * from t1", help="SQL of SQLite over the tables t1, t2 and t3.")


@module(
    id="apply-sql-transformation",
    name="Apply SQL Transformation",
    category=CATEGORY,
    params=ApplySqlParams,
    inputs=(table_in("Table1"), table_in("Table2", optional=True), table_in("Table3", optional=True)),
    outputs=(table_out("Results dataset"),),
    family="90381e8067c34d9987541db785b7ea37",
    known_by_running="The statements decide, and SQLite types cells, not columns.",
    errors=("0001", "0003", "0069", "0129"),
)
def apply_sql_transformation(
    p: ApplySqlParams, first: Table, second: Table | None, third: Table | None, *, ctx: Context
) -> Table:
    """Runs SQL in SQLite's dialect over up to three datasets, called ``t1``, ``t2`` and ``t3``. Of several statements,
    separated by ``;``, the last SELECT gives the result. The type of a result column is that of its values; Boolean,
    DateTime and TimeSpan columns that keep their name keep their type. Times are texts that SQLite's date functions
    read. The statements see nothing but the datasets: no files, no other databases.

    Example:
      parameters: {SQL Query Script: "select city, avg(age) as mean from t1 group by city"}
      Table1: {city: [Oslo, Rome, Oslo], age: [40, 32, 50]}
      Results dataset: {city: [Oslo, Rome], mean: [45.0, 32.0]}
    """
    if not p.statements.strip():
        raise ModuleError("0003", "No SQL is given.", parameter=_SCRIPT)
    tables = {
        name: table for name, table in zip(("t1", "t2", "t3"), (first, second, third), strict=True) if table is not None
    }
    return run_statements(p.statements, tables, parameter=_SCRIPT)
