"""Transforms as Apply Transformation uses them: read back from their container, over a chunk and a row at a time."""

from __future__ import annotations

from tests.unit.modules.catalog import one_by_one

from restudio.artifacts.container import read_artifact, write_artifact
from restudio.artifacts.values import Transform
from restudio.core.spec import Entry
from restudio.kernels.expr import Frame
from restudio.modules.symbolic import over
from restudio.tables.table import Table


def apply(entry: Entry, transform: object, table: Table) -> Table:
    """The transformed table; single rows must agree with it to the last bit."""
    assert isinstance(transform, Transform)
    stored = read_artifact(write_artifact(transform))
    assert entry.apply is not None
    applied = over(table, lambda frame: entry.apply(stored, frame))  # type: ignore[misc]
    assert_rows_agree(entry.apply(stored, Frame.input("in", table.schema)), table, applied)
    return applied


def assert_rows_agree(frame: Frame, table: Table, expected: Table) -> None:
    """``frame`` over single rows of ``table`` gives ``expected``."""
    assert repr(one_by_one(frame, table)) == repr(expected.data.to_pylist())
