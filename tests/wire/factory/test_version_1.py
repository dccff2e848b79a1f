"""The management API of version 1, as its clients send requests, against a real server."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from azure.storage.blob import BlobServiceClient, ContainerClient
from tests.acceptance.server import Server

EXAMPLE = Path(__file__).parents[3] / "examples" / "factory" / "v1"
DAY = {"name": "day", "value": {"type": "DateTime", "date": "SliceStart", "format": "yyyyMMdd"}}
WEEKS = ("2024-01-01T00:00:00Z", "2024-01-08T00:00:00Z")


class Api:
    """Requests below one factory, with a token of the directory service."""

    def __init__(self, server: Server, name: str) -> None:
        known = server.credentials
        form = {
            "grant_type": "client_credentials",
            "client_id": known.client_id,
            "client_secret": known.client_secret,
            "resource": "https://management.core.windows.net/",
        }
        token = httpx.post(f"{known.url}/{known.tenant_id}/oauth2/token", data=form).json()["access_token"]
        group = f"/subscriptions/{known.subscription_id}/resourcegroups/{known.resource_group}"
        self.root = f"{group}/providers/Microsoft.DataFactory/datafactories/{name}"
        self._url, self._headers = known.url, {"authorization": f"Bearer {token}"}
        self.connection = known.storage_connection_string

    def ask(self, method: str, path: str = "", *statuses: int, body: Any = None, **query: str) -> Any:
        params = {"api-version": "2015-10-01", **query}
        url = self._url + self.root + path
        answer = httpx.request(method, url, json=body, params=params, headers=self._headers, timeout=60)
        assert answer.status_code in (statuses or (200,)), (answer.status_code, answer.text)
        return answer.json() if answer.content else None

    def put(self, collection: str, name: str, *statuses: int, **properties: Any) -> Any:
        body = {"name": name, "properties": properties}
        return self.ask("PUT", f"/{collection}/{name}", *(statuses or (200, 201)), body=body)

    def slices(self, dataset: str) -> list[Any]:
        found: list[Any] = self.ask(
            "GET", f"/datasets/{dataset}/slices", start="2020-01-01T00:00:00.0000000Z", end="2030-01-01"
        )["value"]
        return found

    def wait(self, dataset: str, holds: Callable[[list[Any]], bool]) -> list[Any]:
        deadline = time.monotonic() + 60
        while not holds(found := self.slices(dataset)):
            assert time.monotonic() < deadline, found
            time.sleep(0.1)
        return found


@pytest.fixture(scope="module")
def api(server: Server) -> Api:
    found = Api(server, "first")
    made = found.ask("PUT", "", 201, body={"name": "first", "location": "Brazil South"})
    assert (made["location"], made["properties"]["provisioningState"]) == ("Brazil South", "Succeeded")
    assert found.ask("PUT", "", 200, body={"location": "West Europe"})["location"] == "West Europe"
    return found


def dataset(folder: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "AzureBlob",
        "linkedServiceName": "lake",
        "typeProperties": {"folderPath": folder, "fileName": "{day}.csv", "partitionedBy": [DAY]},
        "availability": {"frequency": "Week", "interval": 1},
        **more,
    }


def copy(source: str, sink: str) -> dict[str, Any]:
    return {
        "name": f"to {sink}",
        "type": "Copy",
        "inputs": [{"name": source}],
        "outputs": [{"name": sink}],
        "typeProperties": {"source": {"type": "BlobSource"}, "sink": {"type": "BlobSink"}},
    }


def test_a_pipeline_over_two_weeks(api: Api) -> None:
    service = BlobServiceClient.from_connection_string(api.connection)
    with service, service.create_container("versionone") as container:
        check_weeks(api, container)


def check_weeks(api: Api, container: ContainerClient) -> None:
    for week in ("20240101", "20240108"):
        container.upload_blob(f"in/{week}.csv", b"a\n1\n")
    lake = api.put(
        "linkedservices", "Lake", 201, type="AzureStorage", typeProperties={"connectionString": api.connection}
    )
    assert lake["id"].endswith("/datafactories/first/linkedservices/Lake")
    assert "AccountKey=**********" in lake["properties"]["typeProperties"]["connectionString"]
    api.put("linkedservices", "LAKE", 200, **lake["properties"])  # as it was answered: masked, with our own members
    api.put("datasets", "In", **dataset("versionone/in", external=True))
    api.put("datasets", "Middle", **dataset("versionone/middle"))
    api.put("datasets", "Out", **dataset("versionone/out"))
    period = {"start": "2024-01-01", "end": "2024-01-15T00:00:00Z"}
    activities = [copy("middle", "Out"), copy("in", "Middle")]
    api.put("datapipelines", "Weeks", 201, **period, activities=activities)
    slices = api.wait("out", lambda found: [each["state"] for each in found] == ["Ready"] * 2)
    assert [(each["start"], each["substate"], each["retryCount"]) for each in slices] == [(w, "", 0) for w in WEEKS]
    assert container.download_blob("out/20240108.csv").readall().split() == [b"a", b"1"]

    [run] = api.ask("GET", "/datasets/Out/sliceruns", startTime="2024-01-08T00:00:00.0000000")["value"]
    assert (run["status"], run["percentComplete"], run["retryAttempt"]) == ("Succeeded", 100, 0)
    assert (run["pipelineName"], run["activityName"], run["datasetName"]) == ("Weeks", "to Out", "Out")
    assert (run["dataSliceStart"], run["errorMessage"]) == (WEEKS[1], "")

    body = {"SliceStatus": "PendingExecution", "updateType": 1}
    api.ask("PUT", "/datasets/out/slices/SetStatus", body=body, start=WEEKS[1], end="2024-01-15T00:00:00Z")
    api.wait("Out", lambda found: [each["state"] for each in found] == ["Ready"] * 2)
    attempts = {
        name: [len(api.ask("GET", f"/datasets/{name}/sliceruns", startTime=week)["value"]) for week in WEEKS]
        for name in ("In", "Middle", "Out")
    }
    assert attempts == {"In": [1, 2], "Middle": [1, 2], "Out": [1, 2]}
    body = {"SliceState": "Skipped", "UpdateType": "Individual"}
    api.ask("PUT", "/datasets/out/slices/setstatus", body=body, start=WEEKS[0], end=WEEKS[1])
    assert [each["state"] for each in api.slices("Out")] == ["Skipped", "Ready"]

    check_monitoring(api, run)
    api.ask("POST", "/datapipelines/weeks/pause")
    told = api.ask("GET", "/datapipelines/Weeks")["properties"]
    assert (told["isPaused"], told["runtimeInfo"]["pipelineState"]) == (True, "Paused")
    api.ask("POST", "/datapipelines/weeks/resume")
    assert [each["name"] for each in api.ask("GET", "/datapipelines")["value"]] == ["Weeks"]
    assert [each["name"] for each in api.ask("GET", "/datasets")["value"]] == ["In", "Middle", "Out"]


def check_monitoring(api: Api, run: dict[str, Any]) -> None:
    """What the original's .NET library, PowerShell and monitoring page send."""
    assert api.ask("GET", f"/runs/{run['id']}")["id"] == run["id"]
    assert len(api.ask("GET", "/tables/Out/sliceruns", startTime=WEEKS[1])["value"]) == 2
    assert [each["start"] for each in api.ask("GET", "/tables/Out/slices", start=WEEKS[1])["value"]] == [WEEKS[1]]

    path = "/datapipelines/Weeks/activities/to%20Out/activitywindows"
    asked: dict[str, Any] = {"orderby": "WindowStart DESC"}
    told = api.ask("POST", path, body=asked)["value"]
    assert [(each["windowStart"], each["windowState"]) for each in told["activityWindows"]] == [
        (WEEKS[1], "Ready"), (WEEKS[0], "Skipped")
    ]  # fmt: skip
    window = told["activityWindows"][0]
    assert (window["activityType"], window["inputDatasets"], window["outputDatasets"]) == ("Copy", ["middle"], ["Out"])
    assert (window["runAttempts"], window["percentComplete"], window["windowSubstate"]) == (2, 100, None)
    assert window["duration"].startswith("00:0")
    asked = {"top": 1, "windowState": "Ready", "filter": "ActivityName eq 'to Middle'"}
    for place in ("", "/datapipelines/Weeks", "/datasets/Middle"):
        [window] = api.ask("POST", place + "/activitywindows", body=asked)["value"]["activityWindows"]
        assert (window["pipelineName"], window["dataFactoryName"]) == ("Weeks", "first")
    assert api.ask("POST", "/activitywindows", body={"top": 4}, skip="3")["value"]["activityWindows"] != []

    assert api.ask("GET", "/datasets/Out/slices/upstreamofinterest", start=WEEKS[1], top="20")["value"] == []
    told = api.ask("GET", f"/runs/{run['id']}/logInfo", 404)["error"]
    assert (told["code"], run["hasLogs"]) == ("DataSliceRunLogsNotFound", False)
    for collection in ("gateways", "hubs", "activityTypes", "computeTypes"):
        assert api.ask("GET", f"/{collection}") == {"value": []}

    chain = api.ask("GET", "/datasets/Out/slices/dependencychain", start=WEEKS[1], dependencyType="UpStream")
    [middle] = chain["dependencies"]
    assert (chain["tableName"], middle["tableName"], middle["dependencies"][0]["tableName"]) == ("Out", "Middle", "In")
    assert [each["state"] for each in middle["slices"]] == ["Ready"]

    period = {"start": "2024-01-01T00:00:00.0000000Z", "end": "2024-01-08T00:00:00.0000000Z"}
    api.ask("POST", "/datapipelines/Weeks/update", autoResolve="true", forceRecalc="false", **period)
    assert [each["start"] for each in api.slices("Out")] == [WEEKS[0]]
    api.ask("POST", "/datapipelines/Weeks/update", start="2024-01-01", end="2024-01-15")
    assert [each["state"] for each in api.slices("Out")] == ["Skipped", "Ready"]


