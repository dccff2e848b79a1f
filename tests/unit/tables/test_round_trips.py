"""Every format that is written reads back to the same cells; self-describing ones to the same table."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from tests.unit.tables.strategies import tables

from restudio.tables.codec import Codec
from restudio.tables.formats import all_codecs
from restudio.tables.table import Table

WRITTEN = [c for c in all_codecs().values() if c.open_writer is not None and c.id != "PlainText"]
DESCRIBING = [c for c in WRITTEN if c.id in ("Dataset", "Parquet")]
_RULES = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize("codec", WRITTEN, ids=lambda c: c.id)
@given(table=tables())
@_RULES
def test_a_written_table_reads_back_under_its_schema(codec: Codec, table: Table, tmp_path: Path) -> None:
    path = tmp_path / f"table{codec.extensions[0]}"
    codec.write(table, path)
    assert codec.read(path, schema=table.schema).equals(table)


@pytest.mark.parametrize("codec", DESCRIBING, ids=lambda c: c.id)
@given(table=tables())
@_RULES
def test_column_metadata_travels(codec: Codec, table: Table, tmp_path: Path) -> None:
    path = tmp_path / f"table{codec.extensions[0]}"
    codec.write(table, path)
    assert codec.read(path).equals(table)


@pytest.mark.parametrize("codec", WRITTEN, ids=lambda c: c.id)
@given(table=tables(max_rows=12))
@_RULES
def test_chunks_are_the_table_in_pieces(codec: Codec, table: Table, tmp_path: Path) -> None:
    path = tmp_path / f"table{codec.extensions[0]}"
    assert codec.open_writer is not None
    with codec.open_writer(path, table.schema) as writer:
        writer.write(table.data.slice(0, 5))
        writer.write(table.data.slice(5))
    chunks = list(codec.iter_chunks(path, table.schema, 4))
    assert all(chunk.num_rows <= 4 for chunk in chunks)
    joined = pa.concat_tables([table.data.slice(0, 0), *chunks])
    assert Table(table.schema, joined).equals(table)


@pytest.mark.parametrize("codec", WRITTEN, ids=lambda c: c.id)
def test_a_table_of_the_only_missing_cell_keeps_its_row(codec: Codec, tmp_path: Path) -> None:
    table = Table.from_columns({"only": [None, "x", None]})
    path = tmp_path / f"table{codec.extensions[0]}"
    codec.write(table, path)
    assert codec.read(path).num_rows == 3
