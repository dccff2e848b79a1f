"""ARFF, the format of Weka: nominal attributes are categorical columns, ``?`` is missing.

The reader is liac-arff with a shim for dates, which it refuses. Numeric attributes are Double, Boolean columns are the
nominal ``{False,True}``, time spans are strings. Dense and sparse rows are read, dense rows are written.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from restudio.core.schema import Column, DType, Schema
from restudio.tables import parsing, times
from restudio.tables.codec import ROWS_PER_CHUNK, ChunkWriter, Codec, ensure_width, unreadable
from restudio.tables.expected import Fit
from restudio.tables.table import ARROW_TYPES, Table

_ATTRIBUTE = re.compile(r"""\s*@attribute\s+("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s{]+)\s*(.*)""", re.I | re.S)
_DATE = re.compile(r"""date\b\s*(?:"([^"]*)"|'(.*)'|(\S+))?\s*\Z""", re.I)
_ESCAPED = re.compile(r"\\(.)", re.S)
_LETTERS = {"n": "\n", "r": "\r", "t": "\t"}
_BOOLEAN_LEVELS = ("False", "True")
_DATE_FORMAT = "yyyy-MM-dd'T'HH:mm:ss"
_JAVA_FIELDS = (("yyyy", "%Y"), ("MM", "%m"), ("dd", "%d"), ("HH", "%H"), ("mm", "%M"), ("ss", "%S"), ("'", ""))


_TYPES = {"numeric": DType.DOUBLE, "real": DType.DOUBLE, "integer": DType.INTEGER, "string": DType.STRING}


@dataclass(frozen=True, slots=True)
class _Attribute:
    """``dtype`` is None for nominal attributes; ``date`` is the format of a date, where it is given."""

    name: str
    dtype: DType | None
    date: str | None = None


@dataclass(slots=True)
class _Lines:
    """The lines of a file as liac-arff takes them: attributes under plain names, all but the nominal ones as strings.

    It does not read dates or quoted quotes in names, and rounds large integers. ``number`` is the line read last.
    """

    source: Iterator[str]
    attributes: list[_Attribute] = field(default_factory=list)
    number: int = 0
    in_data: bool = False

    def __iter__(self) -> Iterator[str]:
        for line in self.source:
            self.number += 1
            yield line if self.in_data else self._header(line)

    def _header(self, line: str) -> str:
        self.in_data = line.lstrip()[:5].casefold() == "@data"
        found = _ATTRIBUTE.match(line)
        if found is None:
            return line
        name, kind = _unquote(found[1]), found[2].strip()
        date = _DATE.match(kind)
        dtype = DType.DATETIME if date else _TYPES.get(kind.casefold())
        self.attributes.append(_Attribute(name, dtype, (date[1] or date[2] or date[3]) if date else None))
        return f"@attribute a{len(self.attributes)} {'STRING' if dtype else kind}\n"


def _unquote(text: str) -> str:
    if text[0] not in "\"'":
        return text
    return _ESCAPED.sub(lambda m: _LETTERS.get(m[1], m[1]), text[1:-1])


def _iter_tables(path: Path, rows: int, name: str) -> Iterator[Table]:
    """The file in its own schema, always with at least one (perhaps empty) table."""
    import arff

    try:
        with path.open(encoding="utf-8-sig") as source:
            lines = _Lines(iter(source))
            document = arff.load(lines, return_type=arff.DENSE_GEN)
            ensure_width(name, len(lines.attributes))
            levels: list[Any] = [kind for _, kind in document["attributes"]]
            schema = Schema.of(_describe(a, v) for a, v in zip(lines.attributes, levels, strict=True))
            batch = list(islice(document["data"], rows))
            yield _to_table(schema, batch, 1, lines, name)
            first_row = 1 + len(batch)
            while batch := list(islice(document["data"], rows)):
                yield _to_table(schema, batch, first_row, lines, name)
                first_row += len(batch)
    except UnicodeDecodeError as cause:
        raise unreadable(name, "the text is not UTF-8.") from cause
    except (arff.ArffException, ValueError, IndexError) as cause:
        # IndexError is its answer to a nominal attribute without values.
        reason = str(cause).removesuffix(".").replace("%d", str(lines.number))
        raise unreadable(name, f"line {lines.number}: {reason}.") from cause


def _describe(attribute: _Attribute, levels: list[str]) -> Column:
    if attribute.dtype is not None:
        return Column(attribute.name, attribute.dtype)
    if tuple(levels) == _BOOLEAN_LEVELS:
        return Column(attribute.name, DType.BOOLEAN)
    return Column(attribute.name, DType.STRING, tuple(levels))


