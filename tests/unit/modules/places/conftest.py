"""A bench on which Import Data and Export Data run with raw parameters."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.conformance.context import FolderContext

from restudio.core.params import parse_params
from restudio.core.registry import Registry
from restudio.tables.table import Table

CATALOG = Registry.collect("restudio.modules")
Read = Callable[..., Table]
Write = Callable[..., None]


@pytest.fixture
def context(tmp_path: Path) -> FolderContext:
    (tmp_path / "world").mkdir()
    (tmp_path / "scratch").mkdir()
    return FolderContext(CATALOG, tmp_path / "scratch", tmp_path / "world")


@pytest.fixture
def read(context: FolderContext) -> Read:
    """Import Data with raw parameters."""

    def run(raw: dict[str, object]) -> Table:
        entry = CATALOG["import-data"]
        table: Table = entry.run(parse_params(entry.spec.params, raw), ctx=context)
        return table

    return run


@pytest.fixture
def write(context: FolderContext) -> Write:
    """Export Data of a table with raw parameters."""

    def run(table: Table, raw: dict[str, object]) -> None:
        entry = CATALOG["export-data"]
        entry.run(parse_params(entry.spec.params, raw), table, ctx=context)

    return run
