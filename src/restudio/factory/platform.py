"""What activities may reach beyond their documents: storage, outside addresses, folders that the operator opened."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from restudio.blobs.fetch import Fetcher
from restudio.blobs.outgoing import Outgoing
from restudio.blobs.service import BlobService
from restudio.designer.service import DesignerService
from restudio.factory.callbacks import Callbacks
from restudio.identity.service import IdentityService
from restudio.seams.clock import Clock


@dataclass(frozen=True, slots=True)
class Platform:
    """Thread-safe parts, shared by all runs of a process. ``url`` is our own public base address.

    ``folders`` are the local folders that file-server linked services may use; none by default. Without ``callbacks``,
    ``designer`` and ``identity`` the activities that need them fail.
    """

    url: str
    fetcher: Fetcher
    outgoing: Outgoing
    blobs: BlobService
    clock: Clock
    folders: tuple[Path, ...] = ()
    callbacks: Callbacks | None = None
    designer: DesignerService | None = None
    identity: IdentityService | None = None
