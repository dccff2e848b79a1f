"""Parquet files."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, BinaryIO

from restudio.factory.errors import ActivityFailed
from restudio.factory.formats.format import RecordWriter, unreadable
from restudio.factory.properties import Properties
from restudio.factory.rows.conversion import Conversion, NotConvertible
from restudio.factory.rows.record import BATCH, Column, Record, Records

_CODECS = ("none", "gzip", "snappy")


@dataclass(frozen=True, slots=True)
class Parquet:
    """``codec`` is for writing; files of any are read."""

    codec: str = "snappy"
    extension: str = ".parquet"
    is_documents: bool = False

    @classmethod
    def of(cls, p: Properties) -> Parquet:
        given = p.get("compressionCodec") or p.object("compression").get("type")
        codec = str(given or "snappy").casefold()
        if codec not in _CODECS:
            raise ActivityFailed("2104", f"The codec '{codec[:20]}' is not offered; expected {', '.join(_CODECS)}.")
        return cls(codec)

    def read(self, stream: BinaryIO, path: str, scratch: Path, settings: Properties) -> Records:
        import pyarrow as pa
        from pyarrow import parquet

        # The directory of the file stands at its end, so all of it must be here first.
        local = scratch / "read.parquet"
        with local.open("wb") as file:
            shutil.copyfileobj(stream, file, 1 << 20)
        try:
            opened = parquet.ParquetFile(local)
            schema = opened.schema_arrow
        except (pa.ArrowException, OSError) as cause:
            raise unreadable(path, f"it is no Parquet file: {str(cause).splitlines()[0]}.") from cause
        columns = tuple(Column(field.name, _interim(field.type)) for field in schema)

        def batches() -> Iterator[list[Any]]:
            with opened:
                try:
                    for batch in opened.iter_batches(batch_size=BATCH):
                        yield batch.to_pylist()
                except (pa.ArrowException, OSError) as cause:
                    raise unreadable(path, f"it is damaged: {str(cause).splitlines()[0]}.") from cause
            local.unlink(missing_ok=True)

        return Records(columns, batches())

    @contextmanager
    def open_writer(self, file: IO[bytes], columns: Sequence[Column], settings: Properties) -> Iterator[RecordWriter]:
        import pyarrow as pa
        from pyarrow import parquet

        schema = pa.schema([pa.field(column.name, _arrow(column.type)) for column in columns])
        with parquet.ParquetWriter(file, schema, compression=self.codec) as writer:
            yield _Writer(writer, schema, columns)


class _Writer:
    def __init__(self, writer: Any, schema: Any, columns: Sequence[Column]) -> None:
        self._writer = writer
        self._schema = schema
        self._columns = columns

    def write(self, records: Sequence[Record]) -> None:
        import pyarrow as pa

        how = Conversion()
        try:
            values = {
                column.name: [how.convert(record.get(column.name), column.type) for record in records]
                for column in self._columns
            }
        except NotConvertible as cause:
            raise ActivityFailed("2200", f"ErrorCode=UserErrorInvalidDataValue: {cause}.") from cause
        for column in self._columns:
            if column.type == "Guid":
                values[column.name] = [None if value is None else str(value) for value in values[column.name]]
        self._writer.write_table(pa.table(values, schema=self._schema))


def _interim(held: Any) -> str:
    import pyarrow as pa

    by_test = (
        (pa.types.is_boolean, "Boolean"),
        (pa.types.is_int8, "SByte"),
        (pa.types.is_int16, "Int16"),
        (pa.types.is_int32, "Int32"),
        (pa.types.is_int64, "Int64"),
        (pa.types.is_unsigned_integer, "UInt64"),
        (pa.types.is_float32, "Single"),
        (pa.types.is_floating, "Double"),
        (pa.types.is_decimal, "Decimal"),
        (pa.types.is_timestamp, "DateTime"),
        (pa.types.is_date, "DateTime"),
        (pa.types.is_duration, "TimeSpan"),
        (pa.types.is_binary, "Byte[]"),
        (pa.types.is_large_binary, "Byte[]"),
    )
    return next((name for test, name in by_test if test(held)), "String")


def _arrow(interim: str) -> Any:
    import pyarrow as pa

    return {
        "Boolean": pa.bool_(),
        "Byte": pa.uint8(),
        "SByte": pa.int8(),
        "Int16": pa.int16(),
        "Int32": pa.int32(),
        "Int64": pa.int64(),
        "UInt16": pa.uint16(),
        "UInt32": pa.uint32(),
        "UInt64": pa.uint64(),
        "Single": pa.float32(),
        "Double": pa.float64(),
        "Decimal": pa.decimal128(38, 18),
        "DateTime": pa.timestamp("us"),
        "DateTimeOffset": pa.timestamp("us", tz=dt.UTC),
        "TimeSpan": pa.duration("us"),
        "Byte[]": pa.binary(),
    }.get(interim, pa.string())


if TYPE_CHECKING:
    from restudio.factory.formats.format import Format

    _fits: Format = Parquet()
