"""One child process as the engine sees it: started warm, watched while it works, killed with everything it started."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from restudio.core.errors import ModuleError
from restudio.engine.messages import (
    Answer,
    Done,
    Fault,
    FromChild,
    Hello,
    Inbox,
    Location,
    Question,
    Ready,
    Run,
    Told,
    send,
)
from restudio.seams.engine import Cancelled, ProcessLost, Progress

_WATCH_S = 0.05
"""How often limits are looked at while a child works."""
_START_S = 120.0
"""A child that has not loaded the catalog after this time is broken."""
_END_S = 5.0
"""How long a child that closed its pipe may take to end by itself."""
_PAGE = os.sysconf("SC_PAGE_SIZE")

Respond = Callable[[Question], Answer]


class ChildProcess:
    """Used by one thread at a time; :meth:`kill` may be called from any."""

    def __init__(self, command: Sequence[str], objects: Location, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=dict(environment),
            start_new_session=True,  # a group of its own, so that one signal reaches all that it starts
            bufsize=0,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._to_child = self._process.stdin.fileno()
        self._from_child = self._process.stdout.fileno()
        self._inbox = Inbox()
        self._ready = False
        self._killed = False
        with contextlib.suppress(BrokenPipeError):  # noticed at the first execution
            send(self._to_child, Hello(dict(objects)))

    @property
    def pid(self) -> int:
        return self._process.pid

    def run(self, run: Run, on_progress: Callable[[Progress], None], respond: Respond) -> dict[str, int]:
        """Run one module; see :meth:`restudio.seams.engine.Engine.execute` for what it raises.

        After ``Cancelled`` or an error with ``self.dead`` the process is gone and must be replaced.
        """
        self._await_ready()
        deadline = time.monotonic() + run.seconds
        try:
            send(self._to_child, run)
        except BrokenPipeError:
            raise self._gone() from None
        for message in self._messages(run, deadline):
            match message:
                case Told():
                    on_progress(Progress(message.fraction, message.text))
                case Done():
                    return message.sizes
                case Fault():
                    raise message.error()
                case Ready():
                    continue
                case _:
                    self._answer(respond(message))
        raise self._gone()

    def kill(self) -> None:
        """Kill the process and everything it started, and wait until it is gone."""
        self._killed = True
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> None:
        """Kill the process if it lives, and give back its pipes."""
        self.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()

    @property
    def dead(self) -> bool:
        return self._killed or self._process.poll() is not None

    def _await_ready(self) -> None:
        if self._ready:
            return
        deadline = time.monotonic() + _START_S
        while not self._ready:
            data = self._read(deadline - time.monotonic())
            if data is None:
                self.kill()
                raise ModuleError("0039", f"The module process did not start within {_START_S:.0f} seconds.")
            if not data:
                raise self._gone()
            self._ready = any(isinstance(m, Ready) for m in self._inbox.feed(data))

    def _messages(self, run: Run, deadline: float) -> Iterator[FromChild]:
        """Messages until the child closes its pipe; kills it when it breaks a limit."""
        while (data := self._read(_WATCH_S)) != b"":
            if data is not None:
                yield from self._inbox.feed(data)
            if time.monotonic() > deadline:
                self.kill()
                raise ModuleError("0039", f"The module ran longer than its limit of {run.seconds:g} seconds.")
            if self._memory() > run.memory_mb << 20:
                self.kill()
                raise ModuleError("0138", f"The module used up its memory of {run.memory_mb} MB.")

    def _read(self, seconds: float) -> bytes | None:
        """What arrived; None when nothing did in time, empty when the pipe is closed."""
        ready, _, _ = select.select([self._from_child], [], [], max(0.0, seconds))
        return os.read(self._from_child, 1 << 16) if ready else None

    def _answer(self, answer: Answer) -> None:
        with contextlib.suppress(BrokenPipeError):  # the closed pipe is noticed at the next read
            send(self._to_child, answer)

    def _memory(self) -> int:
        """Bytes of memory of its own; mapped files do not count."""
        try:
            fields = Path(f"/proc/{self._process.pid}/statm").read_text(encoding="ascii").split()
        except (FileNotFoundError, ProcessLookupError):
            return 0
        return (int(fields[1]) - int(fields[2])) * _PAGE if len(fields) > 2 else 0

    def _gone(self) -> Exception:
        """Why the pipe closed in the middle of an execution."""
        if self._killed:
            return Cancelled()
        try:
            status = self._process.wait(_END_S)
        except subprocess.TimeoutExpired:  # it closed its pipe but lives on
            self.kill()
            status = self._process.wait()
        how = f"was killed by {_signal_name(-status)}" if status < 0 else f"ended with status {status}"
        return ProcessLost(how)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