def _to_table(schema: Schema, rows: list[list[str | None]], first_row: int, lines: _Lines, name: str) -> Table:
    cells = list(zip(*rows, strict=True)) if rows else [()] * len(schema)
    texts = [_reformat(pa.array(c, pa.large_string()), a) for c, a in zip(cells, lines.attributes, strict=True)]
    fit = Fit.by_position(len(schema), schema, (), name)
    return Table(schema, fit.convert(pa.Table.from_arrays(texts, names=list(schema.names)), first_row))


def _reformat(texts: pa.Array, attribute: _Attribute) -> pa.Array:
    """Dates of an unusual declared format in the usual one."""
    if attribute.date is None or parsing.convert(texts, DType.DATETIME) is not None:
        return texts
    values = times.parse_datetimes(texts, _strftime(attribute.date))
    return texts if values is None else times.format_datetimes(values)


def _strftime(java: str) -> str:
    for old, new in _JAVA_FIELDS:
        java = java.replace(old, new)
    return java


def _read(path: Path, *, schema: Schema | None = None, ignored: Collection[str] = (), name: str | None = None) -> Table:
    file = name or path.name
    parts = list(_iter_tables(path, ROWS_PER_CHUNK, file))
    table = Table(parts[0].schema, pa.concat_tables([part.data for part in parts]))
    if schema is None:
        return table
    return Table(schema, Fit.by_name(table.names, schema, ignored, file).convert(table.data, 1))


def _iter_chunks(
    path: Path,
    schema: Schema,
    rows_per_chunk: int = ROWS_PER_CHUNK,
    *,
    ignored: Collection[str] = (),
    name: str | None = None,
) -> Iterator[pa.Table]:
    file = name or path.name
    first_row = 1
    for part in _iter_tables(path, rows_per_chunk, file):
        fit = Fit.by_name(part.names, schema, ignored, file)
        if part.num_rows:
            yield fit.convert(part.data, first_row)
        first_row += part.num_rows


class _Writer:
    def __init__(self, target: BinaryIO, schema: Schema) -> None:
        self._target = target
        self._schema = schema

    def write_header(self) -> None:
        lines = ["@relation dataset", ""]
        lines += [f"@attribute {_quote(c.name)} {_kind(c)}" for c in self._schema]
        self._target.write("\n".join([*lines, "", "@data", ""]).encode())

    def write(self, chunk: pa.Table) -> None:
        if chunk.num_rows == 0:
            return
        texts = [_texts(values, c) for c, values in zip(self._schema, chunk.columns, strict=True)]
        lines = pc.binary_join_element_wise(*texts, pa.scalar(",", pa.large_string()))
        self._target.write("\n".join([*lines.to_pylist(), ""]).encode())


def _kind(column: Column) -> str:
    if column.dtype is DType.BOOLEAN:
        return "{" + ",".join(_BOOLEAN_LEVELS) + "}"
    if column.categories:
        levels = parsing.to_text(pa.array(list(column.categories), ARROW_TYPES[column.dtype]), column.dtype)
        return "{" + ",".join(_quote(level) for level in levels.to_pylist()) + "}"
    plain = {DType.INTEGER: "INTEGER", DType.DOUBLE: "REAL", DType.DATETIME: f'DATE "{_DATE_FORMAT}"'}
    return plain.get(column.dtype, "STRING")


def _texts(values: pa.ChunkedArray, column: Column) -> pa.ChunkedArray:
    texts = parsing.to_text(values, column.dtype)
    if column.dtype in (DType.STRING, DType.DATETIME, DType.TIMESPAN) or column.is_categorical:
        for plain, escaped in _ESCAPES:
            texts = pc.replace_substring(texts, plain, escaped)
        quote = pa.scalar("'", pa.large_string())
        texts = pc.binary_join_element_wise(quote, texts, quote, pa.scalar("", pa.large_string()))
    return pc.fill_null(texts, "?")


_ESCAPES = (("\\", "\\\\"), ("'", "\\'"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t"), ("%", "\\%"))


def _quote(text: str) -> str:
    for plain, escaped in _ESCAPES:
        text = text.replace(plain, escaped)
    return f"'{text}'"


@contextmanager
def _open_writer(path: Path, schema: Schema) -> Iterator[ChunkWriter]:
    with path.open("wb") as target:
        writer = _Writer(target, schema)
        writer.write_header()
        yield writer


ARFF = Codec("ARFF", "ARFF", (".arff",), "text/plain", _read, _iter_chunks, _open_writer)
