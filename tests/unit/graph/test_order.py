from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restudio.core.errors import RestudioError
from restudio.graph.model import Edge, Graph, Node
from restudio.graph.order import ancestors, descendants, find_cycle, topological

Adjacency = dict[str, list[str]]


def graph_of(feeds: Adjacency) -> Graph:
    """A graph from an adjacency dictionary."""
    names = dict.fromkeys([*feeds, *(t for targets in feeds.values() for t in targets)])
    edges = tuple(Edge(s, "out", t, f"in{i}") for s, targets in feeds.items() for i, t in enumerate(targets))
    return Graph(tuple(Node(n, "m") for n in names), edges)


ADJACENCIES = st.dictionaries(
    st.sampled_from("abcdefgh"), st.lists(st.sampled_from("abcdefgh"), max_size=4), max_size=8
)


@given(ADJACENCIES)
def test_an_order_exists_exactly_when_there_is_no_cycle(feeds: Adjacency) -> None:
    graph = graph_of(feeds)
    cycle = find_cycle(graph)
    if cycle is None:
        order = topological(graph)
        assert sorted(order) == sorted(n.id for n in graph.nodes)
        assert all(order.index(e.source) < order.index(e.target) for e in graph.edges)
    else:
        pairs = {(e.source, e.target) for e in graph.edges}
        assert all(pair in pairs for pair in zip(cycle, (*cycle[1:], cycle[0]), strict=True))
        with pytest.raises(RestudioError, match="form a cycle"):
            topological(graph)


@given(ADJACENCIES, st.sampled_from("abcdefgh"))
def test_before_and_after_mirror_each_other(feeds: Adjacency, node: str) -> None:
    graph = graph_of(feeds)
    for other in ancestors(graph, [node]):
        assert node in descendants(graph, [other])


def test_ties_follow_the_document() -> None:
    assert topological(Graph((Node("z", "m"), Node("a", "m")))) == ("z", "a")
