"""A context whose outside world is a folder: addresses are files below it, scripts run in the real sandbox."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from restudio.core.errors import ModuleError
from restudio.core.registry import Registry
from restudio.core.spec import Entry
from restudio.engine.sandbox import run_script
from restudio.seams.context import HttpAnswer, HttpRequest, Resource, ScriptResult
from restudio.seams.engine import Limits


class FolderContext:
    """``folder`` is the private scratch; ``world`` holds what addresses (their last path part) and assets name."""

    def __init__(self, registry: Registry, folder: Path, world: Path) -> None:
        self.scratch = folder
        self.world = world
        self.lines: list[str] = []
        self.fractions: list[float] = []
        self.credentials: list[str | None] = []
        self._registry = registry

    def progress(self, fraction: float, message: str = "") -> None:
        self.fractions.append(fraction)

    def log(self, text: str) -> None:
        self.lines.append(text)

    def entry(self, module_id: str) -> Entry:
        return self._registry.get_entry(module_id)

    def asset(self, asset_id: str) -> Path:
        path = self.world / asset_id
        if not path.exists():
            raise ModuleError("0003", f"There is no '{asset_id}'.")
        return path

    def fetch(self, url: str, *, credential: str | None = None) -> Resource:
        self.credentials.append(credential)
        path = self.world / url.partition("?")[0].rsplit("/", 1)[-1]
        if not path.is_file():
            raise ModuleError("0030", f"'{path.name}' could not be downloaded.")
        return Resource(path, path.name)

    def deliver(self, url: str, source: Path, *, credential: str | None = None, overwrite: bool = True) -> None:
        self.credentials.append(credential)
        path = self.world / url.partition("?")[0].rsplit("/", 1)[-1]
        if path.exists() and not overwrite:
            raise ModuleError("0057", f"'{path.name}' exists.")
        shutil.copy(source, path)

    def exchange(self, request: HttpRequest) -> HttpAnswer:
        raise ModuleError("0030", f"{request!r} has no answer here.")

    def resolve(self, host: str, port: int) -> str:
        if host != "127.0.0.1":
            raise ModuleError("0154", f"The host '{host}' was not found.")
        return host

    def open_file(self, path: Path) -> Path:
        if path.parent != self.world:
            raise ModuleError("0048", f"'{path}' lies outside.")
        return path

    def run_script(
        self, language: str, source: str, inputs: Mapping[str, Path], *, bundle: Path | None = None
    ) -> ScriptResult:
        return run_script(language, source, inputs, folder=self.scratch, limits=Limits(seconds=60), bundle=bundle)


if TYPE_CHECKING:
    from restudio.seams.context import Context

    def _fits(context: FolderContext) -> Context:
        return context
