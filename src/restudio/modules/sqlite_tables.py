"""Tables in a private SQLite database in memory, for SQL that users write.

An authorizer lets statements reach the tables and nothing else: no files, no other databases, no settings. A statement
that runs too long or takes too much memory ends with the process of the module.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing

import pyarrow as pa
import pyarrow.compute as pc

from restudio.core.cells import text_of
from restudio.core.errors import ModuleError
from restudio.core.schema import Column, DType, Schema
from restudio.tables import parsing
from restudio.tables.naming import unique_names
from restudio.tables.table import ARROW_TYPES, Table

_ALLOWED = frozenset(
    getattr(sqlite3, f"SQLITE_{action}")
    for action in (
        *("SELECT", "READ", "FUNCTION", "RECURSIVE", "INSERT", "UPDATE", "DELETE", "ALTER_TABLE", "ANALYZE", "REINDEX"),
        *(f"{verb}_{kind}" for verb in ("CREATE", "DROP") for kind in ("TABLE", "INDEX", "VIEW")),
        *(f"{verb}_TEMP_{kind}" for verb in ("CREATE", "DROP") for kind in ("TABLE", "INDEX", "VIEW")),
        *("TRANSACTION", "SAVEPOINT"),
    )
)
_DENIED_FUNCTIONS = frozenset({"load_extension", "readfile", "writefile", "edit", "fts3_tokenizer"})
_LIMITS = {
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_LENGTH: 100_000_000,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 1_000_000,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 1,
}
_NO_COLUMN = re.compile(r"no such column: (.*)\Z", re.DOTALL)
_AFFINITIES: Mapping[DType, str] = {DType.INTEGER: "INTEGER", DType.DOUBLE: "REAL", DType.BOOLEAN: "INTEGER"}
_TIMES = (DType.DATETIME, DType.TIMESPAN)
Rows = tuple[Sequence[str], Sequence[Sequence[object]]]


def run_statements(script: str, tables: Mapping[str, Table], *, parameter: str) -> Table:
    """The result of the last statement of a script that gives rows.

    Errors: 0069 for a statement that is wrong, not allowed or gives nothing, 0001 for a column that does not exist,
    0129 for a table that is too wide for SQLite.
    """
    with closing(sqlite3.connect(":memory:", isolation_level=None, cached_statements=0)) as connection:
        try:
            for name, table in tables.items():
                _load(connection, name, table)
        except sqlite3.Error as cause:
            raise ModuleError("0129", f"A dataset does not fit into SQLite: {cause}.") from cause
        connection.set_authorizer(_authorize)
        for limit, value in _LIMITS.items():
            connection.setlimit(limit, value)
        try:
            found = _run(connection, script)
        except sqlite3.Error as cause:
            raise _wrong(str(cause), parameter) from cause
    if found is None:
        raise ModuleError("0069", "None of the statements is a SELECT that gives a result.", parameter=parameter)
    return _to_table(found, tables)


def _authorize(action: int, first: str | None, second: str | None, database: str | None, trigger: str | None) -> int:
    if action not in _ALLOWED or (action == sqlite3.SQLITE_FUNCTION and second in _DENIED_FUNCTIONS):
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK


def _wrong(message: str, parameter: str) -> ModuleError:
    missing = _NO_COLUMN.match(message)
    if missing:
        return ModuleError(
            "0001", f"Column '{missing[1]}' was not found in the datasets.", parameter=parameter, column=missing[1]
        )
    return ModuleError("0069", f"The SQL cannot be run: {message}.", parameter=parameter)


def _run(connection: sqlite3.Connection, script: str) -> Rows | None:
    found: Rows | None = None
    for statement in _statements(script):
        with closing(connection.execute(statement)) as cursor:
            if cursor.description is not None:
                found = [name for name, *_ in cursor.description], cursor.fetchall()
    return found


def _statements(script: str) -> Iterator[str]:
    """A script in statements: a ``;`` inside a text or a comment ends none."""
    pending = ""
    for part in re.split(r"(?<=;)", script):
        pending += part
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
    if pending.strip():
        yield pending


def _load(connection: sqlite3.Connection, name: str, table: Table) -> None:
    import polars as pl

    connection.execute("PRAGMA temp_store = MEMORY")
    if not table.names:
        connection.execute(f'CREATE TABLE {name} ("{name.upper()}COL1")')
        return
    declared = ", ".join(
        f"{_quoted(sql_name)} {_AFFINITIES.get(column.dtype, 'TEXT')}"
        for sql_name, column in zip(_names(table), table.schema, strict=True)
    )
    connection.execute(f"CREATE TABLE {name} ({declared})")
    connection.execute("BEGIN")
    marks = ", ".join("?" * len(table.names))
    texts = [_to_sql(values, c.dtype) for values, c in zip(table.data.columns, table.schema, strict=True)]
    rows = pl.DataFrame({f"c{at}": pl.from_arrow(values) for at, values in enumerate(texts)}).iter_rows()
    connection.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)
    connection.execute("COMMIT")


def _names(table: Table) -> list[str]:
    """Names of columns: SQLite takes ``a`` and ``A`` for the same."""
    folded = unique_names(name.casefold() for name in table.names)
    return [
        name if name.casefold() == unique else name + unique[len(name.casefold()) :]
        for name, unique in zip(table.names, folded, strict=True)
    ]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""').replace("\0", "") + '"'


def _to_sql(values: pa.ChunkedArray, dtype: DType) -> pa.ChunkedArray:
    if dtype is DType.DATETIME:
        return pc.replace_substring_regex(values.cast(pa.string()), r"\.000000$", "")
    if dtype is DType.TIMESPAN:
        return parsing.to_text(values, dtype)
    return values


def _to_table(found: Rows, tables: Mapping[str, Table]) -> Table:
    names, rows = found
    known: dict[str, DType] = {}
    for table in tables.values():
        for name, column in zip(_names(table), table.schema, strict=True):
            known.setdefault(name, column.dtype)
    cells = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    made = [
        _column(unique, known.get(name), values)
        for unique, name, values in zip(unique_names(names), names, cells, strict=True)
    ]
    schema = Schema.of(column for column, _ in made)
    return Table(schema, pa.Table.from_arrays([array for _, array in made], names=list(schema.names)))


def _column(name: str, source: DType | None, values: Sequence[object]) -> tuple[Column, pa.Array]:
    """A result column; ``source`` is the element type of the column of that name, if there is one."""
    array = _typed(name, values)
    if source is not None and source is not DType.STRING:
        if array.null_count == len(array):
            return Column(name, source), pa.nulls(len(array), ARROW_TYPES[source])
        kept = _as_before(array, source)
        if kept is not None:
            return Column(name, source), kept
    dtype = {pa.int64(): DType.INTEGER, pa.float64(): DType.DOUBLE}.get(array.type, DType.STRING)
    return Column(name, dtype), array.cast(ARROW_TYPES[dtype])


def _typed(name: str, values: Sequence[object]) -> pa.Array:
    """Whole numbers, numbers or texts; numbers among texts are texts."""
    try:
        array = pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        if not any(isinstance(value, bytes) for value in values):
            return pa.array([None if v is None else text_of(v) for v in values], pa.large_string())  # type: ignore[arg-type]  # large_string takes None
        array = pa.nulls(0, pa.binary())
    if pa.types.is_binary(array.type):
        raise ModuleError("0069", f"Column '{name}' of the result holds binary values; use hex().", column=name)
    return array


def _as_before(array: pa.Array, dtype: DType) -> pa.Array | None:
    """Values of a type that SQLite does not know, read back; None when they have become something else."""
    if dtype is DType.BOOLEAN and array.type == pa.int64():
        plain = pc.all(pc.is_in(array, pa.array([0, 1, None]))).as_py()
        return array.cast(pa.bool_()) if plain else None
    if dtype in _TIMES and pa.types.is_string(array.type):
        return parsing.convert(array.cast(pa.large_string()), dtype)
    return None
