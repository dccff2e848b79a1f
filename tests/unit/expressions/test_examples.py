"""The examples in the texts of the package are true."""

from __future__ import annotations

import doctest
from types import ModuleType

import pytest

from restudio import expressions
from restudio.core.registry import iter_modules


@pytest.mark.parametrize("module", list(iter_modules(expressions)), ids=lambda module: module.__name__)
def test_examples(module: ModuleType) -> None:
    assert doctest.testmod(module).failed == 0
