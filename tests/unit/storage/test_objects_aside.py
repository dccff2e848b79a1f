"""What writers of object files leave aside when they are killed."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from restudio.storage.objects import FileObjects


def test_what_a_dead_writer_left_goes_and_what_a_living_one_writes_stays(tmp_path: Path) -> None:
    objects = FileObjects(tmp_path)
    writing, go = threading.Event(), threading.Event()

    def content() -> Iterator[bytes]:
        yield b"first "
        writing.set()
        go.wait(20)
        yield b"second"

    writer = threading.Thread(target=objects.put, args=("a/b", content()))
    writer.start()
    assert writing.wait(20)
    left = tmp_path / "@incoming" / "left"
    left.write_bytes(b"half")
    long_ago = time.time() - 60
    for path in (tmp_path / "@incoming").iterdir():
        os.utime(path, (long_ago, long_ago))
    FileObjects(tmp_path)
    assert not left.exists()
    go.set()
    writer.join()
    assert objects.get("a/b") == b"first second"
