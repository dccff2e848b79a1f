"""The real ``azureml`` 0.2.7 client against the classic Studio API, over HTTP."""

from __future__ import annotations

import io
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import azureml
import httpx
import pandas as pd
import pytest
import uvicorn
from litestar import Litestar
from tests.databases import make_sqlite

from restudio.http import metrics, studioapi, studioapi_uploads
from restudio.http.answers import EXCEPTION_HANDLERS
from restudio.http.door import CLASSIC_HEADER, Door
from restudio.http.downloads import Downloads
from restudio.http.root import RootApp
from restudio.http.studioapi import StudioApi
from restudio.identity.service import IdentityService
from restudio.identity.types import Workspace
from restudio.models.service import AssetService
from restudio.models.uploads import Uploads
from restudio.storage.clock import SystemClock
from restudio.storage.objects import MemoryObjects
from restudio.storage.secrets import MasterKeySecrets

MEMBERS = {
    "VisualizeEndPoint", "SchemaEndPoint", "SchemaStatus", "Id", "DataTypeId", "Name", "Description", "FamilyId",
    "ResourceUploadId", "SourceOrigin", "Size", "CreatedDate", "Owner", "ExperimentId", "ClientVersion", "PromotedFrom",
    "UploadedFromFilename", "ServiceVersion", "IsLatest", "Category", "DownloadLocation", "IsDeprecated", "Culture",
    "Batch", "CreatedDateTicks",
}  # fmt: skip


class House:
    """A server with the classic faces alone."""

    def __init__(self, folder: Path) -> None:
        db, objects, clock = make_sqlite(folder / "db.sqlite"), MemoryObjects(), SystemClock()
        secrets = MasterKeySecrets(b"k" * 32)
        self.assets = AssetService(db, objects, clock)
        identity = IdentityService(db, secrets, clock)
        self.workspace: Workspace = identity.create_workspace("One", owner="pat@example.org")
        assert self.workspace.tokens is not None
        self.token = self.workspace.tokens.primary
        self.socket = listen()
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        downloads = Downloads(secrets, clock)
        api = StudioApi(
            self.assets, Uploads(objects), objects, identity, Door(identity), downloads, self.url, max_upload=64 << 20
        )
        handlers = [*studioapi.routes(api), *studioapi_uploads.routes(api)]
        rest = Litestar(handlers, exception_handlers=EXCEPTION_HANDLERS, openapi_config=None)
        self.app: Any = RootApp(rrs=rest, blob=rest, rest=rest, requests=metrics.Requests())


def listen() -> socket.socket:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    return listener


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = House(tmp_path_factory.mktemp("house"))
    server = uvicorn.Server(uvicorn.Config(house.app, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [house.socket]})
    thread.start()
    yield house
    server.should_exit = True
    thread.join()
    house.socket.close()


@pytest.fixture
def workspace(house: House) -> azureml.Workspace:
    return azureml.Workspace(house.workspace.id, house.token, house.url)


def test_a_data_frame_goes_up_and_comes_back(workspace: azureml.Workspace) -> None:
    frame = pd.DataFrame({"age": [39, 50], "job": ["State-gov", "Self, emp"], "pay": [1.5, None]})
    uploaded = workspace.datasets.add_from_dataframe(frame, "GenericCSV", "frame.csv", "two rows")
    assert workspace.datasets["frame.csv"].family_id == uploaded.family_id
    # The client's own to_dataframe hands pandas a stream that today's pandas finds closed; its bytes are right.
    pd.testing.assert_frame_equal(pd.read_csv(io.BytesIO(uploaded.read_as_binary())), frame)
    assert uploaded.size == len(uploaded.read_as_binary())
    assert uploaded.created_date.year >= 2024
    assert (uploaded.owner, uploaded.description, uploaded.is_example) == ("Python SDK", "two rows", False)


