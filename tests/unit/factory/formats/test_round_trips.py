"""What is written is read again, whatever it is."""

from __future__ import annotations

import io
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from restudio.factory.formats.compression import CODECS, packing, safe_name, unpacked
from restudio.factory.formats.delimited_text import DelimitedText
from restudio.factory.formats.format import Format
from restudio.factory.formats.json_text import JsonText
from restudio.factory.properties import Properties
from restudio.factory.rows.record import BadRecord, Column, Record

NOTHING = Properties({})
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
DIALECTS = [
    DelimitedText(header=True, escape='"'),
    DelimitedText(header=True),
    DelimitedText(";", quote="'", escape="'", header=True),
    DelimitedText("\t", header=True, null="\\N"),
    DelimitedText("|", row_delimiter="\n", escape='"', header=True),
]


def round_trip(form: Format, rows: list[Record], names: list[str]) -> list[Record | BadRecord]:
    written = io.BytesIO()
    with form.open_writer(written, [Column(name) for name in names], NOTHING) as writer:
        writer.write(rows)
    stream = io.BufferedReader(io.BytesIO(written.getvalue()))
    with tempfile.TemporaryDirectory() as scratch:
        found = form.read(stream, "file", Path(scratch), NOTHING)
        return [row for batch in found.batches for row in batch]


@settings(max_examples=150, deadline=None)
@given(
    form=st.sampled_from(DIALECTS),
    cells=st.lists(st.tuples(st.one_of(st.none(), TEXTS.filter(bool)), TEXTS.filter(bool)), max_size=6),
)
def test_delimited_text(form: DelimitedText, cells: list[tuple[str | None, str]]) -> None:
    rows = [{"a": first, "b": second} for first, second in cells if form.null not in (first, second)]
    assert round_trip(form, rows, ["a", "b"]) == rows


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=6,
)


@settings(max_examples=100, deadline=None)
@given(array=st.booleans(), rows=st.lists(st.dictionaries(TEXTS, VALUES, max_size=4), max_size=5))
def test_json(array: bool, rows: list[Record]) -> None:
    assert round_trip(JsonText(array=array), rows, []) == rows


class _Dripping(io.RawIOBase):
    """A few bytes at a time, so that values and letters are cut anywhere."""

    def __init__(self, data: bytes, size: int) -> None:
        self._data = data
        self._size = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece, self._data = self._data[: self._size], self._data[self._size :]
        buffer[: len(piece)] = piece
        return len(piece)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.dictionaries(TEXTS, VALUES, max_size=3), min_size=1, max_size=4), size=st.integers(1, 7))
def test_json_in_drips(rows: list[Record], size: int) -> None:
    text = json.dumps(rows, ensure_ascii=False, indent=1).encode()
    found = JsonText().read(_Dripping(text, size), "file", Path(), NOTHING)  # type: ignore[arg-type]
    assert [row for batch in found.batches for row in batch] == rows


@pytest.mark.parametrize("codec", ["", *CODECS])
@settings(max_examples=15, deadline=None)
@given(data=st.binary(max_size=5000), level=st.sampled_from([None, "Optimal", "Fastest"]))
def test_codecs(codec: str, data: bytes, level: str | None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "packed"
        with packing(target, codec, "inner.bin", level) as file:
            file.write(data)
        packed = iter([target.read_bytes()])
        found = [(entry.name, entry.stream.read()) for entry in unpacked(packed, codec, "packed", Path(folder))]
    name = "inner.bin" if codec in ("zipdeflate", "tar", "targzip") else ""
    assert found == [(name, data)]


@given(st.text(max_size=40))
def test_names_in_archives_lead_nowhere_outside(name: str) -> None:
    safe = safe_name(name)
    assert not safe.startswith("/")
    assert ".." not in safe.split("/")
    assert safe
