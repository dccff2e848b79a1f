"""JSON files: one object, objects after one another, or an array of them."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, BinaryIO

from restudio.factory.formats.delimited_text import encoding_of
from restudio.factory.formats.format import RecordWriter, unreadable
from restudio.factory.properties import Properties
from restudio.factory.rows.conversion import Conversion
from restudio.factory.rows.record import Column, Record, Records, in_batches

_BLOCK = 1 << 16
_MAX_OBJECT = 64 << 20
_BLANK = " \t\r\n"


@dataclass(frozen=True, slots=True)
class JsonText:
    """``array`` writes an array of objects instead of an object a line."""

    encoding: str = "utf-8"
    array: bool = False
    extension: str = ".json"
    is_documents: bool = True

    @classmethod
    def of(cls, p: Properties) -> JsonText:
        return cls(encoding_of(p.get("encodingName")), _is_array(p.get("filePattern")))

    def read(self, stream: BinaryIO, path: str, scratch: Path, settings: Properties) -> Records:
        encoding = "utf-8-sig" if self.encoding == "utf-8" else self.encoding
        text = io.TextIOWrapper(stream, encoding)
        return Records((), in_batches(_objects(text, path)))

    @contextmanager
    def open_writer(self, file: IO[bytes], columns: Sequence[Column], settings: Properties) -> Iterator[RecordWriter]:
        text = io.TextIOWrapper(file, self.encoding, newline="", write_through=True)
        array = _is_array(settings["filePattern"]) if settings.get("filePattern") else self.array
        writer = _Writer(text, array=array)
        yield writer
        writer.end()
        text.flush()
        text.detach()


def _is_array(pattern: object) -> bool:
    return str(pattern or "").casefold() == "arrayofobjects"


class _Writer:
    def __init__(self, text: io.TextIOWrapper, *, array: bool) -> None:
        self._text = text
        self._array = array
        self._count = 0

    def write(self, records: Sequence[Record]) -> None:
        for record in records:
            before = ("[\n" if self._count == 0 else ",\n") if self._array else ""
            self._text.write(before + dump(record) + ("" if self._array else "\n"))
            self._count += 1

    def end(self) -> None:
        if self._array:
            self._text.write("\n]\n" if self._count else "[]\n")


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return Conversion().text(value)


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_plain)
dump = _ENCODER.encode
"""Compact JSON of any record."""


def _objects(text: io.TextIOWrapper, path: str) -> Iterator[Record]:
    """Objects at the top of the text, or in an array there."""
    for value in _values(text, path):
        found = value if isinstance(value, list) else [value]
        for each in found:
            if not isinstance(each, dict):
                raise unreadable(path, f"expected JSON objects, got {str(each)[:60]!r}.")
            yield each


def _values(text: io.TextIOWrapper, path: str) -> Iterator[Any]:
    """Values one after another. An array at the top is opened, so that its items need not fit into memory."""
    decoder = json.JSONDecoder()
    rest, at, is_array, size, is_end = "", 0, False, _BLOCK, False
    while True:
        at = _skip(rest, at, _BLANK + ("," if is_array else ""))
        if at < len(rest):
            if rest[at] == "[" and not is_array:
                is_array, at = True, at + 1
                continue
            if rest[at] == "]" and is_array:
                is_array, at = False, at + 1
                continue
            try:
                value, end = decoder.raw_decode(rest, at)
            except (json.JSONDecodeError, RecursionError) as cause:
                if is_end or isinstance(cause, RecursionError):
                    raise unreadable(path, f"it is no JSON: {str(cause)[:200]}.") from cause
            else:
                # A number at the end of a block may go on in the next one.
                if is_end or end < len(rest):
                    at, size = end, _BLOCK
                    yield value
                    continue
        if is_end:
            if is_array or at < len(rest):
                raise unreadable(path, "the JSON ends too early.")
            return
        try:
            block = text.read(size)
        except UnicodeDecodeError as cause:
            raise unreadable(path, "the text has another encoding; set 'encodingName'.") from cause
        rest, at, is_end = rest[at:] + block, 0, not block
        # Each try reads the object anew, so the pieces grow with it.
        size = max(_BLOCK, len(rest))
        if len(rest) > _MAX_OBJECT:
            raise unreadable(path, f"one object has more than {_MAX_OBJECT} characters.")


def _skip(text: str, at: int, letters: str) -> int:
    while at < len(text) and text[at] in letters:
        at += 1
    return at


if TYPE_CHECKING:
    from restudio.factory.formats.format import Format

    _fits: Format = JsonText()
