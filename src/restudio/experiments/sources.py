"""Data that a graph names by a path in a data store: looked for when a run is asked for, fixed when it begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from restudio.core.ids import Digest
from restudio.graph.data_path import DataPath


@dataclass(frozen=True, slots=True)
class Pinned:
    """What a data path led to: content by digest, at an object key, in a file format (DataTypeId)."""

    digest: Digest
    key: str
    data_type_id: str


class Watch(Protocol):
    """Is told between the pieces of a copy how far it is, 0 to 1; what it raises (``Cancelled``) ends the copy."""

    def __call__(self, fraction: float, text: str = "") -> None: ...


def unwatched(fraction: float, text: str = "") -> None:
    """For copies that nobody follows."""


class Sources(Protocol):
    """Thread-safe. ``check`` is quick and raises when the path leads to nothing (``DataStoreNotFound``,
    ``DataPathNotFound``); ``pin`` copies the content into the object store: equal content, equal digest. It is read in
    the format ``data_type``, or as the files' names tell; texts in ``encoding`` (its shown name) become UTF-8."""

    def check(self, workspace_id: str, path: DataPath) -> None: ...

    def pin(
        self,
        workspace_id: str,
        path: DataPath,
        watch: Watch = unwatched,
        *,
        data_type: str | None = None,
        encoding: str | None = None,
    ) -> Pinned: ...
