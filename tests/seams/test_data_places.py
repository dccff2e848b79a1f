"""The promises of a data store's place, kept by every kind of store on a real server of its kind."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from obstore.store import AzureStore
from tests.databases import make_sqlite
from tests.seams.azurite import find_azurite
from tests.seams.conftest import ACCOUNT, KEY
from tests.seams.seaweed import ACCESS_KEY, SECRET_KEY, running_seaweed, s3_store

from restudio.app.data_places import DataPlaces
from restudio.blobs.egress import EgressPolicy
from restudio.blobs.fetch import Fetcher
from restudio.blobs.outgoing import Outgoing
from restudio.blobs.service import BlobService
from restudio.blobs.types import BlobPath
from restudio.core.errors import Kind, RestudioError
from restudio.designer.stores.kinds import KINDS, check_settings
from restudio.designer.stores.types import Place
from restudio.seams.engine import Cancelled
from restudio.storage.clock import SystemClock
from restudio.storage.objects import FileObjects
from restudio.storage.secrets import MasterKeySecrets

WORKSPACE = "0123456789abcdef0123456789abcdef"
REAL = ["azurite"] if find_azurite() else []
LISTED = ["workspace", "own-account", "s3", "folder", *REAL]
BIG = 9 << 20
"""More than one piece of every store."""


@dataclass
class Kept:
    """A store of one kind: how to put a file into it from outside, and how it is registered."""

    kind: str
    settings: dict[str, str]
    put: Callable[[str, bytes], object]
    open: DataPlaces

    def place(self, **changed: str) -> Place:
        plain, secret = check_settings(self.kind, {**self.settings, **changed})
        return self.open(WORKSPACE, self.kind, {**plain, **secret})


@pytest.fixture
def blobs(tmp_path: Path, secrets: MasterKeySecrets) -> Iterator[BlobService]:
    database = make_sqlite(tmp_path / "blobs.db")
    yield BlobService(database, FileObjects(tmp_path / "objects"), secrets, SystemClock(), "http://studio.example")
    database.close()


@pytest.fixture
def places(blobs: BlobService, tmp_path: Path) -> Iterator[DataPlaces]:
    clock = SystemClock()
    outgoing = Outgoing(EgressPolicy.of(["127.0.0.1"]), clock)
    yield DataPlaces(blobs, Fetcher(blobs, outgoing, clock), outgoing, [tmp_path])
    outgoing.close()


@pytest.fixture(scope="session")
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_seaweed(tmp_path_factory.mktemp("seaweed")) as endpoint:
        yield endpoint


def in_container(blobs: BlobService, account: str, path: str, data: bytes) -> None:
    blobs.ensure_container(account, "lake")
    blobs.put_blob(BlobPath(account, "lake", path), data)


def in_folder(folder: Path, path: str, data: bytes) -> None:
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_bytes(data)


class Handler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Says nothing."""

    def do_GET(self) -> None:
        """Only what the signature of the store opens."""
        if "sig=s3cret" in urlsplit(self.path).query:
            super().do_GET()
        else:
            self.send_error(403)


