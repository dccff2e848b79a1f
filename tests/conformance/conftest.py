"""The catalog under test, and its examples, made once."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping

import pytest
from tests.conformance.examples import Examples

from restudio.core.registry import Registry
from restudio.core.spec import Entry, PortKind

CATALOG = Registry.collect(os.environ.get("RESTUDIO_TEST_CATALOG", "restudio.modules"))
"""The product's, or that of another package, which is then tested by itself."""


@pytest.fixture(scope="session")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Examples:
    return Examples(CATALOG, tmp_path_factory.mktemp("conformance"))


ELSEWHERE = frozenset({"import-data", "export-data", "web-service-input", "dataset", "trained-model", "transform"})
"""Modules that read what lies outside an experiment: their docstrings can show no example that runs by itself."""

NEEDS_R = frozenset() if shutil.which("Rscript") else frozenset({"execute-r-script", "create-r-model"})

OUTSIDE = frozenset({"import-data", "export-data", "web-service-input"}) | NEEDS_R
"""Modules that need the world outside: no example is derived from their ports and parameters."""

GROUPS: Mapping[str, Callable[[Entry], bool]] = {
    "entry": lambda entry: True,
    "runnable": lambda entry: entry.spec.id not in OUTSIDE,
    "telling": lambda entry: entry.spec.id not in OUTSIDE and entry.schema_of is not None,
    "inside": lambda entry: entry.spec.id not in ELSEWHERE | NEEDS_R,
    "tabular": lambda entry: any(port.kind is PortKind.TABLE for port in entry.spec.outputs),
    "lowering": lambda entry: entry.lower is not None,
    "scoring": lambda entry: entry.lower is not None and entry.spec.input("Trained model") is not None,
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests that take ``entry``, ``runnable``, … run for every module of the catalog that is of that group."""
    for name in GROUPS.keys() & set(metafunc.fixturenames):
        entries = [entry for entry in CATALOG.values() if GROUPS[name](entry)]
        metafunc.parametrize(name, entries, ids=[entry.spec.id for entry in entries])
