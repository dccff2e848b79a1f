from __future__ import annotations

from pathlib import Path

import pytest

from restudio.core.errors import ManyErrors, ModuleError, RestudioError
from restudio.core.registry import Registry
from restudio.graph.check import check_graph, find_problems
from restudio.graph.document import from_yaml
from restudio.graph.model import Graph, GraphParameter, Node

CASES = sorted((Path(__file__).parent / "cases" / "check").glob("*.yaml"))


def _told(error: RestudioError) -> tuple[str, str | None, str]:
    return error.detail, error.node if isinstance(error, ModuleError) else error.target, error.message


@pytest.mark.parametrize("case", CASES, ids=lambda p: p.stem)
def test_findings_of_a_document(case: Path, catalog: Registry) -> None:
    text = case.read_text(encoding="utf-8")
    lines = [line.removeprefix("# expect: ").split(" | ") for line in text.splitlines() if line.startswith("# expect")]
    found = [_told(e) for e in find_problems(from_yaml(text).graph, catalog)]
    assert len(found) == len(lines), found
    for detail, target, words in lines:
        matching = [m for d, t, m in found if (d, t) == (detail, target) and words in m]
        assert matching, (detail, target, words, found)


def test_all_findings_come_in_one_error(catalog: Registry) -> None:
    graph = Graph((Node("a", "dataset"), Node("a", "dataset"), Node("b", "no-such")))
    with pytest.raises(ManyErrors, match="2 nodes are called 'a'") as caught:
        check_graph(graph, catalog)
    assert {"DuplicateNode", "0003", "UnknownModule"} == {e.detail for e in caught.value.errors}


def test_two_graph_parameters_of_one_name(catalog: Registry) -> None:
    graph = Graph(parameters=(GraphParameter("x"), GraphParameter("x")))
    assert [e.detail for e in find_problems(graph, catalog)] == ["DuplicateParameter"]


def test_a_sound_graph_comes_back(catalog: Registry) -> None:
    graph = Graph((Node("a", "dataset", {"Asset": "x"}),))
    assert check_graph(graph, catalog) is graph