@pytest.fixture
def web(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    folder = tmp_path / "served"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def kept(request: pytest.FixtureRequest, places: DataPlaces, blobs: BlobService, tmp_path: Path) -> Kept:
    account = blobs.accounts.ensure_default(WORKSPACE)
    own = partial(in_container, blobs, account)
    match request.param:
        case "workspace":
            return Kept("workspace", {"container": "lake"}, own, places)
        case "own-account":
            settings = {"connection_string": blobs.accounts.connection_string(account), "container": "lake"}
            return Kept("azure-blob", settings, own, places)
        case "azurite":
            endpoint = request.getfixturevalue("azurite")
            store: AzureStore = request.getfixturevalue("make_container")()
            connection = f"AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint={endpoint}"
            settings = {"connection_string": connection, "container": str(store.config["container_name"])}
            return Kept("azure-blob", settings, store.put, places)
        case "s3":
            endpoint = request.getfixturevalue("seaweed")
            bucket = f"b{uuid.uuid4().hex}"
            settings = {
                "bucket": bucket,
                "endpoint": endpoint,
                "access_key_id": ACCESS_KEY,
                "secret_access_key": SECRET_KEY,
            }
            return Kept("s3", settings, s3_store(endpoint, bucket).put, places)
        case "folder":
            folder = tmp_path / "lake"
            folder.mkdir()
            return Kept("folder", {"path": str(folder)}, partial(in_folder, folder), places)
        case _:
            folder, url = request.getfixturevalue("web")
            return Kept("http", {"url": url, "query": "?sig=s3cret"}, partial(in_folder, folder), places)


each = pytest.mark.parametrize("kept", [*LISTED, "http"], indirect=True)
each_listed = pytest.mark.parametrize("kept", LISTED, indirect=True)


def test_every_kind_is_tried() -> None:
    assert set(KINDS) == {"workspace", "azure-blob", "s3", "folder", "http"}


@each
@pytest.mark.parametrize("path", ["a.csv", "deep/er/b c+d.csv", "ü/é 日本%20.csv"])
def test_a_file_comes_back(kept: Kept, tmp_path: Path, path: str) -> None:
    kept.put(path, b"a\n1\n")
    seen: list[int] = []
    kept.place().copy(path, tmp_path / "copy", seen.append)
    assert (tmp_path / "copy").read_bytes() == b"a\n1\n"
    assert sum(seen) == 4


@each
def test_a_missing_file_is_told_as_such(kept: Kept, tmp_path: Path) -> None:
    kept.put("a.csv", b"a\n")
    with pytest.raises(KeyError):
        kept.place().copy("b.csv", tmp_path / "copy", lambda _: None)


@each
def test_a_copy_ends_when_its_watch_raises(kept: Kept, tmp_path: Path) -> None:
    kept.put("big", b"x" * BIG)
    seen: list[int] = []

    def stop(size: int) -> None:
        seen.append(size)
        raise Cancelled

    with pytest.raises(Cancelled):
        kept.place().copy("big", tmp_path / "copy", stop)
    assert seen[0] < BIG
    assert len(seen) == 1


@each
def test_a_whole_big_file_is_copied(kept: Kept, tmp_path: Path) -> None:
    data = bytes(range(256)) * (BIG // 256)
    kept.put("big", data)
    seen: list[int] = []
    kept.place().copy("big", tmp_path / "copy", seen.append)
    assert (tmp_path / "copy").read_bytes() == data
    assert sum(seen) == BIG


@each_listed
def test_a_file_is_written_in_the_place_of_another(kept: Kept, tmp_path: Path) -> None:
    kept.put("out/a.csv", b"old and long")
    for number, data in enumerate((b"new", b"x" * BIG)):
        (tmp_path / f"source{number}").write_bytes(data)
        kept.place().put("out/a.csv", tmp_path / f"source{number}")
        kept.place().copy("out/a.csv", tmp_path / f"copy{number}", lambda _: None)
        assert (tmp_path / f"copy{number}").read_bytes() == data
    assert (tmp_path / "source0").exists()


@pytest.mark.parametrize("kept", ["http"], indirect=True)
def test_a_web_address_is_only_read(kept: Kept, tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"x")
    with pytest.raises(RestudioError) as raised:
        kept.place().put("a.csv", tmp_path / "source")
    assert raised.value.detail == "DataStoreReadOnly"


@each_listed
def test_files_are_listed_in_order_by_prefix(kept: Kept) -> None:
    for path in ("b/2", "a/x", "b/10", "bc", "b/1/z"):
        kept.put(path, b"." * len(path))
    found = list(kept.place().list("b"))
    assert [one.path for one in found] == ["b/1/z", "b/10", "b/2", "bc"]
    assert [one.size for one in found] == [5, 4, 3, 2]
    assert all(one.modified > 0 for one in found)
    assert [one.path for one in kept.place().list("b/1/")] == ["b/1/z"]
    assert list(kept.place().list("none/")) == []


@each_listed
def test_a_prefix_is_the_root_of_all_paths(kept: Kept, tmp_path: Path) -> None:
    for path in ("in/a/x", "in/b", "inner", "out"):
        kept.put(path, path.encode())
    inside = {"path": f"{kept.settings['path']}/in"} if kept.kind == "folder" else {"prefix": "/in/"}
    place = kept.place(**inside)
    assert [one.path for one in place.list("")] == ["a/x", "b"]
    place.copy("a/x", tmp_path / "copy", lambda _: None)
    assert (tmp_path / "copy").read_bytes() == b"in/a/x"


@each_listed
def test_changed_content_has_another_mark(kept: Kept) -> None:
    kept.put("a", b"1")
    [before] = kept.place().list("a")
    assert [before] == list(kept.place().list("a"))
    kept.put("a", b"22")
    [after] = kept.place().list("a")
    assert (before.mark, before.size) != (after.mark, after.size)


@pytest.mark.parametrize(
    ("kept", "wrong"),
    [
        ("s3", {"secret_access_key": "wr0ng"}),
        ("s3", {"access_key_id": "", "secret_access_key": ""}),
        ("http", {"query": "sig=wr0ng"}),
        *((name, {"connection_string": "WRONG"}) for name in REAL),
    ],
    indirect=["kept"],
)
def test_a_refusal_tells_no_secret(kept: Kept, tmp_path: Path, wrong: dict[str, Any]) -> None:
    kept.put("a", b"1")
    if "connection_string" in wrong:
        wrong = {"connection_string": kept.settings["connection_string"].replace(KEY, "wr0n" * 21 + "gg==")}
    with pytest.raises(RestudioError) as raised:
        kept.place(**wrong).copy("a", tmp_path / "copy", lambda _: None)
    assert raised.value.kind is Kind.BAD_ARGUMENT
    text = f"{raised.value.message} {raised.value}"
    assert not any(secret in text for secret in ("wr0n", SECRET_KEY, KEY, "sig="))
