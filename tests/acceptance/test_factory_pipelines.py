"""AzureMLExecutePipeline and WebHook in pipelines of a real server."""

from __future__ import annotations

import http.server
import json
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.acceptance.adult import DATA, need_data
from tests.acceptance.server import Server

from restudio.client.blobs import BlobAccount
from restudio.client.factories import Document, Factory

PIPELINES = Path(__file__).parents[2] / "examples" / "pipelines"


@pytest.fixture(scope="module")
def factory(open_server: Server) -> Factory:
    told = open_server.credentials
    return open_server.client().factory(told.factory_name, told.resource_group)


def run(factory: Factory, activity: dict[str, Any], linked_services: dict[str, Any] | None = None) -> Any:
    """The activity run of a pipeline with this one activity."""
    documents = [Document("linkedService", name, each) for name, each in (linked_services or {}).items()]
    factory.publish([*documents, Document("pipeline", "Single", {"activities": [activity]})])
    run_id = factory.run("Single")
    factory.wait(run_id)
    [told] = factory.activity_runs(run_id)
    return told


@pytest.fixture(scope="module")
def published(open_server: Server) -> str:
    """Id of a published pipeline over the Adult data set."""
    need_data()
    client, told = open_server.client(), open_server.credentials
    client.datasets.upload(DATA, name="adult.csv", data_type_id="GenericCSV")
    root = f"{told.url}/studio/api/workspaces/{told.workspace_id}"
    headers = {"authorization": f"Bearer {told.workspace_token}"}
    with httpx.Client(headers=headers, timeout=60) as http_client:
        text = (PIPELINES / "adult.pipeline.yaml").read_text()
        yaml = {"content-type": "application/yaml"}
        draft = http_client.post(f"{root}/pipelines/drafts", content=text.encode(), headers=yaml)
        assert draft.status_code < 300, draft.text
        path = (
            f"subscriptions/{told.subscription_id}/resourceGroups/{told.resource_group}/providers/"
            f"Microsoft.MachineLearningServices/workspaces/{told.workspace_name}"
        )
        body = {"DraftId": draft.json()["id"], "Name": "Adult"}
        made = http_client.post(f"{told.url}/pipelines/v1.0/{path}/PublishedPipelines", json=body)
        assert made.status_code < 300, made.text
        return str(made.json()["Id"])


def execute(published: str, **properties: Any) -> dict[str, Any]:
    return {
        "name": "Run it",
        "type": "AzureMLExecutePipeline",
        "linkedServiceName": {"referenceName": "Workspace", "type": "LinkedServiceReference"},
        "typeProperties": {"mlPipelineId": published, "experimentName": "nightly", **properties},
    }


def workspace(server: Server, subscription: str | None = None, **more: str) -> dict[str, Any]:
    told = server.credentials
    properties = {
        "subscriptionId": subscription or told.subscription_id,
        "resourceGroupName": told.resource_group,
        "mlWorkspaceName": told.workspace_name,
        **more,
    }
    return {"Workspace": {"type": "AzureMLService", "typeProperties": properties}}


def test_a_published_pipeline_is_run_and_waited_for(open_server: Server, factory: Factory, published: str) -> None:
    told = run(factory, execute(published), workspace(open_server))
    assert told.status == "Succeeded", told
    assert (told.output["status"], told.output["experimentName"]) == ("Finished", "nightly")


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (300, {"Run it": "Succeeded", "Tell success": "Succeeded"}),
        (0, {"Run it": "Failed", "Tell failure": "Succeeded"}),
    ],
    ids=["it trains", "its data has no rows to train on"],
)
def test_a_pipeline_branches_on_the_outcome(
    open_server: Server, factory: Factory, published: str, rows: int, told: dict[str, str]
) -> None:
    path = f"census/{rows}.csv"
    data = b"".join(DATA.read_bytes().splitlines(keepends=True)[: rows + 1])
    BlobAccount(open_server.credentials.storage_connection_string).upload(f"azureml-blobstore/{path}", data)
    place = {
        "DataStoreName": "workspaceblobstore",
        "RelativePath": {"value": "@variables('path')", "type": "Expression"},
    }
    asked = {
        **execute(published, mlPipelineParameters={"trees": 5}, dataPathAssignments={"census": place}),
        "dependsOn": [{"activity": "Choose", "dependencyConditions": ["Succeeded"]}],
    }
    activities = [
        _set("Choose", "path", path),
        asked,
        _set("Tell success", "outcome", "@activity('Run it').output.status", after="Succeeded"),
        _set("Tell failure", "outcome", "@activity('Run it').error.message", after="Failed"),
    ]
    variables = {"path": {"type": "String"}, "outcome": {"type": "String"}}
    services = [Document("linkedService", name, each) for name, each in workspace(open_server).items()]
    pipeline = Document("pipeline", "Branching", {"variables": variables, "activities": activities})
    factory.publish([*services, pipeline])
    ended = factory.wait(factory.run("Branching"))
    runs = {each.activity_name: each for each in factory.activity_runs(ended.run_id)}
    assert {name: each.status for name, each in runs.items() if name != "Choose"} == told, runs
    # A branch for each outcome: the run fails as the activity does (Data Factory reference, 2.5).
    assert ended.status == told["Run it"]
    if rows:
        assert runs["Tell success"].output["value"] == "Finished"
    else:
        assert runs["Run it"].error["errorCode"] == "4126"
        assert "pipeline run failed with status: 'Failed'" in runs["Tell failure"].output["value"]


