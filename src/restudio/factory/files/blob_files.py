"""Blobs of an account: of our own in-process, of others over HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from restudio.blobs.fetch_errors import FetchError
from restudio.blobs.outgoing import IsCancelled
from restudio.blobs.reference import Address
from restudio.blobs.types import Blob, BlobPath
from restudio.core.errors import RestudioError
from restudio.factory.errors import ActivityFailed
from restudio.factory.files.blob_account import BlobAccount
from restudio.factory.files.blob_listing import http_time, read_listing
from restudio.factory.files.file_store import FILES_FAILED, FileInfo, FolderInfo, join
from restudio.factory.platform import Platform

_LISTING_BYTES = 32 << 20


class BlobFiles:
    """Thread-safe. Paths are ``container/name``; folders are prefixes of names."""

    def __init__(self, account: BlobAccount, platform: Platform) -> None:
        self.account = account
        self._fetcher = platform.fetcher
        self._outgoing = platform.outgoing
        self._blobs = platform.blobs

    def find_file(self, path: str) -> FileInfo | None:
        if not path.partition("/")[2]:
            return None
        with _missing_is_none(), _told(path):
            own = self._own(path, "r")
            if own is not None:
                return _info(self._blobs.get_blob(own))
            with self._outgoing.ask_storage("HEAD", self._address(path), path) as answer:
                return FileInfo(
                    path,
                    int(answer.headers.get("content-length", "0")),
                    http_time(answer.headers.get("last-modified")),
                    http_time(answer.headers.get("x-ms-creation-time")),
                    answer.headers.get("content-md5", ""),
                )
        return None

    def find_folder(self, path: str) -> FolderInfo | None:
        container, _, name = path.strip("/").partition("/")
        if not container:
            return FolderInfo("")
        with _missing_is_none(), _told(path):
            if not name:
                return FolderInfo(container, self._container_modified(container))
            first = next(self._iter_page(container, f"{name}/", limit=1), None)
            return FolderInfo(path.strip("/")) if first is not None else None
        return None

    def iter_files(self, folder: str, *, recursive: bool, prefix: str = "") -> Iterator[FileInfo]:
        container, _, name = folder.strip("/").partition("/")
        with _missing_is_none(), _told(folder):
            start = f"{name}/" if name else ""
            for entry in self._iter_page(container, start + prefix, delimiter="" if recursive else "/"):
                if isinstance(entry, FileInfo):
                    yield entry

    def iter_folders(self, folder: str) -> Iterator[str]:
        container, _, name = folder.strip("/").partition("/")
        with _missing_is_none(), _told(folder):
            start = f"{name}/" if name else ""
            for entry in self._iter_page(container, start, delimiter="/"):
                if isinstance(entry, str):
                    yield entry.removeprefix(start).rstrip("/")

    def read(self, path: str, is_cancelled: IsCancelled) -> Iterator[bytes]:
        with _told(path):
            own = self._own(path, "r")
            if own is not None:
                yield from self._blobs.read(self._blobs.open(own))
                return
            with self._outgoing.ask_storage("GET", self._address(path), path, is_cancelled=is_cancelled) as answer:
                yield from answer.chunks

    def write(self, path: str, source: Path, is_cancelled: IsCancelled, metadata: Mapping[str, str]) -> None:
        with _told(path):
            reference = self.account.reference(path, escaped=True)
            self._fetcher.deliver(reference, source, is_cancelled=is_cancelled, metadata=metadata)

    def delete(self, path: str) -> None:
        with _missing_is_none(), _told(path):
            own = self._own(path, "d")
            if own is not None:
                self._blobs.delete_blob(own)
                return
            with self._outgoing.ask_storage("DELETE", self._address(path), path):
                return

    def delete_folder(self, path: str) -> None:
        """Nothing: a folder is gone with its last blob."""

    def _iter_page(
        self, container: str, prefix: str, delimiter: str = "", limit: int = 5000
    ) -> Iterator[FileInfo | str]:
        """Blobs and, with a delimiter, prefixes that end with it; page by page."""
        own = self._own(f"{container}/", "l")
        marker = ""
        while True:
            if own is not None:
                page = self._blobs.list_blobs(own.account, own.container, prefix, delimiter, marker, limit)
                yield from (_info(blob) for blob in page.blobs)
                yield from page.prefixes
                marker = page.next_marker
            else:
                entries, marker = self._list_outside(container, prefix, delimiter, marker, limit)
                yield from entries
            if not marker:
                return

    def _list_outside(
        self, container: str, prefix: str, delimiter: str, marker: str, limit: int
    ) -> tuple[list[FileInfo | str], str]:
        asked = {"prefix": prefix, "delimiter": delimiter, "marker": marker, "maxresults": str(limit)}
        given = {name: value for name, value in asked.items() if value}
        query = urlencode({"restype": "container", "comp": "list", **given}, quote_via=quote, safe="")
        with self._outgoing.ask_storage("GET", self._address(container), container, query) as answer:
            body = bytearray()
            for chunk in answer.chunks:
                body += chunk
                if len(body) > _LISTING_BYTES:
                    raise ActivityFailed(FILES_FAILED, f"The listing of '{container}' has too many bytes.")
        return read_listing(bytes(body), container)

    def _container_modified(self, container: str) -> datetime | None:
        own = self._own(f"{container}/", "rl")
        if own is not None:
            return datetime.fromtimestamp(self._blobs.get_container(own.account, own.container).modified, UTC)
        with self._outgoing.ask_storage("HEAD", self._address(container), container, "restype=container") as answer:
            return http_time(answer.headers.get("last-modified"))

    def _own(self, path: str, letters: str) -> BlobPath | None:
        return self._fetcher.enter(self.account.reference(path, escaped=True), letters)

    def _address(self, path: str) -> Address:
        return self.account.reference(path, escaped=True).address()


def _info(blob: Blob) -> FileInfo:
    return FileInfo(
        join(blob.path.container, blob.path.name),
        blob.size,
        blob.modified_at,
        datetime.fromtimestamp(blob.created, UTC),
        blob.headers.content_md5,
    )


class _Missing(ActivityFailed):
    """Storage says that the blob or its container is not there."""


@contextmanager
def _told(path: str) -> Iterator[None]:
    """Refusals of storage as failures of the activity."""
    try:
        yield
    except RestudioError as error:
        status = error.status if isinstance(error, FetchError) else 0
        missing = status == 404 or (error.detail in ("BlobNotFound", "ContainerNotFound") and status == 0)
        kind = _Missing if missing and not _is_unreachable(error) else ActivityFailed
        code = "UserErrorFileNotFound" if kind is _Missing else "UserErrorStorageFailure"
        raise kind(FILES_FAILED, f"ErrorCode={code}: '{path}': {error.message}") from error


def _is_unreachable(error: RestudioError) -> bool:
    """A FetchError without a status got no answer at all; its detail says nothing of the blob."""
    return isinstance(error, FetchError) and error.status == 0


@contextmanager
def _missing_is_none() -> Iterator[None]:
    try:
        yield
    except _Missing:
        return


if TYPE_CHECKING:
    from restudio.factory.files.file_store import FileStore

    def _fits(store: BlobFiles) -> FileStore:
        return store
