"""Delimited text (Data Factory reference, 5.2): every column is read as text."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO

from restudio.factory.errors import ActivityFailed
from restudio.factory.formats.format import RecordWriter, unreadable
from restudio.factory.properties import Properties
from restudio.factory.rows.conversion import Conversion
from restudio.factory.rows.record import BadRecord, Column, Record, Records, in_batches, names_of

_TEXT_BLOCK = 1 << 16
_MAX_LINE = 16 << 20
_ESCAPES = {r"\t": "\t", r"\n": "\n", r"\r": "\r", r"\r\n": "\r\n", r"\\": "\\"}
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_LINE_ENDS = ("\r\n", "\n", "\r", "")


@dataclass(frozen=True, slots=True)
class DelimitedText:
    """``row_delimiter`` "" reads any line end and writes CRLF. ``escape`` equal to ``quote`` doubles quotes."""

    delimiter: str = ","
    row_delimiter: str = ""
    quote: str = '"'
    escape: str = "\\"
    header: bool = False
    null: str = ""
    encoding: str = "utf-8"
    skip_lines: int = 0
    extension: str = ".txt"
    is_documents: bool = False

    @classmethod
    def of(cls, p: Properties, *, legacy: bool = False) -> DelimitedText:
        """From ``typeProperties`` of a dataset, or from a legacy ``TextFormat``."""

        def letter(name: str, default: str) -> str:
            value = p.get(name)
            return (
                default if value is None else str(value).replace("\\t", "\t").replace("\\n", "\n").replace("\\r", "\r")
            )

        found = cls(
            letter("columnDelimiter", ","),
            letter("rowDelimiter", ""),
            letter("quoteChar", "" if legacy else '"'),
            letter("escapeChar", "" if legacy else "\\"),
            p.get("firstRowAsHeader") is True,
            letter("nullValue", "\\N" if legacy else ""),
            encoding_of(p.get("encodingName")),
            int(p.get("skipLineCount") or 0),
        )
        for name, value in (
            ("columnDelimiter", found.delimiter),
            ("quoteChar", found.quote),
            ("escapeChar", found.escape),
        ):
            if len(value) > 1 or (name == "columnDelimiter" and not value):
                raise ActivityFailed("2104", f"The property '{name}' must be one character, got '{value[:20]}'.")
        if len(found.row_delimiter) > 1 and found.row_delimiter not in _LINE_ENDS:
            raise ActivityFailed("2104", "The property 'rowDelimiter' must be a line end or one character.")
        return found

    def read(self, stream: BinaryIO, path: str, scratch: Path, settings: Properties) -> Records:
        lines = self._lines(io.TextIOWrapper(stream, self._reading_encoding(stream), newline=""), path)
        for _ in range(int(settings.get("skipLineCount") or self.skip_lines)):
            # Only lines with something in them count.
            if next((line for line in lines if line.strip()), None) is None:
                break
        rows = self._rows(lines, path)
        first = next(rows, None)
        if first is None:
            return Records((), iter(()))
        if self.header:
            names = unique([name.strip() or f"Prop_{at}" for at, name in enumerate(first)])
            body = rows
        else:
            names = [f"Prop_{at}" for at in range(len(first))]
            body = _prepended(first, rows)
        return Records(tuple(Column(name) for name in names), in_batches(self._records(names, body)))

    @contextmanager
    def open_writer(self, file: IO[bytes], columns: Sequence[Column], settings: Properties) -> Iterator[RecordWriter]:
        text = io.TextIOWrapper(file, self.encoding, newline="", write_through=True)
        writer = _Writer(self, text, names_of(columns), quote_all=settings.get("quoteAllText") is True)
        yield writer
        text.flush()
        text.detach()

    def dialect(self, *, quote_all: bool = False) -> type[csv.Dialect]:
        """What Python's reader and writer are told."""
        doubled = self.escape == self.quote

        class _Dialect(csv.Dialect):
            delimiter = self.delimiter
            quotechar = self.quote or None
            escapechar = None if doubled else (self.escape or None)
            doublequote = doubled or not self.escape
            lineterminator = self.row_delimiter or "\r\n"
            quoting = csv.QUOTE_NONE if not self.quote else (csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL)
            strict = False

        return _Dialect

    def _reading_encoding(self, stream: BinaryIO) -> str:
        head = stream.peek(4)[:4] if isinstance(stream, io.BufferedReader) else b""
        for mark, name in (
            (codecs.BOM_UTF8, "utf-8-sig"),
            (codecs.BOM_UTF16_LE, "utf-16"),
            (codecs.BOM_UTF16_BE, "utf-16"),
        ):
            if head.startswith(mark):
                return name
        return self.encoding

    def _lines(self, text: io.TextIOWrapper, path: str) -> Iterator[str]:
        try:
            if self.row_delimiter in _LINE_ENDS:
                while line := text.readline(_MAX_LINE):
                    if len(line) == _MAX_LINE:
                        raise unreadable(path, f"a line has more than {_MAX_LINE} characters.")
                    yield line
            else:
                yield from _divided(text, self.row_delimiter, path)
        except UnicodeDecodeError as cause:
            raise unreadable(path, f"the text is not {self.encoding}; set 'encodingName'.") from cause

    def _rows(self, lines: Iterator[str], path: str) -> Iterator[list[str]]:
        reader = csv.reader(lines, self.dialect())
        while True:
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as cause:
                raise unreadable(path, f"line {reader.line_num}: {cause}.") from cause
            if row:
                yield row

    def _records(self, names: Sequence[str], rows: Iterator[list[str]]) -> Iterator[Record | BadRecord]:
        width, null = len(names), self.null
        for number, row in enumerate(rows, 1):
            if len(row) > width:
                reason = f"it has {len(row)} columns, the first row has {width}"
                yield BadRecord(number, self.delimiter.join(row)[:1000], reason)
                continue
            cells: Sequence[str | None] = row
            if null in row:
                cells = [None if cell == null else cell for cell in row]
            record: Record = dict(zip(names, cells, strict=False))
            for name in names[len(row) :]:
                record[name] = None
            yield record


