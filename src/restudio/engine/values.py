"""Values of ports as stored bytes: tables as Arrow files, models and transforms as containers, archives as they are."""

from __future__ import annotations

import itertools
from pathlib import Path

from restudio.artifacts.container import read_artifact, write_artifact
from restudio.artifacts.values import Model, Transform, UntrainedModel
from restudio.core.errors import ModuleError
from restudio.core.spec import Port, PortKind
from restudio.seams.objects import Objects
from restudio.tables.ipc import read_table, write_table
from restudio.tables.table import Table

_TYPES: dict[PortKind, type | tuple[type, ...]] = {
    PortKind.TABLE: Table,
    PortKind.MODEL: Model,
    PortKind.UNTRAINED: UntrainedModel,
    PortKind.TRANSFORM: Transform,
    PortKind.ZIP: Path,
    PortKind.ANY: (Table, Model, UntrainedModel, Transform, Path),
}
_ARROW = b"ARROW1"
_ZIP = b"PK\x03\x04"


class ValueStore:
    """Reads and writes port values in an object store; thread-safe. Files that must be local are kept in ``folder``.

    Tables are mapped from the store's own file where it has one: the cost of reading does not grow with the table.
    """

    def __init__(self, objects: Objects, folder: Path) -> None:
        self._objects = objects
        self._folder = folder
        self._numbers = itertools.count(1)

    def load(self, key: str, port: Port) -> object:
        """The value at a key, of the kind of the port; error 0018 when the object is of another kind."""
        kind = self._sniff(key) if port.kind is PortKind.ANY else port.kind
        if kind is PortKind.TABLE:
            return read_table(self.local(key), name=port.name)
        if kind is PortKind.ZIP:
            return self.local(key)
        value = read_artifact(self._objects.get(key))
        if not isinstance(value, _TYPES[port.kind]):
            raise ModuleError("0018", f"Input '{port.name}' is not a {port.kind.value}.", parameter=port.name)
        return value

    def save(self, key: str, port: Port, value: object) -> int:
        """Store a value; the size in bytes. Error 1000 when a module returned something else than it declares."""
        if not isinstance(value, _TYPES[port.kind]):
            got = type(value).__name__
            raise ModuleError("1000", f"The module returned {got} for output '{port.name}' ({port.kind.value}).")
        if isinstance(value, Table):
            path = self._new_path()
            write_table(value, path)
            size = self._objects.put(key, path, move=True).size
            path.unlink(missing_ok=True)
            return size
        if isinstance(value, Path):
            return self._objects.put(key, value).size
        assert isinstance(value, (Model, UntrainedModel, Transform))
        return self._objects.put(key, write_artifact(value)).size

    def local(self, key: str) -> Path:
        """A local file with the object, in place where the store has one."""
        found = self._objects.local(key)
        if found is not None:
            return found
        path = self._new_path()
        with path.open("xb") as file:
            for chunk in self._objects.stream(key):
                file.write(chunk)
        return path

    def _new_path(self) -> Path:
        return self._folder / f"value-{next(self._numbers)}"

    def _sniff(self, key: str) -> PortKind:
        head = self._objects.get(key, 0, 8)
        if head.startswith(_ARROW):
            return PortKind.TABLE
        return PortKind.MODEL if head.startswith(_ZIP) else PortKind.ZIP
