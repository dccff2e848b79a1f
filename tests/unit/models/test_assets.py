"""Assets: versions of a family, one living name, contents by digest."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from restudio.core.errors import Kind, RestudioError
from restudio.core.ids import is_id, new_id
from restudio.core.schema import to_json
from restudio.identity import audit
from restudio.identity.types import Principal
from restudio.models import store
from restudio.models.service import AssetService
from restudio.models.types import Asset
from restudio.seams.clock import Clock
from restudio.seams.database import Database
from restudio.storage.objects import MemoryObjects

WORKSPACE = "a" * 32


@pytest.fixture
def objects() -> MemoryObjects:
    return MemoryObjects()


@pytest.fixture
def service(database: Database, objects: MemoryObjects, clock: Clock) -> AssetService:
    return AssetService(database, objects, clock)


def save(service: AssetService, name: str = "july.csv", content: bytes | Path = b"a\n1\n", **more: object) -> Asset:
    options = {"data_type_id": "GenericCSV", "owner": "pat", **more}
    return service.create(WORKSPACE, "dataset", name, content, **options)  # type: ignore[arg-type]


def test_a_new_asset_is_found_by_id_and_name(service: AssetService, objects: MemoryObjects) -> None:
    saved = save(service, schema=[{"name": "a", "type": "Integer"}], lineage={"run": "r1"})
    assert service.get(saved.id) == service.find(WORKSPACE, "dataset", "july.csv") == saved
    workspace, family, instance = saved.id.split(".")
    assert (workspace, instance, is_id(family)) == (WORKSPACE, "v1-default-1", True)
    assert objects.get(saved.key) == b"a\n1\n"
    assert saved.size == 4


def test_a_family_gets_versions(service: AssetService) -> None:
    first = save(service)
    second = save(service, content=b"a\n2\n", family=first.family)
    assert second.id.endswith("v1-default-2")
    assert service.list_latest(WORKSPACE, "dataset") == [second]
    assert service.versions(WORKSPACE, first.family) == [first, second]
    assert service.get(first.id) == first


def test_a_version_may_bring_a_new_name(service: AssetService) -> None:
    first = save(service)
    save(service, name="august.csv", family=first.family)
    assert service.find(WORKSPACE, "dataset", "july.csv") is None
    assert save(service, name="july.csv").version == 1


def test_a_name_that_lives_is_refused(service: AssetService) -> None:
    save(service)
    with pytest.raises(RestudioError, match=r"exists already") as caught:
        save(service)
    assert caught.value.kind is Kind.CONFLICT


def test_kinds_and_workspaces_do_not_share_names(service: AssetService) -> None:
    save(service)
    options = {"data_type_id": "iLearnerDotNet", "owner": "pat"}
    assert service.create(WORKSPACE, "model", "july.csv", b"x", **options).version == 1  # type: ignore[arg-type]
    assert service.create("b" * 32, "dataset", "july.csv", b"x", **options).version == 1  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["a:b", "a/b", "a\tb", "", "  ", "x" * 261])
def test_bad_names_are_refused(service: AssetService, name: str) -> None:
    with pytest.raises(RestudioError, match=r"forbidden characters|1 to 260") as caught:
        save(service, name=name)
    assert caught.value.detail == "InvalidName"


def test_an_unknown_family_is_refused(service: AssetService) -> None:
    with pytest.raises(RestudioError, match="was not found"):
        save(service, family=new_id())


def test_an_unknown_id_is_not_found(service: AssetService) -> None:
    with pytest.raises(RestudioError) as caught:
        service.get("nobody")
    assert caught.value.kind is Kind.NOT_FOUND


def test_equal_contents_share_an_object(service: AssetService, objects: MemoryObjects, tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(b"a\n1\n" * 1000)
    one, two = save(service, name="one", content=path), save(service, name="two", content=path.read_bytes())
    assert one.key == two.key
    assert [info.key for info in objects.iter_keys("assets/")] == [one.key]


def test_deleting_forgets_all_versions_and_keeps_the_content(service: AssetService, objects: MemoryObjects) -> None:
    first = save(service)
    save(service, content=b"a\n2\n", family=first.family)
    service.delete_family(WORKSPACE, first.family)
    service.delete_family(WORKSPACE, first.family)
    assert service.list_latest(WORKSPACE, "dataset") == []
    assert objects.get(first.key) == b"a\n1\n"
    assert save(service).version == 1


def test_another_workspace_cannot_touch_a_family(service: AssetService) -> None:
    first = save(service)
    service.delete_family("b" * 32, first.family)
    assert service.get(first.id) == first


def test_every_change_has_an_audit_line(service: AssetService, database: Database) -> None:
    pat = Principal("user", "u", "pat", WORKSPACE)
    first = save(service, by=pat)
    service.delete_family(WORKSPACE, first.family, by=pat)
    service.delete_family(WORKSPACE, first.family, by=pat)
    with database.read() as connection:
        lines = audit.list_lines(connection, WORKSPACE)
    assert [(line.action, line.principal, line.resource) for line in lines] == [
        ("delete asset", "user:u", f"family:{first.family}"),
        ("save dataset", "user:u", f"asset:{first.id}"),
    ]


def test_concurrent_versions_get_different_numbers(service: AssetService) -> None:
    first = save(service)
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda n: save(service, content=bytes([n]), family=first.family), range(8)))
    assert sorted(a.version for a in made) == list(range(2, 10))


def test_concurrent_creates_of_one_name_give_one_asset(service: AssetService) -> None:
    def attempt(number: int) -> bool:
        try:
            return save(service, content=bytes([number])).version == 1
        except RestudioError as error:
            return error.kind is not Kind.CONFLICT

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(attempt, range(8))) == 1


def test_a_dataset_knows_its_columns(service: AssetService, tmp_path: Path) -> None:
    described = [{"name": "a", "type": "Integer"}, {"name": "b", "type": "String"}]
    assert save(service, content=b"a,b\n1,x\n").schema == described
    path = tmp_path / "content"
    path.write_bytes(b"a\tb\n1\tx\n")
    assert save(service, "other", path, data_type_id="GenericTSV").schema == described


@pytest.mark.parametrize(("content", "data_type"), [(b"a,b\n1\n", "GenericCSV"), (b"PK", "Zip"), (b"", "ARFF")])
def test_content_that_is_no_table_is_kept_all_the_same(service: AssetService, content: bytes, data_type: str) -> None:
    saved = save(service, content=content, data_type_id=data_type)
    assert saved.schema is None
    assert service.schema(saved) is None


def test_columns_of_older_datasets_are_read_once(
    service: AssetService, database: Database, objects: MemoryObjects
) -> None:
    saved = save(service, content=b"a\n1.5\n")
    with database.begin() as conn:
        conn.execute(store.assets.update().values(schema_json=None))
    old = service.get(saved.id)
    assert old.schema is None
    found = service.schema(old)
    assert found is not None
    assert to_json(found) == [{"name": "a", "type": "Double"}]
    objects.delete(saved.key)
    assert service.schema(service.get(saved.id)) == found
    assert service.schema(old) is None
