"""Objects in memory, in files, and in any store that obstore reaches (Azure Blob, S3, memory)."""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
import time
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import unquote

from restudio.seams.objects import ObjectInfo
from restudio.storage.keys import check_key

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_CHUNK = 4 << 20
_ASIDE_S = 10.0
"""A file aside that is older and not locked was left by a writer that died."""
_PIECE = 60
"""Characters of a file name: 240 bytes at four bytes each."""
_MARKS = str.maketrans({"%": "%25", "@": "%40", "+": "%2B"})


class MemoryObjects:
    """For tests: gone with the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[bytes, float]] = {}

    def put(self, key: str, data: bytes | Iterable[bytes] | Path, *, move: bool = False) -> ObjectInfo:
        check_key(key)
        content = b"".join(_chunks(data))
        with self._lock:
            self._kept[key] = (content, time.time())
        return self.info(key)

    def get(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        check_key(key)
        with self._lock:
            content = self._kept[key][0]
        return content[start : None if length is None else start + length]

    def stream(self, key: str, chunk: int = _CHUNK) -> Iterator[bytes]:
        content = self.get(key)
        for start in range(0, len(content), chunk):
            yield content[start : start + chunk]

    def info(self, key: str) -> ObjectInfo:
        check_key(key)
        with self._lock:
            content, modified = self._kept[key]
        return ObjectInfo(key, len(content), modified)

    def delete(self, key: str) -> None:
        check_key(key)
        with self._lock:
            self._kept.pop(key, None)

    def iter_keys(self, prefix: str = "") -> Iterator[ObjectInfo]:
        with self._lock:
            found = sorted((k, len(c), t) for k, (c, t) in self._kept.items() if k.startswith(prefix))
        for key, size, modified in found:
            yield ObjectInfo(key, size, modified)

    def local(self, key: str) -> Path | None:
        check_key(key)
        return None


class FileObjects:
    """One file per object below ``root``, written aside, flushed to disk and renamed into place.

    The file of key ``a/b`` is ``a/b@``: no folder's name ends in ``@``, so the keys ``a`` and ``a/b`` live side by
    side. Long segments are cut into nested folders, because file systems stop at 255 bytes.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._aside = root / "@incoming"
        self._aside.mkdir(parents=True, exist_ok=True)
        self._sweep()

    def put(self, key: str, data: bytes | Iterable[bytes] | Path, *, move: bool = False) -> ObjectInfo:
        target = self._path(key)
        aside = self._aside / uuid.uuid4().hex
        moved = move and isinstance(data, Path) and _moved(data, aside)
        try:
            with aside.open("rb+" if moved else "xb") as file:
                fcntl.flock(file, fcntl.LOCK_SH)  # until it is in place: the writer lives
                for chunk in () if moved else _chunks(data):
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
                status = aside.stat()
                self._move_into_place(aside, target)
        finally:
            aside.unlink(missing_ok=True)
        return ObjectInfo(key, status.st_size, status.st_mtime)

    def get(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        with self._open(key) as file:
            file.seek(start)
            return file.read(-1 if length is None else length)

    def stream(self, key: str, chunk: int = _CHUNK) -> Iterator[bytes]:
        with self._open(key) as file:
            while data := file.read(chunk):
                yield data

    def info(self, key: str) -> ObjectInfo:
        try:
            status = self._path(key).stat()
        except FileNotFoundError:
            raise KeyError(key) from None
        return ObjectInfo(key, status.st_size, status.st_mtime)

    def delete(self, key: str) -> None:
        path = self._path(key)
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
            _sync_folder(path.parent)
        self._remove_empty(path.parent)

    def iter_keys(self, prefix: str = "") -> Iterator[ObjectInfo]:
        folder = self._folder(prefix.rpartition("/")[0])
        keys = (self._key(path) for path in folder.rglob("*@"))
        for key in sorted(k for k in keys if k.startswith(prefix)):
            with contextlib.suppress(KeyError):  # deleted meanwhile
                yield self.info(key)

    def local(self, key: str) -> Path | None:
        path = self._path(key)
        return path if path.exists() else None

    def _path(self, key: str) -> Path:
        check_key(key)
        folders, _, name = "/".join(_cut(s) for s in key.split("/")).rpartition("/")
        return self._root / folders / f"{name}@"

    def _folder(self, key: str) -> Path:
        if not key:
            return self._root
        return self._path(key).with_name(self._path(key).name[:-1])

    def _key(self, path: Path) -> str:
        return unquote(path.relative_to(self._root).as_posix()[:-1].replace("+/", ""))

    def _open(self, key: str) -> BinaryIO:
        try:
            return self._path(key).open("rb")
        except FileNotFoundError:
            raise KeyError(key) from None

    def _move_into_place(self, aside: Path, target: Path) -> None:
        while True:
            _make_folders(target.parent)
            try:
                aside.replace(target)
            except FileNotFoundError:
                continue  # a concurrent delete removed the empty folder
            break
        _sync_folder(target.parent)

    def _remove_empty(self, folder: Path) -> None:
        while folder != self._root:
            try:
                folder.rmdir()
            except OSError:
                return
            folder = folder.parent

    def _sweep(self) -> None:
        """Remove what killed writers left behind."""
        limit = time.time() - _ASIDE_S
        for left in self._aside.iterdir():
            with contextlib.suppress(FileNotFoundError, BlockingIOError), left.open("rb") as file:
                if left.stat().st_mtime < limit:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    left.unlink()


class StoreObjects:
    """Objects in an obstore store. Durable and atomic as far as the store is; Azure Blob and S3 are."""

    def __init__(self, store: ObjectStore) -> None:
        import obstore

        self._api = obstore
        self._store = store

    def put(self, key: str, data: bytes | Iterable[bytes] | Path, *, move: bool = False) -> ObjectInfo:
        check_key(key)
        self._api.put(self._store, key, data)
        return self.info(key)

    def get(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        if start == 0 and length is None:
            check_key(key)
            with _missing_is_key_error(key):
                return self._api.get(self._store, key).bytes().to_bytes()
        size = self.info(key).size
        end = size if length is None else min(size, start + length)
        if start >= end:
            return b""  # stores refuse an empty range
        with _missing_is_key_error(key):
            return self._api.get_range(self._store, key, start=start, end=end).to_bytes()

    def stream(self, key: str, chunk: int = _CHUNK) -> Iterator[bytes]:
        check_key(key)
        with _missing_is_key_error(key):
            found = self._api.get(self._store, key)
        for data in found.stream(min_chunk_size=chunk):
            if len(data):
                yield bytes(data)

    def info(self, key: str) -> ObjectInfo:
        check_key(key)
        with _missing_is_key_error(key):
            meta = self._api.head(self._store, key)
        return ObjectInfo(key, meta["size"], meta["last_modified"].timestamp())

    def delete(self, key: str) -> None:
        check_key(key)
        with contextlib.suppress(FileNotFoundError):
            self._api.delete(self._store, key)

    def iter_keys(self, prefix: str = "") -> Iterator[ObjectInfo]:
        # A store's own prefix means whole segments; the rest of ours is filtered here.
        folder = prefix.rpartition("/")[0]
        pages = self._api.list(self._store, prefix=folder or None)
        found = (ObjectInfo(m["path"], m["size"], m["last_modified"].timestamp()) for page in pages for m in page)
        yield from sorted((i for i in found if i.key.startswith(prefix)), key=lambda i: i.key)

    def local(self, key: str) -> Path | None:
        check_key(key)
        return None


def _chunks(data: bytes | Iterable[bytes] | Path) -> Iterator[bytes]:
    if isinstance(data, bytes):
        yield data
    elif isinstance(data, Path):
        with data.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk
    else:
        yield from data


def _moved(source: Path, target: Path) -> bool:
    """Rename a file; whether that was possible."""
    try:
        source.rename(target)
    except OSError:  # another file system
        return False
    return True


def _cut(segment: str) -> str:
    """The path of one key segment: our own marks escaped, long names nested."""
    name = segment.translate(_MARKS)
    if len(name) <= _PIECE:
        return name
    name = name.replace(".", "%2E")  # no piece may be ".."
    return "+/".join(name[i : i + _PIECE] for i in range(0, len(name), _PIECE))


def _make_folders(folder: Path) -> None:
    """Create missing folders so that they outlive a crash."""
    if folder.exists():
        return
    _make_folders(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def _missing_is_key_error(key: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise KeyError(key) from None


if TYPE_CHECKING:
    from obstore.store import MemoryStore

    from restudio.seams.objects import Objects

    _memory: Objects = MemoryObjects()
    _files: Objects = FileObjects(Path())
    _store: Objects = StoreObjects(MemoryStore())