@pytest.mark.parametrize(
    ("method", "path", "query", "body", "status", "code", "words"),
    [
        ("GET", "/datasets/Nothing", {}, None, 404, "DatasetNotFound", "Nothing"),
        ("GET", "/datasets/No/slices", {"start": "2024-01-01", "end": "20240201"}, None, 404, "DatasetNotFound", "No"),
        ("GET", "/datasets/X/slices", {"end": "2024-02-01"}, None, 400, "MissingQueryParameter", "start"),
        ("GET", "/datasets/X/slices", {"start": "soon", "end": "2024-02-01"}, None, 400, "InvalidTime", "soon"),
        ("GET", "/datasets/X/sliceruns", {"startTime": "2024-01-01"}, None, 404, "SliceNotFound", "2024-01-01"),
        ("PUT", "/datasets/X/slices/setstatus", {"start": "20240101"}, {"x": 1}, 400, "InvalidSliceState", "Ready"),
        ("GET", "/datasets/X/slices", {"start": "9999-12-31"}, None, 404, "DatasetNotFound", "X"),
        ("GET", "/datasets/X/slices", {"start": "9999-12-31T23:00:00-14:00"}, None, 400, "InvalidTime", "9999"),
        ("GET", "/datasets/X/slices/upstreamofinterest", {"start": "20240101"}, None, 404, "SliceNotFound", "X"),
        ("GET", "/runs/nothing/loginfo", {}, None, 404, "PipelineRunNotFound", "nothing"),
        ("GET", "/runs/nothing", {}, None, 404, "PipelineRunNotFound", "nothing"),
        ("POST", "/activitywindows", {}, {"filter": "A eq 1"}, 400, "InvalidFilter", "no member 'A'"),
        ("POST", "/activitywindows", {}, {"top": -1}, 400, "RequestBodyInvalid", "top"),
        ("POST", "/activitywindows", {}, {"windowStart": 7}, 400, "RequestBodyInvalid", "windowStart"),
        ("POST", "/datapipelines/Nothing/update", {"start": "2024-01-01"}, None, 404, "PipelineNotFound", "Nothing"),
        ("POST", "/datapipelines/X/update", {"end": "2024-01-01"}, None, 400, "MissingQueryParameter", "start"),
        ("PUT", "/datasets/X", {}, {"name": "X"}, 400, "RequestBodyInvalid", "properties"),
        ("PUT", "/datasets/a.b", {}, {"properties": {"type": "AzureBlob"}}, 400, "InvalidName", "a.b"),
        ("PUT", "/datapipelines/P", {}, {"properties": {"activities": []}}, 400, "MissingProperty", "no activities"),
        ("POST", "/datapipelines/Nothing/resume", {}, None, 404, "PipelineNotFound", "Nothing"),
        ("GET", "/datasets", {"api-version": "2018-06-01"}, None, 400, "InvalidApiVersionParameter", "2015-10-01"),
    ],
)  # fmt: skip
def test_refusals(
    api: Api, method: str, path: str, query: dict[str, str], body: Any, status: int, code: str, words: str
) -> None:
    error = api.ask(method, path, status, body=body, **query)["error"]
    assert (error["code"], words in error["message"]) == (code, True), error


