"""Context: what a module function may reach beside its parameters and inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from restudio.core.spec import Entry


@dataclass(frozen=True, slots=True)
class Resource:
    """Bytes fetched from outside, in a private local file; ``name`` is the last path segment of its address."""

    path: Path
    name: str
    content_type: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class HttpRequest:
    """``repr`` shows neither query nor headers nor body, where secrets are."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def __repr__(self) -> str:
        return f"HttpRequest({self.method!r}, {self.url.partition('?')[0]!r})"


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """Of any status. ``headers`` have lower-case names; ``body`` is a private local file."""

    status: int
    headers: Mapping[str, str]
    body: Path


@dataclass(frozen=True, slots=True)
class ScriptResult:
    """Outcome of a user script. ``outputs`` are Arrow IPC files by name, ``images`` PNG files in order."""

    outputs: Mapping[str, Path]
    log: str
    images: Sequence[Path] = field(default_factory=tuple)


class Context(Protocol):
    """Handed to every module function. All paths lie in a private folder that is removed after the run."""

    @property
    def scratch(self) -> Path:
        """An empty folder of this execution."""
        ...

    def progress(self, fraction: float, message: str = "") -> None:
        """Tell how far the work is, 0 to 1. Cheap; call it often in long loops."""
        ...

    def log(self, text: str) -> None:
        """A line for the module's output log (never secrets)."""
        ...

    def entry(self, module_id: str) -> Entry:
        """A catalog entry, for modules that work with others (Train Model with its learner)."""
        ...

    def asset(self, asset_id: str) -> Path:
        """A local file with the content of a dataset, model or transform version of this workspace."""
        ...

    def fetch(self, url: str, *, credential: str | None = None) -> Resource:
        """Read an address under the egress policy. Raises ModuleError 0029, 0030, 0078 or 0009/0064 for blobs.

        ``credential`` is a storage connection string when the address is ``container/blob``.
        """
        ...

    def deliver(self, url: str, source: Path, *, credential: str | None = None, overwrite: bool = True) -> None:
        """Write a file to an address (SAS URL, ``container/blob`` with a connection string, or a data path).

        0057 when it exists and must not be overwritten.
        """
        ...

    def exchange(self, request: HttpRequest) -> HttpAnswer:
        """Ask an address under the egress policy; redirects are not followed. Raises ModuleError 0029 or 0030."""
        ...

    def resolve(self, host: str, port: int) -> str:
        """The IP address of a host that the egress policy allows. Raises ModuleError 0029, or 0154 for an unknown."""
        ...

    def open_file(self, path: Path) -> Path:
        """The real path of a file in a folder that the operator opened. Raises ModuleError 0048 for any other."""
        ...

    def run_script(
        self, language: str, source: str, inputs: Mapping[str, Path], *, bundle: Path | None = None
    ) -> ScriptResult:
        """Run a user script in a sandboxed child process under the workspace's limits. Raises ModuleError 0085."""
        ...
