"""Files in folders of this machine that the operator opened for pipelines."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from restudio.blobs.outgoing import IsCancelled
from restudio.factory.errors import ActivityFailed
from restudio.factory.files.file_store import FILES_FAILED, FileInfo, FolderInfo
from restudio.seams.engine import Cancelled

_CHUNK = 1 << 20


def ensure_open(path: Path, folders: Sequence[Path]) -> Path:
    """The real path, when it lies in one of the folders that the operator opened (symbolic links followed)."""
    real = Path(os.path.realpath(path))
    if any(real.is_relative_to(os.path.realpath(folder)) for folder in folders):
        return real
    raise ActivityFailed(
        FILES_FAILED,
        f"ErrorCode=UserErrorFileNotAllowed: '{path}' lies in no folder that pipelines may use. An operator can open "
        "folders by the setting 'pipeline_folders'.",
    )


class FolderFiles:
    """Thread-safe. Nothing outside ``root`` is reached: not by ``..``, not by a symbolic link."""

    def __init__(self, root: Path, folders: Sequence[Path]) -> None:
        self._root = ensure_open(root, folders)

    def find_file(self, path: str) -> FileInfo | None:
        with _told(path):
            found = self._at(path)
            return self._info(found) if found.is_file() else None

    def find_folder(self, path: str) -> FolderInfo | None:
        with _told(path):
            found = self._at(path)
            if not found.is_dir():
                return None
            stat = found.stat()
            return FolderInfo(path.strip("/"), _time(stat.st_mtime), _time(stat.st_ctime))

    def iter_files(self, folder: str, *, recursive: bool, prefix: str = "") -> Iterator[FileInfo]:
        with _told(folder):
            base = self._at(folder)
            if not base.is_dir():
                return
            for path in sorted(base.rglob("*") if recursive else base.iterdir()):
                inside = path.relative_to(base).as_posix().startswith(prefix)
                # A link that leads out is no file of this folder.
                if inside and path.is_file() and Path(os.path.realpath(path)).is_relative_to(self._root):
                    yield self._info(path)

    def iter_folders(self, folder: str) -> Iterator[str]:
        with _told(folder):
            base = self._at(folder)
            if base.is_dir():
                yield from sorted(path.name for path in base.iterdir() if path.is_dir())

    def read(self, path: str, is_cancelled: IsCancelled) -> Iterator[bytes]:
        with _told(path), self._at(path).open("rb") as file:
            while chunk := file.read(_CHUNK):
                if is_cancelled():
                    raise Cancelled
                yield chunk

    def write(self, path: str, source: Path, is_cancelled: IsCancelled, metadata: Mapping[str, str]) -> None:
        with _told(path):
            target = self._at(path)
            target.parent.mkdir(parents=True, exist_ok=True)
            descriptor, aside = tempfile.mkstemp(dir=target.parent, prefix=".restudio-")
            try:
                with os.fdopen(descriptor, "wb") as file, source.open("rb") as content:
                    shutil.copyfileobj(content, file, _CHUNK)
                    file.flush()
                    os.fsync(file.fileno())
                Path(aside).replace(target)
            except BaseException:
                Path(aside).unlink(missing_ok=True)
                raise

    def delete(self, path: str) -> None:
        with _told(path):
            self._at(path).unlink(missing_ok=True)

    def delete_folder(self, path: str) -> None:
        with _told(path):
            found = self._at(path)
            if found != self._root and found.is_dir() and not any(found.iterdir()):
                found.rmdir()

    def _at(self, path: str) -> Path:
        return ensure_open(self._root / path.strip("/"), [self._root])

    def _info(self, path: Path) -> FileInfo:
        stat = path.stat()
        relative = path.relative_to(self._root).as_posix()
        return FileInfo(relative, stat.st_size, _time(stat.st_mtime), _time(stat.st_ctime))


def _time(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


@contextmanager
def _told(path: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as cause:
        code = "UserErrorFileNotFound" if isinstance(cause, FileNotFoundError) else "UserErrorFileSystem"
        why = cause.strerror if isinstance(cause, OSError) and cause.strerror else str(cause)
        raise ActivityFailed(FILES_FAILED, f"ErrorCode={code}: '{path}': {why}.") from cause


if TYPE_CHECKING:
    from restudio.factory.files.file_store import FileStore

    def _fits(store: FolderFiles) -> FileStore:
        return store
