"""Data stores outside the server: another one's blobs, by key and by a signature over the web; a bucket; a folder."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from azure.storage.blob import ContainerSasPermissions, generate_container_sas
from tests.acceptance.server import Server
from tests.seams.seaweed import ACCESS_KEY, SECRET_KEY, running_seaweed, s3_store
from tests.unit.designer.world import PIPELINE, adult

from restudio.blobs.connection_string import parse_connection_string
from restudio.client import Client, ServerError
from restudio.client.blobs import BlobAccount


@dataclass(frozen=True)
class House:
    server: Server
    client: Client
    pipeline: str
    folder: Path
    connection: str
    """Of the other server's account, whose container ``lake`` has ``in/a.csv`` and ``in/b.csv``."""

    def run(self, store: str, path: str) -> str:
        run = self.client.published.submit(self.pipeline, data={"data": (store, path)})
        return self.client.pipeline_runs.wait(run.id).status


@pytest.fixture(scope="module")
def house(server: Server, open_server: Server, open_folder: Path) -> House:
    connection = server.credentials.storage_connection_string
    account = BlobAccount(connection)
    for name in ("a", "b"):
        account.upload(f"lake/in/{name}.csv", adult())
    (open_folder / "data.csv").write_bytes(adult())
    client = open_server.client()
    client.datasets.upload_bytes(adult(), "few-adults.csv", "GenericCSV")
    pipeline = client.drafts.publish(client.drafts.import_yaml(PIPELINE.replace("adult.csv", "few-adults.csv")).id)
    return House(open_server, client, pipeline.id, open_folder, connection)


def test_a_container_of_another_account(house: House) -> None:
    house.client.data_stores.put("lake", "azure-blob", connection_string=house.connection, container="lake")
    assert [f.path for f in house.client.data_stores.files("lake", "in/*.csv")] == ["in/a.csv", "in/b.csv"]
    assert house.run("lake", "in/a.csv") == "Finished"
    assert house.run("lake", "in") == "Finished"
    house.client.data_stores.put(
        "inner", "azure-blob", connection_string=house.connection, container="lake", prefix="in"
    )
    assert [f.path for f in house.client.data_stores.files("inner")] == ["a.csv", "b.csv"]
    assert house.run("inner", "b.csv") == "Finished"


def test_a_wrong_key_is_told_without_it(house: House) -> None:
    key = house.connection.partition("AccountKey=")[2].partition(";")[0]
    wrong = house.connection.replace(key, "A" * 86 + "==")
    house.client.data_stores.put("wrong", "azure-blob", connection_string=wrong, container="lake")
    with pytest.raises(ServerError) as raised:
        house.client.published.submit(house.pipeline, data={"data": ("wrong", "in/a.csv")})
    assert (raised.value.status, raised.value.detail) == (400, "DataStoreUnreachable")
    assert "AAAA" not in raised.value.message
    runs = house.client.published.runs(house.pipeline)
    assert not any("datastores/wrong" in run.parameter_assignments["data"] for run in runs)


def test_a_bucket(house: House, tmp_path: Path) -> None:
    with running_seaweed(tmp_path) as endpoint:
        bucket = s3_store(endpoint, "lake")
        for name in ("a", "b"):
            bucket.put(f"in/{name}.csv", adult())
        keys = {"access_key_id": ACCESS_KEY, "secret_access_key": SECRET_KEY}
        made = house.client.data_stores.put("bucket", "s3", bucket="lake", endpoint=endpoint, prefix="in", **keys)
        assert made.secrets == ["secret_access_key"]
        assert [f.path for f in house.client.data_stores.files("bucket", "*.csv")] == ["a.csv", "b.csv"]
        assert house.run("bucket", "*.csv") == "Finished"
        with pytest.raises(ServerError) as raised:
            house.run("bucket", "c.csv")
        assert (raised.value.status, raised.value.detail) == (404, "DataPathNotFound")


def test_a_web_address_with_a_signature(house: House) -> None:
    found = parse_connection_string(house.connection)
    key = house.connection.partition("AccountKey=")[2].partition(";")[0]
    sas = generate_container_sas(
        found.account, "lake", account_key=key, permission=ContainerSasPermissions(read=True), expiry="2099-01-01"
    )
    made = house.client.data_stores.put("web", "http", url=f"{found.endpoint}/lake", query=sas)
    assert made.secrets == ["query"]
    assert house.run("web", "in/a.csv") == "Finished"
    assert house.run("web", "in/nothing.csv") == "Failed"


def test_a_folder(house: House) -> None:
    house.client.data_stores.put("disk", "folder", path=str(house.folder))
    assert house.run("disk", "data.csv") == "Finished"
    with pytest.raises(ServerError) as raised:
        house.run("disk", "nothing.csv")
    assert (raised.value.status, raised.value.detail) == (404, "DataPathNotFound")


@contextmanager
def silence() -> Iterator[int]:
    """The port of a host that takes requests and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_stop_waits_for_no_silent_host_and_loses_no_run(house: House) -> None:
    with silence() as port:
        house.client.data_stores.put("silent", "http", url=f"http://127.0.0.1:{port}/")
        run = house.client.published.submit(house.pipeline, data={"data": ("silent", "x.csv")}).id
        deadline = time.monotonic() + 30
        while house.client.pipeline_runs.get(run).status != "Running":
            assert time.monotonic() < deadline
            time.sleep(0.05)
        begun = time.monotonic()
        house.server.stop()
        assert time.monotonic() - begun < 15
        house.server.start()
        client = house.server.client()
        assert client.pipeline_runs.get(run).status == "Running"
        client.pipeline_runs.cancel(run)