@pytest.mark.parametrize("size", [0, 1, 0x200000, 0x200000 * 2 + 7])
def test_raw_data_of_any_size_arrives_unchanged(workspace: azureml.Workspace, size: int) -> None:
    raw = bytes(range(256)) * (size // 256 + 1)
    uploaded = workspace.datasets.add_from_raw_data(raw[:size], "PlainText", f"raw {size}", "bytes")
    assert uploaded.read_as_binary() == raw[:size]
    with uploaded.open() as stream:
        assert stream.read() == raw[:size]


def test_an_update_is_a_new_version_of_the_same_family(workspace: azureml.Workspace, house: House) -> None:
    first = workspace.datasets.add_from_raw_data(b"a\n1\n", "GenericCSV", "versions.csv", "first")
    family = first.family_id
    first.update_from_raw_data(b"a\n2\n")
    assert workspace.datasets["versions.csv"].read_as_text() == "a\n2\n"
    assert [asset.version for asset in house.assets.versions(house.workspace.id, family)] == [1, 2]


def test_lists_hold_exactly_the_members_that_clients_demand(workspace: azureml.Workspace, house: House) -> None:
    workspace.datasets.add_from_raw_data(b"a\n1\n", "GenericCSV", "members.csv", "x")
    listed = httpx.get(
        f"{house.url}/api/workspaces/{house.workspace.id}/datasources", headers={CLASSIC_HEADER: house.token}
    ).json()
    assert len(listed) == len(workspace.user_datasets)
    assert all(set(item) == MEMBERS for item in listed)
    assert all(item["Id"].split(".")[1] == item["FamilyId"] for item in listed)
    assert len(workspace.example_datasets) == 0


def test_refusals_reach_the_client(workspace: azureml.Workspace, house: House) -> None:
    workspace.datasets.add_from_raw_data(b"a\n", "GenericCSV", "twice.csv", "x")
    with pytest.raises(azureml.AzureMLConflictHttpError):
        workspace.datasets.add_from_raw_data(b"a\n", "GenericCSV", "twice.csv", "x")
    with pytest.raises(azureml.AzureMLHttpError, match="forbidden characters"):
        workspace.datasets.add_from_raw_data(b"a\n", "GenericCSV", "a:b/c", "x")
    with pytest.raises(azureml.AzureMLHttpError, match="not a data type"):
        workspace.datasets.add_from_raw_data(b"a\n", "Nonsense", "n.csv", "x")
    stranger = azureml.Workspace(house.workspace.id, "0" * 32, house.url)
    with pytest.raises(azureml.AzureMLHttpError, match="Unauthorized"):
        list(stranger.datasets)


def test_a_download_address_is_good_for_its_dataset_alone(workspace: azureml.Workspace) -> None:
    one = workspace.datasets.add_from_raw_data(b"1", "PlainText", "one", "x")
    two = workspace.datasets.add_from_raw_data(b"2", "PlainText", "two", "x")
    assert httpx.get(one.contents_url).content == b"1"
    assert httpx.get(one.contents_url.replace(one.family_id, two.family_id)).status_code == 401
    assert httpx.get(one.contents_url.partition("?")[0]).status_code == 401
    assert httpx.get(one.contents_url.replace("se=", "se=9")).status_code == 401


@pytest.mark.parametrize(
    ("path", "body", "detail"),
    [
        ("datasources", b"", "RequestBodyInvalid"),
        ("datasources", b"[1]", "RequestBodyInvalid"),
        ("datasources", b'{"DataSource": 3, "UploadId": "x"}', "RequestBodyInvalid"),
        ("datasources", b'{"DataSource": {"Name": "n"}, "UploadId": "x"}', "UploadNotFound"),
    ],
)
def test_malformed_registrations_change_nothing(house: House, path: str, body: bytes, detail: str) -> None:
    url = f"{house.url}/api/workspaces/{house.workspace.id}/{path}"
    before = len(house.assets.list_latest(house.workspace.id, "dataset"))
    answer = httpx.post(url, content=body, headers={CLASSIC_HEADER: house.token})
    assert answer.status_code in (400, 404)
    assert answer.json()["error"]["details"][0]["code"] == detail
    assert len(house.assets.list_latest(house.workspace.id, "dataset")) == before


def test_a_family_is_deleted_once(workspace: azureml.Workspace, house: House) -> None:
    gone = workspace.datasets.add_from_raw_data(b"1", "PlainText", "gone", "x")
    url = f"{house.url}/api/workspaces/{house.workspace.id}/datasources/family/{gone.family_id}"
    assert httpx.delete(url, headers={CLASSIC_HEADER: house.token}).status_code == 204
    assert httpx.delete(url, headers={CLASSIC_HEADER: house.token}).status_code == 404
    assert "gone" not in [dataset.name for dataset in workspace.datasets]


@pytest.mark.parametrize("deep", [b"[" * 100_000, b'{"a":' * 100_000])
def test_a_deeply_nested_body_is_the_callers_mistake(house: House, deep: bytes) -> None:
    url = f"{house.url}/api/workspaces/{house.workspace.id}/datasources"
    answer = httpx.post(url, content=deep, headers={CLASSIC_HEADER: house.token})
    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["code"] == "RequestBodyInvalid"
