"""Data Transformation — Sample and Split (modules reference, section 5.4)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from restudio.core.cells import PARSERS
from restudio.core.errors import ModuleError
from restudio.core.params import boolean, choice, columns, integer, mode, real, text, when
from restudio.core.schema import DType, Schema
from restudio.core.selector import Selection
from restudio.core.spec import Serving, module, table_in, table_out
from restudio.seams.context import Context
from restudio.tables.table import ARROW_TYPES, Table

ROWS, REGULAR, RELATIVE = "Split Rows", "Regular Expression", "Relative Expression"
_REGULAR, _RELATIVE = "Regular expression", "Relational expression"


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitDataParams:
    mode: str = mode(
        "Splitting mode",
        (ROWS, REGULAR, RELATIVE),
        choice_aliases={"Regular Expression Split": REGULAR, "Relative Expression Split": RELATIVE},
        help="How the rows are divided. The recommender split is not offered yet.",
    )
    fraction: float = real(
        "Fraction of rows in the first output dataset", 0.5, ge=0, le=1, when=when("mode", ROWS), help="0 to 1."
    )
    randomized: bool = boolean(
        "Randomized split", True, when=when("mode", ROWS), help="Off: the first rows go to the first output."
    )
    seed: int = integer(
        "Random seed", 0, when=when("randomized", True), help="The same seed gives the same rows; 0 is a seed like any."
    )
    stratified: str = choice(
        "Stratified split", ("False", "True"), when=when("mode", ROWS), help="Keep the shares of a column's values."
    )
    key: Selection = columns(
        "Stratification key column", single=True, when=when("stratified", "True"), help="The column to stratify by."
    )
    pattern: str = text(
        _REGULAR,
        '\\"column name" ^start',
        when=when("mode", REGULAR),
        help='A column and a regular expression (RE2 syntax), such as \\"city" ^New. Rows that match go first.',
    )
    relation: str = text(
        _RELATIVE,
        '\\"column name" > 3',
        when=when("mode", RELATIVE),
        help='A condition on one column, such as \\"speed" > 30 & < 80. Rows that fulfil it go first.',
    )


@module(
    id="split-data",
    name="Split Data",
    category="Data Transformation / Sample and Split",
    inputs=(table_in("Dataset"),),
    outputs=(table_out("Results dataset1"), table_out("Results dataset2")),
    params=SplitDataParams,
    family="70530644c97a4ab685f788bf30a8be5f",
    aliases=("Split",),
    serving=Serving.PASS_THROUGH,
    errors=("0001", "0002", "0003", "0017", "0021", "0022"),
)
def split_data(p: SplitDataParams, dataset: Table, *, ctx: Context) -> tuple[Table, Table]:
    """Divides the rows of a dataset in two.

    **Split Rows** takes a share of the rows, at random or from the top, on request with the shares of a key column's
    values kept. **Regular Expression** and **Relative Expression** send the rows that fulfil a condition to the first
    output. Both outputs keep the order of the rows. In a web service the rows pass unchanged.
    """
    if dataset.num_rows < 2:
        raise ModuleError("0021", f"At least two rows are needed to split, got {dataset.num_rows}.")
    first = _MODES[p.mode](p, dataset)
    return dataset.filter(pa.array(first)), dataset.filter(pa.array(~first))


@split_data.tells_schema
def _split_schema(p: SplitDataParams, dataset: Schema) -> tuple[Schema, Schema]:
    return dataset, dataset


def _by_rows(p: SplitDataParams, table: Table) -> np.ndarray:
    rows = table.num_rows
    order = np.random.default_rng(p.seed).permutation(rows) if p.randomized else np.arange(rows)
    groups = [order] if p.stratified == "False" else _strata(p, table, order)
    first = np.zeros(rows, np.bool_)
    for group in groups:
        first[group[: _share(p.fraction, len(group))]] = True
    return first


def _share(fraction: float, rows: int) -> int:
    """Rows of the first part; halves go up."""
    return int(np.floor(fraction * rows + 0.5))


def _strata(p: SplitDataParams, table: Table, order: np.ndarray) -> list[np.ndarray]:
    """Row numbers by value of the key column, each group in the given order; missing is a value of its own."""
    names = p.key.resolve(table.schema, parameter="Stratification key column")
    if len(names) != 1:
        raise ModuleError(
            "0022",
            f"One stratification key column must be selected, got {len(names)}.",
            parameter="Stratification key column",
        )
    encoded = table.column(names[0]).combine_chunks().dictionary_encode(null_encoding="encode")
    codes = encoded.indices.to_numpy(zero_copy_only=False)[order]
    return [order[codes == code] for code in range(len(encoded.dictionary))]


_COLUMN = re.compile(r'\s*(?:\\?"(?P<name>[^"]*)"|\(?\\\(?(?P<index>\d+)\)?)\s*(?P<rest>.*)\Z', re.DOTALL)


def _operand(expression: str, table: Table, parameter: str) -> tuple[str, str]:
    """The column that an expression begins with, by name or zero-based index, and what follows."""
    match = _COLUMN.match(expression)
    if match is None or not match["rest"].strip():
        raise ModuleError(
            "0002",
            f'The expression {expression!r} cannot be read; write a column and a condition, such as \\"age" > 3.',
            parameter=parameter,
        )
    if match["index"] is None:
        return table.schema[match["name"]].name, match["rest"].strip()
    index = int(match["index"])
    if index >= len(table.schema):
        raise ModuleError(
            "0001",
            f"There is no column with index {index}; the last one is {len(table.schema) - 1}.",
            parameter=parameter,
        )
    return table.names[index], match["rest"].strip()


def _by_pattern(p: SplitDataParams, table: Table) -> np.ndarray:
    name, pattern = _operand(p.pattern, table, _REGULAR)
    if table.schema[name].dtype is not DType.STRING:
        raise ModuleError(
            "0017",
            f"A regular expression needs a text column; '{name}' is {table.schema[name].dtype.value}.",
            parameter=_REGULAR,
            column=name,
        )
    try:
        found = pc.match_substring_regex(table.column(name), pattern)
    except pa.ArrowInvalid as cause:
        raise ModuleError(
            "0002", f"The regular expression {pattern!r} is not valid: {cause}.", parameter=_REGULAR
        ) from cause
    return _true(found)


_CONDITION = re.compile(r"\s*(<=|>=|==|!=|<|>)\s*(.+?)\s*\Z", re.DOTALL)
_OPERATORS: Mapping[str, Callable[[pa.ChunkedArray, pa.Scalar], pa.ChunkedArray]] = {
    "<": pc.less,
    ">": pc.greater,
    "<=": pc.less_equal,
    ">=": pc.greater_equal,
    "==": pc.equal,
    "!=": pc.not_equal,
}


def _by_relation(p: SplitDataParams, table: Table) -> np.ndarray:
    """``&`` binds tighter than ``|``; a missing cell fulfils nothing."""
    name, conditions = _operand(p.relation, table, _RELATIVE)
    dtype = table.schema[name].dtype
    if dtype in (DType.STRING, DType.BOOLEAN):
        raise ModuleError(
            "0017",
            f"A relative expression needs a number, date or time span; '{name}' is {dtype.value}.",
            parameter=_RELATIVE,
            column=name,
        )
    any_of = np.zeros(table.num_rows, np.bool_)
    for alternative in conditions.split("|"):
        all_of = np.ones(table.num_rows, np.bool_)
        for condition in alternative.split("&"):
            all_of &= _holds(condition, table.column(name), dtype)
        any_of |= all_of
    return any_of


def _holds(condition: str, values: pa.ChunkedArray, dtype: DType) -> np.ndarray:
    match = _CONDITION.match(condition)
    if match is None:
        raise ModuleError(
            "0002",
            f"The condition {condition.strip()!r} cannot be read; write an operator and a value, such as '> 3'.",
            parameter=_RELATIVE,
        )
    # An integer column may well be compared with 2.5.
    compared = DType.DOUBLE if dtype is DType.INTEGER else dtype
    try:
        literal = PARSERS[compared](match[2].strip("\"'"))
    except ValueError as cause:
        raise ModuleError(
            "0002", f"The value {match[2]!r} cannot be read as {compared.value}.", parameter=_RELATIVE
        ) from cause
    held = ARROW_TYPES[compared]
    return _true(_OPERATORS[match[1]](values.cast(held, safe=False), pa.scalar(literal, held)))


def _true(mask: pa.ChunkedArray) -> np.ndarray:
    return np.asarray(pc.fill_null(mask, False), np.bool_)


_MODES: Mapping[str, Callable[[SplitDataParams, Table], np.ndarray]] = {
    ROWS: _by_rows,
    REGULAR: _by_pattern,
    RELATIVE: _by_relation,
}
