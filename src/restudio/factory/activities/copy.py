"""Copy: data from a source to a sink (Data Factory reference, 6.1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from typing import BinaryIO, cast

from restudio.factory.activity import ActivityContext, Output, Property, activity
from restudio.factory.dataset import Data, FileData, TableData, open_dataset
from restudio.factory.errors import ActivityFailed
from restudio.factory.properties import Json, Properties
from restudio.factory.rows.conversion import type_of
from restudio.factory.rows.file_sink import FileSink
from restudio.factory.rows.mapping import Translator
from restudio.factory.rows.record import BadRecord, Column, Record, Records, names_of
from restudio.factory.rows.skipped_rows import SkippedRows
from restudio.factory.rows.source import Source
from restudio.factory.rows.sql_sink import SqlSink, open_sql_sink

TYPE = "Copy"


@activity(
    type=TYPE,
    properties=(
        Property("inputs", "array", required=True, outside=True, help="One dataset reference: where data comes from."),
        Property("outputs", "array", required=True, outside=True, help="One dataset reference: where data goes."),
        Property("source", "object", required=True, help="How to read: `type`, `storeSettings`, a query, …"),
        Property("sink", "object", required=True, help="How to write: `type`, `storeSettings`, `preCopyScript`, …"),
        Property("translator", "object", help="Mapping of columns and their types; by name when absent."),
        Property("enableSkipIncompatibleRow", "bool", default=False, help="Leave out rows that do not convert."),
        Property("redirectIncompatibleRowSettings", "object", help="Where a log of rows left out goes."),
        Property("logSettings", "object", help="Where a log of rows left out goes, in its newer form."),
        Property("logStorageSettings", "object", help="The same in an older form."),
        Property("enableStaging", "bool", default=False, help="Not needed: data is staged on this machine."),
        Property("stagingSettings", "object", help="Not used."),
        Property("parallelCopies", "int", help="Not used: files are copied one after another."),
        Property("dataIntegrationUnits", "int", help="Not used."),
        Property("validateDataConsistency", "bool", default=False, help="Not used: files are put in place whole."),
        Property("skipErrorFile", "object", help="Not used."),
        Property("preserve", "array", help="Not used."),
        Property("preserveRules", "array", help="Not used."),
    ),
)
def copy(p: Properties, ctx: ActivityContext) -> Output:
    """Copies files and rows between storage accounts, folders, HTTP addresses and databases, converting formats on the
    way. Memory stays bounded whatever the size. Files appear whole; a table is written in one transaction."""
    begun = ctx.platform.clock.monotonic()
    source = Source(ctx, p.object("source"), _data(ctx, "inputs"))
    sink = _data(ctx, "outputs")
    run = _Copying(ctx, p, source)
    if isinstance(sink, TableData):
        output = run.to_table(sink)
    elif isinstance(sink, FileData):
        output = run.to_files(sink)
    else:
        raise ActivityFailed(
            "2110", f"The dataset type '{sink.dataset.type}' cannot be the sink of '{TYPE}' activities."
        )
    return {**output, **_statistics(source, ctx.platform.clock.monotonic() - begun)}


def _data(ctx: ActivityContext, side: str) -> Data:
    given = ctx.document.list(side)
    if len(given) != 1:
        raise ActivityFailed.missing(side) if not given else ActivityFailed.wrong_type(side, "array with one reference")
    return open_dataset(ctx.dataset(given[0]), ctx.platform, TYPE)


def _statistics(source: Source, seconds: float) -> dict[str, Json]:
    told: dict[str, Json] = {
        "copyDuration": round(seconds),
        "throughput": round(source.tally.bytes / 1024 / max(seconds, 0.001), 3),
        "errors": [],
        "effectiveIntegrationRuntime": "Restudio",
        "usedParallelCopies": 1,
        "executionDetails": [],
    }
    if source.is_files:
        told |= {"dataRead": source.tally.bytes, "filesRead": len(source.tally.paths)}
    return told


class _Copying:
    """One copy under way."""

    def __init__(self, ctx: ActivityContext, p: Properties, source: Source) -> None:
        self._ctx = ctx
        self._sink_settings = p.object("sink")
        self._source = source
        self._translator = Translator.of(p.object("translator"))
        self._skipped = SkippedRows(ctx, p)
        self._rows_read = 0
        self._rows_copied = 0

    def to_files(self, data: FileData) -> dict[str, Json]:
        sink = FileSink(self._ctx, data, self._sink_settings, self._source.form)
        if self._source.is_files and data.form is None:
            if self._source.form is not None:
                raise ActivityFailed("2104", "A source with a format cannot be copied into a binary dataset.")
            self._copy_bytes(sink)
            return {"dataWritten": sink.bytes, "filesWritten": sink.files, **self._after_files()}
        self._copy_rows(sink, documents=data.form is not None and data.form.is_documents)
        return {"dataWritten": sink.bytes, "filesWritten": sink.files, **self._row_counts(), **self._after_files()}

    def to_table(self, data: TableData) -> dict[str, Json]:
        with open_sql_sink(data, self._sink_settings) as sink:
            self._copy_into(sink)
        self._rows_copied = sink.rows
        return {**self._row_counts(), **self._after_files()}

    def _copy_bytes(self, sink: FileSink) -> None:
        parts = self._source.parts()
        if sink.naming.merges:
            sink.copy("", (cast("BinaryIO", part.stream) for part in parts))
            return
        for part in parts:
            sink.copy(part.relative, iter((cast("BinaryIO", part.stream),)))

    def _copy_rows(self, sink: FileSink, *, documents: bool) -> None:
        merged = sink.open("") if sink.naming.merges else None
        columns: tuple[Column, ...] = ()
        with closing(self._source.records()) as parts:
            for relative, records in parts:
                moved = self._translator.apply(records)
                file = merged or sink.open(relative)
                known = columns if merged is not None else ()
                for batch, found in self._good(moved, relative):
                    columns = known = known or found
                    if not documents:
                        _ensure_no_more(batch, known, relative)
                    file.write(batch, known)
                    self._rows_copied += len(batch)
                if merged is None:
                    file.close(known or moved.columns)
                else:
                    columns = columns or moved.columns
        if merged is not None:
            merged.close(columns)

    def _copy_into(self, sink: SqlSink) -> None:
        columns: tuple[Column, ...] = ()
        with closing(self._source.records()) as parts:
            for relative, records in parts:
                moved, number = self._translator.apply(records), 1
                columns = columns or moved.columns
                skip = partial(self._skipped.add, where=relative)
                for batch, columns in self._good(moved, relative):
                    sink.write(batch, columns, number, skip)
                    number += len(batch)
        sink.close(columns)

    def _good(self, records: Records, where: str) -> Iterator[tuple[list[Record], tuple[Column, ...]]]:
        """Batches without the rows that are left out, and their columns: those of the batch where the source gives
        none."""
        for batch in records.batches:
            self._rows_read += len(batch)
            good: list[Record] = []
            for row in batch:
                if isinstance(row, BadRecord):
                    self._skipped.add(row, where)
                else:
                    good.append(row)
            if good:
                yield good, records.columns or _columns_of(good)
            self._ctx.report(f"{self._rows_read} rows read")

    def _row_counts(self) -> dict[str, Json]:
        counts: dict[str, Json] = {"rowsRead": self._rows_read, "rowsCopied": self._rows_copied}
        if self._skipped.count:
            counts["rowsSkipped"] = self._skipped.count
        return counts

    def _after_files(self) -> dict[str, Json]:
        """What follows once everything is in place: the log, and the removal of the sources if that is asked for."""
        path = self._skipped.deliver()
        data = self._source.data
        if self._source.store_settings.get("deleteFilesAfterCompletion") is True and isinstance(data, FileData):
            for read in self._source.tally.paths:
                data.store.delete(read)
        return {"redirectRowPath": path, "logFilePath": path} if path else {}


def _columns_of(rows: Sequence[Record]) -> tuple[Column, ...]:
    """Every name of some objects, in the order in which they come; a type where all values have the same."""
    values: dict[str, set[str]] = {}
    for row in rows:
        for name, value in row.items():
            values.setdefault(name, set()).update(() if value is None else (type_of(value),))
    return tuple(Column(name, found.pop() if len(found) == 1 else "String") for name, found in values.items())


def _ensure_no_more(rows: Sequence[Record], columns: Sequence[Column], where: str) -> None:
    """Refuse to lose values that the file, once begun, has no column for."""
    known = set(names_of(columns))
    more = next((name for row in rows for name in row if name not in known), None)
    if more is not None:
        raise ActivityFailed(
            "2200",
            f"ErrorCode=UserErrorColumnNotFound: '{where}' has a column '{more}' that what was written before it has "
            "not. Name the columns by a translator.",
        )
