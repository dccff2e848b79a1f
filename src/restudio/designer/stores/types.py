"""Values of data stores, and what a place of data offers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class DataStore:
    """A registered place of data. ``settings`` hold no secrets; ``secret_names`` tells which are kept sealed."""

    workspace_id: str
    name: str
    kind: str
    settings: Mapping[str, str]
    secret_names: tuple[str, ...] = ()
    description: str = ""
    created: float = 0.0
    created_by: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A file in a store; ``mark`` changes when its content does, as far as the store tells. ``modified`` is in epoch
    seconds, 0 where nobody knows."""

    path: str
    size: int
    mark: str
    modified: float = 0.0


OnBytes = Callable[[int], None]
"""Is told how many bytes came since the last time; what it raises ends the copy."""


class Place(Protocol):
    """Thread-safe. Paths are relative, with slashes. What the store refuses is a ``RestudioError`` without secrets."""

    def list(self, prefix: str) -> Iterable[Found]:
        """The files whose path begins with ``prefix``, in order of their paths."""
        ...

    def copy(self, path: str, target: Path, on_bytes: OnBytes) -> None:
        """Write a file of the store to a new local one; ``KeyError`` when it is not there."""
        ...

    def put(self, path: str, source: Path) -> None:
        """Write a local file into the store, in the place of what is there. ``DataStoreReadOnly`` where none can."""
        ...


class Opener(Protocol):
    """Opens stores; ``settings`` are complete, secrets in clear."""

    def __call__(self, workspace_id: str, kind: str, settings: Mapping[str, str]) -> Place: ...


@dataclass(frozen=True, slots=True)
class Field:
    """One setting of a kind of store."""

    name: str
    help: str
    required: bool = True
    secret: bool = False


@dataclass(frozen=True, slots=True)
class StoreKind:
    """A kind of store, and what must be told to reach one."""

    id: str
    help: str
    fields: tuple[Field, ...] = field(default_factory=tuple)

    @property
    def secret_names(self) -> tuple[str, ...]:
        return tuple(f.name for f in self.fields if f.secret)
