from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from restudio.core.errors import ManyErrors
from restudio.core.registry import Registry
from restudio.graph.document import from_yaml
from restudio.graph.model import Edge, Graph, GraphParameter, Node
from restudio.graph.order import descendants
from restudio.graph.plan import Plan, make_plan

CASES = Path(__file__).parent / "cases" / "rewrite"


def _graph(name: str) -> Graph:
    return from_yaml((CASES / name).read_text(encoding="utf-8")).graph


def _keys(plan: Plan) -> dict[str, str | None]:
    return {t.node: t.key for t in plan.tasks}


def _with_params(graph: Graph, node_id: str, **params: object) -> Graph:
    return graph.replacing(
        nodes=tuple(replace(n, params={**n.params, **params}) if n.id == node_id else n for n in graph.nodes)
    )


def test_tasks_come_after_what_feeds_them(catalog: Registry) -> None:
    plan = make_plan(_graph("adult.training.yaml"), catalog)
    seen: set[str] = set()
    for task in plan.tasks:
        assert {node for node, _ in task.inputs.values()} <= seen
        seen.add(task.node)
    assert plan.task("split").outputs == ("Results dataset1", "Results dataset2")
    with pytest.raises(KeyError):
        plan.task("nothing")


def test_equal_graphs_have_equal_keys_however_they_are_written(catalog: Registry) -> None:
    graph = _graph("adult.training.yaml")
    written = _with_params(graph, "split", **{"random SEED": "0", "Splitting mode": "split rows"})
    shuffled = written.replacing(nodes=written.nodes[::-1], edges=written.edges[::-1])
    assert _keys(make_plan(shuffled, catalog)) == _keys(make_plan(graph, catalog))


CHANGES: dict[str, dict[str, object]] = {
    "adult": {"asset": "other"},
    "flag": {"Fields": "Features"},
    "select": {"Select columns": "age"},
    "split": {"Random seed": 1},
    "clean": {"Columns to be cleaned": "age"},
    "trees": {"Total number of trees constructed": 7},
    "train": {"Label column": "age"},
}


@pytest.mark.parametrize("node", CHANGES)
def test_a_changed_parameter_changes_exactly_what_stands_below(catalog: Registry, node: str) -> None:
    graph = _graph("adult.training.yaml")
    before = _keys(make_plan(graph, catalog))
    after = _keys(make_plan(_with_params(graph, node, **CHANGES[node]), catalog))
    changed = {n for n in before if before[n] != after[n]}
    assert changed == descendants(graph, [node]) - {"export"}  # writers always run


def test_seed_counts_only_where_one_is_left_blank(catalog: Registry) -> None:
    graph = _graph("adult.training.yaml")
    one, two = _keys(make_plan(graph, catalog, seed=1)), _keys(make_plan(graph, catalog, seed=2))
    assert one["split"] == two["split"]
    assert one["trees"] != two["trees"]
    fixed = _with_params(graph, "trees", **{"Random number seed": 5})
    assert _keys(make_plan(fixed, catalog, seed=1)) == _keys(make_plan(fixed, catalog, seed=2))


def test_asset_content_counts_not_its_name(catalog: Registry) -> None:
    graph = _graph("adult.training.yaml")
    renamed = _with_params(graph, "adult", asset="another.name")
    digest = {"adult": "d" * 64}
    one, two = make_plan(graph, catalog, assets=digest), make_plan(renamed, catalog, assets=digest)
    assert _keys(one)["score"] == _keys(two)["score"]
    assert _keys(make_plan(graph, catalog, assets={"adult": "e" * 64}))["score"] != _keys(one)["score"]


def test_readers_of_outside_data_are_not_foreseen(catalog: Registry) -> None:
    graph = _graph("import.training.yaml")
    keys = _keys(make_plan(graph, catalog, parameters={"address": "http://a/b.csv"}))
    assert keys["import"] is None
    assert keys["score"] is None
    assert keys["lookup"] is not None
    cached = _keys(make_plan(_with_params(graph, "import", **{"Use cached results": True}), catalog))
    assert cached["import"] is not None
    assert cached["score"] is not None
    task = make_plan(graph, catalog).task("join")
    assert task.key_for({"Left": "x", "Right": "y"}) != task.key_for({"Left": "z", "Right": "y"})
    assert make_plan(graph, catalog).task("import").key_for({}) is None


def test_a_bound_input_replaces_the_data_beside_it(catalog: Registry) -> None:
    graph = _graph("import.training.yaml")
    free = make_plan(graph, catalog)
    assert free.task("rename").inputs == {"Dataset": ("import", "Results dataset")}
    assert free.outputs == {"out": ("train", "Trained model")}
    bound = make_plan(graph, catalog, inputs={("in", "data"): "f" * 64}, wanted=["out"])
    assert bound.task("rename").inputs == {"Dataset": ("in", "data")}
    assert "import" not in {t.node for t in bound.tasks}
    assert bound.task("train").key is not None
    assert {t.node for t in bound.tasks} == {"rename", "lookup", "join", "clean", "smote", "trees", "train"}


def test_only_wanted_nodes_and_what_they_need_run(catalog: Registry) -> None:
    plan = make_plan(_graph("adult.training.yaml"), catalog, wanted=["clean test"])
    assert [t.node for t in plan.tasks] == ["adult", "flag", "select", "split", "clean", "clean test"]


def test_graph_parameters_reach_the_tasks(catalog: Registry) -> None:
    plan = make_plan(_graph("import.training.yaml"), catalog, parameters={"trees": 7})
    assert plan.task("trees").params == {"Total number of trees constructed": 7}


def test_an_unsound_graph_has_no_plan(catalog: Registry) -> None:
    with pytest.raises(ManyErrors):
        make_plan(Graph((Node("a", "train-model"),), (), (GraphParameter("p"),)), catalog)


def test_a_repeated_edge_is_refused(catalog: Registry) -> None:
    edge = Edge("a", "dataset", "b", "Dataset")
    graph = Graph((Node("a", "dataset", {"asset": "x"}), Node("b", "clean-missing-data")), (edge, edge))
    with pytest.raises(ManyErrors, match="is fed by 'a', 'a'"):
        make_plan(graph, catalog)
