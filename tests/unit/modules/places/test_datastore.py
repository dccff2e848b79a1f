from __future__ import annotations

import pytest
from tests.unit.modules.catalog import PlainContext

from restudio.core.errors import ModuleError
from restudio.graph.imports import STORE
from restudio.modules.places.datastore import DatastoreSource, read_datastore


@pytest.mark.parametrize(("store", "told"), [("", "must name a data store"), ("lake", "'lake' are read when a run")])
def test_without_files_it_tells_why_there_are_none(store: str, told: str) -> None:
    with pytest.raises(ModuleError, match=told) as caught:
        read_datastore(DatastoreSource(store=store), PlainContext())
    assert (caught.value.number, caught.value.parameter) == ("0003", STORE)
