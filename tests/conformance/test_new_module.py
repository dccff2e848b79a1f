"""Adding a module is one new file: the one in CONTRIBUTING goes through catalog, check, plan and the whole suite."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from restudio.core.errors import RestudioError
from restudio.core.registry import Registry
from restudio.graph.check import check_graph
from restudio.graph.model import Edge, Graph, Node
from restudio.graph.plan import make_plan

ROOT = Path(__file__).parents[2]
PACKAGE = "restudio_test_plugin"
_SUITE = ("test_documented.py", "test_lowering.py", "test_modules.py", "test_parameters.py")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A package with nothing but the module that CONTRIBUTING spells out."""
    section = (
        (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## Add a module")[2].partition("\n## ")[0]
    )
    source = "\n".join(line for line in section.splitlines() if not line or line.startswith("    "))
    package = tmp_path / PACKAGE
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "shout.py").write_text(textwrap.dedent(source), encoding="utf-8")
    return tmp_path


@pytest.fixture
def catalog(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    monkeypatch.syspath_prepend(str(folder))
    yield Registry.collect("restudio.modules", PACKAGE)
    for name in [n for n in sys.modules if n.startswith(PACKAGE)]:
        del sys.modules[name]


def _graph(suffix: object) -> Graph:
    return Graph(
        nodes=(
            Node("data", "enter-data-manually", {"Data": "a\nhi\n"}),
            Node("loud", "Shout", {"Suffix": suffix}),
        ),
        edges=(Edge("data", "dataset", "loud", "Dataset"),),
    )


def test_it_is_found_checked_and_planned(catalog: Registry) -> None:
    assert catalog.get_entry("shout").spec.help == "Puts texts into upper case, and a suffix behind them."
    check_graph(_graph("?"), catalog)
    assert [task.node for task in make_plan(_graph("?"), catalog).tasks] == ["data", "loud"]
    with pytest.raises(RestudioError, match="a text"):
        check_graph(_graph([1]), catalog)


def test_it_passes_the_whole_suite(folder: Path) -> None:
    here = Path(__file__).parent
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *(str(here / name) for name in _SUITE)]
    search = os.pathsep.join([str(folder), str(ROOT)])
    settings = {**os.environ, "RESTUDIO_TEST_CATALOG": PACKAGE, "PYTHONPATH": search}
    done = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) >= 30, "every kind of test had its turn"