class _Writer:
    def __init__(self, form: DelimitedText, text: io.TextIOWrapper, names: Sequence[str], *, quote_all: bool) -> None:
        self._form = form
        self._names = names
        dialect = form.dialect(quote_all=quote_all)
        file: SupportsWrite[str] = text
        missing = "".join(sign for sign in "\r\n" if sign not in dialect.lineterminator)
        if missing:
            file = _Shortened(text, len(missing))
            dialect.lineterminator += missing
        self._writer = csv.writer(file, dialect)
        self._text = Conversion().text
        if form.header:
            self._write_rows([list(names)])

    def write(self, records: Sequence[Record]) -> None:
        null, text, names = self._form.null, self._text, self._names
        self._write_rows(
            [
                [
                    value if isinstance(value := record.get(name), str) else null if value is None else text(value)
                    for name in names
                ]
                for record in records
            ]
        )

    def _write_rows(self, rows: list[list[str]]) -> None:
        try:
            self._writer.writerows(rows)
        except csv.Error as cause:
            raise ActivityFailed(
                "2200",
                f"ErrorCode=UserErrorWriteFailed: A value cannot be written as delimited text: {cause}. Set quoteChar "
                "or escapeChar.",
            ) from cause


class _Shortened:
    """Rows without the last ``surplus`` characters of their terminator.

    Readers end a row at either line end, but the writer of Python 3.11 quotes only the signs of its own terminator. So
    it is told both, and what the dialect does not have is taken off again.
    """

    def __init__(self, text: io.TextIOWrapper, surplus: int) -> None:
        self._write = text.write
        self._surplus = surplus

    def write(self, row: str) -> int:
        return self._write(row[: -self._surplus])


def unique(names: Sequence[str]) -> list[str]:
    """Names told apart by a number where they repeat.

    >>> unique(["a", "b", "a"])
    ['a', 'b', 'a_1']
    """
    seen: set[str] = set()
    found = []
    for name in names:
        candidate, number = name, 0
        while candidate in seen:
            number += 1
            candidate = f"{name}_{number}"
        seen.add(candidate)
        found.append(candidate)
    return found


def encoding_of(name: object) -> str:
    """Python's name of an encoding; UTF-8 when none is given."""
    if not name:
        return "utf-8"
    try:
        return codecs.lookup(str(name)).name
    except LookupError as cause:
        raise ActivityFailed("2104", f"'{str(name)[:40]}' is no encoding that is known here.") from cause


def _prepended(first: list[str], rows: Iterator[list[str]]) -> Iterator[list[str]]:
    yield first
    yield from rows


def _divided(text: io.TextIOWrapper, delimiter: str, path: str) -> Iterator[str]:
    """Pieces between a delimiter that is no line end."""
    rest = ""
    while block := text.read(_TEXT_BLOCK):
        *whole, rest = (rest + block).split(delimiter)
        yield from whole
        if len(rest) > _MAX_LINE:
            raise unreadable(path, f"a row has more than {_MAX_LINE} characters.")
    if rest:
        yield rest


if TYPE_CHECKING:
    from _typeshed import SupportsWrite

    from restudio.factory.formats.format import Format

    _fits: Format = DelimitedText()
