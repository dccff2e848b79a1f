"""A factory of documents over real storage: our own, a second Blob endpoint, Azurite where it is there, a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from azure.storage.blob import BlobServiceClient
from tests.seams.azurite import find_azurite
from tests.seams.conftest import ACCOUNT, KEY, azurite
from tests.unit.factory.small_factory import SmallFactory
from tests.wire.blob.conftest import serve

from restudio.blobs.connection_string import format_connection_string
from restudio.blobs.egress import EgressPolicy
from restudio.blobs.fetch import Fetcher
from restudio.blobs.outgoing import Outgoing
from restudio.blobs.service import BlobService
from restudio.factory.platform import Platform
from restudio.storage.clock import SystemClock
from restudio.storage.db import SqlDatabase
from restudio.storage.objects import MemoryObjects
from restudio.storage.secrets import MasterKeySecrets

__all__ = ["azurite"]
OWN = "ourown"
CONTAINER = "lake"
STORES = ["own", "served", "folder", *(["azurite"] if find_azurite() else [])]


@pytest.fixture
def blobs(sqlite_database: SqlDatabase, secrets: MasterKeySecrets) -> BlobService:
    made = BlobService(sqlite_database, MemoryObjects(), secrets, SystemClock(), "http://studio.example")
    made.accounts.create(OWN)
    made.create_container(OWN, CONTAINER)
    return made


@pytest.fixture
def factory(blobs: BlobService, tmp_path: Path) -> Iterator[SmallFactory]:
    """Loopback is open; so is the folder ``open`` below the test's own. Linked service ``Lake`` is our own storage."""
    clock = SystemClock()
    outgoing = Outgoing(EgressPolicy(allow_private=True), clock)
    (tmp_path / "open").mkdir()
    platform = Platform(
        "http://studio.example", Fetcher(blobs, outgoing, clock), outgoing, blobs, clock, (tmp_path / "open",)
    )
    made = SmallFactory(platform, tmp_path / "scratch")
    made.add_linked_service("Lake", "AzureStorage", connectionString=blobs.accounts.connection_string(OWN))
    yield made
    outgoing.close()


@pytest.fixture
def use_store(factory: SmallFactory, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[str], None]]:
    """Makes the linked service ``Lake`` another kind of store."""
    opened: list[object] = []

    def use(kind: str) -> None:
        if kind == "folder":
            (tmp_path / "open" / "root" / CONTAINER).mkdir(parents=True)
            factory.add_linked_service("Lake", "FileServer", host=str(tmp_path / "open" / "root"))
        elif kind == "served":
            context = serve(tmp_path / "second")
            service = context.__enter__()
            opened.append(context)
            service.create_container("acme", CONTAINER)
            factory.add_linked_service(
                "Lake", "AzureBlobStorage", connectionString=service.accounts.connection_string("acme")
            )
        elif kind == "azurite":
            endpoint = request.getfixturevalue("azurite")
            with BlobServiceClient(endpoint, credential={"account_name": ACCOUNT, "account_key": KEY}) as client:
                container = client.get_container_client(CONTAINER)
                if container.exists():
                    for blob in container.list_blob_names():
                        container.delete_blob(blob)
                else:
                    container.create_container()
            connection = format_connection_string(ACCOUNT, KEY, endpoint)
            factory.add_linked_service("Lake", "AzureBlobStorage", connectionString=connection)

    yield use
    for context in opened:
        context.__exit__(None, None, None)  # type: ignore[attr-defined]
