"""The embedded engine: a few warm child processes, reused from execution to execution and replaced when they die."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from restudio.core.errors import ModuleError, RestudioError
from restudio.engine.messages import Answer, Ask, AskExchange, AskFile, AskResolve, Fault, Location, Question, Run
from restudio.engine.process import ChildProcess
from restudio.seams.context import HttpAnswer, HttpRequest, Resource
from restudio.seams.engine import Cancelled, Execution, Progress

CHILD_COMMAND = (sys.executable, "-m", "restudio.app.child")


class Outside(Protocol):
    """The way out for modules: reads and writes addresses under the egress policy. Thread-safe."""

    def fetch(self, url: str, *, credential: str | None, folder: Path) -> Resource:
        """Read an address into a new file in ``folder``."""
        ...

    def deliver(self, url: str, source: Path, *, credential: str | None, overwrite: bool, scope: str) -> None:
        """Write a file to an address, or to a data path in a store of the workspace ``scope``."""
        ...

    def exchange(self, request: HttpRequest, *, folder: Path) -> HttpAnswer:
        """Send a request; the body of its answer goes into a new file in ``folder``."""
        ...

    def resolve(self, host: str, port: int) -> str:
        """The IP address of a host that may be reached."""
        ...

    def open_file(self, path: Path) -> Path:
        """The real path of a file in a folder that the operator opened."""
        ...


class NoOutside:
    """For installations and tests in which modules reach nothing."""

    def fetch(self, url: str, *, credential: str | None, folder: Path) -> Resource:
        raise ModuleError("0030", "Reading outside addresses is switched off here.")

    def deliver(self, url: str, source: Path, *, credential: str | None, overwrite: bool, scope: str) -> None:
        raise ModuleError("0066", "Writing to outside addresses is switched off here.")

    def exchange(self, request: HttpRequest, *, folder: Path) -> HttpAnswer:
        raise ModuleError("0030", "Asking outside addresses is switched off here.")

    def resolve(self, host: str, port: int) -> str:
        raise ModuleError("0029", "Reaching outside addresses is switched off here.")

    def open_file(self, path: Path) -> Path:
        raise ModuleError("0048", "Reading files of this machine is switched off here.")


class ProcessEngine:
    """See :class:`restudio.seams.engine.Engine`.

    ``objects`` tells the children where the object store is; they get nothing else, and an environment of only the
    variables of ``environment``. ``workers`` executions run at once. Children start when they are first needed, or by
    :meth:`start`. Scratch folders are made below ``scratch`` (default: the system's folder for temporary files).
    """

    def __init__(
        self,
        objects: Location,
        *,
        workers: int = 2,
        child_command: Sequence[str] = CHILD_COMMAND,
        outside: Outside | None = None,
        scratch: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._objects = objects
        self._workers = workers
        self._command = tuple(child_command)
        self._outside: Outside = outside or NoOutside()
        self._scratch = scratch
        # Threads of numeric libraries sleep while they wait: spinning would take the cores from the other children.
        fixed = {"LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1", "OMP_WAIT_POLICY": "PASSIVE"}
        self._environment = {**fixed, **(environment or {})}
        self._changed = threading.Condition()
        self._idle: list[ChildProcess] = []
        self._alive = 0
        self._running: dict[str, ChildProcess | None] = {}  # None: waiting for a child
        self._cancelled: set[str] = set()
        self._closed = False

    @property
    def parallelism(self) -> int:
        return self._workers

    def start(self) -> None:
        """Start all children now, so that the first executions find them warm. Returns at once."""
        with self._changed:
            while self._alive < self._workers and not self._closed:
                self._idle.append(self._spawn())
            self._changed.notify_all()

    def execute(self, execution: Execution, on_progress: Callable[[Progress], None]) -> Mapping[str, int]:
        with self._child(execution.id) as child, self._folder() as folder:
            run = Run.of(execution, json.dumps(dict(execution.params)), str(folder))
            return child.run(run, on_progress, lambda question: self._respond(question, folder, execution.scope))

    def cancel(self, execution_id: str) -> None:
        with self._changed:
            if execution_id not in self._running:
                return
            self._cancelled.add(execution_id)
            child = self._running[execution_id]
            if child is not None:
                child.kill()
            self._changed.notify_all()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._cancelled.update(self._running)
            for running in filter(None, self._running.values()):
                running.kill()
            idle, self._idle = self._idle, []
            self._alive -= len(idle)
            self._changed.notify_all()
        for child in idle:
            child.close()

    @contextmanager
    def _child(self, execution_id: str) -> Iterator[ChildProcess]:
        """A child for this execution alone; a dead one is replaced afterwards."""
        child = self._lease(execution_id)
        try:
            yield child
        except RestudioError:
            if self._is_cancelled(execution_id):  # the kill raced with an error of the module
                raise Cancelled(execution_id) from None
            raise
        finally:
            self._give_back(execution_id, child)

    def _lease(self, execution_id: str) -> ChildProcess:
        with self._changed:
            if execution_id in self._running:
                raise ValueError(f"execution {execution_id!r} is running already")
            self._running[execution_id] = None
            try:
                while not self._may_take(execution_id):
                    self._changed.wait()
                child = self._idle.pop() if self._idle else self._spawn()
            except BaseException:
                self._forget(execution_id)
                raise
            self._running[execution_id] = child
            return child

    def _may_take(self, execution_id: str) -> bool:
        if self._closed or execution_id in self._cancelled:
            raise Cancelled(execution_id)
        return bool(self._idle) or self._alive < self._workers

    def _give_back(self, execution_id: str, child: ChildProcess) -> None:
        with self._changed:
            self._forget(execution_id)
            keep = not child.dead and not self._closed
            if keep:
                self._idle.append(child)
            else:
                self._alive -= 1
                if not self._closed:
                    self._idle.append(self._spawn())  # loads the catalog while nobody waits for it
            self._changed.notify_all()
        if not keep:
            child.close()

    def _forget(self, execution_id: str) -> None:
        del self._running[execution_id]
        self._cancelled.discard(execution_id)

    def _is_cancelled(self, execution_id: str) -> bool:
        with self._changed:
            return execution_id in self._cancelled

    def _spawn(self) -> ChildProcess:
        self._alive += 1
        return ChildProcess(self._command, self._objects, self._environment)

    @contextmanager
    def _folder(self) -> Iterator[Path]:
        folder = Path(tempfile.mkdtemp(prefix="restudio-", dir=self._scratch))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _respond(self, question: Question, folder: Path, scope: str) -> Answer:
        try:
            match question:
                case Ask():
                    return self._transfer(question, folder, scope)
                case AskExchange():
                    request = HttpRequest(question.method, question.url, question.headers, question.body)
                    found = self._outside.exchange(request, folder=folder)
                    return Answer(str(found.body), status=found.status, headers=dict(found.headers))
                case AskResolve():
                    return Answer(name=self._outside.resolve(question.host, question.port))
                case AskFile():
                    return Answer(str(self._outside.open_file(Path(question.path))))
        except RestudioError as error:
            return Answer(fault=Fault.of(error))

    def _transfer(self, question: Ask, folder: Path, scope: str) -> Answer:
        if question.what == "fetch":
            found = self._outside.fetch(question.url, credential=question.credential, folder=folder)
            return Answer(str(found.path), found.name, found.content_type)
        source = Path(question.path or "").resolve()
        if not source.is_relative_to(folder.resolve()):
            raise ModuleError("0048", "Only files of the module's own folder can be delivered.")
        self._outside.deliver(
            question.url, source, credential=question.credential, overwrite=question.overwrite, scope=scope
        )
        return Answer()


if TYPE_CHECKING:
    from restudio.seams.engine import Engine

    _fits: Engine = ProcessEngine({})
