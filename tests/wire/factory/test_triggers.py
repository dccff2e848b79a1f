"""Triggers through the vendor's management client, against a real server."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.datafactory.models import RerunTumblingWindowTrigger, TriggerResource
from azure.storage.blob import BlobServiceClient
from tests.acceptance.server import Server
from tests.wire.factory.conftest import Client

EVER: dict[str, Any] = {"lastUpdatedAfter": "2020-01-01T00:00:00Z", "lastUpdatedBefore": "2100-01-01T00:00:00Z"}


def starts(pipeline: str, **parameters: str) -> dict[str, Any]:
    reference = {"referenceName": pipeline, "type": "PipelineReference"}
    return {"pipelineReference": reference, "parameters": parameters}


def ended(count: int) -> Callable[[list[Any]], bool]:
    return lambda runs: len(runs) == count and all(each.status != "Inprogress" for each in runs)


def in_a_moment() -> str:
    return (datetime.now(UTC) + timedelta(seconds=3)).strftime("%Y-%m-%dT%H:%M:%SZ")


class Triggers:
    """The trigger operations of one client."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.sdk: Any = client.sdk

    def put(self, name: str, kind: str, properties: dict[str, Any], **members: Any) -> Any:
        body = {"properties": {"type": kind, "typeProperties": properties, **members}}
        return self.sdk.triggers.create_or_update(*self.client.where, name, body)

    def start(self, name: str) -> None:
        self.sdk.triggers.begin_start(*self.client.where, name).result()

    def stop(self, name: str) -> None:
        self.sdk.triggers.begin_stop(*self.client.where, name).result()

    def state(self, name: str) -> str:
        found: str = self.sdk.triggers.get(*self.client.where, name).properties.runtime_state
        return found

    def runs(self, name: str) -> list[Any]:
        filters = [{"operand": "TriggerName", "operator": "Equals", "values": [name]}]
        found: list[Any] = self.sdk.trigger_runs.query_by_factory(*self.client.where, EVER | {"filters": filters}).value
        return found

    def wait(self, name: str, reached: Callable[[list[Any]], bool], seconds: float = 30) -> list[Any]:
        deadline = time.monotonic() + seconds
        while not reached(found := self.runs(name)):
            assert time.monotonic() < deadline, [each.as_dict() for each in found]
            time.sleep(0.2)
        return found

    def post(self, path: str, body: Any, content_type: str = "application/json") -> httpx.Response:
        client = self.client
        group, factory = client.where
        base = f"{client.url}/subscriptions/{client.subscription}/resourceGroups/{group}"
        address = f"{base}/providers/Microsoft.DataFactory/factories/{factory}/{path}"
        headers = (
            {"aeg-sas-key": client.token} if "/api/events" in path else {"Authorization": f"Bearer {client.token}"}
        )
        headers["content-type"] = content_type
        return httpx.post(address, json=body, headers=headers, params={"api-version": "2018-06-01"})


@pytest.fixture
def triggers(client: Client) -> Triggers:
    client.put_pipeline(
        "noted",
        {
            "name": "note",
            "type": "SetVariable",
            "typeProperties": {"variableName": "v", "value": "@pipeline().parameters.p"},
        },
        parameters={"p": {"type": "String"}},
        variables={"v": {"type": "String"}},
    )
    return Triggers(client)


def test_a_schedule_from_creation_to_deletion(triggers: Triggers, client: Client) -> None:
    recurrence = {"frequency": "Minute", "interval": 1, "startTime": in_a_moment()}
    pipelines = [starts("noted", p="@concat(trigger().scheduledTime, '|', trigger().startTime)")]
    made = triggers.put("soon", "ScheduleTrigger", {"recurrence": recurrence}, pipelines=pipelines)
    assert made.properties.runtime_state == "Stopped"
    triggers.start("SOON")
    assert triggers.state("soon") == "Started"
    with pytest.raises(HttpResponseError, match="TriggerEnabledCannotUpdate"):
        triggers.put("soon", "ScheduleTrigger", {"recurrence": recurrence}, pipelines=pipelines)
    with pytest.raises(HttpResponseError, match="TriggerEnabledCannotUpdate"):
        client.sdk.triggers.delete(*client.where, "soon")
    [fired] = triggers.wait("soon", ended(1))
    assert (fired.status, fired.trigger_type) == ("Succeeded", "ScheduleTrigger")
    run = client.wait(fired.triggered_pipelines["noted"])
    assert run.status == "Succeeded"
    assert (run.invoked_by.name, run.invoked_by.invoked_by_type) == ("soon", "ScheduleTrigger")
    scheduled, really = run.parameters["p"].split("|")
    assert scheduled == recurrence["startTime"]
    assert really[:19] >= scheduled[:19]
    triggers.stop("soon")
    assert triggers.state("soon") == "Stopped"
    client.sdk.triggers.delete(*client.where, "soon")
    with pytest.raises(ResourceNotFoundError):
        triggers.start("soon")


