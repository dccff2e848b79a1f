"""The calls of the original's Python client (azureml-pipeline-core 1.62), as it was seen to make them."""

from __future__ import annotations

from typing import Any

import pytest
from tests.wire.designer.conftest import SCOPE, URL, House

AGENT = {"User-Agent": "python/3.11.7 msrest/0.7.1 amlpipelinesapi10/1.0"}


@pytest.fixture
def pipeline(house: House) -> str:
    return house.world.publish()


def test_it_finds_its_services_and_makes_no_data_types(house: House) -> None:
    services = house.http.get("/discovery").json()
    assert {"history", "pipelines"} <= set(services)
    assert set(services.values()) == {URL}
    assert {"AnyFile", "AnyDirectory", "AzureMLDataset"} <= {one["Id"] for one in house.call("GET", "DataTypes")}


def test_published_pipelines(house: House, pipeline: str) -> None:
    shown = house.call("GET", f"Pipelines/{pipeline}")
    assert (shown["EntityStatus"], shown["TotalRunSteps"]) == ("Active", 7)
    assert shown["Url"].endswith(f"PipelineRuns/PipelineSubmit/{pipeline}")
    for word, active in (('"2"', []), ('"Active"', [pipeline])):
        answer = house.http.put(f"{_base()}/Pipelines/{pipeline}/status", content=word)
        assert answer.status_code == 200, answer.text
        assert [one["Id"] for one in house.call("GET", "Pipelines?activeOnly=true")] == active
    assert house.http.put(f"{_base()}/Pipelines/{pipeline}/status", content='"9"').status_code == 400


def test_a_run_has_an_object_for_its_status_and_steps_below_it(house: House, pipeline: str) -> None:
    body = {"ExperimentName": "sdk", "ParameterAssignments": {"fraction": "0.6"}, "ContinueRunOnStepFailure": True}
    submit = f"PipelineRuns/PipelineSubmit/{pipeline}?parentRunId=outer"
    run = house.call("POST", submit, body, headers=AGENT)
    assert run["ParameterAssignments"]["fraction"] == "0.6"
    assert house.ended(run["Id"])["ParentRunId"] == "outer"
    status = house.call("GET", f"PipelineRuns/{run['Id']}", headers=AGENT)["Status"]
    assert status["StatusCode"] == "Finished"
    history = f"experiments/sdk/runs/{run['Id']}"
    details = house.call("GET", history, base="/history/v1.0")
    assert (details["rootRunId"], details["logFiles"]) == ("outer", {})
    steps = house.call("GET", f"{history}/children?$top=500", base="/history/v1.0")["value"]
    assert {one["tags"]["azureml.nodeid"] for one in steps} >= {"adult", "train", "evaluate"}
    assert all(one["tags"]["azureml.pipeline"] == run["Id"] for one in steps)
    first = house.call("GET", f"experiments/sdk/runs/{steps[0]['runId']}", base="/history/v1.0")
    assert (first["status"], first["name"]) == ("Completed", steps[0]["name"])
    files = house.call("GET", "artifacts/prefix/contentinfo/ExperimentRun/None/user_logs", base="/artifact/v2.0")
    assert files == {"value": [], "continuationToken": None}
    missing = house.http.get(f"{_base('/history/v1.0')}/runs/{run['Id']}.nothing/details")
    assert missing.status_code == 404
    assert house.http.delete(f"{_base()}/PipelineRuns/{run['Id']}/Execution").status_code == 200


def test_pipeline_endpoints(house: House, pipeline: str) -> None:
    other = house.world.publish(defaults={"fraction": 0.5})
    made = house.call("POST", "PipelineEndpoints/Create", {"Name": "nightly", "PipelineId": pipeline})
    assert house.call("GET", f"PipelineEndpoints/Id/{made['Id']}") == made
    assert house.call("GET", "PipelineEndpoints/Name?Name=nightly") == made
    added: list[Any] = [*made["PipelineVersionList"], {"Version": "1", "PipelineId": other}]
    changed = {**made, "PipelineVersionList": added, "DefaultVersion": "1", "EntityStatus": "2"}
    shown = house.call("PUT", f"PipelineEndpoints/{made['Id']}", changed)
    assert (shown["DefaultVersion"], shown["EntityStatus"], len(shown["PipelineVersionList"])) == ("1", "Disabled", 2)
    house.call("PUT", f"PipelineEndpoints/{made['Id']}", {**shown, "EntityStatus": "0"})
    listed = house.call("GET", f"PipelineEndpoints/{made['Id']}/pipelines?activeOnly=true")
    assert [one["Id"] for one in listed] == [other, pipeline]
    by_version = f"PipelineRuns/PipelineEndpointSubmit/Id/{made['Id']}?pipelineVersion=0"
    assert house.call("POST", by_version, {}, headers=AGENT)["PipelineId"] == pipeline
    skipped = {**shown, "PipelineVersionList": [{"Version": "7", "PipelineId": other}]}
    assert house.fail("PUT", f"PipelineEndpoints/{made['Id']}", skipped)[:2] == (409, "VersionNotNext")


def _base(prefix: str = "/pipelines/v1.0") -> str:
    return f"{prefix}/{SCOPE}"
