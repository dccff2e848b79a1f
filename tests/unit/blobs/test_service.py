from __future__ import annotations

from pathlib import Path

import pytest

from restudio.blobs.rules import parse_range
from restudio.blobs.service import READER_GRACE_S, BlobService
from restudio.blobs.types import BlobHeaders, BlobLimits, BlobPath, BlockEntry, Conditions
from restudio.core.errors import RestudioError
from restudio.seams.objects import Objects
from restudio.storage.clock import ManualClock
from restudio.storage.db import SqlDatabase
from restudio.storage.objects import MemoryObjects
from restudio.storage.secrets import MasterKeySecrets

PATH = BlobPath("acme", "incoming", "a/b.csv")


def _text(service: BlobService, path: BlobPath, span: tuple[int, int] | None = None) -> bytes:
    start, length = span or (0, None)
    return b"".join(service.read(service.open(path), start, length, chunk=3))


def test_blobs_of_bytes_files_and_streams(service: BlobService, tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"from a file")
    service.put_blob(PATH, b"bytes", BlobHeaders("text/csv"), {"made": "here"})
    assert _text(service, PATH) == b"bytes"
    service.put_blob(PATH, file)
    assert _text(service, PATH) == b"from a file"
    blob = service.put_blob(PATH, iter([b"a ", b"stream"]))
    assert (_text(service, PATH), blob.size, service.get_blob(PATH).etag) == (b"a stream", 8, blob.etag)


def test_ranges_cross_blocks(service: BlobService) -> None:
    blocks = {"YQ==": b"0123", "Yg==": b"45", "Yw==": b"6789"}
    for block, data in blocks.items():
        service.put_block(PATH, block, data)
    service.commit_blocks(PATH, [BlockEntry("Latest", block) for block in blocks])
    for start in range(10):
        for end in range(start, 10):
            span = parse_range(f"bytes={start}-{end}", 10)
            assert _text(service, PATH, span) == b"0123456789"[start : end + 1]


def test_replaced_bytes_live_until_readers_are_gone(
    sqlite_database: SqlDatabase, secrets: MasterKeySecrets, clock: ManualClock
) -> None:
    objects = MemoryObjects()
    service = BlobService(sqlite_database, objects, secrets, clock, "http://h")
    service.accounts.create("acme")
    service.create_container("acme", "incoming")
    service.put_blob(PATH, b"old")
    opened = service.open(PATH)
    service.put_blob(PATH, b"new")
    assert service.collect_garbage() == 0
    assert b"".join(service.read(opened)) == b"old"
    clock.advance(READER_GRACE_S)
    assert service.collect_garbage() == 1
    assert len(list(objects.iter_keys())) == 1
    copy = BlobPath("acme", "incoming", "copy")
    service.copy_blob(PATH, copy)
    service.delete_blob(PATH)
    clock.advance(READER_GRACE_S)
    service.collect_garbage()
    assert _text(service, copy) == b"new"
    service.delete_container("acme", "incoming")
    clock.advance(READER_GRACE_S)
    service.collect_garbage()
    assert not list(objects.iter_keys())


def test_a_refused_upload_leaves_nothing(service: BlobService, objects: Objects, clock: ManualClock) -> None:
    service.put_blob(PATH, b"1")
    before = len(list(objects.iter_keys()))
    for conditions, code in (
        (Conditions(if_none_match="*"), "BlobAlreadyExists"),
        (Conditions(if_match='"0x0"'), "ConditionNotMet"),
    ):
        with pytest.raises(RestudioError) as error:
            service.put_blob(PATH, b"2", conditions=conditions)
        assert error.value.detail == code
    assert len(list(objects.iter_keys())) == before
    assert _text(service, PATH) == b"1"


