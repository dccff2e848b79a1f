"""Landlock: a process of any user gives up files, TCP, signals and capabilities, for itself and all that it starts.

Second best where bubblewrap cannot be used. Stands alone, as ``script_child`` loads it by its path: standard library
only.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from pathlib import Path

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_NO_NEW_PRIVILEGES = 38
_CAPABILITY_VERSION = 0x20080522
_VERSION = 1
_EXECUTE, _READ_FILE, _READ_FOLDER = 1 << 0, 1 << 2, 1 << 3
_READ = _EXECUTE | _READ_FILE | _READ_FOLDER
_FILE = _EXECUTE | 1 << 1 | _READ_FILE | 1 << 14
"""Rights that a rule on a file, not a folder, may name: execute, write, read, truncate."""
_FILESYSTEM = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1}
_TCP = 0b11
_SCOPES = 0b11
"""Abstract sockets and signals."""


class _Rules(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


class _Below(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def version() -> int:
    """The version that the kernel offers; 0 when it has none."""
    return max(0, int(_libc().syscall(_CREATE, None, 0, _VERSION)))


def restrict(readable: Sequence[str], writable: Sequence[str], *, network: bool) -> None:
    """Leave this process only these files and folders, and no TCP unless ``network``; ``OSError`` when that fails."""
    found, libc = version(), _libc()
    files = _FILESYSTEM[min(found, 3)] if found else 0
    rules = _Rules(files, _TCP if found >= 4 and not network else 0, _SCOPES if found >= 6 else 0)
    size = 8 if found < 4 else 16 if found < 6 else 24
    ruleset = _checked(libc.syscall(_CREATE, ctypes.byref(rules), size, 0))
    for paths, rights in ((readable, _READ), (writable, files)):
        for path in paths:
            _allow(libc, ruleset, path, rights & files)
    _checked(libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0))
    _drop_capabilities(libc)
    _checked(libc.syscall(_RESTRICT, ruleset, 0))
    os.close(ruleset)


def _drop_capabilities(libc: ctypes.CDLL) -> None:
    """Root keeps its number but none of its powers; without new privileges no program gives them back."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    nothing = (ctypes.c_uint32 * 6)()
    _checked(libc.capset(header, nothing))


def _allow(libc: ctypes.CDLL, ruleset: int, path: str, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        allowed = rights if Path(path).is_dir() else rights & _FILE
        below = _Below(allowed, descriptor)
        _checked(libc.syscall(_ADD, ruleset, 1, ctypes.byref(below), 0))
    finally:
        os.close(descriptor)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return int(result)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
