"""The way out for modules: user-given addresses through the one fetcher, databases at checked addresses only."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from restudio.blobs.exchange import Request
from restudio.blobs.fetch import Fetcher
from restudio.blobs.fetch_errors import FetchError, HostNotFound, as_module_error
from restudio.blobs.outgoing import Outgoing
from restudio.blobs.reference import BlobReference
from restudio.core.errors import ModuleError, RestudioError
from restudio.designer.stores.service import DataStores
from restudio.graph.data_path import parse_data_path
from restudio.seams.context import HttpAnswer, HttpRequest, Resource

_EXCHANGE_S = 300.0
_EXCHANGE_BYTES = 1 << 30


class FetchedOutside:
    """Thread-safe. A credential is a storage connection string; the address is then ``container/blob``.

    ``folders`` are those of this machine that the operator opened. What fails is a ``ModuleError`` with the number of
    the catalog.
    """

    def __init__(
        self, fetcher: Fetcher, outgoing: Outgoing, folders: Sequence[Path] = (), stores: DataStores | None = None
    ) -> None:
        self._stores = stores
        self._fetcher = fetcher
        self._outgoing = outgoing
        self._folders = tuple(folders)

    def fetch(self, url: str, *, credential: str | None, folder: Path) -> Resource:
        with _told_to_modules():
            return self._fetcher.fetch(_reference(url, credential), folder)

    def deliver(self, url: str, source: Path, *, credential: str | None, overwrite: bool, scope: str) -> None:
        path = parse_data_path(url)
        if path is not None and self._stores is not None:
            try:
                self._stores.write(scope, path, source)
            except RestudioError as error:
                raise ModuleError("0066", error.message) from error
            return
        with _told_to_modules():
            self._fetcher.deliver(_reference(url, credential), source, overwrite=overwrite)

    def exchange(self, request: HttpRequest, *, folder: Path) -> HttpAnswer:
        asked = Request(
            request.method, request.url, request.headers, request.body or None, _EXCHANGE_S, _EXCHANGE_BYTES
        )
        with _told_to_modules(), self._outgoing.stream(asked) as answer:
            descriptor, path = tempfile.mkstemp(dir=folder, prefix="answer-")
            with os.fdopen(descriptor, "wb") as file:
                for chunk in answer.chunks:
                    file.write(chunk)
            headers = {name.casefold(): value for name, value in answer.headers.items()}
            return HttpAnswer(answer.status, headers, Path(path))

    def resolve(self, host: str, port: int) -> str:
        try:
            return self._outgoing.resolve(host, port)
        except FetchError as error:
            number = "0154" if isinstance(error, HostNotFound) else error.module_number
            raise ModuleError(number, error.message) from error

    def open_file(self, path: Path) -> Path:
        real = Path(os.path.realpath(path))
        if any(real.is_relative_to(os.path.realpath(folder)) for folder in self._folders):
            return real
        raise ModuleError(
            "0048",
            f"'{path}' lies in no folder that modules may use. An operator can open folders by the setting "
            "'pipeline_folders'.",
        )


@contextmanager
def _told_to_modules() -> Iterator[None]:
    try:
        yield
    except RestudioError as error:
        raise as_module_error(error) from error


def _reference(url: str, credential: str | None) -> BlobReference:
    if credential is None:
        return BlobReference.from_url(url)
    reference = BlobReference(connection_string=credential, relative_location=url)
    reference.check("the address")
    return reference
