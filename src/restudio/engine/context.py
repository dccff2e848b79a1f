"""The context of a module that runs in a child process."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from restudio.core.errors import ModuleError
from restudio.core.registry import Registry
from restudio.core.spec import Entry
from restudio.engine.loglines import LogLines
from restudio.engine.messages import (
    Answer,
    Ask,
    AskExchange,
    AskFile,
    AskResolve,
    Question,
    Run,
    Told,
    receive,
    send,
)
from restudio.engine.values import ValueStore
from restudio.seams.context import HttpAnswer, HttpRequest, Resource, ScriptResult

_PROGRESS_S = 0.1
"""A module may report every iteration of a tight loop; people see so many a second, and each costs the parent work."""


class ChildContext:
    """See :class:`restudio.seams.context.Context`. Lives as long as one execution."""

    def __init__(self, run: Run, registry: Registry, values: ValueStore, reading: int, writing: int) -> None:
        self.values = values
        self._run = run
        self._registry = registry
        self._reading = reading
        self._writing = writing
        self._said, self._said_at = "", -_PROGRESS_S
        self._lines = LogLines(lambda line: send(writing, Told(None, line)))

    @property
    def scratch(self) -> Path:
        return Path(self._run.scratch)

    def progress(self, fraction: float, message: str = "") -> None:
        now = time.monotonic()
        if message == self._said and fraction < 1.0 and now - self._said_at < _PROGRESS_S:
            return
        self._said, self._said_at = message, now
        send(self._writing, Told(min(1.0, max(0.0, fraction)), message))

    def log(self, text: str) -> None:
        self._lines.add(text)

    def close(self) -> None:
        """Pass on the log lines that waited for the end."""
        self._lines.close()

    def entry(self, module_id: str) -> Entry:
        return self._registry.get_entry(module_id)

    def asset(self, asset_id: str) -> Path:
        key = self._run.assets.get(asset_id)
        if key is None:
            raise ModuleError("0003", f"The saved item '{asset_id}' is not part of this run.", parameter="asset")
        return self.values.local(key)

    def fetch(self, url: str, *, credential: str | None = None) -> Resource:
        answer = self._ask(Ask("fetch", url, credential))
        assert answer.path is not None
        return Resource(Path(answer.path), answer.name, answer.content_type)

    def deliver(self, url: str, source: Path, *, credential: str | None = None, overwrite: bool = True) -> None:
        self._ask(Ask("deliver", url, credential, str(source), overwrite))

    def exchange(self, request: HttpRequest) -> HttpAnswer:
        answer = self._ask(AskExchange(request.method, request.url, dict(request.headers), request.body))
        assert answer.path is not None
        return HttpAnswer(answer.status, answer.headers, Path(answer.path))

    def resolve(self, host: str, port: int) -> str:
        return self._ask(AskResolve(host, port)).name

    def open_file(self, path: Path) -> Path:
        answer = self._ask(AskFile(str(path)))
        assert answer.path is not None
        return Path(answer.path)

    def run_script(
        self, language: str, source: str, inputs: Mapping[str, Path], *, bundle: Path | None = None
    ) -> ScriptResult:
        from restudio.engine.sandbox import run_script

        return run_script(language, source, inputs, bundle=bundle, folder=self.scratch, limits=self._run.limits)

    def _ask(self, question: Question) -> Answer:
        send(self._writing, question)
        answer = receive(self._reading)
        if not isinstance(answer, Answer):
            raise ModuleError("0039", "The engine went away while the module waited for it.")
        if answer.fault is not None:
            raise answer.fault.error()
        return answer


if TYPE_CHECKING:
    from restudio.seams.context import Context

    def _fits(context: ChildContext) -> Context:
        return context
