"""Azurite, where it is installed (``scripts/install_azurite``)."""

from __future__ import annotations

import re
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from azure.storage.blob import BlobServiceClient
from obstore.store import AzureStore
from tests.seams.azurite import find_azurite

ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The account that every Azurite has; its key is printed in Azurite's documentation."""


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The blob endpoint of a running Azurite."""
    program = find_azurite()
    assert program is not None
    log = tmp_path_factory.mktemp("azurite") / "log"
    quiet = ["--inMemoryPersistence", "--disableTelemetry", "--skipApiVersionCheck"]
    command = [program, *quiet, "--blobHost", "127.0.0.1", "--blobPort", "0"]
    with log.open("wb") as output:
        server = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        yield f"{_address(server, log)}/{ACCOUNT}"
    finally:
        server.terminate()
        server.wait(30)


@pytest.fixture
def make_container(azurite: str) -> Callable[[], AzureStore]:
    """Makes a store in a fresh container."""

    def make() -> AzureStore:
        name = f"t{uuid.uuid4().hex}"
        with BlobServiceClient(azurite, credential={"account_name": ACCOUNT, "account_key": KEY}) as service:
            service.create_container(name)
        return AzureStore(
            name, account_name=ACCOUNT, account_key=KEY, endpoint=azurite, client_options={"allow_http": True}
        )

    return make


def _address(server: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + 60
    while True:
        found = re.search(r"listens on (http://[\d.:]+)", log.read_text())
        if found is not None:
            return found[1]
        if server.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"Azurite did not start:\n{log.read_text()}")
        time.sleep(0.05)
