from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.unit.designer.world import MEMBER, OWNER, WORKSPACE, World, adult

from restudio.blobs.types import BlobPath
from restudio.core.errors import Kind, ManyErrors, RestudioError
from restudio.designer.tables import data_stores
from restudio.graph.data_path import DataPath


def refused(call: Callable[[], object]) -> RestudioError:
    with pytest.raises(RestudioError) as raised:
        call()
    return raised.value


def test_every_workspace_has_a_store_of_its_own(world: World) -> None:
    [own] = world.stores.list(WORKSPACE)
    assert (own.name, own.kind) == ("workspaceblobstore", "workspace")
    world.upload("a/b.csv", adult())
    assert [f.path for f in world.stores.files(WORKSPACE, DataPath(own.name, "a"))] == ["a/b.csv"]
    assert world.stores.files("f" * 32, DataPath(own.name, "a")) == []
    error = refused(lambda: world.stores.put(OWNER, WORKSPACE, own.name, "folder", {"path": str(world.folder)}))
    assert (error.kind, error.detail) == (Kind.CONFLICT, "DataStoreReserved")


def test_a_folder_is_read_where_the_operator_allows_it(world: World) -> None:
    (world.folder / "deep").mkdir()
    (world.folder / "deep" / "x.csv").write_bytes(b"a\n1\n")
    world.stores.put(OWNER, WORKSPACE, "lake", "folder", {"path": str(world.folder)})
    pinned = world.stores.pin(WORKSPACE, DataPath("lake", "deep/x.csv"))
    assert world.objects.get(pinned.key) == b"a\n1\n"
    assert pinned.data_type_id == "GenericCSV"
    for path in (world.folder.parent, "/etc", f"{world.folder}/../"):
        error = refused(lambda p=path: world.stores.put(OWNER, WORKSPACE, "x", "folder", {"path": str(p)}))  # type: ignore[misc]
        assert error.detail == "FolderNotAllowed"
    assert refused(lambda: world.stores.pin(WORKSPACE, DataPath("lake", "nothing"))).detail == "DataPathNotFound"


def test_several_files_are_one_table_and_equal_content_is_kept_once(world: World) -> None:
    for number in (2, 1):
        world.upload(f"w/{number}.csv", f"a\n{number}\n".encode())
    pinned = world.stores.pin(WORKSPACE, DataPath("workspaceblobstore", "w/*.csv"))
    assert world.objects.get(pinned.key) == b"a\n1\n2\n"
    assert world.stores.pin(WORKSPACE, DataPath("workspaceblobstore", "w")) == pinned
    world.upload("w/3.csv", b"b\n1\n")
    assert refused(lambda: world.stores.pin(WORKSPACE, DataPath("workspaceblobstore", "w"))).detail == "DataFilesDiffer"


def test_secrets_are_sealed_and_never_shown(world: World) -> None:
    account = world.blobs.accounts.ensure_default(WORKSPACE)
    connection = world.blobs.accounts.connection_string(account)
    world.upload("x.csv", adult(), container="other")
    settings = {"connection_string": connection, "container": "other"}
    made = world.stores.put(OWNER, WORKSPACE, "blobs", "azure-blob", settings)
    assert (made.settings, made.secret_names) == ({"container": "other"}, ("connection_string",))
    assert world.stores.get(WORKSPACE, "blobs").settings == {"container": "other"}
    assert [f.path for f in world.stores.files(WORKSPACE, DataPath("blobs", ""))] == ["x.csv"]
    with world.database.read() as conn:
        row = str(conn.execute(data_stores.select()).one())
    assert connection.split("AccountKey=")[1][:20] not in row


def test_an_own_account_opens_with_its_key_only(world: World) -> None:
    account = world.blobs.accounts.ensure_default(WORKSPACE)
    connection = world.blobs.accounts.connection_string(account)
    wrong = connection.replace("AccountKey=", "AccountKey=AAAA")
    settings = {"connection_string": wrong, "container": "azureml-blobstore"}
    error = refused(lambda: world.stores.put(OWNER, WORKSPACE, "stolen", "azure-blob", settings))
    assert error.detail == "InvalidBlob"
    assert "AAAA" not in error.message


