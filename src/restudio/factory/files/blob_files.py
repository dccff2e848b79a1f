"""Blobs of an account."""

from __future__ import annotations

from restudio.factory.files.blob_account import BlobAccount
from restudio.factory.platform import Platform


class BlobFiles:
    """Thread-safe. Paths are ``container/name``."""

    def __init__(self, account: BlobAccount, platform: Platform) -> None:
        self.account = account
        self._platform = platform
