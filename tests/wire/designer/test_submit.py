"""The documented calls, each as a client of old sends it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from tests.unit.designer.world import WORKSPACE, adult
from tests.wire.designer.conftest import SCOPE, URL, House

from restudio.identity.types import Role

SUBMIT = "PipelineRuns/PipelineSubmit"
ENDPOINT = "PipelineRuns/PipelineEndpointSubmit"


@pytest.fixture
def pipeline(house: House) -> str:
    return house.world.publish()


@pytest.mark.parametrize("base", ["/pipelines/v1.0", "/api/v1.0"])
def test_submit_a_published_pipeline(house: House, pipeline: str, base: str) -> None:
    body = {
        "ExperimentName": "nightly-retrain",
        "Description": "week 31",
        "Tags": {"source": "warehouse"},
        "RunSource": "Rest",
        "ParameterAssignments": {"fraction": 0.6, "weight": "0.5"},
        "ContinueOnStepFailure": False,
        "ParentRunId": None,
    }
    run = house.call("POST", f"{SUBMIT}/{pipeline}", body, base=base)
    assert (run["RunHistoryExperimentName"], run["RunSource"]) == ("nightly-retrain", "Rest")
    assert run["ParameterAssignments"] == {"data": "adult.csv", "fraction": 0.6, "weight": 0.5}
    ended = house.ended(run["Id"])
    assert (ended["Status"], ended["Tags"], ended["Description"]) == ("Finished", {"source": "warehouse"}, "week 31")
    assert (ended["GraphId"], ended["PipelineId"]) == (run["GraphId"], pipeline)


@pytest.mark.parametrize("spell", [str.lower, str.upper, str.swapcase])
def test_only_names_have_a_case(house: House, pipeline: str, spell: Callable[[str], str]) -> None:
    endpoint = house.call("POST", "PipelineEndpoints", {"Name": "Nightly", "PipelineId": pipeline})["Id"]
    scope = f"{spell(SCOPE.removesuffix('Churn'))}Churn"

    def call(method: str, prefix: str, rest: str) -> Any:
        answer = house.http.request(method, f"{spell(prefix)}/{scope}/{rest}", json={})
        assert answer.status_code == 200, (prefix, rest, answer.text)
        return answer.json()

    by_name = f"{spell('PipelineRuns/PipelineEndpointSubmit/Name')}?name=Nightly"
    calls = [f"{spell(SUBMIT)}/{pipeline}", f"{spell(ENDPOINT + '/Id/' + endpoint)}/0", by_name]
    for rest in calls:
        run = call("POST", "/pipelines/v1.0", rest)["Id"]
        house.ended(run)
        assert call("GET", "/api/v1.0", f"{spell('PipelineRuns')}/{run}")["Status"] == "Finished"
        assert call("GET", "/history/v1.0", spell(f"runs/{run}/details"))["status"] == "Completed"
    assert len(call("GET", "/pipelines/v1.0", f"{spell('PipelineEndpoints')}/Nightly/{spell('runs')}")) == 2
    runs = call("POST", "/history/v1.0", f"{spell('experiments')}/pipelines/{spell('runs:query')}")
    assert len(runs["value"]) == len(calls)
    missing = house.http.get(f"/pipelines/v1.0/{SCOPE}/PipelineEndpoints/nightly")
    assert missing.status_code == 404


@pytest.mark.parametrize("content", [b"", b"{}"])
def test_an_empty_body_runs_with_the_defaults(house: House, pipeline: str, content: bytes) -> None:
    answer = house.http.post(f"/pipelines/v1.0/{SCOPE}/{SUBMIT}/{pipeline}", content=content)
    assert answer.status_code == 200
    assert house.ended(answer.json()["Id"])["Status"] == "Finished"


def test_a_data_path_chooses_the_data(house: House, pipeline: str) -> None:
    house.world.upload("churn/2031-w31/a.csv", adult(5))
    body = {"DataPathAssignments": {"data": {"DataStoreName": "workspaceblobstore", "RelativePath": "churn/2031-w31"}}}
    run = house.call("POST", f"{SUBMIT}/{pipeline}", body)
    assert run["ParameterAssignments"]["data"] == "azureml://datastores/workspaceblobstore/paths/churn/2031-w31"
    assert house.ended(run["Id"])["Status"] == "Finished"


def test_a_saved_data_set_chooses_the_data(house: House, pipeline: str) -> None:
    known = house.world.assets.find(WORKSPACE, "dataset", "adult.csv")
    assert known is not None
    references: list[dict[str, Any]] = [
        {"SavedDataSetReference": {"Id": str(uuid.UUID(known.family))}},
        {"DataSetReference": {"Name": "adult.csv", "Version": "1"}},
        {"LiteralValue": {"DataStoreName": "workspaceblobstore", "RelativePath": "a.csv"}},
    ]
    house.world.upload("a.csv", adult())
    for reference in references:
        body = {"DataSetDefinitionValueAssignments": {"data": reference}}
        run = house.call("POST", f"{SUBMIT}/{pipeline}", body)
        assert house.ended(run["Id"])["Status"] == "Finished"


def test_submit_by_endpoint_id_version_and_name(house: House, pipeline: str) -> None:
    other = house.world.publish(defaults={"fraction": 0.5})
    endpoint = house.call("POST", "PipelineEndpoints", {"Name": "nightly", "PipelineId": pipeline})
    house.call("POST", f"PipelineEndpoints/{endpoint['Id']}/versions", {"PipelineId": other, "IsDefault": True})
    calls = {
        f"{ENDPOINT}/Id/{endpoint['Id']}": other,
        f"{ENDPOINT}/Id/{uuid.UUID(endpoint['Id'])}": other,
        f"{ENDPOINT}/Id/{endpoint['Id']}/0": pipeline,
        f"{ENDPOINT}/Name?name=nightly": other,
        f"{ENDPOINT}/Name?name=nightly&pipelineVersion=0": pipeline,
    }
    for rest, expected in calls.items():
        run = house.call("POST", rest, {})
        assert (run["PipelineId"], run["PipelineEndpointId"]) == (expected, endpoint["Id"]), rest
        house.ended(run["Id"])
    shown = house.call("GET", f"PipelineEndpoints/{endpoint['Id']}")
    assert shown["PipelineVersionList"] == [
        {"Version": "0", "PipelineId": pipeline},
        {"Version": "1", "PipelineId": other},
    ]
    assert (shown["DefaultVersion"], shown["DefaultPipelineId"]) == ("1", other)
    assert shown["RestEndpoint"].startswith(f"{URL}/pipelines/v1.0/subscriptions/{uuid.UUID(WORKSPACE)}/")
    runs = house.call("GET", f"PipelineEndpoints/{endpoint['Id']}/runs")
    assert len(runs) == len(calls)
    changed = house.call("PATCH", f"PipelineEndpoints/{endpoint['Id']}", {"DefaultVersion": "0"})
    assert changed["DefaultPipelineId"] == pipeline
    versions = house.call("GET", "PipelineEndpoints/nightly/versions")
    assert [(v["EndpointVersion"], v["IsDefault"]) for v in versions] == [("1", False), ("0", True)]


def test_runs_steps_and_cancel(house: House, pipeline: str) -> None:
    run = house.call("POST", f"{SUBMIT}/{pipeline}", {})
    house.ended(run["Id"])
    steps = house.call("GET", f"PipelineRuns/{run['Id']}/Steps")
    assert {s["Status"] for s in steps} == {"Finished"}
    assert [s["Id"] for s in steps if s["Name"] == "Train Model"] == ["train"]
    again = house.call("POST", f"{SUBMIT}/{pipeline}", {})
    house.ended(again["Id"])
    assert all(s["IsReused"] for s in house.call("GET", f"PipelineRuns/{again['Id']}/Steps"))
    listed = house.call("GET", f"PipelineRuns/Pipeline/{pipeline}")
    assert [r["Id"] for r in listed] == [again["Id"], run["Id"]]
    assert house.call("POST", f"PipelineRuns/{run['Id']}/Cancel")["Status"] == "Finished"
    rerun = house.call("POST", f"pipelineruns/{run['Id']}/rerun", {"pipelineParameters": {"weight": 2}})
    assert rerun["ParameterAssignments"]["weight"] == 2.0
    house.ended(rerun["Id"])


def test_one_client_request_id_is_one_run(house: House, pipeline: str) -> None:
    headers = {"x-ms-client-request-id": str(uuid.uuid4())}
    runs = [house.call("POST", f"{SUBMIT}/{pipeline}", {}, headers=headers)["Id"] for _ in range(2)]
    assert runs[0] == runs[1]
    status, code, _ = house.fail("POST", f"{SUBMIT}/{pipeline}", {"ExperimentName": "x"}, headers=headers)
    assert (status, code) == (409, "RequestIdReused")
    house.ended(runs[0])


def test_publish_enable_disable_over_rest(house: House) -> None:
    draft = house.world.draft()
    made = house.call("POST", "PublishedPipelines", {"DraftId": draft, "Name": "p", "DefaultValues": {"fraction": 0.9}})
    assert (made["Status"], made["TotalRunSteps"], made["LastRunStatus"]) == ("Active", 7, None)
    assert made["Parameters"][1] == {
        "Name": "fraction", "Type": "Float", "DefaultValue": 0.9, "Required": False, "Description": ""
    }  # fmt: skip
    assert house.call("PATCH", f"PublishedPipelines/{made['Id']}", {"Status": "Disabled"})["Status"] == "Disabled"
    assert house.fail("POST", f"{SUBMIT}/{made['Id']}")[:2] == (409, "PipelineDisabled")
    assert house.call("GET", "PublishedPipelines?activeOnly=true") == []
    house.call("PATCH", f"PublishedPipelines/{made['Id']}", {"Status": "Active"})
    run = house.call("POST", f"{SUBMIT}/{made['Id']}")
    house.ended(run["Id"])
    assert house.call("GET", f"PublishedPipelines/{made['Id']}")["LastRunStatus"] == "Finished"
    again = house.call("POST", "PublishedPipelines", {"RunId": run["Id"]})
    assert again["GraphId"] == made["GraphId"]


@pytest.mark.parametrize(
    ("rest", "body", "status", "code"),
    [
        (f"{SUBMIT}/{'f' * 32}", {}, 404, "PipelineNotFound"),
        (f"{ENDPOINT}/Id/{'f' * 32}", {}, 404, "PipelineEndpointNotFound"),
        (f"{ENDPOINT}/Name?name=nightly", {}, 404, "PipelineEndpointNotFound"),
        (f"{SUBMIT}/PIPELINE", {"ParameterAssignments": {"rate": 1}}, 400, "UnknownParameter"),
        (f"{SUBMIT}/PIPELINE", {"ParameterAssignments": {"fraction": "x"}}, 400, "InvalidParameterValue"),
        (f"{SUBMIT}/PIPELINE", {"ParameterAssignments": []}, 400, "RequestBodyInvalid"),
        (f"{SUBMIT}/PIPELINE", {"DataPathAssignments": {"data": "x"}}, 400, "RequestBodyInvalid"),
        (f"{SUBMIT}/PIPELINE", {"ContinueOnStepFailure": "perhaps"}, 400, "RequestBodyInvalid"),
        (f"{SUBMIT}/PIPELINE", {"DataPathAssignments": {"data": {"DataStoreName": "lake"}}}, 404, "DataStoreNotFound"),
        (
            f"{SUBMIT}/PIPELINE",
            {"DataPathAssignments": {"data": {"DataStoreName": "workspaceblobstore", "RelativePath": "x"}}},
            404,
            "DataPathNotFound",
        ),
        (f"PipelineRuns/{'f' * 32}/Cancel", {}, 404, "PipelineRunNotFound"),
    ],
)
def test_refusals(house: House, pipeline: str, rest: str, body: object, status: int, code: str) -> None:
    told = house.fail("POST", rest.replace("PIPELINE", pipeline), body)
    assert told[:2] == (status, code)
    assert told[2]
    assert house.call("GET", f"PipelineRuns/Pipeline/{pipeline}") == []


def test_an_unknown_version_and_a_disabled_endpoint(house: House, pipeline: str) -> None:
    house.call("POST", "PipelineEndpoints", {"Name": "nightly", "PipelineId": pipeline})
    status, code, message = house.fail("POST", f"{ENDPOINT}/Name?name=nightly&pipelineVersion=7")
    assert (status, code) == (404, "VersionNotFound")
    assert "'0'" in message
    house.call("PATCH", "PipelineEndpoints/nightly", {"Status": "Disabled"})
    assert house.fail("POST", f"{ENDPOINT}/Name?name=nightly")[:2] == (409, "PipelineEndpointDisabled")
    assert house.fail("POST", "PipelineEndpoints", {"Name": "nightly", "PipelineId": pipeline})[:2] == (
        409,
        "NameExists",
    )


@pytest.mark.parametrize("body", [None, {}, {"EntityStatus": "Disabled"}])
def test_a_change_of_nothing_does_not_pass_for_one(house: House, pipeline: str, body: object) -> None:
    house.call("POST", "PipelineEndpoints", {"Name": "nightly", "PipelineId": pipeline})
    for address in ("PipelineEndpoints/nightly", f"PublishedPipelines/{pipeline}"):
        status, code, message = house.fail("PATCH", address, body)
        assert (status, code) == (400, "RequestBodyInvalid")
        assert "expected one of Status" in message
        assert ("'entitystatus'" if body else "got nothing") in message
        assert house.call("GET", address)["Status"] == "Active"


def test_tokens_and_roles(house: House, pipeline: str) -> None:
    rest = f"{SUBMIT}/{pipeline}"
    for token in ("", "nonsense", "a.b.c"):
        answer = house.http.post(
            f"/pipelines/v1.0/{SCOPE}/{rest}", json={}, headers={"Authorization": f"Bearer {token}"}
        )
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
    assert house.fail("POST", rest, {}, headers=house.bearer(Role.READER))[:2] == (403, "ActionForbidden")
    member = house.bearer(Role.MEMBER)
    run = house.call("POST", rest, {}, headers=member)
    house.ended(run["Id"])
    assert house.fail("POST", "PipelineEndpoints", {"Name": "x", "PipelineId": pipeline}, headers=member)[0] == 403
    assert house.fail("PATCH", f"PublishedPipelines/{pipeline}", {"Status": "Disabled"}, headers=member)[0] == 403
    nowhere = f"/pipelines/v1.0/{SCOPE.replace('Churn', 'Elsewhere')}/{rest}"
    assert house.http.post(nowhere, json={}).json()["error"]["code"] == "WorkspaceNotFound"


def test_the_swagger_names_every_submit_call(house: House) -> None:
    told = house.http.get("/pipelines/swagger/pipelineendpointsubmit/swagger.json").json()
    assert told["swagger"] == "2.0"
    assert {path.rpartition("PipelineRuns/")[2] for path in told["paths"]} == {
        "PipelineSubmit/{pipelineId}",
        "PipelineEndpointSubmit/Id/{endpointId}",
        "PipelineEndpointSubmit/Id/{endpointId}/{version}",
        "PipelineEndpointSubmit/Name",
        "{runId}",
        "{runId}/Cancel",
    }
    assert "DataPathAssignments" in told["definitions"]["PipelineSubmission"]["properties"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"continueonstepfailure": "maybe"}, "'ContinueOnStepFailure' must be true or false"),
        ({"TAGS": [1]}, "'Tags' must be a JSON object"),
        ({"DataSetDefinitionValueAssignments": {"data": {}}}, "SavedDataSetReference"),
        ({"ParameterAssignments": {"data": {"DataStoreName": "a"}}}, "give an object in DataPathAssignments"),
    ],
)
def test_a_wrong_member_is_called_as_it_is_documented(house: House, pipeline: str, body: object, told: str) -> None:
    status, _, message = house.fail("POST", f"{SUBMIT}/{pipeline}", body)
    assert status == 400
    assert told in message


def test_what_is_missing_or_of_another_kind_is_told(house: House, pipeline: str) -> None:
    endpoint = house.call("POST", "PipelineEndpoints", {"Name": "nightly", "PipelineId": pipeline})["Id"]
    assert house.fail("POST", f"{ENDPOINT}/Name", {})[:2] == (400, "MissingName")
    assert "pipeline endpoint 'nightly'" in house.fail("POST", f"{SUBMIT}/{endpoint}", {})[2]
    assert "that of a published pipeline" in house.fail("POST", f"{ENDPOINT}/Id/{pipeline}", {})[2]
    missing: list[tuple[str, object]] = [("PublishedPipelines", {}), ("PipelineEndpoints", {"Name": "other"})]
    for rest, body in missing:
        status, code, message = house.fail("POST", rest, body)
        assert (status, code) == (400, "RequestBodyInvalid")
        assert "is missing; it must be" in message


def test_a_change_of_an_endpoint_is_whole_or_nothing(house: House, pipeline: str) -> None:
    endpoint = house.call("POST", "PipelineEndpoints", {"Name": "nightly", "PipelineId": pipeline})["Id"]
    house.call("POST", f"PipelineEndpoints/{endpoint}/versions", {"PipelineId": pipeline})
    house.call("POST", "PipelineEndpoints", {"Name": "taken", "PipelineId": pipeline})
    for wrong, status in (({"Status": "off"}, 400), ({"Name": "taken"}, 409)):
        assert house.fail("PATCH", f"PipelineEndpoints/{endpoint}", {"DefaultVersion": "1", **wrong})[0] == status
        assert house.call("GET", f"PipelineEndpoints/{endpoint}")["DefaultVersion"] == "0"
    changed = house.call("PATCH", f"PipelineEndpoints/{endpoint}", {"DefaultVersion": 1, "Description": "weekly"})
    assert (changed["DefaultVersion"], changed["Description"]) == ("1", "weekly")


def test_a_request_id_with_another_body_is_refused(house: House, pipeline: str) -> None:
    headers = {"x-ms-client-request-id": "one"}
    house.call("POST", f"{SUBMIT}/{pipeline}", {}, headers=headers)
    others: list[object] = [{"ContinueOnStepFailure": True}, {"Description": "x"}, {"Tags": {"a": "b"}}]
    for other in others:
        assert house.fail("POST", f"{SUBMIT}/{pipeline}", other, headers=headers)[:2] == (409, "RequestIdReused")


def test_a_file_is_put_at_a_path_of_a_store(house: House, pipeline: str) -> None:
    files = f"/studio/api/workspaces/{WORKSPACE}/data-stores/workspaceblobstore/files"
    content = adult(7)
    owner = {"Authorization": f"Bearer {house.identity.tokens(WORKSPACE).primary}"}
    put = house.http.put(files, params={"path": "in/a.csv"}, content=content, headers=owner)
    assert put.status_code == 204, put.text
    listed = house.http.get(files, params={"path": "in"}, headers=owner)
    assert [f["size"] for f in listed.json()] == [len(content)]
    pattern = house.http.put(files, params={"path": "in/*.csv"}, content=b"x", headers=owner)
    assert (pattern.status_code, pattern.json()["error"]["details"][0]["code"]) == (400, "InvalidDataPath")


@pytest.mark.parametrize("member", ["ContinueOnStepFailure", "ContinueRunOnStepFailure"])
def test_either_name_lets_a_run_go_on(house: House, pipeline: str, member: str) -> None:
    assert house.call("POST", f"{SUBMIT}/{pipeline}", {member: True})["ContinueOnStepFailure"] is True
