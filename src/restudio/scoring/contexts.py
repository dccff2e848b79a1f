"""What modules may reach while they serve: a folder, the catalog and scripts; nothing outside."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NoReturn, Protocol

from restudio.core.errors import ModuleError
from restudio.core.registry import Registry
from restudio.core.spec import Entry
from restudio.seams.context import Context, HttpAnswer, HttpRequest, Resource, ScriptResult

Contexts = Callable[[], AbstractContextManager[Context]]
"""Makes the context of one module execution and removes its folder afterwards."""


class RunScript(Protocol):
    """Runs a user script in a sandbox; ``folder`` is private to the call."""

    def __call__(
        self, language: str, source: str, inputs: Mapping[str, Path], *, bundle: Path | None, folder: Path
    ) -> ScriptResult: ...


class ServingContexts:
    """Thread-safe. Without ``run_script`` modules that run scripts are refused."""

    def __init__(self, registry: Registry, run_script: RunScript | None = None) -> None:
        self._registry = registry
        self._run_script = run_script

    @contextmanager
    def open(self) -> Iterator[Context]:
        """A context whose folder is removed afterwards."""
        with tempfile.TemporaryDirectory(prefix="restudio-score-") as folder:
            yield _ServingContext(Path(folder), self._registry, self._run_script)


class _ServingContext:
    def __init__(self, scratch: Path, registry: Registry, run_script: RunScript | None) -> None:
        self.scratch = scratch
        self._registry = registry
        self._run_script = run_script

    def progress(self, fraction: float, message: str = "") -> None:
        """Nobody watches a call."""

    def log(self, text: str) -> None:
        """Payloads are not logged."""

    def entry(self, module_id: str) -> Entry:
        return self._registry.get_entry(module_id)

    def asset(self, asset_id: str) -> NoReturn:
        raise _out_of_reach(f"asset '{asset_id}'")

    def fetch(self, url: str, *, credential: str | None = None) -> Resource:
        raise _out_of_reach("an address")

    def deliver(self, url: str, source: Path, *, credential: str | None = None, overwrite: bool = True) -> None:
        raise _out_of_reach("an address")

    def exchange(self, request: HttpRequest) -> HttpAnswer:
        raise _out_of_reach("an address")

    def resolve(self, host: str, port: int) -> str:
        raise _out_of_reach("an address")

    def open_file(self, path: Path) -> Path:
        raise _out_of_reach("a file of the server")

    def run_script(
        self, language: str, source: str, inputs: Mapping[str, Path], *, bundle: Path | None = None
    ) -> ScriptResult:
        if self._run_script is None:
            raise _out_of_reach(f"a {language} script")
        return self._run_script(language, source, inputs, bundle=bundle, folder=self.scratch)


def _out_of_reach(what: str) -> ModuleError:
    return ModuleError("0039", f"The module needs {what}, which this service cannot reach while scoring.")
