"""SVMlight text: a label, then ``index:value`` pairs with 1-based indices; ``#`` starts a comment. Read only."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from restudio.core.schema import Column, DType, Schema
from restudio.tables.codec import ROWS_PER_CHUNK, Codec, ensure_width, iter_slices, unreadable
from restudio.tables.expected import Fit
from restudio.tables.table import Table

LABELS = "Labels"


def _read(path: Path, *, schema: Schema | None = None, ignored: Collection[str] = (), name: str | None = None) -> Table:
    """Columns ``Col1`` to ``Coln`` and ``Labels``, all Double; cells that are not given are 0."""
    file = name or path.name
    try:
        rows = list(_iter_rows(path, file))
    except UnicodeDecodeError as cause:
        raise unreadable(file, "the text is not UTF-8.") from cause
    if not rows:
        raise unreadable(file, "it has no rows; expected 'label index:value ...'.")
    width = max((index for _, pairs in rows for index in pairs), default=0)
    ensure_width(file, width)
    cells = np.zeros((width, len(rows)))
    for position, (_, pairs) in enumerate(rows):
        for index, value in pairs.items():
            cells[index - 1, position] = value
    names = [*(f"Col{i}" for i in range(1, width + 1)), LABELS]
    arrays = [*(pa.array(column) for column in cells), pa.array([label for label, _ in rows], pa.float64())]
    table = Table(Schema.of(Column(n, DType.DOUBLE) for n in names), pa.Table.from_arrays(arrays, names=names))
    if schema is None:
        return table
    return Table(schema, Fit.by_name(table.names, schema, ignored, file).convert(table.data, 1))


def _iter_rows(path: Path, file: str) -> Iterator[tuple[float, dict[int, float]]]:
    row = 0
    with path.open(encoding="utf-8-sig") as source:
        for line in source:
            parts = line.split("#", 1)[0].split()
            if not parts:
                continue
            row += 1
            try:
                yield float(parts[0]), dict(_pair(part) for part in parts[1:] if not part.startswith("qid:"))
            except ValueError as cause:
                raise unreadable(
                    file, f"expected 'label index:value ...', got '{line.strip()[:80]}'.", row=row
                ) from cause


def _pair(text: str) -> tuple[int, float]:
    index, value = text.split(":")
    if int(index) < 1:
        raise ValueError("indices count from 1")
    return int(index), float(value)


def _iter_chunks(
    path: Path,
    schema: Schema,
    rows_per_chunk: int = ROWS_PER_CHUNK,
    *,
    ignored: Collection[str] = (),
    name: str | None = None,
) -> Iterator[pa.Table]:
    # The width is known only at the end, so the file is read whole.
    yield from iter_slices(_read(path, schema=schema, ignored=ignored, name=name).data, rows_per_chunk)


SVMLIGHT = Codec("SvmLight", "SVMlight", (".svmlight",), "text/plain", _read, _iter_chunks)
