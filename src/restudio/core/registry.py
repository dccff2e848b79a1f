"""An immutable catalog of entries, collected from a package. There is no global registry."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType, ModuleType

from restudio.core.errors import Kind, RestudioError, nearest
from restudio.core.spec import Entry


class Registry(Mapping[str, Entry]):
    """Module id → entry. Also found by display name, old name and classic family id."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        by_id: dict[str, Entry] = {}
        by_name: dict[str, str] = {}
        for entry in entries:
            spec = entry.spec
            if spec.id in by_id:
                raise ValueError(f"two modules have the id {spec.id!r}")
            by_id[spec.id] = entry
            for name in filter(None, (spec.name, spec.family, *spec.aliases)):
                if by_name.setdefault(name.casefold(), spec.id) != spec.id:
                    raise ValueError(f"modules {by_name[name.casefold()]!r} and {spec.id!r} share the name {name!r}")
        self._by_id: Mapping[str, Entry] = MappingProxyType(dict(sorted(by_id.items())))
        self._by_name: Mapping[str, str] = MappingProxyType(by_name)

    @classmethod
    def collect(cls, *packages: str | ModuleType) -> Registry:
        """Import every module below the packages and gather the entries that stand in them.

        Refuses two entries with one id. An entry imported into a second module counts once.
        """
        found: dict[int, Entry] = {}
        for package in packages:
            root = importlib.import_module(package) if isinstance(package, str) else package
            for source in iter_modules(root):
                for value in vars(source).values():
                    if isinstance(value, Entry):
                        found[id(value)] = value
        return cls(found.values())

    def __getitem__(self, key: str) -> Entry:
        return self._by_id[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_id)

    def __len__(self) -> int:
        return len(self._by_id)

    def find(self, name: str) -> Entry | None:
        """By id, display name, old name or family id, in any case."""
        if name in self._by_id:
            return self._by_id[name]
        key = self._by_name.get(name.casefold())
        return None if key is None else self._by_id[key]

    def get_entry(self, name: str) -> Entry:
        """As :meth:`find`, but an unknown module is an error that offers the nearest ids."""
        entry = self.find(name)
        if entry is None:
            raise RestudioError(
                Kind.BAD_ARGUMENT, "UnknownModule", f"There is no module '{name}'.{nearest(name, self)}", target=name
            )
        return entry


def iter_modules(root: ModuleType) -> Iterator[ModuleType]:
    """A package and all modules below it, imported."""
    yield root
    for info in pkgutil.walk_packages(getattr(root, "__path__", []), root.__name__ + "."):
        yield importlib.import_module(info.name)
