"""Factories, resources, runs: as ``azure-mgmt-datafactory`` creates, publishes, runs, polls and reads them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceNotFoundError,
)
from azure.mgmt.datafactory import models as typed_models
from tests.acceptance.server import Server
from tests.wire.factory.conftest import Client

models: Any = typed_models
"""Its hints call every JSON value a mapping, which numbers and texts are not."""


def activity(name: str, type: str, *after: str, **properties: Any) -> dict[str, Any]:
    depends = [{"activity": each, "dependencyConditions": ["Succeeded"]} for each in after]
    return {"name": name, "type": type, "dependsOn": depends, "typeProperties": properties}


def expression(text: str) -> dict[str, str]:
    return {"value": text, "type": "Expression"}


def test_the_first_factory_is_there_and_others_can_be_made(client: Client) -> None:
    group, name = client.where
    assert client.sdk.factories.get(group, name).provisioning_state == "Succeeded"
    made = client.sdk.factories.create_or_update(
        group,
        "second-factory",
        models.Factory(
            location="West Europe",
            tags={"team": "ml"},
            global_parameters={"limit": models.GlobalParameterSpecification(type="Int", value=3)},
        ),
    )
    assert (made.location, made.tags, made.global_parameters["limit"].value) == ("West Europe", {"team": "ml"}, 3)
    updated = client.sdk.factories.update(group, "second-factory", models.FactoryUpdateParameters(tags={"a": "b"}))
    assert updated.tags == {"a": "b"}
    assert {each.name for each in client.sdk.factories.list_by_resource_group(group)} >= {name, "second-factory"}
    assert {each.name for each in client.sdk.factories.list()} >= {name, "second-factory"}
    client.sdk.factories.delete(group, "second-factory")
    client.sdk.factories.delete(group, "second-factory")
    with pytest.raises(ResourceNotFoundError):
        client.sdk.factories.get(group, "second-factory")


def test_typed_resources_are_published_read_listed_and_deleted(client: Client) -> None:
    sdk, where = client.sdk, client.where
    linked = models.LinkedServiceResource(
        properties=models.AzureBlobStorageLinkedService(
            connection_string=models.SecureString(value="AccountName=lake;AccountKey=sesame==")
        )
    )
    made = sdk.linked_services.create_or_update(*where, "Lake", linked)
    assert made.properties.type == "AzureBlobStorage"
    assert "sesame" not in str(made.serialize())
    dataset = models.DatasetResource(
        properties=models.DelimitedTextDataset(
            linked_service_name=models.LinkedServiceReference(type="LinkedServiceReference", reference_name="Lake"),
            location=models.AzureBlobStorageLocation(container="lake", file_name="a.csv"),
        )
    )
    sdk.datasets.create_or_update(*where, "Rows", dataset)
    pipeline = models.PipelineResource(
        activities=[models.WaitActivity(name="Pause", wait_time_in_seconds=0)],
        parameters={"n": models.ParameterSpecification(type="Int", default_value=1)},
        concurrency=2,
    )
    sdk.pipelines.create_or_update(*where, "Typed", pipeline)
    read = sdk.pipelines.get(*where, "typed")
    assert (read.name, read.concurrency, read.activities[0].type) == ("Typed", 2, "Wait")
    assert sdk.datasets.get(*where, "Rows").properties.location.container == "lake"
    assert "Typed" in {each.name for each in sdk.pipelines.list_by_factory(*where)}
    sdk.pipelines.delete(*where, "Typed")
    with pytest.raises(ResourceNotFoundError, match="Typed"):
        sdk.pipelines.get(*where, "Typed")


def test_an_etag_guards_against_lost_updates(client: Client) -> None:
    client.put_pipeline("Guarded", activity("W", "Wait", waitTimeInSeconds=0))
    read = client.sdk.pipelines.get(*client.where, "Guarded")
    assert client.sdk.pipelines.get(*client.where, "Guarded", if_none_match=read.etag) is None
    body = {"properties": {"activities": [activity("W", "Wait", waitTimeInSeconds=1)]}}
    client.sdk.pipelines.create_or_update(*client.where, "Guarded", body, if_match=read.etag)
    with pytest.raises(HttpResponseError, match="PreconditionFailed") as caught:
        client.sdk.pipelines.create_or_update(*client.where, "Guarded", body, if_match=read.etag)
    assert caught.value.status_code == 412


def test_a_run_is_created_followed_and_read(client: Client) -> None:
    client.put_pipeline(
        "Greets",
        activity("Set", "SetVariable", variableName="text", value="@concat('n=', pipeline().parameters.n)"),
        activity("Pause", "Wait", "Set", waitTimeInSeconds="@pipeline().parameters.pause"),
        parameters={"n": {"type": "int"}, "pause": {"type": "int", "defaultValue": 0}},
        variables={"text": {"type": "String"}},
    )
    run = client.wait(client.run("greets", {"n": 42}))
    assert (run.status, run.pipeline_name, run.parameters) == ("Succeeded", "Greets", {"n": "42", "pause": "0"})
    assert (run.is_latest, run.invoked_by.name) == (True, "Manual")
    assert run.run_end >= run.run_start
    first, second = client.activity_runs(run.run_id)
    assert (first.activity_name, first.status, first.output["value"]) == ("Set", "Succeeded", "n=42")
    assert (second.activity_type, second.input["waitTimeInSeconds"]) == ("Wait", 0)
    assert second.error["errorCode"] == ""
    only = client.activity_runs(
        run.run_id, filters=[{"operand": "ActivityName", "operator": "Equals", "values": ["Pause"]}]
    )
    assert [each.activity_name for each in only] == ["Pause"]


def test_runs_are_queried_with_filters_order_and_pages(client: Client) -> None:
    client.put_pipeline("Counted", activity("W", "Wait", waitTimeInSeconds=0))
    ids = [client.run("Counted") for _ in range(3)]
    for run_id in ids:
        client.wait(run_id)
    asked = models.RunFilterParameters(
        last_updated_after=datetime(2020, 1, 1, tzinfo=UTC),
        last_updated_before=datetime(2100, 1, 1, tzinfo=UTC),
        filters=[
            models.RunQueryFilter(operand="PipelineName", operator="Equals", values=["Counted"]),
            models.RunQueryFilter(operand="Status", operator="In", values=["Succeeded"]),
        ],
        order_by=[models.RunQueryOrderBy(order_by="RunStart", order="ASC")],
    )
    found = client.sdk.pipeline_runs.query_by_factory(*client.where, asked)
    assert [run.run_id for run in found.value] == ids
    assert found.continuation_token is None


def test_many_runs_come_in_pages(client: Client) -> None:
    client.put_pipeline("Paged", activity("W", "Wait", waitTimeInSeconds=0))
    ids = {client.run("Paged") for _ in range(105)}
    asked: dict[str, Any] = {
        "lastUpdatedAfter": "2020-01-01T00:00:00Z",
        "lastUpdatedBefore": "2100-01-01T00:00:00Z",
        "filters": [{"operand": "PipelineName", "operator": "Equals", "values": ["Paged"]}],
    }
    first = client.sdk.pipeline_runs.query_by_factory(*client.where, asked)
    second = client.sdk.pipeline_runs.query_by_factory(
        *client.where, asked | {"continuationToken": first.continuation_token}
    )
    assert (len(first.value), len(second.value), second.continuation_token) == (100, 5, None)
    assert {run.run_id for run in [*first.value, *second.value]} == ids
    for run_id in ids:
        client.wait(run_id)


def test_a_failed_run_tells_why_and_can_be_recovered(client: Client) -> None:
    client.put_pipeline(
        "Breaks",
        activity("Check", "Fail", message="not good enough", errorCode="7001"),
        activity("After", "Wait", "Check", waitTimeInSeconds=0),
    )
    failed = client.wait(client.run("Breaks"))
    assert (failed.status, failed.message) == ("Failed", "Operation on target Check failed: not good enough")
    (check,) = client.activity_runs(failed.run_id)
    assert (check.error["errorCode"], check.error["target"]) == ("7001", "Check")
    client.put_pipeline(
        "Breaks",
        activity("Check", "Wait", waitTimeInSeconds=0),
        activity("After", "Wait", "Check", waitTimeInSeconds=0),
    )
    again = client.run("Breaks", reference_pipeline_run_id=failed.run_id, is_recovery=True, start_from_failure=True)
    recovered = client.wait(again)
    assert (recovered.status, recovered.run_group_id) == ("Succeeded", failed.run_group_id)
    assert client.sdk.pipeline_runs.get(*client.where, failed.run_id).is_latest is False
    from_after = client.wait(
        client.run("Breaks", reference_pipeline_run_id=again, is_recovery=True, start_activity_name="After")
    )
    assert from_after.status == "Succeeded"


def test_a_run_is_cancelled_with_the_runs_that_it_started(client: Client) -> None:
    client.put_pipeline("Sleeps", activity("W", "Wait", waitTimeInSeconds=3600))
    client.put_pipeline(
        "Calls", activity("Call", "ExecutePipeline", pipeline={"referenceName": "Sleeps"}, waitOnCompletion=True)
    )
    run_id = client.run("Calls")
    for _ in range(200):
        (call,) = client.activity_runs(run_id) or [None]
        if call is not None:
            break
    client.sdk.pipeline_runs.cancel(*client.where, run_id, is_recursive=True)
    assert client.wait(run_id).status == "Cancelled"
    (call,) = client.activity_runs(run_id)
    assert call.status == "Cancelled"
    children = client.sdk.pipeline_runs.query_by_factory(
        *client.where,
        {
            "lastUpdatedAfter": "2020-01-01T00:00:00Z",
            "lastUpdatedBefore": "2100-01-01T00:00:00Z",
            "filters": [{"operand": "PipelineName", "operator": "Equals", "values": ["Sleeps"]}],
        },
    ).value
    assert {client.wait(child.run_id).status for child in children} <= {"Cancelled"}


def test_a_thousand_items_run_in_one_loop(client: Client) -> None:
    client.put_pipeline(
        "Each",
        activity(
            "Loop",
            "ForEach",
            items=expression("@range(0,1000)"),
            batchCount=50,
            activities=[activity("In", "Wait", waitTimeInSeconds=0)],
        ),
    )
    run = client.wait(client.run("Each"), 60)
    assert run.status == "Succeeded"


def test_wrong_requests_are_told_plainly(client: Client) -> None:
    with pytest.raises(ResourceNotFoundError, match="PipelineNotFound") as missing:
        client.run("Nothing")
    assert missing.value.status_code == 404
    client.put_pipeline("Needs", activity("W", "Wait", waitTimeInSeconds=0), parameters={"n": {"type": "int"}})
    for parameters in ({}, {"n": "many"}, {"n": 1, "m": 2}):
        with pytest.raises(HttpResponseError, match="InvalidParameter"):
            client.run("Needs", parameters)
    with pytest.raises(ResourceNotFoundError, match="PipelineRunNotFound"):
        client.sdk.pipeline_runs.get(*client.where, "11111111-2222-3333-4444-555555555555")
    with pytest.raises(HttpResponseError, match="InvalidName"):
        client.sdk.factories.create_or_update(client.where[0], "a_b", {"location": "x"})


def test_a_wrong_token_opens_nothing(server: Server) -> None:
    with pytest.raises(ClientAuthenticationError):
        Client(server, token="nobody").sdk.factories.list_by_resource_group("restudio").next()


def test_paths_match_in_any_case_and_need_a_version(client: Client) -> None:
    group, name = client.where
    path = f"/Subscriptions/{client.subscription.upper()}/RESOURCEGROUPS/{group}/Providers/microsoft.datafactory"
    headers = {"Authorization": f"Bearer {client.token}"}
    url = f"{client.url}{path}/Factories/{name}/QueryPipelineRuns"
    assert httpx.post(url, params={"api-version": "2018-06-01"}, headers=headers).status_code == 200
    refused = httpx.post(url, headers=headers)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "MissingApiVersionParameter")


def test_global_parameters_reach_expressions(client: Client) -> None:
    group, name = client.where
    url = f"{client.url}/subscriptions/{client.subscription}/resourceGroups/{group}"
    url += f"/providers/Microsoft.DataFactory/factories/{name}/globalParameters/default"
    headers, version = {"Authorization": f"Bearer {client.token}"}, {"api-version": "2018-06-01"}
    body = {"properties": {"site": {"type": "String", "value": "north"}}}
    assert httpx.put(url, json=body, headers=headers, params=version).status_code == 200
    client.put_pipeline(
        "Global",
        activity("S", "SetVariable", variableName="v", value="@pipeline().globalParameters.site"),
        variables={"v": {"type": "String"}},
    )
    (told,) = client.activity_runs(client.wait(client.run("Global")).run_id)
    assert told.output["value"] == "north"
    assert client.sdk.factories.get(group, name).global_parameters["site"].value == "north"


@pytest.mark.parametrize("properties", [[], "x", {"globalParameters": {"limit": 3}}, {"globalParameters": [1]}])
def test_a_refused_factory_changes_nothing(client: Client, properties: Any) -> None:
    group, name = client.where
    address = (
        f"{client.url}/subscriptions/{client.subscription}/resourceGroups/{group}/providers/Microsoft.DataFactory"
        f"/factories/{name}?api-version=2018-06-01"
    )
    headers = {"Authorization": f"Bearer {client.token}"}
    before = httpx.get(address, headers=headers).json()
    body = {"location": "elsewhere", "properties": properties}
    assert httpx.put(address, headers=headers, json=body).status_code == 400
    assert httpx.patch(address, headers=headers, json={"properties": properties}).status_code == 400
    assert httpx.get(address, headers=headers).json() == before


def test_the_description_of_the_api_is_served(client: Client) -> None:
    described = httpx.get(f"{client.url}/schema/openapi.json")
    assert described.status_code == 200
    operations = [one["operationId"] for path in described.json()["paths"].values() for one in path.values()]
    assert len(operations) == len(set(operations)) > 200


@pytest.mark.parametrize(
    "address", ["pipelines/a%00b?api-version=2018-06-01", "pipelines?api-version=2018-06-01&x=%00"]
)
def test_null_characters_in_an_address_are_refused(client: Client, address: str) -> None:
    group, name = client.where
    root = f"{client.url}/subscriptions/{client.subscription}/resourceGroups/{group}/providers/Microsoft.DataFactory"
    headers = {"Authorization": f"Bearer {client.token}"}
    refused = httpx.get(f"{root}/factories/{name}/{address}", headers=headers)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "InvalidAddress")


def test_null_characters_in_a_name_are_refused(client: Client, server: Server) -> None:
    workspace = server.credentials.workspace_id
    headers = {"Authorization": f"Bearer {server.credentials.workspace_token}"}
    url = f"{client.url}/studio/api/workspaces/{workspace}/programs"
    assert httpx.post(url, headers=headers, json={"name": "a\0b"}).status_code == 400
