from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restudio.core.errors import RestudioError
from restudio.graph.document import MAX_NODES, Document, from_yaml, to_yaml
from restudio.graph.model import Edge, Graph, GraphParameter, Node

WORDS = st.text(max_size=12)
NAMES = st.one_of(st.sampled_from(["split", "a / b", "yes", "1", "null", "0" * 32, "- x", "", "a: b"]), WORDS)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | WORDS | st.just("line 1\n  line 2 \n\n"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
PARAMS = st.dictionaries(NAMES, VALUES, max_size=3)
POSITIONS = st.none() | st.tuples(st.floats(allow_nan=False), st.floats(allow_nan=False))
NODES = st.lists(
    st.builds(Node, NAMES, NAMES, PARAMS, st.dictionaries(NAMES, NAMES, max_size=2), WORDS, POSITIONS),
    max_size=5,
    unique_by=lambda n: n.id,
)
PARAMETERS = st.lists(
    st.builds(GraphParameter, NAMES, VALUES, st.booleans(), WORDS, WORDS), max_size=3, unique_by=lambda p: p.name
)


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    nodes = draw(NODES)
    ends = st.sampled_from([n.id for n in nodes] + ["gone"])
    edges = draw(st.lists(st.builds(Edge, ends, NAMES, ends, NAMES), max_size=6))
    return Graph(tuple(nodes), tuple(edges), tuple(draw(PARAMETERS)))


@given(st.builds(Document, WORDS, graphs(), WORDS))
def test_reading_what_was_written_loses_nothing(document: Document) -> None:
    read = from_yaml(to_yaml(document))
    assert (read.title, read.description) == (document.title, document.description)
    assert read.graph.nodes == document.graph.nodes
    assert read.graph.parameters == document.graph.parameters
    assert sorted(read.graph.edges) == sorted(document.graph.edges)


def test_the_text_is_for_people() -> None:
    script = "import pandas as pd\n\ndef azureml_main(a):\n    return a\n"
    graph = Graph(
        (
            Node("adult", "dataset", {"asset": "w1.adult.v1-default-1"}, position=(10.0, 20.5)),
            Node("0123456789abcdef0123456789abcdef-7", "execute-python-script", {"Python script": script}),
            Node("in", "web-service-input", {"Name": "input1"}, comment="callers' rows"),
        ),
        (
            Edge("adult", "dataset", "0123456789abcdef0123456789abcdef-7", "Dataset1"),
            Edge("in", "data", "0123456789abcdef0123456789abcdef-7", "Dataset1"),
        ),
        (GraphParameter("rows", 3, False, "Int", "how many"),),
    )
    assert (
        to_yaml(Document("Adult", graph, "Census"))
        == """\
restudio: experiment/1
title: Adult
description: Census
parameters:
  rows:
    type: Int
    default: 3
    required: false
    description: how many
nodes:
  adult:
    module: dataset
    parameters:
      asset: w1.adult.v1-default-1
    position: [10, 20.5]
  execute-python-script:
    id: 0123456789abcdef0123456789abcdef-7
    module: execute-python-script
    inputs:
      Dataset1: [adult / dataset, in / data]
    parameters:
      Python script: |
        import pandas as pd

        def azureml_main(a):
            return a
  in:
    module: web-service-input
    comment: callers' rows
    parameters:
      Name: input1
"""
    )


HEAD = "restudio: experiment/1\ntitle: t\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Line 1: The document is empty"),
        ("a: [", "This is not YAML"),
        ("title: x", "Line 1: An experiment file begins with 'restudio: experiment/1'"),
        ("restudio: experiment/9", "begins with"),
        ("- a", "Expected an experiment"),
        (HEAD + "nodez: {}", "Line 3: 'nodez' is not known here. Did you mean 'nodes'?"),
        (HEAD + "nodes:\n  a: 3", "Line 4: Expected node 'a'"),
        (HEAD + "nodes:\n  a: {comment: x}", "Line 4: Node 'a' needs 'module'"),
        (HEAD + "nodes:\n  a: {module: m}\n  a: {module: m}", "Line 5: 'a' is given twice"),
        (HEAD + "nodes:\n  a: {module: m}\n  b: {id: a, module: m}", "Two nodes have the same id"),
        (HEAD + "nodes:\n  a:\n    module: m\n    inputs: {x: b}", "Line 6: Expected '<node> / <output port>'"),
        (HEAD + "nodes:\n  a:\n    module: m\n    inputs: {x: aa / y}", "Line 6: There is no node 'aa'. Known: 'a'."),
        (HEAD + "nodes:\n  a: {module: m, position: [1]}", "Line 4: Expected a position as [x, y]"),
        (HEAD + "loose connections: [[a]]", "Line 3: Expected [source, output port, target, input port]"),
        (HEAD + "title: &x t\ndescription: *x", "Anchors and aliases"),
        (HEAD + "description: !!python/object:os.system x", "Tags are not used here"),
        (HEAD + "description: " + "[" * 60, "nested deeper than"),
        (HEAD + "parameters: {a: {required: maybe}}", "Line 3: Expected true or false"),
        (HEAD + "description: [a]", "Expected a text for 'description'"),
        (HEAD + "description: " + "x" * (8 << 20), "larger than 8 MB"),
        (HEAD + "? [a]\n: b", "The name of a member must be a text"),
    ],
)
def test_faults_name_their_line(text: str, words: str) -> None:
    with pytest.raises(RestudioError) as caught:
        from_yaml(text)
    assert words in caught.value.message
    assert caught.value.detail == "InvalidDocument"


def test_hand_written_values_are_plain() -> None:
    text = HEAD + "nodes:\n  a: {module: m, parameters: {d: 2024-01-02, y: yes, b: true, n: 1_000, o: 010, f: 1e3}}"
    params = from_yaml(text).graph.nodes[0].params
    assert params == {"d": "2024-01-02", "y": "yes", "b": True, "n": "1_000", "o": "010", "f": 1000.0}


def test_a_graph_of_absurd_size_is_refused() -> None:
    nodes = "".join(f"  n{i}: {{module: x}}\n" for i in range(MAX_NODES + 1))
    with pytest.raises(RestudioError, match=f"at most {MAX_NODES}"):
        from_yaml(f"restudio: experiment/1\nnodes:\n{nodes}")


@pytest.mark.parametrize("text", ['title: "\\ud800"', '"\\udfff": 1'])
def test_half_surrogates_are_refused(text: str) -> None:
    with pytest.raises(RestudioError, match="surrogate"):
        from_yaml(f"restudio: experiment/1\n{text}\n")
