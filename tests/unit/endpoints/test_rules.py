from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restudio.endpoints.rules import expired_at, refreshed_state, resource_slots
from restudio.endpoints.types import EndpointState, Holding
from restudio.graph.model import SAVED_MODEL, Graph, Node


def saved(node: str, asset: str) -> Node:
    return Node(node, SAVED_MODEL, {"asset": asset})


def test_resource_names() -> None:
    held = {a: (name, Holding(a, a)) for a, name in {"a": "Churn", "b": "Churn [trained model]", "c": "Age"}.items()}
    graph = Graph((saved("n1", "b"), saved("n2", "a"), saved("n3", "c"), saved("n4", "a")))
    assert [(s.name, s.nodes) for s in resource_slots(graph, held)] == [
        ("Age [trained model]", ("n3",)),
        ("Churn 2 [trained model]", ("n1",)),
        ("Churn [trained model]", ("n2", "n4")),
    ]


NAMES = st.dictionaries(st.sampled_from("abc"), st.builds(Holding, st.just("asset"), st.sampled_from("xyz")))
STATES = st.builds(EndpointState, st.integers(1, 3), NAMES, NAMES)


@given(live=STATES, source=STATES, overwrite=st.booleans())
def test_a_refresh_has_the_places_of_its_source_and_repeats_to_nothing(
    live: EndpointState, source: EndpointState, overwrite: bool
) -> None:
    state = refreshed_state(live, source, overwrite=overwrite)
    assert (state.version, set(state.resources), set(state.transforms)) == (
        source.version,
        set(source.resources),
        set(source.transforms),
    )
    assert refreshed_state(state, source, overwrite=overwrite).digest == state.digest


@given(STATES)
def test_equal_contents_are_equal_states(state: EndpointState) -> None:
    renamed = {name: Holding("other", held.digest) for name, held in state.resources.items()}
    assert EndpointState(state.version, renamed, state.transforms).digest == state.digest


@pytest.mark.parametrize(
    ("sas", "ended"),
    [
        ("?sv=1&se=1970-01-01T00%3A00%3A10Z&sig=x", "1970-01-01T00:00:10Z"),
        ("?se=1970-01-01", "1970-01-01"),
        ("?se=2100-01-01T00%3A00%3A00Z", None),
        ("?se=soon", None),
        ("", None),
    ],
)
def test_expiry_of_a_token(sas: str, ended: str | None) -> None:
    assert expired_at(sas, 100.0) == ended
