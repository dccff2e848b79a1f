"""Adding a module is one new file: a package with nothing else goes through catalog, check, plan and execution."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conformance.examples import Examples
from tests.conformance.tables import ordinary

from restudio.core.errors import RestudioError
from restudio.core.registry import Registry
from restudio.graph.check import check_graph
from restudio.graph.model import Edge, Graph, Node
from restudio.graph.plan import make_plan
from restudio.tables.table import Table

SOURCE = '''
"""A module from elsewhere."""

from dataclasses import dataclass

from restudio.core.params import integer
from restudio.core.spec import module, table_in, table_out


@dataclass(frozen=True, slots=True, kw_only=True)
class TopRowsParams:
    count: int = integer("Number of rows", 3, ge=1)


@module(
    id="top-rows",
    name="Top Rows",
    category="Examples",
    inputs=(table_in("Dataset"),),
    outputs=(table_out("Results dataset"),),
    params=TopRowsParams,
)
def top_rows(p, dataset, *, ctx):
    """Keeps the first rows."""
    return dataset.slice(0, p.count)


@top_rows.tells_schema
def _schema(p, dataset):
    return dataset
'''


@pytest.fixture
def catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    package = tmp_path / "restudio_test_plugin"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "top_rows.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield Registry.collect("restudio.modules", "restudio_test_plugin")
    for name in [n for n in sys.modules if n.startswith("restudio_test_plugin")]:
        del sys.modules[name]


def _graph(count: object) -> Graph:
    return Graph(
        nodes=(
            Node("data", "enter-data-manually", {"Data": "a\n1\n2\n"}),
            Node("top", "Top Rows", {"Number of rows": count}),
        ),
        edges=(Edge("data", "dataset", "top", "Dataset"),),
    )


def test_it_is_found_checked_and_planned(catalog: Registry) -> None:
    assert catalog.get_entry("top rows").spec.help == "Keeps the first rows."
    check_graph(_graph(1), catalog)
    assert [task.node for task in make_plan(_graph(1), catalog).tasks] == ["data", "top"]
    with pytest.raises(RestudioError, match="at least 1"):
        check_graph(_graph(0), catalog)


def test_it_runs_on_a_derived_example(catalog: Registry, tmp_path: Path) -> None:
    folder = tmp_path / "examples"
    folder.mkdir()
    examples = Examples(Registry([catalog["top-rows"]]), folder)
    example = examples.find(catalog["top-rows"])
    assert example is not None
    (result,) = examples.run(example)
    assert isinstance(result, Table)
    assert result.equals(ordinary().slice(0, 3))