def test_private_addresses_are_out_of_reach(world: World) -> None:
    azure = "AccountName=lake1;AccountKey=aaaa;BlobEndpoint=http://127.0.0.1:10000/lake1"
    stores = [
        ("s3", {"bucket": "b", "endpoint": "http://169.254.169.254"}),
        ("http", {"url": "http://127.0.0.1:8000/data"}),
        ("http", {"url": "http://localhost/data", "query": "sig=secret"}),
        ("azure-blob", {"connection_string": azure, "container": "c"}),
    ]
    for kind, settings in stores:
        error = refused(lambda k=kind, s=settings: world.stores.put(OWNER, WORKSPACE, "x", k, s))  # type: ignore[misc]
        assert error.kind is Kind.BAD_ARGUMENT
        assert "not a public address" in error.message
        assert "'egress'" in error.message
        assert "secret" not in error.message
    for url in ("ftp://x", "x", "http://", "http://[::1"):
        error = refused(lambda u=url: world.stores.put(OWNER, WORKSPACE, "x", "http", {"url": u}))  # type: ignore[misc]
        assert error.kind is Kind.BAD_ARGUMENT
    assert [store.name for store in world.stores.list(WORKSPACE)] == ["workspaceblobstore"]


def test_a_web_store_may_lead_to_our_own_blobs(world: World) -> None:
    account = world.blobs.accounts.ensure_default(WORKSPACE)
    world.upload("a/x.csv", adult(), container="web")
    query = world.blobs.accounts.sas(account, "web", None)
    url = f"{world.blobs.accounts.endpoint(account)}/web/"
    world.stores.put(OWNER, WORKSPACE, "web", "http", {"url": url, "query": query})
    assert world.objects.get(world.stores.pin(WORKSPACE, DataPath("web", "a/x.csv")).key) == adult()


@pytest.mark.parametrize(
    ("kind", "settings", "told"),
    [
        ("s4", {}, "workspace, azure-blob, s3, folder, http, got 's4'"),
        ("s3", {}, "needs 'bucket'"),
        ("s3", {"bucket": "b", "buckt": "x"}, "Did you mean 'bucket'"),
        ("http", {"url": 5}, "'url' must be a text"),
        ("folder", {}, "needs 'path'"),
    ],
)
def test_settings_are_checked(world: World, kind: str, settings: dict[str, object], told: str) -> None:
    assert told in refused(lambda: world.stores.put(OWNER, WORKSPACE, "x", kind, settings)).message


def test_all_faults_of_settings_at_once(world: World) -> None:
    error = refused(lambda: world.stores.put(OWNER, WORKSPACE, "x", "azure-blob", {"containr": "c"}))
    assert isinstance(error, ManyErrors)
    assert len(error.errors) == 3


def test_stores_are_replaced_and_forgotten(world: World) -> None:
    world.stores.put(OWNER, WORKSPACE, "web", "http", {"url": "https://8.8.8.8/a"})
    world.stores.put(OWNER, WORKSPACE, "web", "http", {"url": "https://8.8.8.8/b"}, description="d")
    assert world.stores.get(WORKSPACE, "web").settings == {"url": "https://8.8.8.8/b"}
    world.stores.delete(OWNER, WORKSPACE, "web")
    error = refused(lambda: world.stores.get(WORKSPACE, "web"))
    assert (error.kind, error.detail) == (Kind.NOT_FOUND, "DataStoreNotFound")
    assert refused(lambda: world.stores.delete(OWNER, WORKSPACE, "web")).kind is Kind.NOT_FOUND
    for call in (
        lambda: world.stores.put(MEMBER, WORKSPACE, "web", "http", {"url": "https://8.8.8.8"}),
        lambda: world.stores.delete(MEMBER, WORKSPACE, "web"),
    ):
        assert refused(call).kind is Kind.FORBIDDEN


def test_too_many_files_are_refused(world: World) -> None:
    for number in range(3):
        world.upload(f"w/{number}.csv", b"a\n")
    path = DataPath("workspaceblobstore", "w")
    assert refused(lambda: world.stores.files(WORKSPACE, path, limit=2)).detail == "TooManyFiles"
    account = world.blobs.accounts.ensure_default(WORKSPACE)
    world.blobs.delete_blob(BlobPath(account, "azureml-blobstore", "w/0.csv"))
    assert len(world.stores.files(WORKSPACE, path, limit=2)) == 2