def test_limits(sqlite_database: SqlDatabase, secrets: MasterKeySecrets, clock: ManualClock) -> None:
    objects = MemoryObjects()
    limits = BlobLimits(max_blob=8, max_blocks=2, max_uncommitted=3)
    service = BlobService(sqlite_database, objects, secrets, clock, "http://h", limits=limits)
    service.accounts.create("acme")
    service.create_container("acme", "incoming")
    with pytest.raises(RestudioError, match="8 bytes"):
        service.put_blob(PATH, b"123456789")
    for block in ("YQ==", "Yg==", "Yw=="):
        service.put_block(PATH, block, b"12345")
    with pytest.raises(RestudioError, match="waiting blocks"):
        service.put_block(PATH, "ZA==", b"1")
    with pytest.raises(RestudioError, match="8 bytes"):
        service.commit_blocks(PATH, [BlockEntry("Latest", "YQ=="), BlockEntry("Latest", "Yg==")])
    with pytest.raises(RestudioError, match="At most 2"):
        service.commit_blocks(PATH, [BlockEntry("Latest", "YQ==")] * 3)
    clock.advance(8 * 86_400)
    service.collect_garbage()
    service.collect_garbage()
    clock.advance(READER_GRACE_S)
    service.collect_garbage()
    assert not list(objects.iter_keys())


def test_names_page_in_one_order_on_every_database(service: BlobService) -> None:
    names = ["A", "Z", "_", "a", "a-b", "a/b", "ab", "b", "é", "日"]
    for name in reversed(names):
        service.put_blob(BlobPath("acme", "incoming", name), b"")
    found: list[str] = []
    marker = ""
    while True:
        page = service.list_blobs("acme", "incoming", marker=marker, limit=3)
        found += [blob.path.name for blob in page.blobs]
        marker = page.next_marker
        if not marker:
            break
    assert found == sorted(names)


def test_missing_things(service: BlobService) -> None:
    nowhere = BlobPath("acme", "nowhere", "x")
    for act, code in (
        (lambda: service.open(PATH), "BlobNotFound"),
        (lambda: service.get_blob(nowhere), "ContainerNotFound"),
        (lambda: service.put_blob(nowhere, b""), "ContainerNotFound"),
        (lambda: service.put_block(nowhere, "YQ==", b"1"), "ContainerNotFound"),
        (lambda: service.commit_blocks(nowhere, []), "ContainerNotFound"),
        (lambda: service.list_blocks(PATH), "BlobNotFound"),
        (lambda: service.copy_blob(nowhere, PATH), "CannotVerifyCopySource"),
        (lambda: service.delete_container("acme", "nowhere"), "ContainerNotFound"),
    ):
        with pytest.raises(RestudioError) as error:
            act()
        assert error.value.detail == code


def test_accounts(service: BlobService) -> None:
    accounts = service.accounts
    workspace = "0123456789abcdef0123456789abcdef"
    name = accounts.ensure_default(workspace)
    assert accounts.ensure_default(workspace) == name == "ws0123456789abcdef012345"
    assert accounts.workspace_of(name) == workspace
    with pytest.raises(RestudioError, match="already"):
        accounts.create("acme")
    with pytest.raises(RestudioError, match="3 to 24"):
        accounts.create("Not A Name")
    key = accounts.key("acme")
    assert accounts.has_key("acme", key)
    accounts.renew_key("acme")
    assert not accounts.has_key("acme", key)
    assert not accounts.has_key("nobody", key)


def test_own_addresses_are_known(service: BlobService) -> None:
    locate = service.accounts.locate
    path = BlobPath("acme", "incoming", "a b/ü.csv")
    assert locate(service.accounts.url(path)) == path
    assert locate("http://studio.example:8000/blob/acme/incoming/x?sig=1") == BlobPath("acme", "incoming", "x")
    for former in ("http://studio.example:9/blob/acme/c/b", "http://127.0.0.1/below/blob/acme/c/b"):
        assert locate(former) == BlobPath("acme", "c", "b")
    for other in ("http://studio.example/blob/a/c/b", "http://elsewhere:8000/blob/a/c/b", "http://[", "nonsense"):
        assert locate(other) is None
