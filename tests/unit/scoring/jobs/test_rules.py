from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restudio.core.errors import ManyErrors, ModuleError, RestudioError
from restudio.core.spec import PortKind
from restudio.graph.model import GraphParameter
from restudio.scoring.jobs.rules import default_output, failure_text, parse_request
from restudio.scoring.jobs.types import Deployment, OutputPort

ONE = Deployment(
    "w", "s", "e", "r", ("input1",),
    (OutputPort("output1"), OutputPort("model", PortKind.MODEL)),
    (GraphParameter("Random seed", "1"), GraphParameter("Needed")),
)  # fmt: skip
TWO = Deployment("w", "s", "e", "r", ("left", "right"), (OutputPort("output1"),))
NONE = Deployment("w", "s", "e", "r", (), (OutputPort("output1"),))
CSV = "https://x.net/c/july.csv?sig=1"
NEEDED = {"GlobalParameters": {"Needed": "1"}}


def test_the_documented_body() -> None:
    string = "DefaultEndpointsProtocol=https;AccountName=acme;AccountKey=a2V5"
    body = {
        "Input": {"ConnectionString": string, "RelativeLocation": "/in/july.csv", "BaseLocation": None},
        "Inputs": None,
        "Output": None,
        "Outputs": {
            "output1": {"ConnectionString": string, "RelativeLocation": "/out/july.arff"},
            "model": {"BaseLocation": "https://x.net/", "RelativeLocation": "m/c.ilearner", "SasBlobToken": "?sp=rw"},
        },
        "GlobalParameters": {"Needed": "7"},
        "AzureBatchPoolId": "mypool",
        "Unknown": [1],
    }
    request = parse_request(body, ONE)
    assert request.inputs["input1"].shown == "in/july.csv"
    assert request.outputs["model"].address().sas == "?sp=rw"
    assert request.parameters == {"Needed": "7"}


def test_nothing_is_needed_where_nothing_is_declared() -> None:
    assert not parse_request({}, NONE).inputs


BAD = [
    ({"Input": CSV, "Inputs": {"input1": CSV}}, ONE, "DuplicateInputInBatchCall"),
    ({"Input": CSV}, TWO, "MultipleInputsNotAllowed"),
    ({"Inputs": {"left": CSV}}, TWO, "BatchJobInputsNotSpecified"),
    ({"Inputs": {"left": CSV, "right": None}}, TWO, "BatchJobInputsNotSpecified"),
    ({}, ONE, "BatchJobInputsNotSpecified"),
    ({"Inputs": {"Input1": CSV}}, ONE, "BatchJobInputsTooManySpecified"),
    ({"Input": CSV}, NONE, "BatchJobInputsTooManySpecified"),
    ({"Inputs": []}, ONE, "RequestBodyInvalid"),
    ({"Input": 7}, ONE, "RequestBodyInvalid"),
    ({"Input": {}}, ONE, "MissingInputBlobInformation"),
    ({"Input": "https://x.net/c/july.xlsx"}, ONE, "InvalidBlobExtension"),
    ({"Input": "https://x.net/c/july"}, ONE, "InvalidBlobExtension"),
    ({"Input": "https://x.net/c/july.ilearner"}, ONE, "InvalidBlobExtension"),
    ({"Input": f"https://x.net/{'c' * 1100}.csv"}, ONE, "BlobNameTooLong"),
    ({"Input": CSV, "Outputs": {"other": CSV}}, ONE, "InvalidOutputOverrideName"),
    ({"Input": CSV, "Outputs": {"output1": None}}, ONE, "MissingOutputOverrideSpecification"),
    ({"Input": CSV, "Outputs": {"model": CSV}}, ONE, "InvalidBlobExtension"),
    ({"Input": CSV, "Output": CSV}, ONE, "IncompatibleModel"),
    ({"Input": CSV, "Output": CSV, "Outputs": {"output1": CSV}}, ONE, "RequestBodyInvalid"),
    ({"Output": "https://x.net/out/scored"}, NONE, "InvalidBlobExtension"),
    ({"Input": CSV}, ONE, "MissingRequiredGlobalParameters"),
    ({"Input": CSV, "GlobalParameters": {"needed": "1"}}, ONE, "UnexpectedParameter"),
    ({"Input": CSV, "GlobalParameters": {"Needed": ["1"]}}, ONE, "UserParameterInvalid"),
    ([], ONE, "RequestBodyInvalid"),
]


@pytest.mark.parametrize(("body", "deployment", "code"), BAD)
def test_refusals(body: object, deployment: Deployment, code: str) -> None:
    with pytest.raises(RestudioError) as error:
        parse_request(body, deployment)
    assert error.value.detail == code


def test_the_old_output_is_the_only_one() -> None:
    assert parse_request({"Output": CSV}, NONE).outputs["output1"].shown == "https://x.net/c/july.csv"
    with pytest.raises(RestudioError) as error:
        parse_request({"Input": CSV, "Output": CSV}, ONE)
    assert "webServiceOutputs) with a reference for each of 'output1', 'model'" in error.value.message
    without = Deployment("w", "s", "e", "r", (), ())
    with pytest.raises(RestudioError) as error:
        parse_request({"Output": CSV}, without)
    assert "none: leave it out" in error.value.message


def test_the_text_about_extensions() -> None:
    with pytest.raises(RestudioError) as error:
        parse_request({"Input": CSV, "Outputs": {"output1": "https://x.net/out/scored?sig=geheim"}} | NEEDED, ONE)
    assert error.value.message == (
        "The blob reference: https://x.net/out/scored has an invalid or missing file extension. Supported file "
        'extensions for this output type are: ".csv, .tsv, .arff, .parquet".'
    )


NAMES = st.sampled_from(["Input", "Inputs", "Outputs", "input1", "ConnectionString", "RelativeLocation", "Needed"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        NAMES | st.text(max_size=5), inner, max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(JSON)
def test_no_body_breaks_it(body: object) -> None:
    with contextlib.suppress(RestudioError):
        parse_request(body, ONE)


def test_default_places_are_stable_and_distinct() -> None:
    job = "0123456789abcdef" * 2
    model = default_output("acme", job, OutputPort("m", PortKind.MODEL))
    assert model == default_output("acme", job, OutputPort("m", PortKind.MODEL))
    assert model.name.endswith(".ilearner")
    assert model != default_output("acme", job, OutputPort("n", PortKind.MODEL))


def test_several_findings_are_told_together() -> None:
    errors = ManyErrors("Many", [ModuleError("0003", "Empty.", module="A"), ModuleError("0001", "Gone.", node="b")])
    text = failure_text(errors, "j")
    assert "Module: A;" in text
    assert "Module: b;" in text
