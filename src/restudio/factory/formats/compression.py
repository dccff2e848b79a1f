"""Codecs around a file: gzip, bzip2, deflate, and archives (Data Factory reference, 5.2)."""

from __future__ import annotations

import bz2
import gzip
import io
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, cast

from restudio.factory.errors import ActivityFailed
from restudio.factory.files.file_store import FILES_FAILED

_CHUNK = 1 << 20
MAX_BYTES = 100 << 30
"""Of one file after it was unpacked; more is an attack or a mistake."""
MAX_ENTRIES = 100_000
CODECS = ("gzip", "bzip2", "deflate", "zipdeflate", "tar", "targzip")
_UNPACK_FAILED = "ErrorCode=UserErrorInvalidCompressedFile: "


class ChunkStream(io.RawIOBase):
    """Pieces of bytes as a file to read; counts what passed."""

    def __init__(self, chunks: Iterator[bytes], limit: int | None = None) -> None:
        self._chunks = chunks
        self._rest = memoryview(b"")
        self._limit = limit
        self.size = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        while not self._rest:
            piece = next(self._chunks, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        target = memoryview(buffer)  # type: ignore[arg-type]  # a buffer, as RawIOBase has it
        count = min(len(target), len(self._rest))
        target[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        self.size += count
        if self._limit is not None and self.size > self._limit:
            raise ActivityFailed(FILES_FAILED, f"{_UNPACK_FAILED}it unpacks to more than {self._limit} bytes.")
        return count


@dataclass(frozen=True, slots=True)
class Entry:
    """A file inside a file: ``name`` is "" when the codec keeps none."""

    name: str
    stream: BinaryIO


def codec_of(name: object, place: str) -> str:
    """The codec in lower case, "" for none; 2104 for what cannot be read here."""
    folded = str(name or "none").casefold()
    if folded in ("none", ""):
        return ""
    if folded not in CODECS:
        raise ActivityFailed(
            "2104",
            f"The codec '{name}' of {place} is not offered; expected one of gzip, bzip2, deflate, ZipDeflate, "
            "Tar, TarGzip.",
        )
    return folded


def unpacked(chunks: Iterator[bytes], codec: str, path: str, scratch: Path) -> Iterator[Entry]:
    """The files in a packed file, each to be read before the next. Names lead nowhere outside."""
    source = io.BufferedReader(ChunkStream(chunks), _CHUNK)
    with _told(codec, path):
        if codec == "zipdeflate":
            entries = _unzipped(source, path, scratch)
        elif codec in ("tar", "targzip"):
            entries = _untarred(source, codec, path)
        else:
            entries = iter((("", _OPENERS[codec](source)),))
        for name, stream in entries:
            yield Entry(name, _bounded(stream, codec, path))


def _bounded(stream: IO[bytes], codec: str, path: str) -> BinaryIO:
    """A stream that tells damage in our words, and ends at the limit."""

    def pieces() -> Iterator[bytes]:
        with _told(codec, path):
            while piece := stream.read(_CHUNK):
                yield piece

    return io.BufferedReader(ChunkStream(pieces(), MAX_BYTES), _CHUNK)


@contextmanager
def _told(codec: str, path: str) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, OSError) as cause:
        raise ActivityFailed(FILES_FAILED, f"{_UNPACK_FAILED}'{path}' is no good {codec} file: {cause}.") from cause


def _inflated(source: BinaryIO) -> IO[bytes]:
    """Deflate as either dialect: bare, or with the header of zlib."""
    head = source.peek(2)[:2] if isinstance(source, io.BufferedReader) else b""
    has_header = len(head) == 2 and head[0] & 15 == 8 and int.from_bytes(head, "big") % 31 == 0

    def pieces() -> Iterator[bytes]:
        inflater = zlib.decompressobj(zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS)
        while piece := source.read(_CHUNK):
            data = inflater.decompress(piece, _CHUNK)
            while data:
                yield data
                data = inflater.decompress(inflater.unconsumed_tail, _CHUNK)
        yield inflater.flush()
        if not inflater.eof:
            raise EOFError("it ends too early")

    return io.BufferedReader(ChunkStream(pieces()), _CHUNK)


_OPENERS: dict[str, Callable[[BinaryIO], IO[bytes]]] = {
    "": lambda source: source,
    "gzip": lambda source: cast("IO[bytes]", gzip.GzipFile(fileobj=source)),
    "bzip2": bz2.BZ2File,
    "deflate": _inflated,
}


def _unzipped(source: BinaryIO, path: str, scratch: Path) -> Iterator[tuple[str, IO[bytes]]]:
    local = scratch / "packed.zip"
    with local.open("wb") as file:
        shutil.copyfileobj(source, file, _CHUNK)
    try:
        with zipfile.ZipFile(local) as archive:
            entries = [info for info in archive.infolist() if not info.is_dir()]
            _ensure_few(len(entries), path)
            for info in entries:
                with archive.open(info) as stream:
                    yield safe_name(info.filename), stream
    finally:
        local.unlink(missing_ok=True)


def _untarred(source: BinaryIO, codec: str, path: str) -> Iterator[tuple[str, IO[bytes]]]:
    count = 0
    with tarfile.open(fileobj=source, mode="r|gz" if codec == "targzip" else "r|") as archive:
        for member in archive:
            stream = archive.extractfile(member) if member.isfile() else None
            if stream is not None:
                count += 1
                _ensure_few(count, path)
                yield safe_name(member.name), stream


def _ensure_few(count: int, path: str) -> None:
    if count > MAX_ENTRIES:
        raise ActivityFailed(FILES_FAILED, f"{_UNPACK_FAILED}'{path}' holds more than {MAX_ENTRIES} files.")


def safe_name(name: str) -> str:
    """A name in an archive as a path below a folder.

    >>> safe_name("../../etc/x"), safe_name("/a/./b.csv"), safe_name("..")
    ('etc/x', 'a/b.csv', 'file')
    """
    parts = [part for part in PurePosixPath(name.replace("\\", "/")).parts if part not in ("/", ".", "..")]
    return "/".join(parts) or "file"


@contextmanager
def packing(target: Path, codec: str, name: str, level: object) -> Iterator[IO[bytes]]:
    """A file to write that becomes ``target``, packed; ``name`` is that of the entry in an archive."""
    strength = 1 if str(level or "").casefold() == "fastest" else 6
    if codec == "gzip":
        with target.open("wb") as raw, gzip.GzipFile("", "wb", strength, raw, mtime=0) as packed:
            yield cast("IO[bytes]", packed)
    elif codec == "bzip2":
        with bz2.BZ2File(target, "wb") as packed_bz2:
            yield packed_bz2
    elif codec == "deflate":
        with target.open("wb") as raw:
            deflater = zlib.compressobj(strength, zlib.DEFLATED, -zlib.MAX_WBITS)
            with _Deflating(raw, deflater) as packed_raw:
                yield cast("IO[bytes]", packed_raw)
            raw.write(deflater.flush())
    elif codec == "zipdeflate":
        with (
            zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=strength) as archive,
            archive.open(name, "w", force_zip64=True) as zipped,
        ):
            yield zipped
    elif codec in ("tar", "targzip"):
        with _tarring(target, codec, name) as entry:
            yield entry
    else:
        with target.open("wb") as raw:
            yield raw


class _Deflating(io.RawIOBase):
    def __init__(self, raw: BinaryIO, deflater: zlib._Compress) -> None:
        self._raw = raw
        self._deflater = deflater

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        view = memoryview(data)  # type: ignore[arg-type]  # a buffer, as RawIOBase has it
        self._raw.write(self._deflater.compress(view))
        return len(view)


@contextmanager
def _tarring(target: Path, codec: str, name: str) -> Iterator[IO[bytes]]:
    """An archive needs the size of its entry first, so that is written aside."""
    aside = target.with_name(target.name + ".entry")
    with aside.open("wb") as entry:
        yield entry
    with tarfile.open(target, "w:gz" if codec == "targzip" else "w") as archive:
        archive.add(aside, arcname=name, recursive=False)
    aside.unlink()
