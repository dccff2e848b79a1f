from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restudio.core.errors import RestudioError
from restudio.core.registry import Registry
from restudio.graph import promotion
from restudio.graph.model import Graph, GraphParameter, Node
from restudio.graph.parameters import bind_parameters
from restudio.graph.promotion import Use

GRAPH = Graph(
    (
        Node("adult", "dataset", {"asset": "adult.csv"}),
        Node("census", "dataset"),
        Node("split", "split-data", {"Random seed": "7"}),
        Node("trees", "two-class-boosted-decision-tree", {"Learning rate": 0.1}),
        Node("logistic", "two-class-logistic-regression"),
        Node("train", "train-model"),
    )
)
RATE = Use("trees", "Learning rate")
L1 = Use("logistic", "L1 regularization weight")


@pytest.fixture(scope="module")
def catalog() -> Registry:
    return Registry.collect("restudio.modules")


def detail(call: object, *arguments: object, **options: object) -> str:
    with pytest.raises(RestudioError) as raised:
        call(*arguments, **options)  # type: ignore[operator]
    return raised.value.detail


def test_a_new_parameter_takes_type_and_value_of_its_field(catalog: Registry) -> None:
    graph = promotion.attach(GRAPH, catalog, RATE, "rate")
    assert graph.parameters == (GraphParameter("rate", 0.1, False, "Float"),)
    assert graph.node("trees").links == {"Learning rate": "rate"}
    graph = promotion.attach(graph, catalog, Use("split", "Random seed"), "seed")
    assert graph.parameters[1] == GraphParameter("seed", 7, False, "Int")
    graph = promotion.attach(graph, catalog, Use("adult", "asset"), "data")
    assert graph.parameters[2] == GraphParameter("data", "adult.csv", False, "DataSource")
    graph = promotion.attach(graph, catalog, Use("census", "asset"), "other data")
    assert graph.parameters[3] == GraphParameter("other data", None, True, "DataSource")


def test_one_parameter_serves_many_fields_and_each_keeps_its_value(catalog: Registry) -> None:
    graph = promotion.attach(promotion.attach(GRAPH, catalog, RATE, "weight"), catalog, L1, "weight")
    assert promotion.uses_of(graph, "weight") == (RATE, L1)
    graph = promotion.describe(graph, "weight", default="0.25", description="shared")
    detached = promotion.detach(graph, L1)
    assert detached.node("logistic").params["L1 regularization weight"] == 0.25
    assert promotion.uses_of(detached, "weight") == (RATE,)
    removed = promotion.remove(graph, "weight")
    assert removed.parameters == ()
    assert [n.params for n in removed.nodes[3:5]] == [{"Learning rate": 0.25}, {"L1 regularization weight": 0.25}]
    assert not any(n.links for n in removed.nodes)


def test_renaming_keeps_every_use(catalog: Registry) -> None:
    graph = promotion.attach(promotion.attach(GRAPH, catalog, RATE, "a"), catalog, L1, "a")
    renamed = promotion.rename(graph, "a", "b")
    assert promotion.uses_of(renamed, "b") == (RATE, L1)
    assert [p.name for p in renamed.parameters] == ["b"]
    assert promotion.rename(renamed, "b", "b") == renamed
    assert promotion.rename(renamed, "b", "a") == graph


def test_what_cannot_be_promoted_is_refused(catalog: Registry) -> None:
    attach = promotion.attach
    assert detail(attach, GRAPH, catalog, Use("train", "Label column"), "x") == "NotPromotable"
    assert detail(attach, GRAPH, catalog, Use("nowhere", "x"), "x") == "NodeNotFound"
    assert detail(attach, GRAPH, catalog, Use("trees", "Learning rat"), "x") == "UnknownField"
    graph = attach(GRAPH, catalog, RATE, "rate")
    assert detail(attach, graph, catalog, Use("adult", "asset"), "rate") == "ParameterTypeMismatch"
    assert detail(promotion.declare, graph, GraphParameter("rate")) == "ParameterExists"
    assert detail(promotion.declare, graph, GraphParameter("x", kind="Script")) == "InvalidParameterType"
    assert detail(promotion.declare, graph, GraphParameter(" ")) == "InvalidName"
    assert detail(promotion.detach, graph, L1) == "NotAttached"
    assert detail(promotion.remove, graph, "rat") == "ParameterNotFound"
    assert detail(promotion.describe, graph, "rate", default="quick") == "InvalidParameterValue"


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("Int", "3", 3), ("Int", 3.0, 3), ("Float", "0.5", 0.5), ("Float", 2, 2.0), ("Boolean", "true", True),
        ("Boolean", False, False), ("String", "x", "x"), ("String", 5, "5"), ("DataSource", "adult.csv", "adult.csv"),
    ],
)  # fmt: skip
def test_values_are_taken_in_the_type_of_their_parameter(kind: str, value: object, expected: object) -> None:
    taken = promotion.coerce("p", kind, value)
    assert (taken, type(taken)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("kind", "value"),
    [("Int", "3.5"), ("Int", True), ("Float", "x"), ("Float", "nan"), ("Boolean", "maybe"), ("String", {}),
     ("String", True), ("Int", None)],
)  # fmt: skip
def test_values_of_another_type_are_refused_with_name_and_type(kind: str, value: object) -> None:
    with pytest.raises(RestudioError, match=f"'p'.*{kind}") as raised:
        promotion.coerce("p", kind, value)
    assert (raised.value.detail, raised.value.target) == ("InvalidParameterValue", "p")


@given(st.floats(0.01, 1), st.text("ab", min_size=1, max_size=5))
def test_attaching_and_detaching_changes_nothing_that_runs(value: float, name: str) -> None:
    catalog = Registry.collect("restudio.modules")
    graph = Graph((Node("trees", "two-class-boosted-decision-tree", {"Learning rate": value}),))
    attached = promotion.attach(graph, catalog, RATE, name)
    assert bind_parameters(attached, {}).node("trees").params == graph.node("trees").params
    assert promotion.remove(attached, name) == graph
