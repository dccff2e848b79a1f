from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restudio.blobs.rules import (
    check_blob_name,
    check_block_id,
    check_container_name,
    check_metadata,
    ensure_conditions,
    is_unchanged,
    parse_range,
)
from restudio.blobs.types import Blob, BlobPath, Conditions
from restudio.core.errors import RestudioError

BLOB = Blob(BlobPath("acme", "incoming", "b"), 10, '"0x1"', 100.0, 200.5)


@pytest.mark.parametrize("name", ["abc", "a-b-c", "0" * 63])
def test_good_container_names(name: str) -> None:
    check_container_name(name)


@pytest.mark.parametrize("name", ["ab", "A23", "a--b", "-ab", "ab-", "a" * 64, "a_b", "a.b", "abc\n"])
def test_bad_container_names(name: str) -> None:
    with pytest.raises(RestudioError, match="container"):
        check_container_name(name)


@pytest.mark.parametrize("name", ["", "x" * 1025, "a\nb", "/".join("x" * 256), "\ud800"])
def test_bad_blob_names(name: str) -> None:
    with pytest.raises(RestudioError):
        check_blob_name(name)


@pytest.mark.parametrize("block", ["", "***", "YQ", "YWFh" * 30])
def test_bad_block_ids(block: str) -> None:
    with pytest.raises(RestudioError, match=r"[Bb]lock id|Base64"):
        check_block_id(block)


@pytest.mark.parametrize("metadata", [{"a b": "1"}, {"1a": "1"}, {"a": "x" * 9000}, {"a": "x\r\ny"}, {"a": "→"}])
def test_bad_metadata(metadata: dict[str, str]) -> None:
    with pytest.raises(RestudioError, match="metadata"):
        check_metadata(metadata)


MET = [
    Conditions(),
    Conditions(if_match="*"),
    Conditions(if_match='"0x0", "0x1"'),
    Conditions(if_none_match='"0x2"'),
    Conditions(if_unmodified_since=200),
    Conditions(if_modified_since=199),
]
UNMET = [
    (Conditions(if_match='"0x2"'), "ConditionNotMet"),
    (Conditions(if_none_match='"0x1"'), "ConditionNotMet"),
    (Conditions(if_none_match="*"), "BlobAlreadyExists"),
    (Conditions(if_unmodified_since=199), "ConditionNotMet"),
    (Conditions(if_modified_since=200), "ConditionNotMet"),
]


@pytest.mark.parametrize("conditions", MET)
def test_met_conditions(conditions: Conditions) -> None:
    ensure_conditions(conditions, BLOB)


@pytest.mark.parametrize(("conditions", "code"), UNMET)
def test_unmet_conditions(conditions: Conditions, code: str) -> None:
    with pytest.raises(RestudioError) as error:
        ensure_conditions(conditions, BLOB)
    assert error.value.detail == code


def test_conditions_on_nothing() -> None:
    ensure_conditions(Conditions(if_none_match="*"), None)
    with pytest.raises(RestudioError):
        ensure_conditions(Conditions(if_match="*"), None)
    assert is_unchanged(Conditions(if_none_match='W/"0x1"'), BLOB)


RANGES = [
    (None, 10, None),
    ("bytes=0-3", 10, (0, 4)),
    ("bytes=8-100", 10, (8, 2)),
    ("bytes=9-", 10, (9, 1)),
    ("bytes=-3", 10, (7, 3)),
    ("bytes=-30", 10, (0, 10)),
    ("bytes=5-2", 10, None),
    ("bytes=-", 10, None),
    ("pages=1-2", 10, None),
    ("bytes=0-1,4-5", 10, None),
]


@pytest.mark.parametrize(("header", "size", "expected"), RANGES)
def test_ranges(header: str | None, size: int, expected: tuple[int, int] | None) -> None:
    assert parse_range(header, size) == expected


@pytest.mark.parametrize(("header", "size"), [("bytes=0-3", 0), ("bytes=10-", 10), ("bytes=-0", 10), ("bytes=-5", 0)])
def test_ranges_after_the_end(header: str, size: int) -> None:
    with pytest.raises(RestudioError) as error:
        parse_range(header, size)
    assert error.value.detail == "InvalidRange"


@given(st.integers(1, 100), st.integers(0, 120), st.integers(0, 120))
def test_a_range_never_leaves_the_blob(size: int, first: int, last: int) -> None:
    if first < size:
        span = parse_range(f"bytes={first}-{last}", size)
        assert span is None or 0 <= span[0] < span[0] + span[1] <= size
