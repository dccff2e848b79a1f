"""Classic experiments come in whole: every part is mapped, or named in the report with its line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restudio.core.errors import RestudioError
from restudio.core.params import ParamKind, parameters_of
from restudio.core.registry import Registry
from restudio.core.spec import Entry
from restudio.graph.classic import Imported, import_classic
from restudio.graph.document import from_yaml, to_yaml
from restudio.graph.model import Edge, GraphParameter

CASES = Path(__file__).parent / "cases" / "classic"
UNKNOWN_FAMILY = "0123456789abcdef" * 2
CATALOG = Registry.collect("restudio.modules")


def imported(name: str) -> Imported:
    return import_classic((CASES / name).read_text(), CATALOG)


def findings(result: Imported) -> list[str]:
    return [f"{f.line}: {f.subject}: {f.reason}" for f in result.findings]


def test_a_studio_experiment() -> None:
    result = imported("studio.json")
    document, graph = result.document, result.document.graph
    assert (document.title, document.description) == ("Churn training", "Who leaves?")
    assert {n.id: n.module for n in graph.nodes} == {
        "Split Data": "split-data",
        "Two-Class Logistic Regression": "two-class-logistic-regression",
        "Train Model": "train-model",
        f"module {UNKNOWN_FAMILY}": f"unknown-{UNKNOWN_FAMILY}",
        "dataset": "dataset",
        "input1": "web-service-input",
        "output1": "web-service-output",
    }
    split = graph.node("Split Data")
    assert split.params == {
        "Splitting mode": "Split Rows",
        "Fraction of rows in the first output dataset": "0.8",
        "Random seed": "7",
    }
    assert split.links == {"Random seed": "Seed"}
    assert split.position == (320.0, 140.0)
    assert split.comment == "Fortune = blue"
    assert graph.parameters == (GraphParameter("Seed", "7", required=False, kind="Int"),)
    assert set(graph.edges) == {
        Edge("Two-Class Logistic Regression", "Untrained model", "Train Model", "Untrained model"),
        Edge("Split Data", "Results dataset1", "Train Model", "Dataset"),
        Edge("Split Data", "Results dataset2", f"module {UNKNOWN_FAMILY}", "In"),
        Edge("dataset", "dataset", "Split Data", "Dataset"),
        Edge("input1", "dataset", "Split Data", "Dataset"),
        Edge("Train Model", "Trained model", "output1", "dataset"),
    }
    assert findings(result) == [
        "8: Split Data: its parameter 'Fortune' has no equal here; see the comment",
        f"34: module {UNKNOWN_FAMILY}: the catalog has no module of the family {UNKNOWN_FAMILY}; the node cannot run",
        "17: 9a.0b7e.v1-default-1: choose the dataset of this workspace that it stands for",
        "None: node 'a1-9': a connection names it, but it is not in the graph",
    ]


def test_an_arm_definition() -> None:
    result = imported("arm.json")
    graph = result.document.graph
    assert result.document.title == "Churn"
    assert {n.id: n.module for n in graph.nodes} == {
        "input1": "web-service-input",
        "Score Model": "score-model",
        "Churn Model [trained model]": "trained-model",
        "output1": "web-service-output",
    }
    assert graph.node("Score Model").links == {"Append score columns to output": "Append"}
    [parameter] = graph.parameters
    assert (parameter.default, parameter.required, parameter.kind) == ("True", False, "Boolean")
    assert set(graph.edges) == {
        Edge("input1", "dataset", "Score Model", "Dataset"),
        Edge("Churn Model [trained model]", "Trained model", "Score Model", "Trained model"),
        Edge("Score Model", "Scored dataset", "output1", "dataset"),
    }
    [finding] = findings(result)
    assert finding.startswith("14: Churn Model [trained model]: train it again here")


FAMILIES: dict[str, str] = json.loads((CASES / "families.json").read_text())
"""The family ids that are publicly known, with the name of their module."""
NOT_OFFERED = {"Convert Word to Vector", "Latent Dirichlet Allocation", "One-vs-One Multiclass"}


def node(family: str, parameters: dict[str, str] | None = None, ports: tuple[str, ...] = ()) -> str:
    """A graph of one module, a member a line."""
    values = [{"Name": name, "Value": value} for name, value in (parameters or {}).items()]
    module = {
        "Id": "n1",
        "ModuleId": f"506153734175476c4f62416c57734963.{family}.v1-default-1",
        "ModuleParameters": values,
        "InputPortsInternal": [{"Name": name, "NodeId": "n1"} for name in ports],
    }
    return json.dumps({"ModuleNodes": [module], "EdgesInternal": []}, indent=0)


@pytest.mark.parametrize(("family", "name"), FAMILIES.items(), ids=FAMILIES.values())
def test_known_families_are_mapped_or_reported(family: str, name: str) -> None:
    result = import_classic(node(family), CATALOG)
    (only,) = result.document.graph.nodes
    if name in NOT_OFFERED:
        assert only.module == f"unknown-{family}"
        assert findings(result) == [
            f"4: module {family}: the catalog has no module of the family {family}; the node cannot run"
        ]
        return
    assert CATALOG.get_entry(only.module).spec.name == name
    assert findings(result) == []


@pytest.mark.parametrize("entry", CATALOG.values(), ids=list(CATALOG))
def test_every_module_takes_its_own_names(entry: Entry) -> None:
    """By family id, and in ARM definitions by name: every declared parameter comes in under its own name."""
    declared = [p for _, p in parameters_of(entry.spec.params) if p.kind is not ParamKind.CREDENTIAL]
    values = {p.name: "1" for p in declared}
    known = [entry.spec.family] if entry.spec.family else []
    for text in [*(node(family, values) for family in known), arm(entry.spec.name, values)]:
        result = import_classic(text, CATALOG)
        (only,) = result.document.graph.nodes
        assert (only.module, only.params, only.comment) == (entry.spec.id, values, "")
        assert findings(result) == []


def test_names_that_only_graphs_have_are_understood() -> None:
    keys = "Comma-separated case-sensitive names of join key columns for"
    result = import_classic(node("124865f7e9014656adacf4cb08248099", {f"{keys} L": "id", f"{keys} R": "key"}), CATALOG)
    (only,) = result.document.graph.nodes
    assert only.params == {"Join key columns for L": "id", "Join key columns for R": "key"}
    assert findings(result) == []


def arm(name: str, values: dict[str, str]) -> str:
    parameters = {parameter: {"value": value} for parameter, value in values.items()}
    asset = {"name": name, "type": "Module", "locationInfo": {"uri": "aml://module/w.0.v"}}
    package = {"nodes": {"n1": {"assetId": "a1", "parameters": parameters}}}
    return json.dumps({"name": "service", "properties": {"assets": {"a1": asset}, "package": package}})


def test_a_module_of_an_unknown_family_is_recognized_by_its_names() -> None:
    told = {"Set of thresholds": "ClipPeaks", "Constant value of upper threshold": "100", "Overwrite flag": "True"}
    result = import_classic(node("0" * 32, told, ("Dataset",)), CATALOG)
    (only,) = result.document.graph.nodes
    assert only.module == "clip-values"
    (found,) = findings(result)
    assert found.startswith(
        f"4: Clip Values: the family {'0' * 32} is not known; its ports and parameters are those of"
    )
    few = import_classic(node("0" * 32, {"Random seed": "1"}, ("Dataset",)), CATALOG)
    assert few.document.graph.nodes[0].module == f"unknown-{'0' * 32}"


@pytest.mark.parametrize("name", ["studio.json", "arm.json"])
def test_what_comes_in_can_be_kept_as_a_file(name: str) -> None:
    document = imported(name).document
    again = from_yaml(to_yaml(document))
    assert again.graph.nodes == document.graph.nodes
    assert set(again.graph.edges) == set(document.graph.edges)


def test_a_bare_graph() -> None:
    graph = json.loads((CASES / "studio.json").read_text())["Graph"]
    result = import_classic(json.dumps(graph), CATALOG, title="Mine")
    assert result.document.title == "Mine"
    assert len(result.document.graph.nodes) == 5


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "",
        "[]",
        "{}",
        "{",
        "null",
        '{"Graph": 1}',
        '{"Graph": null}',
        '{"ModuleNodes": [{}]}',
        '{"properties": {}}',
    ],
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(RestudioError, match="no classic experiment"):
        import_classic(text, CATALOG)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(["studio.json", "arm.json"]), st.data())
def test_altered_documents_are_read_or_refused(name: str, data: st.DataObject) -> None:
    document = json.loads((CASES / name).read_text())
    place = document
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(place[key], (dict, list)) or not place[key] or data.draw(st.booleans()):
            place[key] = data.draw(json_values)
            break
        place = place[key]
    try:
        import_classic(json.dumps(document), CATALOG)
    except RestudioError as error:
        details = [error.detail]
    else:
        details = ["InvalidDocument"]
    assert details == ["InvalidDocument"]
