"""The run-history service."""

from __future__ import annotations

from typing import Any

import pytest
from tests.wire.designer.conftest import SCOPE, House

HISTORY = "/history/v1.0"


@pytest.fixture
def runs(house: House) -> list[str]:
    """Three runs of one experiment, the newest first; the second one failed."""
    pipeline = house.world.publish()
    text = "PipelineRuns/PipelineSubmit"
    made = []
    house.world.upload("bad.csv", b"age\n1\n")
    broken = {"DataPathAssignments": {"data": {"DataStoreName": "workspaceblobstore", "RelativePath": "bad.csv"}}}
    for number, body in enumerate(({}, broken, {})):
        named = {"ExperimentName": "nightly", "Tags": {"number": str(number)}, **body}
        made.append(house.call("POST", f"{text}/{pipeline}", named)["Id"])
        house.ended(made[-1])
    return made[::-1]


def query(house: House, **asked: Any) -> Any:
    return house.call("POST", "experiments/nightly/runs:query", asked, base=HISTORY)


def test_details_of_a_run(house: House, runs: list[str]) -> None:
    for rest in (f"runs/{runs[0]}/details", f"experiments/nightly/runs/{runs[0]}/details", f"runs/{runs[0]}"):
        told = house.call("GET", rest, base=HISTORY)
        assert (told["runId"], told["status"], told["experimentName"]) == (runs[0], "Completed", "nightly")
        assert told["startTimeUtc"] <= told["endTimeUtc"]
        assert told["tags"] == {"number": "2"}
    failed = house.call("GET", f"runs/{runs[1]}/details", base=HISTORY)
    assert failed["status"] == "Failed"
    assert failed["error"]["error"]["message"].startswith("Error ")
    assert house.call("GET", "experiments", base=HISTORY) == {"value": [{"name": "nightly", "runCount": 3}]}


def test_queries_over_an_experiment(house: House, runs: list[str]) -> None:
    assert [r["runId"] for r in query(house)["value"]] == runs
    completed = query(house, filter="status eq 'Completed'")["value"]
    assert [r["runId"] for r in completed] == [runs[0], runs[2]]
    assert [r["runId"] for r in query(house, filter="tags/number eq '1' and status ne 'Completed'")["value"]] == [
        runs[1]
    ]
    first = query(house, top=2)
    assert ([r["runId"] for r in first["value"]], first["continuationToken"]) == (runs[:2], "2")
    rest = query(house, top=2, continuationToken=first["continuationToken"])
    assert ([r["runId"] for r in rest["value"]], rest["continuationToken"]) == (runs[2:], None)
    since = house.call("GET", f"runs/{runs[1]}", base=HISTORY)["createdTimeUtc"]
    assert [r["runId"] for r in query(house, filter=f"createdTimeUtc ge {since}")["value"]] == runs[:2]


@pytest.mark.parametrize("text", ["status", "status like 'x'", "nothing eq 'x'", "tags eq 'x'", "status/x eq 'y'"])
def test_filters_that_say_nothing_are_refused(house: House, text: str) -> None:
    answer = house.http.post(
        f"{HISTORY}/subscriptions/a/resourceGroups/b/providers/Microsoft.MachineLearningServices/workspaces/Churn"
        "/experiments/nightly/runs:query",
        json={"filter": text},
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidFilter")


@pytest.mark.parametrize("value", ["9" * 5000, "-1", "1e3", [1], {}])
def test_numbers_that_are_none_are_refused(house: House, value: object) -> None:
    for name in ("top", "continuationToken"):
        answer = house.http.post(f"{HISTORY}/{SCOPE}/experiments/x/runs:query", json={name: value})
        assert answer.status_code == 400, answer.text
    beyond = house.http.post(f"{HISTORY}/{SCOPE}/experiments/x/runs:query", json={"continuationToken": 10**40})
    assert beyond.json() == {"value": [], "continuationToken": None}
