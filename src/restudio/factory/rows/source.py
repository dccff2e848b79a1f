"""Sources: what a copy or a lookup reads (Data Factory reference, 6.1.1)."""

from __future__ import annotations

import io
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from restudio.blobs.exchange import Request
from restudio.factory.activity import ActivityContext
from restudio.factory.dataset import Data, FileData, HttpData, RestData, TableData
from restudio.factory.errors import ActivityFailed
from restudio.factory.files.file_store import FILES_FAILED
from restudio.factory.formats.compression import ChunkStream, unpacked
from restudio.factory.formats.format import Format
from restudio.factory.http_call import authorized, request_of
from restudio.factory.properties import Json, Properties
from restudio.factory.rows.file_selection import Selected, select_files
from restudio.factory.rows.record import BadRecord, Column, Record, Records
from restudio.factory.rows.rest_source import rest_records
from restudio.factory.rows.sql_source import sql_records

_PACKED_ENDINGS = {"gzip": ".gz", "bzip2": ".bz2", "deflate": ".deflate", "zipdeflate": ".zip", "tar": ".tar"}
MAX_HTTP_BYTES = 10 << 30


@dataclass(slots=True)
class Tally:
    """What was read so far."""

    bytes: int = 0
    paths: list[str] = field(default_factory=list)
    """Files, as their store knows them."""


@dataclass(frozen=True, slots=True)
class Part:
    """One file, one query: ``stream`` for files, ``records`` for what has none."""

    relative: str
    stream: BinaryIO | None = None
    records: Records | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A source with its data. ``parts`` come one after another; each is used up before the next."""

    ctx: ActivityContext
    settings: Properties
    data: Data
    tally: Tally = field(default_factory=Tally)

    @property
    def form(self) -> Format | None:
        return self.data.form if isinstance(self.data, (FileData, HttpData)) else None

    @property
    def is_files(self) -> bool:
        return isinstance(self.data, (FileData, HttpData))

    @property
    def store_settings(self) -> Properties:
        """``storeSettings``; a legacy source has its settings in itself."""
        return self.settings.object("storeSettings") or self.settings

    def selected(self) -> list[Selected]:
        """The files that are meant."""
        if not isinstance(self.data, FileData):
            return []
        return select_files(self.data, self.store_settings, self.ctx.is_cancelled)

    def parts(self) -> Generator[Part]:
        """Files unpacked; a table or a query as one part."""
        data = self.data
        if isinstance(data, FileData):
            for each in self.selected():
                self.tally.paths.append(each.file.path)
                chunks = data.store.read(each.file.path, self.ctx.is_cancelled)
                yield from self._unpacked(self._counted(chunks), data.codec, each.relative)
        elif isinstance(data, HttpData):
            with self._downloaded(data) as chunks:
                self.tally.paths.append(data.relative)
                name = data.relative.partition("?")[0].rstrip("/").rpartition("/")[2] or "data"
                yield from self._unpacked(self._counted(chunks), data.codec, name)
        elif isinstance(data, TableData):
            with sql_records(self.ctx, data, self.settings) as records:
                yield Part("", records=records)
        else:
            yield Part("", records=self._rest(data))

    def records(self) -> Generator[tuple[str, Records]]:
        """Path and records of every part, additional columns in place."""
        for part in self.parts():
            found = part.records
            if found is None:
                found = self._read(part)
            yield part.relative, add_columns(found, self.settings.list("additionalColumns"), part.relative)

    def _read(self, part: Part) -> Records:
        if self.form is None or part.stream is None:
            raise ActivityFailed(
                "2104", f"The dataset '{self.data.dataset.name}' is binary; its content cannot be read as rows."
            )
        return self.form.read(part.stream, part.relative, self.ctx.scratch, self.settings.object("formatSettings"))

    def _unpacked(self, chunks: Iterator[bytes], codec: str, relative: str) -> Iterator[Part]:
        if not codec:
            yield Part(relative, io.BufferedReader(ChunkStream(chunks), 1 << 20))
            return
        for entry in unpacked(chunks, codec, relative, self.ctx.scratch):
            bare = _bare(relative, codec)
            yield Part(f"{bare}/{entry.name}" if entry.name else bare, entry.stream)

    def _counted(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self.tally.bytes += len(chunk)
            yield chunk

    @contextmanager
    def _downloaded(self, data: HttpData) -> Iterator[Iterator[bytes]]:
        settings = self.store_settings
        given = Properties({**dict(data.request), **{k: v for k, v in settings.items() if v is not None}})
        request = request_of(authorized(self.ctx, data.place), data.place.address(data.relative), given)
        request = Request(
            request.method, request.url, request.headers, request.body, request.seconds, MAX_HTTP_BYTES, request.verify
        )
        with self.ctx.platform.outgoing.stream(request, self.ctx.is_cancelled) as answer:
            if answer.status >= 300:
                shown = request.url.partition("?")[0]
                raise ActivityFailed(
                    FILES_FAILED, f"ErrorCode=UserErrorHttpStatus: '{shown}' answered with status {answer.status}."
                )
            yield answer.chunks

    def _rest(self, data: RestData) -> Records:
        return rest_records(self.ctx, data, self.settings)


def _bare(relative: str, codec: str) -> str:
    """A packed file's name without the ending of its codec."""
    if codec == "targzip":
        return relative.removesuffix(".tgz").removesuffix(".tar.gz")
    return relative.removesuffix(_PACKED_ENDINGS[codec])


def packed_ending(codec: str) -> str:
    return ".tar.gz" if codec == "targzip" else _PACKED_ENDINGS.get(codec, "")


def add_columns(records: Records, added: list[Json], path: str) -> Records:
    """``additionalColumns``: a text, ``$$FILEPATH``, or ``$$COLUMN:name`` for another column's values."""
    if not added:
        return records
    makers: list[tuple[str, Callable[[Record], Any]]] = []
    for each in added:
        if not isinstance(each, Mapping) or not Properties(each).get("name"):
            raise ActivityFailed.missing("additionalColumns.name")
        p = Properties(each)
        makers.append((str(p["name"]), _maker(p.get("value"), path)))
    columns = (*records.columns, *(Column(name) for name, _ in makers)) if records.columns else ()

    def batches() -> Iterator[list[Record | BadRecord]]:
        for batch in records.batches:
            for row in batch:
                if not isinstance(row, BadRecord):
                    row |= {name: make(row) for name, make in makers}
            yield batch

    return Records(columns, batches())


def _maker(value: Json, path: str) -> Callable[[Record], Any]:
    if value == "$$FILEPATH":
        return lambda row: path
    if isinstance(value, str) and value.startswith("$$COLUMN:"):
        name = value.removeprefix("$$COLUMN:")
        return lambda row: row.get(name)
    return lambda row: value
