"""The promises of the Objects seam, kept by every implementation."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from obstore.store import AzureStore, LocalStore, MemoryStore
from tests.seams.azurite import find_azurite

from restudio.seams.objects import Objects
from restudio.storage.objects import FileObjects, MemoryObjects, StoreObjects

MAKERS: dict[str, Callable[[Path], Objects]] = {
    "memory": lambda folder: MemoryObjects(),
    "files": FileObjects,
    "obstore-memory": lambda folder: StoreObjects(MemoryStore()),
    "obstore-files": lambda folder: StoreObjects(LocalStore(folder, mkdir=True)),
}


REAL = ["azurite"] if find_azurite() else []


@pytest.fixture(params=[*sorted(MAKERS), *REAL])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> Objects:
    if request.param == "azurite":
        make: Callable[[], AzureStore] = request.getfixturevalue("make_container")
        return StoreObjects(make())
    return MAKERS[request.param](tmp_path / "store")


def test_bytes_come_back(objects: Objects) -> None:
    info = objects.put("a/b", b"hello")
    assert (info.key, info.size) == ("a/b", 5)
    assert objects.get("a/b") == b"hello"
    assert objects.info("a/b").size == 5
    assert b"".join(objects.stream("a/b", chunk=2)) == b"hello"


def test_a_stream_and_a_file_are_stored(objects: Objects, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"x" * 100_000)
    assert objects.put("file", source).size == 100_000
    assert source.exists()
    assert objects.put("stream", (bytes([n]) * 1000 for n in range(100))).size == 100_000
    assert objects.get("stream", 5_500, 2) == b"\x05\x05"
    assert objects.put("nothing", iter(())).size == 0


def test_a_file_may_be_moved_into_the_store(objects: Objects, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"x" * 100_000)
    assert objects.put("file", source, move=True).size == 100_000
    source.write_bytes(b"another file of that name")
    assert objects.get("file") == b"x" * 100_000
    objects.put("file", source, move=True)
    assert objects.get("file") == b"another file of that name"


def test_put_replaces(objects: Objects) -> None:
    objects.put("k", b"old and long")
    objects.put("k", b"new")
    assert objects.get("k") == b"new"


@pytest.mark.parametrize(
    ("start", "length", "expected"),
    [
        (0, None, b"0123456789"),
        (3, None, b"3456789"),
        (3, 2, b"34"),
        (8, 10, b"89"),
        (10, 5, b""),
        (99, 1, b""),
        (2, 0, b""),
    ],
)
def test_ranges(objects: Objects, start: int, length: int | None, expected: bytes) -> None:
    objects.put("k", b"0123456789")
    assert objects.get("k", start, length) == expected


def test_an_empty_object(objects: Objects) -> None:
    objects.put("empty", b"")
    assert objects.get("empty") == b""
    assert list(objects.stream("empty")) == []
    assert objects.info("empty").size == 0


def test_a_missing_key(objects: Objects) -> None:
    with pytest.raises(KeyError):
        objects.get("none")
    with pytest.raises(KeyError):
        objects.get("none", 2, 1)
    with pytest.raises(KeyError):
        objects.info("none")
    with pytest.raises(KeyError):
        next(iter(objects.stream("none")))
    objects.delete("none")
    assert objects.local("none") is None


def test_delete(objects: Objects) -> None:
    objects.put("deep/er/k", b"1")
    objects.put("deep/k", b"2")
    objects.delete("deep/er/k")
    assert [i.key for i in objects.iter_keys()] == ["deep/k"]
    objects.put("deep/er/k", b"3")
    assert objects.get("deep/er/k") == b"3"


def test_keys_are_listed_in_order_by_prefix(objects: Objects) -> None:
    for key in ("b/2", "a/x", "b/10", "bc", "b/1/z"):
        objects.put(key, b".")
    assert [i.key for i in objects.iter_keys()] == ["a/x", "b/1/z", "b/10", "b/2", "bc"]
    assert [i.key for i in objects.iter_keys("b")] == ["b/1/z", "b/10", "b/2", "bc"]
    assert [i.key for i in objects.iter_keys("b/1")] == ["b/1/z", "b/10"]
    assert [i.key for i in objects.iter_keys("b/1/")] == ["b/1/z"]
    assert list(objects.iter_keys("zz/")) == []


@pytest.mark.parametrize(
    "key", ["", "/a", "a/", "a//b", ".", "../a", "a/../b", "a/./b", "x" * 901, "a\x00b", "a\nb", "\ud800"]
)
def test_impossible_keys_are_refused(objects: Objects, key: str) -> None:
    with pytest.raises(ValueError, match="object key"):
        objects.put(key, b"")
    with pytest.raises(ValueError, match="object key"):
        objects.get(key)


@pytest.mark.parametrize("key", ["a b+c@d%41", "ü/é 日本", "~*?#<>", "x@/y", "..a/b..", "l/" + ".n" * 100 + "/k"])
def test_unusual_keys_come_back(objects: Objects, key: str) -> None:
    objects.put(key, b"1")
    assert objects.get(key) == b"1"
    assert [i.key for i in objects.iter_keys()] == [key]


def test_a_broken_source_changes_nothing(objects: Objects) -> None:
    def source() -> Iterator[bytes]:
        yield b"new"
        raise OSError("the line went dead")

    objects.put("k", b"old")
    with pytest.raises(OSError, match="the line went dead"):
        objects.put("k", source())
    assert objects.get("k") == b"old"


def test_a_local_file_holds_the_object(objects: Objects) -> None:
    objects.put("k", b"mapped")
    path = objects.local("k")
    assert path is None or path.read_bytes() == b"mapped"


def test_readers_never_see_a_mix(objects: Objects) -> None:
    contents = {bytes([n]) * 50_000 for n in range(4)}
    objects.put("k", min(contents))
    seen: list[bytes] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.append(objects.get("k"))

    def write(content: bytes) -> None:
        for _ in range(10):
            objects.put("k", content)

    reader = threading.Thread(target=read)
    writers = [threading.Thread(target=write, args=(c,)) for c in contents]
    for thread in (reader, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    reader.join()
    assert set(seen) <= contents


SEGMENT = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="/"), min_size=1, max_size=80
).filter(lambda s: s not in (".", ".."))
KEYS = st.lists(SEGMENT, min_size=1, max_size=4).map("/".join)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(keys=st.sets(KEYS, max_size=5))
def test_files_keep_any_keys_side_by_side(tmp_path_factory: pytest.TempPathFactory, keys: set[str]) -> None:
    files = FileObjects(tmp_path_factory.mktemp("files"))
    for key in keys:
        files.put(key, key.encode())
        files.put(f"{key}/below", b"")
    assert {i.key for i in files.iter_keys()} == keys | {f"{k}/below" for k in keys}
    assert all(files.get(key) == key.encode() for key in keys)