def test_windows_wait_for_their_runs_and_can_run_again(triggers: Triggers, client: Client) -> None:
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3, minutes=10)
    properties = {"frequency": "Hour", "interval": 1, "startTime": start.isoformat(), "maxConcurrency": 1}
    window = starts("noted", p="@concat(trigger().outputs.windowStartTime, '/', trigger().outputs.windowEndTime)")
    triggers.put("hours", "TumblingWindowTrigger", properties, pipeline=window)
    triggers.start("hours")
    found = triggers.wait("hours", lambda runs: [each.status for each in runs] == ["Succeeded"] * 3)
    oldest = found[-1]
    run = client.wait(oldest.triggered_pipelines["noted"])
    end = start + timedelta(hours=1)
    assert run.parameters["p"] == f"{start:%Y-%m-%dT%H:%M:%SZ}/{end:%Y-%m-%dT%H:%M:%SZ}"
    client.sdk.trigger_runs.rerun(*client.where, "hours", oldest.trigger_run_id)
    again = triggers.wait("hours", lambda runs: [each.status for each in runs] == ["Succeeded"] * 3)[-1]
    while again.triggered_pipelines == oldest.triggered_pipelines:
        time.sleep(0.2)
        again = triggers.runs("hours")[-1]
    assert again.trigger_run_id == oldest.trigger_run_id
    with pytest.raises(HttpResponseError, match="TriggerRunInWrongState"):
        client.sdk.trigger_runs.cancel(*client.where, "hours", found[0].trigger_run_id)
    triggers.stop("hours")
    moved = properties | {"startTime": (start - timedelta(minutes=1)).isoformat()}
    triggers.put("hours", "TumblingWindowTrigger", moved, pipeline=window)
    with pytest.raises(HttpResponseError, match="TriggerPropertyUpdateNotSupported"):
        triggers.start("hours")


def test_windows_of_an_interval_run_once_more(triggers: Triggers, client: Client) -> None:
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3, minutes=10)
    properties = {"frequency": "Hour", "interval": 1, "startTime": start.isoformat(), "maxConcurrency": 3}
    window = starts("noted", p="@trigger().outputs.windowStartTime")
    triggers.put("Source", "TumblingWindowTrigger", properties, pipeline=window)
    rerun = RerunTumblingWindowTrigger(
        parent_trigger={"type": "TriggerReference", "referenceName": "source"},
        requested_start_time=start + timedelta(hours=1),
        requested_end_time=start + timedelta(hours=3),
        rerun_concurrency=1,
    )
    where = (*client.where, "again")
    client.sdk.triggers.create_or_update(*where, TriggerResource(properties=rerun))
    triggers.start("source")
    before = triggers.wait("source", ended(3))
    triggers.start("again")
    assert triggers.state("again") == "Started"
    found = triggers.wait("again", ended(2))
    assert {each.trigger_type for each in found} == {"RerunTumblingWindowTrigger"}
    texts = [client.wait(each.triggered_pipelines["noted"]).parameters["p"] for each in reversed(found)]
    assert texts == [f"{start + timedelta(hours=n):%Y-%m-%dT%H:%M:%SZ}" for n in (1, 2)]
    now = triggers.runs("source")
    assert [each.triggered_pipelines for each in now[:2]] == [each.triggered_pipelines for each in found]
    assert now[2].triggered_pipelines == before[2].triggered_pipelines
    children = client.sdk.triggers.query_by_factory(*client.where, {"parentTriggerName": "SOURCE"}).value
    assert [each.name for each in children] == ["again"]
    triggers.stop("again")
    wider = client.sdk.triggers.get(*where).properties
    assert (wider.runtime_state, wider.rerun_concurrency) == ("Stopped", 1)
    wider.requested_start_time = start
    client.sdk.triggers.create_or_update(*where, TriggerResource(properties=wider))
    with pytest.raises(HttpResponseError, match="requestedStartTime"):
        triggers.start("again")


def test_blob_events_start_a_run_for_each_blob(triggers: Triggers, client: Client, server: Server) -> None:
    blobs = BlobServiceClient.from_connection_string(server.credentials.storage_connection_string)
    account = blobs.account_name
    blobs.create_container("incoming")
    properties = {
        "scope": f"/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/{account}",
        "events": ["Microsoft.Storage.BlobCreated"],
        "blobPathBeginsWith": "/incoming/blobs/loans/",
        "blobPathEndsWith": ".csv",
    }
    body = starts("noted", p="@concat(triggerBody().folderPath, '/', triggerBody().fileName)")
    triggers.put("arrived", "BlobEventsTrigger", properties, pipelines=[body])
    triggers.start("arrived")
    subscribed = client.sdk.triggers.begin_subscribe_to_events(*client.where, "arrived").result()
    assert subscribed.status == "Enabled"
    container = blobs.get_container_client("incoming")
    for name in ("loans/may.csv", "loans/may.txt", "loans/2024/june.csv", "other.csv"):
        container.upload_blob(name, b"a,b\n1,2\n")
    found = triggers.wait("arrived", ended(2))
    paths = {client.wait(each.triggered_pipelines["noted"]).parameters["p"] for each in found}
    assert paths == {"incoming/loans/may.csv", "incoming/loans/2024/june.csv"}
    triggers.put("foreign", "BlobEventsTrigger", properties | {"scope": "/x/storageAccounts/nobodys"}, pipelines=[body])
    with pytest.raises(HttpResponseError, match="StorageAccountNotFound"):
        triggers.start("foreign")


