"""The way out for modules: user-given addresses through the one fetcher."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from restudio.blobs.fetch import Fetcher
from restudio.blobs.fetch_errors import as_module_error
from restudio.blobs.reference import BlobReference
from restudio.core.errors import RestudioError
from restudio.seams.context import Resource


class FetchedOutside:
    """Thread-safe. A credential is a storage connection string; the address is then ``container/blob``.

    What fails is a ``ModuleError`` with the number of the catalog.
    """

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher

    def fetch(self, url: str, *, credential: str | None, folder: Path) -> Resource:
        with _told_to_modules():
            return self._fetcher.fetch(_reference(url, credential), folder)

    def deliver(self, url: str, source: Path, *, credential: str | None, overwrite: bool) -> None:
        with _told_to_modules():
            self._fetcher.deliver(_reference(url, credential), source, overwrite=overwrite)


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
