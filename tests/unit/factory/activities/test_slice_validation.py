"""SliceValidation on files, folders and tables."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.unit.factory.activities.test_copy import query
from tests.unit.factory.conftest import OWN
from tests.unit.factory.small_factory import SmallFactory, reference

from restudio.blobs.types import BlobPath
from restudio.factory.errors import ActivityFailed
from restudio.factory.properties import Json


def look(factory: SmallFactory, dataset: str, **how: Json) -> list[str]:
    """What was reported on the way; fails as the activity does."""
    document = {
        "name": "Look",
        "type": "SliceValidation",
        "typeProperties": {"dataset": reference(dataset, "DatasetReference"), **how},
    }
    context = factory.context(document)
    assert factory.run(document, context)["exists"] is True
    return context.reports


def test_files_and_folders_have_a_size(factory: SmallFactory) -> None:
    factory.add_dataset("File", "AzureBlob", "Lake", folderPath="lake/in", fileName="a.csv")
    factory.add_dataset("Folder", "AzureBlob", "Lake", folderPath="lake/in")
    with pytest.raises(ActivityFailed, match="Looked once: there is nothing at 'lake/in'") as told:
        look(factory, "Folder")
    assert (told.value.code, told.value.timed_out) == ("SliceValidation", False)
    for name in ("a.csv", "deep/b.csv"):
        factory.platform.blobs.put_blob(BlobPath(OWN, "lake", f"in/{name}"), b"x" * 524_288)
    assert look(factory, "File", minimumSizeMB=0.5) == []
    assert look(factory, "Folder", minimumSizeMB=1) == []
    with pytest.raises(ActivityFailed, match=r"a\.csv' has 0\.5 MB, expected at least 0\.6 MB"):
        look(factory, "File", minimumSizeMB=0.6)


def test_tables_have_rows(factory: SmallFactory, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'open' / 'data.db'}"
    factory.add_linked_service("Db", "AzureSqlDatabase", connectionString=url)
    factory.add_dataset("Rows", "AzureSqlTable", "Db", tableName="t")
    with pytest.raises(ActivityFailed, match="there is no table 't'"):
        look(factory, "Rows")
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    query(engine, "CREATE TABLE t (n INTEGER)")
    assert look(factory, "Rows") == []
    query(engine, "INSERT INTO t VALUES (1), (2)")
    assert look(factory, "Rows", minimumRows=2) == []
    with pytest.raises(ActivityFailed, match="table 't' has 2 rows, expected at least 3"):
        look(factory, "Rows", minimumRows=3)


def test_external_data_is_looked_for_several_times(factory: SmallFactory) -> None:
    factory.add_dataset("File", "AzureBlob", "Lake", folderPath="lake", fileName="late.csv")
    ended = (factory.platform.clock.now() - timedelta(days=1)).isoformat()
    with pytest.raises(ActivityFailed, match="Looked 3 times") as told:
        look(factory, "File", maximumRetry=3, retryInterval="00:01:00", sliceEnd=ended)
    assert told.value.timed_out is True
    factory.platform.blobs.put_blob(BlobPath(OWN, "lake", "late.csv"), b"")
    assert look(factory, "File", maximumRetry=3) == []
    with pytest.raises(ActivityFailed, match="sliceEnd"):
        look(factory, "File", sliceEnd="yesterday")
    with pytest.raises(ActivityFailed, match="a look took longer than 0 seconds"):
        look(factory, "File", retryTimeout="00:00:00")
