"""Texts of cells: numbers read back to themselves, and columns show what cells show."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from restudio.core.cells import (
    PARSERS,
    convert,
    parse_boolean,
    parse_double,
    parse_integer,
    parse_span,
    text_of,
    text_of_float,
)
from restudio.core.schema import DType


@given(st.floats())
def test_doubles_read_back(value: float) -> None:
    back = parse_double(text_of_float(value))
    assert back == value or (math.isnan(back) and math.isnan(value))


@given(st.floats(-1e10, 1e10, exclude_min=True, exclude_max=True))
def test_doubles_are_shown_as_arrow_shows_them(value: float) -> None:
    assert text_of_float(value) == pa.array([value]).cast(pa.string())[0].as_py()


@given(st.integers(-(2**63), 2**63 - 1), st.booleans(), st.datetimes(), st.timedeltas())
def test_other_cells_read_back(number: int, flag: bool, when: datetime, span: timedelta) -> None:
    for cell, dtype in ((number, DType.INTEGER), (flag, DType.BOOLEAN), (when, DType.DATETIME)):
        assert PARSERS[dtype](text_of(cell)) == cell
    short = timedelta(days=span.days % 10_000_000, seconds=span.seconds, microseconds=span.microseconds)
    assert parse_span(text_of(short)) == short
    assert parse_span(text_of(-short)) == -short


@given(st.text(max_size=8))
def test_odd_texts_are_value_errors(text: str) -> None:
    for dtype, parse in PARSERS.items():
        try:
            parse(text)
        except ValueError:
            assert dtype is not DType.STRING


@pytest.mark.parametrize("text", ["", "1_0", "0x10", "１", "1,5", "--1", "nan5"])
def test_what_is_no_number(text: str) -> None:
    for parse in (parse_double, parse_integer):
        with pytest.raises(ValueError):  # noqa: PT011  Python's own texts
            parse(text)


def test_conversions() -> None:
    assert convert("7", DType.INTEGER) == 7
    assert convert(" ", DType.INTEGER) is None
    assert convert(7.0, DType.INTEGER) == 7
    assert convert(2, DType.BOOLEAN) is True
    assert convert(datetime(1, 1, 2), DType.INTEGER) == 864_000_000_000
    assert convert(864_000_000_000, DType.DATETIME) == datetime(1, 1, 2)
    assert convert(timedelta(seconds=1), DType.DOUBLE) == 1e7
    assert convert(10_000_000, DType.TIMESPAN) == timedelta(seconds=1)
    for cell, dtype in (
        (0.5, DType.INTEGER),
        (1e300, DType.INTEGER),
        (math.nan, DType.BOOLEAN),
        (2**62, DType.DATETIME),
    ):
        with pytest.raises(ValueError):  # noqa: PT011  several texts
            convert(cell, dtype)
    with pytest.raises(ValueError, match="not a Boolean"):
        parse_boolean("2")
