"""Values from type to type."""

from __future__ import annotations

import math
import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restudio.factory.errors import ActivityFailed
from restudio.factory.properties import Properties
from restudio.factory.rows.conversion import TYPES, Conversion, NotConvertible, interim_type, read_instant, type_of
from restudio.factory.rows.dotnet_dates import DateForm

GUID = "6f9619ff-8b86-d011-b42d-00c04fc964ff"
GOOD: list[tuple[Any, str, Any]] = [
    (None, "Int32", None),
    (" 12 ", "Int32", 12),
    ("12.9", "Int64", 12),
    ("1e3", "Int64", 1000),
    (True, "Int16", 1),
    ("0.10", "Decimal", Decimal("0.10")),
    (0.1, "Decimal", Decimal("0.1")),
    ("1e-3", "Double", 0.001),
    ("nan", "Double", None),
    ("TRUE", "Boolean", True),
    ("0", "Boolean", False),
    (2, "Boolean", True),
    ("2024-05-06", "DateTime", datetime(2024, 5, 6)),
    ("2024-05-06T07:08:09.1234567Z", "DateTime", datetime(2024, 5, 6, 7, 8, 9, 123456)),
    ("5/6/2024 7:08 PM", "DateTime", datetime(2024, 5, 6, 19, 8)),
    ("2024-05-06T07:08:09+02:00", "DateTime", datetime(2024, 5, 6, 5, 8, 9)),
    ("2024-05-06", "DateTimeOffset", datetime(2024, 5, 6, tzinfo=UTC)),
    ("1.02:03:04.5", "TimeSpan", timedelta(1, 4, 500_000, 0, 3, 2)),
    ("-00:00:01", "TimeSpan", timedelta(seconds=-1)),
    (GUID, "Guid", uuid.UUID(GUID)),
    ("aGk=", "Byte[]", b"hi"),
    (True, "String", "True"),
    (2.0, "String", "2"),
    (0.1, "String", "0.1"),
    (b"hi", "String", "aGk="),
    (datetime(2024, 5, 6, 7, 8, 9), "String", "2024-05-06 07:08:09"),
    ({"a": [1, None]}, "String", '{"a":[1,null]}'),
]


@pytest.mark.parametrize(("value", "wanted", "expected"), GOOD)
def test_what_converts(value: Any, wanted: str, expected: Any) -> None:
    found = Conversion().convert(value, wanted)
    if value == "nan":
        assert math.isnan(found)
    else:
        assert (found, type(found)) == (expected, type(expected))


BAD: list[tuple[Any, str]] = [
    ("many", "Int32"),
    ("", "Int32"),
    ("2147483648", "Int32"),
    ("-1", "Byte"),
    ("nan", "Int32"),
    ("inf", "Decimal"),
    ("yes", "Boolean"),
    ("2024-13-01", "DateTime"),
    ("soon", "DateTime"),
    (7, "DateTime"),
    ("25", "TimeSpan"),
    ("123", "Guid"),
    ("@", "Byte[]"),
    ({"a": 1}, "Int32"),
]


@pytest.mark.parametrize(("value", "wanted"), BAD)
def test_what_does_not(value: Any, wanted: str) -> None:
    with pytest.raises(NotConvertible):
        Conversion().convert(value, wanted)


@given(st.integers(-(2**63), 2**63 - 1))
def test_whole_numbers_survive_text(value: int) -> None:
    how = Conversion()
    assert how.convert(how.text(value), "Int64") == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_doubles_survive_text(value: float) -> None:
    how = Conversion()
    assert how.convert(how.text(value), "Double") == value


@given(st.datetimes(min_value=datetime(1000, 1, 1)))
def test_moments_survive_text(value: datetime) -> None:
    how = Conversion()
    assert how.convert(how.text(value), "DateTime") == value
    assert read_instant(value.isoformat()) == value


@given(st.timedeltas(min_value=timedelta(-9000), max_value=timedelta(9000)))
def test_spans_survive_text(value: timedelta) -> None:
    how = Conversion()
    assert how.convert(how.text(value), "TimeSpan") == value


FORMS = ["yyyy-MM-dd HH:mm:ss.ffffff", "dd/MM/yyyy hh:mm:ss.FFFFFF tt", "MMM d, yyyy H:m:s.ffffff", "o"]


@given(st.sampled_from(FORMS), st.datetimes(min_value=datetime(1000, 1, 1)))
def test_formats_are_read_as_they_are_written(form: str, value: datetime) -> None:
    assert DateForm(form).parse(DateForm(form).format(value)) == value


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("yyyyMMdd", "20240506"),
        ("d", "05/06/2024"),
        ("dddd, dd MMMM yyyy", "Monday, 06 May 2024"),
        ("HH'h'mm", "07h08"),
        ("yy-M-d h:mm tt", "24-5-6 7:08 AM"),
        ("s", "2024-05-06T07:08:09"),
        (r"yyyy\yMM", "2024y05"),
    ],
)
def test_formats_of_documents(form: str, text: str) -> None:
    assert DateForm(form).format(datetime(2024, 5, 6, 7, 8, 9)) == text


def test_settings_of_documents() -> None:
    how = Conversion.of(Properties({"dateTimeFormat": "dd.MM.yyyy", "AllowDataTruncation": False}))
    assert how.convert("06.05.2024", "DateTime") == datetime(2024, 5, 6)
    assert how.text(datetime(2024, 5, 6)) == "06.05.2024"
    with pytest.raises(NotConvertible, match="would lose its fraction"):
        how.convert("1.5", "Int32")
    with pytest.raises(NotConvertible):
        how.convert("2024-05-06", "DateTime")


@pytest.mark.parametrize(("settings", "text"), [({}, "True"), ({"treatBooleanAsNumber": True}, "1")])
def test_booleans_as_text(settings: dict[str, Any], text: str) -> None:
    assert Conversion.of(Properties(settings)).convert(True, "String") == text


def test_types_by_name_and_by_value() -> None:
    assert interim_type("int32", "x") == "Int32"
    assert all(interim_type(name, "x") in TYPES.values() for name in TYPES)
    with pytest.raises(ActivityFailed, match="'Integer' at the mapping is no type"):
        interim_type("Integer", "the mapping")
    assert [type_of(value) for value in (True, 1, 1.5, "x", None)] == ["Boolean", "Int64", "Double", "String", "String"]
