"""Opens the places of data that data stores name: our own blobs, Azure Blob, S3, folders, web addresses."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from restudio.blobs.connection_string import parse_connection_string
from restudio.blobs.fetch import Fetcher
from restudio.blobs.fetch_errors import FetchError, HostNotFound
from restudio.blobs.outgoing import Outgoing
from restudio.blobs.reference import BlobReference
from restudio.blobs.service import BlobService
from restudio.blobs.types import BlobPath
from restudio.core.errors import Kind, RestudioError
from restudio.designer.stores.types import Found, OnBytes, Place
from restudio.seams.objects import Objects
from restudio.storage.objects import StoreObjects

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_CHUNK = 4 << 20


class DataPlaces:
    """See :class:`restudio.designer.stores.types.Opener`. ``folders`` are those that may be read, with all below."""

    def __init__(self, blobs: BlobService, fetcher: Fetcher, outgoing: Outgoing, folders: Iterable[Path]) -> None:
        self._blobs = blobs
        self._fetcher = fetcher
        self._outgoing = outgoing
        self._folders = tuple(folder.resolve() for folder in folders)

    def __call__(self, workspace_id: str, kind: str, settings: Mapping[str, str]) -> Place:
        prefix = settings.get("prefix", "").strip("/")
        match kind:
            case "workspace":
                account = self._blobs.accounts.ensure_default(workspace_id)
                self._blobs.ensure_container(account, settings["container"])
                return _OwnBlobs(self._blobs, account, settings["container"], prefix)
            case "azure-blob":
                return self._azure(settings, prefix)
            case "s3":
                return self._s3(settings, prefix)
            case "folder":
                return _Stored(self._folder(settings["path"]), "")
            case _:
                return self._web(settings["url"].rstrip("/"), settings.get("query", ""))

    def _azure(self, settings: Mapping[str, str], prefix: str) -> Place:
        from obstore.store import AzureStore  # a cloud library: only where it is used

        found = parse_connection_string(settings["connection_string"])
        own = self._blobs.accounts.locate(f"{found.endpoint}/{settings['container']}/x")
        if own is not None and found.key is not None and self._blobs.accounts.has_key(own.account, found.key):
            return _OwnBlobs(self._blobs, own.account, settings["container"], prefix)
        self._ensure_allowed(found.endpoint)
        options: dict[str, object] = {"account_name": found.account, "endpoint": found.endpoint}
        if found.key is not None:
            options["account_key"] = base64.b64encode(found.key).decode()
        elif found.sas:
            options["sas_key"] = found.sas.lstrip("?")
        return _Stored(_connected(AzureStore, settings["container"], found.endpoint, options), prefix)

    def _s3(self, settings: Mapping[str, str], prefix: str) -> Place:
        from obstore.store import S3Store  # a cloud library: only where it is used

        endpoint = settings.get("endpoint", "")
        if endpoint:
            self._ensure_allowed(endpoint)
        options: dict[str, object] = {"region": settings.get("region") or "us-east-1"}
        if endpoint:
            options["endpoint"] = endpoint
        if settings.get("access_key_id"):
            options["access_key_id"] = settings["access_key_id"]
            options["secret_access_key"] = settings.get("secret_access_key", "")
        else:
            options["skip_signature"] = True
        return _Stored(_connected(S3Store, settings["bucket"], endpoint, options), prefix)

    def _folder(self, path: str) -> Objects:
        from obstore.store import LocalStore

        folder = Path(path).expanduser().resolve()
        if not any(folder.is_relative_to(allowed) for allowed in self._folders):
            text = (
                f"The folder '{path}' is not open to data stores. The operator allows folders by the setting "
                "'pipeline_folders'."
            )
            raise RestudioError(Kind.BAD_ARGUMENT, "FolderNotAllowed", text, target="path")
        if not folder.is_dir():
            text = f"There is no folder '{path}' on the server."
            raise RestudioError(Kind.BAD_ARGUMENT, "InvalidStoreSetting", text, target="path")
        return StoreObjects(LocalStore(folder))

    def _web(self, url: str, query: str) -> Place:
        if self._blobs.accounts.locate(f"{url}/x") is None:
            # A name that nobody knows yet may be known when it is read, and is judged again then.
            with contextlib.suppress(HostNotFound):
                self._ensure_allowed(url)
        return _Web(self._fetcher, url, query)

    def _ensure_allowed(self, url: str) -> None:
        """Outside addresses only, unless the operator allows more."""
        BlobReference.from_url(url).address()
        self._outgoing.ensure_reachable(url)


class _OwnBlobs:
    """A container of our own Blob service, in-process."""

    def __init__(self, blobs: BlobService, account: str, container: str, prefix: str) -> None:
        self._blobs = blobs
        self._account = account
        self._container = container
        self._root = f"{prefix}/" if prefix else ""

    def list(self, prefix: str) -> Iterator[Found]:
        marker = ""
        while True:
            page = self._blobs.list_blobs(self._account, self._container, self._root + prefix, marker=marker)
            for blob in page.blobs:
                yield Found(blob.path.name.removeprefix(self._root), blob.size, blob.etag, blob.modified)
            marker = page.next_marker
            if not marker:
                return

    def copy(self, path: str, target: Path, on_bytes: OnBytes) -> None:
        try:
            content = self._blobs.open(BlobPath(self._account, self._container, self._root + path))
        except RestudioError as error:
            raise KeyError(path) from error
        _write(self._blobs.read(content), target, on_bytes)

    def put(self, path: str, source: Path) -> None:
        self._blobs.put_blob(BlobPath(self._account, self._container, self._root + path), source)


class _Stored:
    """An object store below a prefix."""

    def __init__(self, objects: Objects, prefix: str) -> None:
        self._objects = objects
        self._root = f"{prefix}/" if prefix else ""

    def list(self, prefix: str) -> Iterator[Found]:
        with _told():
            for info in self._objects.iter_keys(self._root + prefix):
                yield Found(info.key.removeprefix(self._root), info.size, repr(info.modified), info.modified)

    def copy(self, path: str, target: Path, on_bytes: OnBytes) -> None:
        with _told():
            _write(self._objects.stream(self._root + path, _CHUNK), target, on_bytes)

    def put(self, path: str, source: Path) -> None:
        with _told():
            self._objects.put(self._root + path, source)


class _Web:
    """Files below a web address. Nobody lists them, so a path is taken to be there until it is read."""

    def __init__(self, fetcher: Fetcher, url: str, query: str) -> None:
        self._fetcher = fetcher
        self._url = url
        self._query = query.lstrip("?")

    def list(self, prefix: str) -> Iterator[Found]:
        yield Found(prefix, 0, "")

    def copy(self, path: str, target: Path, on_bytes: OnBytes) -> None:
        def is_cancelled() -> bool:
            on_bytes(0)  # raises what ends the copy
            return False

        url = f"{self._url}/{quote(path)}"
        folder = target.with_name(f"{target.name}.fetched")
        folder.mkdir()
        try:
            fetched = self._fetcher.fetch(f"{url}?{self._query}" if self._query else url, folder, is_cancelled)
        except FetchError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                raise KeyError(path) from error
            raise
        on_bytes(fetched.path.stat().st_size)
        fetched.path.replace(target)

    def put(self, path: str, source: Path) -> None:
        text = "A data store at a web address can only be read; write to a store of another kind."
        raise RestudioError(Kind.BAD_ARGUMENT, "DataStoreReadOnly", text)


def _write(chunks: Iterable[bytes], target: Path, on_bytes: OnBytes) -> None:
    with target.open("xb") as file:
        for chunk in chunks:
            file.write(chunk)
            on_bytes(len(chunk))


def _connected(kind: type, name: str, endpoint: str, options: Mapping[str, object]) -> Objects:
    """A store over HTTP that gives up soon: a caller waits."""
    store: ObjectStore = kind(
        name,
        client_options={"timeout": "60s", "connect_timeout": "5s", "allow_http": endpoint.startswith("http://")},
        retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=20)},
        **options,
    )
    return StoreObjects(store)


@contextmanager
def _told() -> Iterator[None]:
    """What a store refuses, without its own words: they may carry addresses with signatures."""
    from obstore.exceptions import BaseError

    try:
        yield
    except (FileNotFoundError, KeyError):
        raise
    except (BaseError, OSError, PermissionError) as error:
        text = (
            f"The data store could not be reached ({type(error).__name__}). Check its address, credentials and network."
        )
        raise RestudioError(Kind.BAD_ARGUMENT, "DataStoreUnreachable", text) from error
