"""User scripts in a process of their own, under limits, and inside bubblewrap where the machine can, else Landlock.

The script sees its inputs, libraries and a private folder; it has no credentials, no environment of ours, no home
folder and, unless allowed, no network. :func:`find_weakness` tells what is missing where bubblewrap is.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from restudio.core.errors import ModuleError
from restudio.engine import bubblewrap, landlock, watch
from restudio.engine.bundle import unpack_bundle
from restudio.seams.context import ScriptResult
from restudio.seams.engine import Limits

MAX_LOG = 1 << 20
"""Bytes of console output that are kept; the rest is read and dropped."""
MAX_IMAGES = 20
MAX_IMAGE_BYTES = 10 << 20
MAX_FILE_BYTES = 4 << 30
MAX_OUTCOME = 1 << 20
MAX_TRACE = 20_000
"""Characters of a traceback that are kept, from its end."""
_WATCH_S = 0.1
"""How often limits that the kernel does not hold are looked at."""
_CHILD = Path(__file__).with_name("script_child.py")
_OUTPUTS = ("result1", "result2")


def find_weakness() -> str | None:
    """What scripts can do here that they should not; None when they are fully contained."""
    obstacle = bubblewrap.find_obstacle()
    if obstacle is None:
        return None
    known = landlock.version()
    if known:
        open_ways = "UDP" if known >= 4 else "the network"
        return (
            f"Scripts run under Landlock alone, because {obstacle}. They are kept from the server's files, but they "
            f"can use {open_ways}, see the list of processes, and leave processes behind."
        )
    return (
        f"Scripts run as an ordinary process of the server's user, because {obstacle}, and the kernel has no Landlock. "
        "They are limited in memory, processor time and file size, but they can read the files of that user, its "
        "master key among them, use the network, and leave processes behind."
    )


_LIBRARIES = sysconfig.get_path("purelib") + os.sep
"""Before the files of libraries in tracebacks: where they lie is no business of a script's author."""


def run_script(
    language: str,
    source: str,
    inputs: Mapping[str, Path],
    *,
    folder: Path,
    limits: Limits,
    bundle: Path | None = None,
) -> ScriptResult:
    """Run a script to its end. ``folder`` is private to the caller; results stay in a new folder below it.

    ``inputs`` are Arrow IPC files by argument name (``dataframe1``, ``dataframe2``); outputs are named ``result1`` and
    ``result2``. Error 0085 with the traceback when the script fails, is killed, or takes too long.
    """
    if language.casefold() != "python":
        raise ModuleError("0039", f"Scripts in '{language}' cannot be run; only Python can.")
    root = Path(tempfile.mkdtemp(prefix="script-", dir=folder.resolve()))
    (root / "output").mkdir()
    (root / "tmp").mkdir()
    if bundle is not None:
        unpack_bundle(bundle, root / "Script Bundle")
    files = {name: path.resolve() for name, path in inputs.items()}
    job = root / "job.json"
    (root / "script.py").write_text(source, encoding="utf-8")
    described = _job(files, root, limits, bundled=bundle is not None)
    if bubblewrap.find_obstacle() is not None and landlock.version():
        described["landlock"] = _fence(root, list(files.values()), limits)
    job.write_text(json.dumps(described))
    status, log = _execute(job, root, list(files.values()), limits)
    return ScriptResult(_outputs(root, status, log), log, _images(root))


def _job(inputs: Mapping[str, Path], root: Path, limits: Limits, *, bundled: bool) -> dict[str, object]:
    return {
        "script": str(root / "script.py"),
        "inputs": {name: str(path) for name, path in inputs.items()},
        "output": str(root / "output"),
        "bundle": str(root / "Script Bundle") if bundled else None,
        "limits": {
            "RLIMIT_AS": limits.memory_mb << 20,
            "RLIMIT_CPU": max(1, int(limits.seconds) * (os.cpu_count() or 1)),
            "RLIMIT_FSIZE": MAX_FILE_BYTES,
            "RLIMIT_NPROC": 4 * watch.MAX_PROCESSES,  # counts what else the user runs; not held for root
            "RLIMIT_CORE": 0,
        },
    }


def _fence(root: Path, readable: Sequence[Path], limits: Limits) -> dict[str, object]:
    """What Landlock leaves to a script."""
    folders = [*bubblewrap.readable_folders(network=limits.network), "/dev/urandom", "/proc/self"]
    return {
        "module": landlock.__file__,
        "readable": [*folders, *map(str, readable), str(_CHILD)],
        "writable": [str(root), "/dev/null"],
        "network": limits.network,
    }