def test_custom_events_and_expressions_that_fail(triggers: Triggers) -> None:
    scope = {"scope": "/x/Microsoft.EventGrid/topics/models", "events": ["drifted"]}
    body = starts("noted", p="@triggerBody().event.data.model")
    triggers.put("drift", "CustomEventsTrigger", scope, pipelines=[body])
    triggers.start("drift")
    event = {"id": "1", "eventType": "Drifted", "subject": "loans", "data": {"model": "m7"}, "dataVersion": "1"}
    assert triggers.post("topics/models/api/events", [event]).status_code == 200
    assert triggers.post("topics/models/api/events", [event]).status_code == 200
    assert triggers.post("topics/models/api/events", [event | {"id": "2", "data": {}}]).status_code == 200
    found = triggers.wait("drift", ended(2))
    by_status = {each.status: each for each in found}
    assert triggers.client.wait(by_status["Succeeded"].triggered_pipelines["noted"]).parameters["p"] == "m7"
    assert "model" in by_status["Failed"].message
    assert by_status["Failed"].triggered_pipelines == {}
    cloud = {"specversion": "1.0", "id": "1", "source": "/monitors", "type": "Drifted", "data": {"model": "m8"}}
    bodies: dict[str, Any] = {"cloudevents+json": cloud, "cloudevents-batch+json": [cloud, cloud | {"type": "Other"}]}
    for content_type, sent in bodies.items():
        told = triggers.post("topics/models/api/events", sent, f"application/{content_type}; charset=utf-8")
        assert told.status_code == 200
    known = {each.trigger_run_id for each in found}
    [third] = [each for each in triggers.wait("drift", ended(3)) if each.trigger_run_id not in known]
    assert triggers.client.wait(third.triggered_pipelines["noted"]).parameters["p"] == "m8"
    odd = triggers.post("topics/models/api/events", [event | {"id": "null\0", "data": {"\0": 1}}])
    assert odd.status_code == 200
    assert "Failed" in {each.status for each in triggers.wait("drift", ended(4))}
    wrong = triggers.post("topics/models/api/events", [{"id": "3"}])
    assert wrong.status_code == 400
    assert "eventType" in wrong.json()["error"]["message"]
    stranger = httpx.post(wrong.request.url, json=[event], headers={"aeg-sas-key": "0" * 32})
    assert stranger.status_code == 401


def test_fire_by_hand(triggers: Triggers, client: Client) -> None:
    recurrence = {"frequency": "Year", "startTime": "2020-01-01T00:00:00Z"}
    pipelines = [starts("noted", p="@trigger().scheduledTime")]
    triggers.put("yearly", "ScheduleTrigger", {"recurrence": recurrence}, pipelines=pipelines)
    answer = triggers.post("triggers/yearly/fire", {"time": "2024-05-06T07:00:00Z"})
    assert answer.status_code == 200
    [fired] = triggers.wait("yearly", lambda runs: [each.status for each in runs] == ["Succeeded"])
    assert fired.trigger_run_id == answer.json()["triggerRunId"]
    assert client.wait(fired.triggered_pipelines["noted"]).parameters["p"] == "2024-05-06T07:00:00Z"
    assert triggers.state("yearly") == "Stopped"
    for last, answered in (("9999-12-31T23:59:59.999999Z", 200), ("9999-12-31T23:59:59-05:00", 400), ("noon", 400)):
        answer = triggers.post("triggers/yearly/fire", {"time": last})
        assert answer.status_code == answered
    assert answer.json()["error"]["code"] == "InvalidTime"
    refused = triggers.post("triggers/yearly/fire", {"body": ["a.csv"]})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "RequestBodyInvalid")
    latest = triggers.wait("yearly", ended(2))[0]
    assert client.wait(latest.triggered_pipelines["noted"]).parameters["p"] == "9999-12-31T23:59:59Z"


def test_chaining_brings_runs_with_one_dimension_together(triggers: Triggers, client: Client) -> None:
    wait = {"name": "w", "type": "Wait", "typeProperties": {"waitTimeInSeconds": 0}}
    for name in ("left", "right"):
        client.put_pipeline(
            name,
            wait,
            parameters={"day": {"type": "String"}},
            runDimensions={"Day": {"value": "@pipeline().parameters.day", "type": "Expression"}},
        )
    depends = [{"referenceName": name, "type": "PipelineReference"} for name in ("left", "right")]
    body = starts("noted", p="@triggerBody().Day")
    properties = {"dependsOn": depends, "runDimension": "Day"}
    triggers.put("both", "ChainingTrigger", properties, pipeline=body)
    triggers.start("both")
    for name, day in (("left", "monday"), ("right", "tuesday"), ("right", "monday")):
        client.wait(client.run(name, {"day": day}))
    [fired] = triggers.wait("both", lambda runs: [each.status for each in runs] == ["Succeeded"])
    assert client.wait(fired.triggered_pipelines["noted"]).parameters["p"] == "monday"
    triggers.stop("both")
