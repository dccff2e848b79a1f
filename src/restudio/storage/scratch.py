"""Scratch: a process's own folder for what it needs only while it lives. A kill leaves nothing for long."""

from __future__ import annotations

import fcntl
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LOCK = ".lock"


class Scratch:
    """A fresh folder below ``root``, locked as long as this process lives; folders of dead processes are removed.

    Nothing else may be kept in ``root``.
    """

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self.path = root / uuid.uuid4().hex
        with _alone(root):  # nobody looks between the making and the locking of a folder
            for left in root.iterdir():
                if left.name != _LOCK and _is_free(left):
                    shutil.rmtree(left, ignore_errors=True)
            self.path.mkdir(mode=0o700)
            self._held = _open(self.path / _LOCK)
            fcntl.flock(self._held, fcntl.LOCK_EX)

    def close(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._held)


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    descriptor = _open(root / _LOCK)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _is_free(folder: Path) -> bool:
    """Whether the process that made it is gone."""
    if not (folder / _LOCK).exists():
        return True
    descriptor = _open(folder / _LOCK)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        return True
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
