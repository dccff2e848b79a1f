from __future__ import annotations

import pytest

from restudio.core.errors import Kind, ManyErrors, RestudioError
from restudio.designer.rules import assign, ensure_name, history_status, next_version, pipeline_of, with_values
from restudio.designer.types import EndpointVersion, PipelineEndpoint, Submission
from restudio.graph.data_path import DataPath
from restudio.graph.model import Graph, GraphParameter, Node

PARAMETERS = (
    GraphParameter("rate", 0.1, False, "Float"),
    GraphParameter("label", None, True, "String"),
    GraphParameter("data", "adult.csv", False, "DataSource"),
    GraphParameter("seed", None, False, "Int"),
)
ENDPOINT = PipelineEndpoint(
    "e", "w", "nightly", "", True, 1, (EndpointVersion(0, "p0"), EndpointVersion(1, "p1")), 0.0, "me"
)


def test_a_call_goes_before_the_default_and_the_default_before_the_graph() -> None:
    values = assign(PARAMETERS, Submission(parameters={"rate": "0.5", "label": "left"}))
    assert values == {"rate": 0.5, "label": "left", "data": "adult.csv"}
    graph = Graph((Node("n", "x", {"Rate": 1, "Seed": 3}, {"Rate": "rate", "Seed": "seed"}),), parameters=PARAMETERS)
    run = with_values(graph, values, regenerate=False)
    assert run.nodes[0].params == {"Seed": 3, "Rate": 0.5}
    assert [p.default for p in run.parameters] == [0.5, "left", "adult.csv", None]
    assert with_values(graph, values, regenerate=True).nodes[0].regenerate


def test_data_is_given_as_a_path_or_a_data_set() -> None:
    path = DataPath("lake", "churn/w31")
    asked = Submission(parameters={"label": "x"}, data_paths={"data": path})
    assert assign(PARAMETERS, asked)["data"] == path.uri
    asked = Submission(parameters={"label": "x"}, datasets={"data": "german:2"})
    assert assign(PARAMETERS, asked)["data"] == "german:2"


def test_everything_wrong_is_told_at_once_with_the_names_there_are() -> None:
    asked = Submission(parameters={"rat": 1, "rate": "quick"}, data_paths={"label": DataPath("lake", "x")})
    with pytest.raises(ManyErrors) as raised:
        assign(PARAMETERS, asked)
    assert [e.detail for e in raised.value.errors] == [
        "UnknownParameter",
        "InvalidParameterValue",
        "ParameterTypeMismatch",
        "MissingParameter",
    ]
    assert "'rate' (Float), 'label' (String), 'data' (DataSource), 'seed' (Int)" in raised.value.errors[0].message
    with pytest.raises(RestudioError, match="has no parameters"):
        assign((), Submission(parameters={"x": 1}))


def test_versions_of_an_endpoint() -> None:
    assert pipeline_of(ENDPOINT, None) == (1, "p1")
    assert pipeline_of(ENDPOINT, "") == (1, "p1")
    assert pipeline_of(ENDPOINT, "0") == (0, "p0")
    assert next_version(ENDPOINT) == 2
    with pytest.raises(RestudioError, match="'0', '1'") as raised:
        pipeline_of(ENDPOINT, "7")
    assert (raised.value.kind, raised.value.detail) == (Kind.NOT_FOUND, "VersionNotFound")


@pytest.mark.parametrize("name", ["", "  ", "a/b", "a?b", "x" * 256, "a\nb"])
def test_names_that_cannot_stand_in_an_address_are_refused(name: str) -> None:
    with pytest.raises(RestudioError):
        ensure_name("an experiment", name)


@pytest.mark.parametrize(
    ("state", "cancelling", "word"),
    [("NotStarted", False, "NotStarted"), ("Finished", False, "Completed"), ("Failed", False, "Failed"),
     ("Canceled", True, "Canceled"), ("Running", True, "CancelRequested")],
)  # fmt: skip
def test_words_of_the_history(state: str, cancelling: bool, word: str) -> None:
    assert history_status(state, cancelling=cancelling) == word  # type: ignore[arg-type]
