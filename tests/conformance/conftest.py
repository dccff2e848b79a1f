"""The catalog under test, and its examples, made once."""

from __future__ import annotations

import pytest
from tests.conformance.examples import Examples

from restudio.core.registry import Registry

CATALOG = Registry.collect("restudio.modules")


@pytest.fixture(scope="session")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Examples:
    return Examples(CATALOG, tmp_path_factory.mktemp("conformance"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests that take ``entry`` run for every module of the catalog."""
    if "entry" in metafunc.fixturenames:
        metafunc.parametrize("entry", list(CATALOG.values()), ids=list(CATALOG))
