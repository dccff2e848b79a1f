"""The command line of bubblewrap, and whether this machine can run it."""

from __future__ import annotations

import functools
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

_SYSTEM = (
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/etc/ld.so.cache",
    "/etc/alternatives",
    "/etc/R",
    "/etc/fonts",
    "/etc/localtime",
)
_NETWORK = ("/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/ssl", "/etc/pki", "/etc/ca-certificates")
_NOBODY = "65534"
_MEMORY_FILES = str(1 << 30)
"""Bytes that fit into each folder in memory: they count for no process."""


def wrap(command: Sequence[str], *, folder: Path, readable: Sequence[Path], network: bool) -> list[str]:
    """``command`` with a read-only system, its own processes and devices, and ``folder`` as all that it can write.

    ``readable`` are files it may read besides. Everything else, home folders included, is not there.
    """
    program = shutil.which("bwrap")
    if program is None:
        raise FileNotFoundError("bwrap is not installed")
    shared = readable_folders(network=network)
    arguments = [program, "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    arguments += ["--uid", _NOBODY, "--gid", _NOBODY, "--hostname", "sandbox"]
    arguments += ["--share-net"] if network else []
    arguments += ["--proc", "/proc", "--dev", "/dev", "--size", _MEMORY_FILES, "--tmpfs", "/dev/shm"]
    arguments += ["--size", _MEMORY_FILES, "--tmpfs", "/tmp"]
    for path in shared:
        arguments += ["--ro-bind-try", path, path]
    for file in readable:
        arguments += ["--ro-bind", str(file), str(file)]
    arguments += ["--bind", str(folder), str(folder), "--chdir", str(folder)]
    arguments += ["--remount-ro", "/dev", "--remount-ro", "/", "--"]
    return [*arguments, *command]


@functools.cache
def find_obstacle() -> str | None:
    """Why bubblewrap cannot be used here, by one trial run; None when it works."""
    if shutil.which("bwrap") is None:
        return "bubblewrap (bwrap) is not installed"
    trial = wrap([sys.executable, "-I", "-c", ""], folder=Path(tempfile.gettempdir()), readable=(), network=False)
    try:
        done = subprocess.run(trial, capture_output=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"bubblewrap cannot be run: {error}"
    if done.returncode == 0:
        return None
    said = done.stderr.decode(errors="replace").strip().splitlines()
    return f"bubblewrap cannot make a sandbox here: {said[-1] if said else f'exit status {done.returncode}'}"


def readable_folders(*, network: bool) -> list[str]:
    """What every script may read: the system's programs and libraries, and Python's."""
    return [*_SYSTEM, *(_NETWORK if network else ()), *_python_folders()]


def _python_folders() -> list[str]:
    """Where the interpreter and its libraries are, when that is not below the system folders; ``.pth`` files may add
    library folders of other environments."""
    libraries = {path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")}
    return sorted(
        libraries
        | {sys.prefix, sys.base_prefix, sys.exec_prefix, str(Path(sys.executable).resolve().parent.parent)} - {"/"}
    )