def _set(name: str, variable: str, value: str, *, after: str | None = None) -> dict[str, Any]:
    depends = [{"activity": "Run it", "dependencyConditions": [after]}] if after else []
    properties = {"variableName": variable, "value": value}
    return {"name": name, "type": "SetVariable", "dependsOn": depends, "typeProperties": properties}


@pytest.mark.parametrize(
    ("properties", "code", "said"),
    [
        ({"mlPipelineId": "0" * 32}, "4124", "failed with http status code '404'"),
        ({"mlPipelineParameters": {"No such parameter": 1}}, "4123", "No such parameter"),
        ({"mlPipelineId": ""}, "4101", "activity 'Run it' has invalid value for property 'mlPipelineId'."),
    ],
)
def test_documented_errors(
    open_server: Server, factory: Factory, published: str, properties: dict[str, Any], code: str, said: str
) -> None:
    told = run(factory, execute(published, **properties), workspace(open_server))
    assert (told.status, told.error["errorCode"]) == ("Failed", code)
    assert said in told.error["message"]


def test_no_workspace_but_the_factorys_own(open_server: Server, factory: Factory, published: str) -> None:
    other = workspace(open_server, "11111111-2222-3333-4444-555555555555")
    told = run(factory, execute(published), other)
    assert told.error["errorCode"] == "4112"
    assert "invalid value for property 'subscriptionId'" in told.error["message"]


def test_a_service_principal_runs_pipelines_with_its_role(
    open_server: Server, factory: Factory, published: str
) -> None:
    tenant, programs = open_server.credentials.tenant_id, open_server.client().programs

    def told(client_id: str, secret: str) -> Any:
        given = {"servicePrincipalId": client_id, "servicePrincipalKey": secret, "tenant": tenant}
        return run(factory, execute(published), workspace(open_server, **given))

    may = programs.add("nightly", "member")
    assert told(may.client_id, may.client_secret or "").status == "Succeeded"
    wrong = told(may.client_id, "another secret").error
    assert (wrong["errorCode"], wrong["failureType"]) == ("4121", "UserError")
    assert wrong["message"].startswith(
        "Request sent to Azure Machine Learning for operation 'authenticate' failed with http status code '401'. Error "
        "message from Azure Machine Learning: 'The client id or secret is wrong for this tenant."
    )
    programs.remove(may.client_id)
    assert told(may.client_id, may.client_secret or "").error["errorCode"] == "4121"
    reader = programs.add("dashboard", "reader")
    refused = told(reader.client_id, reader.client_secret or "").error
    assert refused["errorCode"] == "4122"
    assert "failed with http status code '403'" in refused["message"]
    assert "may not score" in refused["message"]
    half = run(factory, execute(published), workspace(open_server, servicePrincipalId=reader.client_id)).error
    assert (half["errorCode"], "'servicePrincipalKey'" in half["message"]) == ("4112", True)


def test_a_database_that_fails(open_server: Server, factory: Factory, published: str) -> None:
    with closing(sqlite3.connect(open_server.home / "restudio.sqlite", timeout=30)) as connection:
        connection.execute("ALTER TABLE published_pipelines RENAME TO taken_away")
        connection.commit()
        try:
            told = run(factory, execute(published), workspace(open_server)).error
        finally:
            connection.execute("ALTER TABLE taken_away RENAME TO published_pipelines")
            connection.commit()
    assert (told["errorCode"], told["failureType"]) == ("4125", "SystemError")
    assert "failed with http status code '500'" in told["message"]
    assert run(factory, execute(published), workspace(open_server)).status == "Succeeded"


def test_a_linked_service_that_became_another(open_server: Server, factory: Factory, published: str) -> None:
    assert run(factory, execute(published, mlPipelineId="0" * 32), workspace(open_server)).error["errorCode"] == "4124"
    storage = {"connectionString": open_server.credentials.storage_connection_string}
    factory.publish([Document("linkedService", "Workspace", {"type": "AzureStorage", "typeProperties": storage})])
    run_id = factory.run("Single")
    factory.wait(run_id)
    [told] = factory.activity_runs(run_id)
    assert told.error["errorCode"] == "4111"
    assert (
        "Expected LinkedService type: 'AzureMLService', current LinkedService type: 'AzureStorage'"
        in (told.error["message"])
    )


def test_a_service_calls_back_over_http(factory: Factory) -> None:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()
            answers.append(httpx.post(asked["callBackUri"], json={"rows": 7}).status_code)
            answers.append(httpx.post(asked["callBackUri"], json={"rows": 8}).status_code)

        def log_message(self, format: str, *args: object) -> None:
            pass

    answers: list[int] = []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        hook = {
            "name": "Ask",
            "type": "WebHook",
            "typeProperties": {
                "method": "POST",
                "url": f"http://127.0.0.1:{server.server_port}/start",
                "headers": {"Content-Type": "application/json"},
                "body": {"k": 1},
                "timeout": "00:00:30",
            },
        }
        told = run(factory, hook)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert told.status == "Succeeded", told
    assert told.output == {"rows": 7}
    assert answers == [200, 404]
