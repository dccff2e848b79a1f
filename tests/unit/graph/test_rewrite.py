from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from restudio.core.errors import RestudioError
from restudio.core.registry import Registry
from restudio.core.schema import Column, DType, Schema
from restudio.graph.check import check_graph
from restudio.graph.document import Document, from_yaml, to_yaml
from restudio.graph.model import Graph, Node
from restudio.graph.ports import asset_of
from restudio.graph.rewrite import Rewrite, find_needs, find_trainers, refresh_saved, saved_id, to_predictive

CASES = Path(__file__).parent / "cases" / "rewrite"
LABELS = {"adult": "income", "import": "price", "renamed": "risk", "sentiment": "sentiment"}
COLUMNS = {
    "renamed": {
        ("file", "dataset"): ("Col1", "Col2", "Col3", "Col4"),
        ("names", "Results dataset"): ("risk", "amount", "purpose", "age"),
        ("select", "Results dataset"): ("risk", "amount", "age"),
    }
}
"""What came out of the training graph, by case and output, where the rewrite has to know it."""


def _training(name: str) -> Document:
    return from_yaml((CASES / f"{name}.training.yaml").read_text(encoding="utf-8"))


def _predictive(name: str, catalog: Registry) -> Rewrite:
    document = _training(name)
    saved = {output: f"saved.{output[0]}.v1-default-1" for output in find_needs(document.graph, catalog).all}
    known = {
        output: Schema(tuple(Column(column, DType.DOUBLE) for column in columns))
        for output, columns in COLUMNS.get(name, {}).items()
    }
    return to_predictive(
        document.graph, catalog, title=document.title, saved=saved, label=LABELS[name], columns_of=known.get
    )


@pytest.mark.parametrize("name", sorted(LABELS))
def test_predictive_graph_and_its_changes(name: str, catalog: Registry) -> None:
    rewrite = _predictive(name, catalog)
    check_graph(rewrite.graph, catalog)
    told = "".join(f"# {c.node}: {c.what}, because {c.why}\n" for c in rewrite.changes)
    text = told + to_yaml(Document(f"{_training(name).title} [Predictive Exp.]", rewrite.graph))
    assert text == (CASES / f"{name}.predictive.yaml").read_text(encoding="utf-8")


def test_the_rewrite_is_pure_and_repeatable(catalog: Registry) -> None:
    assert _predictive("adult", catalog) == _predictive("adult", catalog)


def test_refresh_keeps_the_owners_edits(catalog: Registry) -> None:
    graph = _predictive("adult", catalog).graph
    needs = find_needs(_training("adult").graph, catalog)
    assert needs.model == ("train", "Trained model")
    assert needs.transforms == (("clean", "Cleaning transformation"),)
    again = refresh_saved(graph, {needs.model: "saved.train.v1-default-2"})
    assert [(c.node, c.what) for c in again.changes] == [
        (
            saved_id(needs.model),
            "uses saved.train.v1-default-2 instead of " + str(asset_of(graph.node(saved_id(needs.model)))),
        )
    ]
    assert again.graph.node(saved_id(needs.model)).params == {"asset": "saved.train.v1-default-2"}
    assert again.graph.edges == graph.edges
    assert refresh_saved(again.graph, {needs.model: "saved.train.v1-default-2"}) == Rewrite(again.graph, ())


def _without(graph: Graph, *nodes: str) -> Graph:
    return Graph(
        tuple(n for n in graph.nodes if n.id not in nodes),
        tuple(e for e in graph.edges if e.source not in nodes and e.target not in nodes),
    )


def test_what_cannot_be_rewritten(catalog: Registry) -> None:
    graph = _training("adult").graph
    with pytest.raises(RestudioError, match="trains no model; add Train Model"):
        find_needs(_without(graph, "train"), catalog)
    with pytest.raises(RestudioError, match="add Score Model behind it"):
        find_needs(_without(graph, "score", "score train"), catalog)
    with pytest.raises(RestudioError, match=r"Node 'trian' trains no model\. Did you mean 'train'"):
        find_needs(graph, catalog, train="trian")


def test_several_trainers_must_be_chosen_from(catalog: Registry) -> None:
    graph = from_yaml((CASES / "two-models.training.yaml").read_text(encoding="utf-8")).graph
    with pytest.raises(RestudioError, match="'train a', 'train b'") as caught:
        find_needs(graph, catalog)
    assert caught.value.detail == "SeveralTrainedModels"
    rewrite = to_predictive(graph, catalog, title="T", saved={("train b", "Trained model"): "m"}, train="train b")
    assert {n.id for n in rewrite.graph.nodes} == {"data", "score b", "train b:Trained model", "input1", "output1"}


def test_a_vocabulary_is_learned_where_it_is_made_and_saved_once(catalog: Registry) -> None:
    graph = _training("sentiment").graph
    learned = ("words", "Result vocabulary")
    assert find_needs(graph, catalog).transforms == (learned,)
    # Scored with the same module that makes the vocabulary, or with a fixed one: a saved dataset stays what it is.
    moved = graph.replacing(
        edges=tuple(
            replace(e, source="words") if e.target == "score" and e.source != "train" else e for e in graph.edges
        )
    )
    assert find_needs(moved, catalog).transforms == (learned,)
    vocabulary = Node("vocabulary", "dataset", {"asset": "w.words.v1-default-1"})
    fixed = graph.replacing(
        nodes=(*graph.nodes, vocabulary),
        edges=tuple(
            replace(e, source="vocabulary", source_port="dataset") if e.target_port == "Input vocabulary" else e
            for e in graph.edges
        ),
    )
    assert find_needs(fixed, catalog).transforms == ()


def test_what_trains_without_an_untrained_model_is_a_trainer_too(catalog: Registry) -> None:
    recommender = Node("recommender", "train-recommender")
    assert find_trainers(Graph((recommender, Node("saved", "trained-model"))), catalog) == {
        "recommender": "Recommender"
    }