def test_documents_are_deleted_when_nothing_needs_them(api: Api) -> None:
    api.put("linkedservices", "Other", type="AzureStorage", typeProperties={"connectionString": api.connection})
    api.put("datasets", "Unused", **dataset("versionone/x", linkedServiceName="other"))
    assert api.ask("DELETE", "/linkedservices/Other", 400)["error"]["code"] == "ResourceInUse"
    api.ask("DELETE", "/datasets/unused", 200)
    api.ask("DELETE", "/datasets/unused", 204)
    api.ask("DELETE", "/linkedservices/Other", 200)


def test_the_example_is_put_document_by_document(server: Server) -> None:
    """Held, for its services are elsewhere: everything is taken as written, and its slices are those of its weeks."""
    api = Api(server, "example")
    api.ask("PUT", "", 201, body={"location": "local"})
    for folder, collection in (
        ("linkedService", "linkedservices"), ("dataset", "datasets"), ("pipeline", "datapipelines")
    ):  # fmt: skip
        for path in sorted((EXAMPLE / folder).glob("*.json")):
            written = json.loads(path.read_text(encoding="utf-8"))
            if collection == "datapipelines":
                written["properties"]["isPaused"] = True
            made = api.put(collection, written["name"], **written["properties"])
            assert made["name"] == written["name"]
    read = api.ask("GET", "/datapipelines/weeklyretrain")["properties"]
    written = json.loads((EXAMPLE / "pipeline" / "WeeklyRetrain.json").read_text(encoding="utf-8"))["properties"]
    assert {name: read[name] for name in written} == {**written, "isPaused": True}
    told = [(each["start"][:10], each["state"], each["substate"]) for each in api.slices("CensusModel")]
    assert told == [(day, "Waiting", "ActivityResume") for day in ("2024-01-01", "2024-01-08", "2024-01-15")]
    assert len(api.slices("CensusWeek")) == len(api.slices("Updated")) == 3
    api.ask("DELETE", "", 200)
    api.ask("GET", "", 404)
