from __future__ import annotations

import pytest

from restudio.core.errors import RestudioError
from restudio.models.uploads import LIFETIME_S, Upload, Uploads
from restudio.storage.objects import MemoryObjects


@pytest.fixture
def uploads() -> Uploads:
    return Uploads(MemoryObjects())


def read(uploads: Uploads, upload: Upload) -> bytes:
    return b"".join(uploads.iter_content(uploads.get("w", upload.id)))


def test_blocks_are_joined_in_order_whatever_order_they_come_in(uploads: Uploads) -> None:
    upload = uploads.create("w", "GenericCSV")
    for number in (2, 0, 1, 0):
        uploads.put_block("w", upload.id, number, 3, b"abc"[number : number + 1])
    assert read(uploads, upload) == b"abc"


def test_small_content_may_come_at_once_or_not_at_all(uploads: Uploads) -> None:
    assert read(uploads, uploads.create("w", "ARFF", b"x")) == b"x"
    assert read(uploads, uploads.create("w", "ARFF")) == b""


def test_a_missing_block_is_told(uploads: Uploads) -> None:
    upload = uploads.create("w", "GenericCSV")
    uploads.put_block("w", upload.id, 1, 2, b"b")
    with pytest.raises(RestudioError, match="Block 0 of 2 has not been uploaded"):
        read(uploads, upload)


@pytest.mark.parametrize(("number", "blocks"), [(-1, 1), (1, 1), (0, 0), (0, 100_001)])
def test_numbers_out_of_range_are_refused(uploads: Uploads, number: int, blocks: int) -> None:
    upload = uploads.create("w", "GenericCSV")
    with pytest.raises(RestudioError, match="blockId must be"):
        uploads.put_block("w", upload.id, number, blocks, b"")


@pytest.mark.parametrize("upload_id", ["0" * 32, "../../secret", ""])
def test_unknown_uploads_are_not_found(uploads: Uploads, upload_id: str) -> None:
    with pytest.raises(RestudioError, match="was not found"):
        uploads.get("w", upload_id)


def test_another_workspace_does_not_see_it(uploads: Uploads) -> None:
    with pytest.raises(RestudioError, match="was not found"):
        uploads.get("other", uploads.create("w", "ARFF").id)


def test_delete_and_sweep_leave_nothing(uploads: Uploads) -> None:
    first, second = uploads.create("w", "ARFF", b"1"), uploads.create("w", "ARFF", b"2")
    uploads.delete(first)
    assert read(uploads, second) == b"2"
    assert uploads.sweep(now=0.0) == 0
    assert uploads.sweep(now=LIFETIME_S + 1e12) == 2
