"""Fetcher: the one way to read and write addresses that users give.

Our own addresses are served in-process, with the same check of key or signature as over HTTP; all others go out under
the egress policy.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from urllib.parse import unquote, urlsplit

from restudio.blobs.fetch_errors import FetchError, storage_refused
from restudio.blobs.outgoing import IsCancelled, Outgoing, never
from restudio.blobs.reference import Address, BlobReference
from restudio.blobs.sas import Asked, ensure_sas, parse_sas
from restudio.blobs.service import BlobService
from restudio.blobs.types import BlobHeaders, BlobPath, Conditions
from restudio.core.errors import RestudioError
from restudio.seams.clock import Clock
from restudio.seams.context import Resource

_UNSAFE = re.compile(r"[^\w.() -]+")


class Fetcher:
    """Thread-safe. Raises :class:`FetchError` for what cannot be reached, and the errors of :class:`BlobReference`."""

    def __init__(self, blobs: BlobService, outgoing: Outgoing, clock: Clock) -> None:
        self._blobs = blobs
        self._outgoing = outgoing
        self._clock = clock

    def fetch(self, source: str | BlobReference, folder: Path, is_cancelled: IsCancelled = never) -> Resource:
        """Copy what the source names into a new file in ``folder``; ``Cancelled`` soon after that is asked for."""
        reference = _reference(source)
        address = reference.address()
        name = _file_name(address.url)
        target = folder / name
        own = self._own(address)
        if own is not None:
            return Resource(target, name, self._read_own(own, address, reference.shown, target))
        return Resource(target, name, self._outgoing.download(address, reference.shown, target, is_cancelled))

    def deliver(
        self,
        target: str | BlobReference,
        source: Path,
        *,
        content_type: str = "application/octet-stream",
        overwrite: bool = True,
        is_cancelled: IsCancelled = never,
        metadata: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Write a local file to an address; what is there is replaced in one step, or refused without ``overwrite``.

        ``Cancelled`` soon after that is asked for, and then what was there stays.
        """
        reference = _reference(target)
        address = reference.address()
        own = self._own(address)
        if own is None:
            self._outgoing.upload(
                address,
                reference.shown,
                source,
                content_type,
                overwrite=overwrite,
                is_cancelled=is_cancelled,
                metadata=metadata,
            )
            return
        conditions = Conditions() if overwrite else Conditions(if_none_match="*")
        try:
            granted = self._granted(own, address, "cw")
            if "w" not in granted:
                conditions = Conditions(if_none_match="*")
            self._blobs.put_blob(own, source, BlobHeaders(content_type), metadata, conditions)
        except RestudioError as error:
            raise _refused(error, reference.shown) from error

    def locate(self, reference: BlobReference) -> BlobPath | None:
        """The blob of our own service that a reference names, if it names one."""
        return self._own(reference.address())

    def enter(self, reference: BlobReference, letters: str) -> BlobPath | None:
        """As :meth:`locate`, once the reference's key or signature grants one of the permissions. A reference without
        a blob name is one to the container."""
        address = reference.address()
        own = self._own(address)
        if own is not None:
            try:
                self._granted(own, address, letters)
            except RestudioError as error:
                raise _refused(error, reference.shown) from error
        return own

    def _own(self, address: Address) -> BlobPath | None:
        accounts = self._blobs.accounts
        found = accounts.locate(address.url)
        if found is not None or not address.is_derived or address.key is None or address.account is None:
            return found
        # Old clients build the connection string from account name and key alone. Only our account has our key.
        if not accounts.has_key(address.account, address.key):
            return None
        container, _, name = unquote(urlsplit(address.url).path).lstrip("/").partition("/")
        return BlobPath(address.account, container, name)

    def _granted(self, path: BlobPath, address: Address, letters: str) -> str:
        accounts = self._blobs.accounts
        if address.key is not None:
            if address.account == path.account and accounts.has_key(path.account, address.key):
                return letters
            raise storage_refused(path.relative, 403, "AuthenticationFailed", "the account key is wrong.")
        fields = parse_sas(address.sas)
        if "sig" not in fields:
            raise storage_refused(path.relative, 401, "NoAuthenticationInformation", "a signature (SAS) is needed.")
        now = self._clock.now().timestamp()
        asked = Asked(path.account, path.container, path.name or None, letters, now, is_https=True)
        return ensure_sas(accounts.key(path.account), fields, asked)

    def _read_own(self, path: BlobPath, address: Address, shown: str, target: Path) -> str:
        try:
            self._granted(path, address, "r")
            content = self._blobs.open(path)
        except RestudioError as error:
            raise _refused(error, shown) from error
        with target.open("xb") as file:
            for chunk in self._blobs.read(content):
                file.write(chunk)
        return content.blob.headers.content_type


_STATUS = {"BlobNotFound": 404, "ContainerNotFound": 404, "BlobAlreadyExists": 409, "ConditionNotMet": 412}


def _refused(error: RestudioError, shown: str) -> FetchError:
    if isinstance(error, FetchError):
        return error
    return storage_refused(shown, _STATUS.get(error.detail, 403), error.detail, error.message)


def _reference(source: str | BlobReference) -> BlobReference:
    return BlobReference.from_url(source) if isinstance(source, str) else source


def _file_name(url: str) -> str:
    last = unquote(urlsplit(url).path).rpartition("/")[2]
    cleaned = _UNSAFE.sub("_", last).strip(". ") or "file"
    return cleaned[-120:]
