from __future__ import annotations

import pytest

from restudio.core.errors import RestudioError
from restudio.graph.model import Edge, Graph, GraphParameter, Node
from restudio.graph.stored import dump_graph, load_graph

GRAPH = Graph(
    (Node("a", "m", {"x": [1, {"y": None}], "big": 1 << 80, "n": 0.1}, {"x": "p"}, "why", (1.5, -2.0)), Node("b", "m")),
    (Edge("a", "out", "b", "in"),),
    (GraphParameter("p", 3, False, "Int", "how many"),),
)


def test_what_was_dumped_is_loaded() -> None:
    assert load_graph(dump_graph(GRAPH)) == GRAPH


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 9}', '{"version": 1, "nodes": 3}', "[" * 100_000])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(RestudioError) as caught:
        load_graph(text)
    assert caught.value.detail == "InvalidDocument"
