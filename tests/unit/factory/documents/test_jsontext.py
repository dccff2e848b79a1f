"""Lenient JSON: what files hold is read, what is wrong is told with its place."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restudio.core.errors import RestudioError
from restudio.factory.documents.jsontext import parse_document

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(VALUES, st.sampled_from([None, 1, 4]))
def test_plain_json_is_read_as_it_is(value: object, indent: int | None) -> None:
    assert parse_document(json.dumps(value, indent=indent, ensure_ascii=False), "f") == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1, /* two\nlines */ "b": [1, 2,],}', {"a": 1, "b": [1, 2]}),
        ('// first\n{"url": "http://x//y", "c": "/* no */"}', {"url": "http://x//y", "c": "/* no */"}),
        ('{"a": "x,]", "b": "\\",}"}', {"a": "x,]", "b": '",}'}),
        (b'\xef\xbb\xbf{"a": 3.0}', {"a": 3.0}),
        ("[1 /* , */ , // x\n ]", [1]),
    ],
)
def test_comments_and_trailing_commas_are_left_out(text: str | bytes, value: object) -> None:
    assert parse_document(text, "f") == value


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{\n"a": }', "line 2, column 6"),
        ('{"a": 1, "a": 2}', "'a' stands twice"),
        ('{"a": NaN}', "NaN is not a JSON number"),
        (b"\xff", "not UTF-8"),
        ("[" * 200_000, "nested too deeply"),
        ("", "line 1, column 1"),
    ],
)
def test_what_is_wrong_is_told_with_file_and_place(text: str | bytes, told: str) -> None:
    with pytest.raises(RestudioError, match=told) as caught:
        parse_document(text, "pipeline/p.json")
    assert caught.value.message.startswith("pipeline/p.json ")
