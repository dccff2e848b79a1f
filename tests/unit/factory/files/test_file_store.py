"""Every store of files does the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from tests.unit.factory.conftest import CONTAINER, OWN, STORES
from tests.unit.factory.small_factory import SmallFactory

from restudio.blobs.outgoing import never
from restudio.blobs.types import BlobPath
from restudio.factory.errors import ActivityFailed
from restudio.factory.files.blob_files import BlobFiles
from restudio.factory.files.file_store import FileStore
from restudio.factory.files.folder_files import FolderFiles
from restudio.factory.linked_service import reach

NAMES = ["lake/a/1.csv", "lake/a/b/2.csv", "lake/a/b/c d/3 ä%.csv", "lake/other.txt"]


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, factory: SmallFactory, use_store: Callable[[str], None]) -> FileStore:
    use_store(request.param)
    service = factory.context({}).linked_service({"referenceName": "Lake"})
    return cast("FileStore", reach(service, factory.platform, object, "Copy"))


@pytest.fixture
def filled(store: FileStore, tmp_path: Path) -> FileStore:
    for name in NAMES:
        source = tmp_path / "source"
        source.write_bytes(name.encode() * 1000)
        store.write(name, source, never, {})
    return store


def paths(store: FileStore, folder: str, *, recursive: bool, prefix: str = "") -> list[str]:
    return [file.path for file in store.iter_files(folder, recursive=recursive, prefix=prefix)]


def test_files_are_written_found_read_and_deleted(filled: FileStore) -> None:
    for name in NAMES:
        found = filled.find_file(name)
        assert found is not None
        assert (found.path, found.size, found.name) == (name, len(name.encode()) * 1000, name.rpartition("/")[2])
        assert found.modified is not None
        assert b"".join(filled.read(name, never)) == name.encode() * 1000
        filled.delete(name)
        filled.delete(name)
        assert filled.find_file(name) is None


def test_listings(filled: FileStore) -> None:
    assert paths(filled, "lake/a", recursive=True) == sorted(NAMES[:3])
    assert paths(filled, "lake/a", recursive=False) == NAMES[:1]
    assert paths(filled, "lake/a", recursive=True, prefix="b/") == sorted(NAMES[1:3])
    assert paths(filled, "lake", recursive=False) == ["lake/other.txt"]
    assert paths(filled, "lake/none", recursive=True) == []
    assert paths(filled, "nowhere", recursive=True) == []
    assert list(filled.iter_folders("lake/a")) == ["b"]
    assert list(filled.iter_folders("lake/a/b")) == ["c d"]
    assert list(filled.iter_folders("nowhere")) == []


def test_folders(filled: FileStore) -> None:
    assert filled.find_folder("lake") is not None
    assert filled.find_folder("lake/a/b") is not None
    assert filled.find_folder("lake/a/1.csv") is None
    assert filled.find_folder("lake/none") is None
    assert filled.find_folder("nowhere") is None
    assert filled.find_file("lake/a") is None
    assert filled.find_file("lake") is None


def test_what_is_not_there_is_told(store: FileStore) -> None:
    with pytest.raises(ActivityFailed, match="UserErrorFileNotFound") as failed:
        b"".join(store.read("lake/none.csv", never))
    assert "none.csv" in failed.value.message


def test_writing_replaces(filled: FileStore, tmp_path: Path) -> None:
    (tmp_path / "new").write_bytes(b"new")
    filled.write(NAMES[0], tmp_path / "new", never, {})
    assert b"".join(filled.read(NAMES[0], never)) == b"new"


def test_more_blobs_than_one_page(factory: SmallFactory, use_store: Callable[[str], None]) -> None:
    service = factory.context({}).linked_service({"referenceName": "Lake"})
    store = reach(service, factory.platform, BlobFiles, "Copy")
    for number in range(25):
        factory.platform.blobs.put_blob(BlobPath(OWN, CONTAINER, f"many/{number:03}"), b"x")
    assert len([*store._iter_page("lake", "many/", limit=10)]) == 25


@pytest.mark.parametrize("path", ["../outside.txt", "a/../../outside.txt", "link/secret.txt", "in.txt/x"])
def test_nothing_outside_a_folder_is_reached(tmp_path: Path, path: str) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "in.txt").write_text("in")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("secret")
    (tmp_path / "outside.txt").write_text("secret")
    (root / "link").symlink_to(outside)
    store = FolderFiles(root, [root])
    (tmp_path / "evil").write_text("evil")
    attempts: list[Callable[[], object]] = [
        lambda: b"".join(store.read(path, never)),
        lambda: store.write(path, tmp_path / "evil", never, {}),
    ]
    for attempt in attempts:
        with pytest.raises(ActivityFailed):
            attempt()
    assert (outside / "secret.txt").read_text() == (tmp_path / "outside.txt").read_text() == "secret"
    assert paths(store, "", recursive=True) == ["in.txt"]


def test_only_opened_folders_are_file_servers(factory: SmallFactory, tmp_path: Path) -> None:
    for host, said in ((str(tmp_path), "pipeline_folders"), ("/", "pipeline_folders"), ("relative", "absolute")):
        factory.add_linked_service("Files", "FileServer", host=host)
        service = factory.context({}).linked_service({"referenceName": "Files"})
        with pytest.raises(ActivityFailed, match=said):
            reach(service, factory.platform, FolderFiles, "Copy")


@pytest.mark.parametrize("path", ["lake/a", "other/a"])
def test_a_signature_for_a_container_is_for_that_container(factory: SmallFactory, path: str) -> None:
    blobs = factory.platform.blobs
    blobs.create_container(OWN, "other")
    for container in (CONTAINER, "other"):
        blobs.put_blob(BlobPath(OWN, container, "a"), b"x")
    token = blobs.accounts.sas(OWN, "lake", None, "rl")
    factory.add_linked_service("Signed", "AzureStorage", sasUri=f"{blobs.accounts.endpoint(OWN)}/lake{token}")
    service = factory.context({}).linked_service({"referenceName": "Signed"})
    store = reach(service, factory.platform, BlobFiles, "Copy")
    if path.startswith("lake"):
        assert b"".join(store.read(path, never)) == b"x"
        assert paths(store, "lake", recursive=True) == ["lake/a"]
    else:
        with pytest.raises(ActivityFailed, match="AuthenticationFailed"):
            b"".join(store.read(path, never))
    with pytest.raises(ActivityFailed, match=r"AuthorizationPermissionMismatch|AuthenticationFailed"):
        store.delete(path)