def _execute(job: Path, root: Path, readable: Sequence[Path], limits: Limits) -> tuple[int, str]:
    """Exit status and console output; error 0085 when time runs out."""
    command = [sys.executable, "-I", "-u", str(_CHILD), str(job)]
    if bubblewrap.find_obstacle() is None:
        command = bubblewrap.wrap(command, folder=root, readable=[*readable, _CHILD], network=limits.network)
    process = subprocess.Popen(
        command,
        cwd=root,
        env=_environment(root),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    assert process.stdout is not None
    log = _Log(process.stdout)
    try:
        why = _await_end(process, root, limits)
        if why is not None:
            _kill(process)
            raise ModuleError("0085", f"The script {why} and was stopped.\n{log.text()[-MAX_TRACE:]}")
        status = process.wait()
    finally:
        # Also ends what the script left running; the pipe closes with the last of them.
        _kill(process)
    return status, log.text()


def _await_end(process: subprocess.Popen[bytes], folder: Path, limits: Limits) -> str | None:
    """Wait until a script has ended; what it did wrong when it broke a limit first."""
    deadline = time.monotonic() + limits.seconds
    while True:
        try:
            process.wait(max(0.0, min(_WATCH_S, deadline - time.monotonic())))
            return None
        except subprocess.TimeoutExpired:
            if time.monotonic() >= deadline:
                return f"did not finish within {limits.seconds:g} seconds"
        excess = watch.measure(process.pid, folder).excess(limits.memory_mb)
        if excess is not None:
            return f"used up {excess}"


def _environment(root: Path) -> dict[str, str]:
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(root),
        "TMPDIR": str(root / "tmp"),
        "LANG": "C.UTF-8",
        "MPLBACKEND": "Agg",
        "OMP_NUM_THREADS": "2",
        "OPENBLAS_NUM_THREADS": "2",
    }


def _kill(process: subprocess.Popen[bytes]) -> None:
    below = list(watch.descendants(process.pid)) if process.poll() is None else []
    try:
        os.killpg(process.pid, signal.SIGKILL)
        for pid in below:  # what left the group; those of a sandbox end with its first process
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    finally:
        process.wait()


class _Log:
    """Reads a pipe to its end in a thread and keeps the first bytes."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._kept = bytearray()
        self._dropped = 0
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with self._pipe:
            while chunk := os.read(self._pipe.fileno(), 65_536):
                room = MAX_LOG - len(self._kept)
                self._kept += chunk[:room]
                self._dropped += max(0, len(chunk) - room)

    def text(self) -> str:
        # A process that escaped the kill may hold the pipe open; its output is not waited for.
        self._thread.join(timeout=5)
        text = bytes(self._kept).decode(errors="replace")
        return f"{text}\n… {self._dropped} more bytes were dropped." if self._dropped else text


def _outputs(root: Path, status: int, log: str) -> dict[str, Path]:
    """The files of a script that succeeded; links are refused, since they would be followed outside the sandbox."""
    outcome = root / "output" / "outcome.json"
    if not _is_plain(outcome):
        how = f"was killed by signal {-status}" if status < 0 else f"ended with exit status {status}"
        raise ModuleError("0085", f"The script {how} before it returned; it may have used up its memory.\n{log}")
    try:
        told = json.loads(outcome.read_text()) if outcome.stat().st_size <= MAX_OUTCOME else None
    except (ValueError, RecursionError) as cause:
        raise ModuleError("0085", "The script overwrote its own outcome.") from cause
    if not isinstance(told, dict):
        raise ModuleError("0085", "The script overwrote its own outcome.")
    if "error" in told:
        trace = str(told["error"]).replace(_LIBRARIES, "")[-MAX_TRACE:].encode(errors="replace").decode()
        printed = f"\nBefore, it printed:\n{log[-MAX_TRACE:]}" if log.strip() else ""
        raise ModuleError("0085", f"The script failed.\n{trace}{printed}")
    paths = {name: root / "output" / f"{name}.arrow" for name in _OUTPUTS}
    return {name: path for name, path in paths.items() if _is_plain(path)}


def _images(root: Path) -> tuple[Path, ...]:
    found = [p for p in sorted(root.glob("*.png")) if _is_plain(p) and p.stat().st_size <= MAX_IMAGE_BYTES]
    return tuple(found[:MAX_IMAGES])


def _is_plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()
