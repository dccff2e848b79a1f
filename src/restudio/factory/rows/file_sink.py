"""Files as a sink: written aside, then put there in one step each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from restudio.factory.activity import ActivityContext
from restudio.factory.dataset import FileData
from restudio.factory.errors import ActivityFailed
from restudio.factory.files.file_store import join
from restudio.factory.formats.compression import packing
from restudio.factory.formats.format import Format, RecordWriter
from restudio.factory.properties import Properties
from restudio.factory.rows.file_names import Naming, numbered
from restudio.factory.rows.record import Column, Record
from restudio.factory.rows.source import packed_ending
from restudio.seams.engine import Cancelled

_CHUNK = 1 << 20
_METADATA_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


class FileSink:
    """For one copy. Nothing is seen in the sink before the file it belongs to is whole."""

    def __init__(self, ctx: ActivityContext, data: FileData, settings: Properties, source_form: Format | None) -> None:
        self._ctx = ctx
        self._data = data
        self._form_settings = settings.object("formatSettings")
        store = settings.object("storeSettings") or settings
        extension = _extension(data.form, self._form_settings)
        self.naming = Naming.of(
            store.get("copyBehavior"),
            data.name,
            extension,
            packed_ending(data.codec),
            re.sub(r"[^\w.-]", "-", f"Data.{ctx.operation_id[:64]}"),
            keeps_extension=type(data.form) is type(source_form),
        )
        self._metadata = _metadata(store)
        self.bytes = 0
        self.files = 0

    def copy(self, relative: str, parts: Iterator[BinaryIO]) -> None:
        """Bytes of one or several files as one."""
        local = self._local()
        with packing(local, self._data.codec, PurePosixPath(relative).name or "data", self._data.level) as target:
            for part in parts:
                while piece := part.read(_CHUNK):
                    if self._ctx.is_cancelled():
                        raise Cancelled
                    target.write(piece)
        self._deliver(local, self.naming.target(relative))

    def open(self, relative: str) -> TableFile:
        """A file, or several when the sink limits their rows, for the records of a source."""
        if self._data.form is None:
            raise ActivityFailed("2104", f"The dataset '{self._data.dataset.name}' is binary; rows need a format.")
        return TableFile(self, self._data.form, relative, self._form_settings)

    def _local(self) -> Path:
        return self._ctx.scratch / f"written-{self.files}"

    def _deliver(self, local: Path, name: str) -> None:
        self.bytes += local.stat().st_size
        self.files += 1
        self._data.store.write(join(self._data.folder, name), local, self._ctx.is_cancelled, self._metadata)
        local.unlink()


class TableFile:
    """Takes records; :meth:`close` completes and delivers."""

    def __init__(self, sink: FileSink, form: Format, relative: str, settings: Properties) -> None:
        self._sink = sink
        self._form = form
        self._relative = relative
        self._settings = settings
        self._most = int(settings.get("maxRowsPerFile") or 0)
        self._rows = 0
        self._index = 0
        self._open = ExitStack()
        self._writer: RecordWriter | None = None
        self._local: Path | None = None

    def write(self, records: Sequence[Record], columns: Sequence[Column]) -> None:
        """``columns`` decide the form of the file with the first records."""
        rest = list(records)
        while rest:
            room = self._most - self._rows if self._most else len(rest)
            if self._writer is not None and room == 0:
                self._finish()
                room = self._most
            if self._writer is None:
                self._begin(columns)
            assert self._writer is not None
            self._writer.write(rest[:room])
            self._rows += len(rest[:room])
            rest = rest[room:]

    def close(self, columns: Sequence[Column]) -> None:
        """A source without rows leaves a file without rows."""
        if self._writer is None and self._index == 0:
            self._begin(columns)
        if self._writer is not None:
            self._finish()

    def _begin(self, columns: Sequence[Column]) -> None:
        data = self._sink._data
        self._local = self._sink._local()
        name = PurePosixPath(self._name()).name
        inner = name.removesuffix(packed_ending(data.codec))
        file = self._open.enter_context(packing(self._local, data.codec, inner, data.level))
        self._writer = self._open.enter_context(self._form.open_writer(file, columns, self._settings))
        self._rows = 0

    def _finish(self) -> None:
        self._open.close()
        assert self._local is not None
        self._sink._deliver(self._local, self._name())
        self._writer = None
        self._index += 1

    def _name(self) -> str:
        naming = self._sink.naming
        if not self._most:
            return naming.target(self._relative)
        given = self._settings.get("fileNamePrefix")
        prefix = str(given) if given else str(PurePosixPath(naming.target(self._relative)).with_suffix(""))
        extension = _extension(self._form, self._settings) + packed_ending(self._sink._data.codec)
        return numbered(prefix, self._index, extension)


def _extension(form: Format | None, settings: Properties) -> str:
    given = settings.get("fileExtension")
    if isinstance(given, str) and given:
        return given if given.startswith(".") else f".{given}"
    return form.extension if form is not None else ""


def _metadata(store: Properties) -> dict[str, str]:
    """``metadata`` of blobs, from ``[{name, value}]``."""
    found = {}
    for each in store.list("metadata"):
        p = Properties(each if isinstance(each, Mapping) else {})
        name, value = str(p.get("name") or ""), str(p.get("value") or "")
        if not _METADATA_NAME.match(name) or not value.isascii() or not value.isprintable():
            raise ActivityFailed(
                "2104", f"'{name[:40]}' of 'metadata' is no name of metadata, or its value is no text."
            )
        found[name] = value
    return found
