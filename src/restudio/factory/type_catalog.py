"""What the files of a package declare, each under the names of its type."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import ClassVar, Protocol, TypeVar


class Declared(Protocol):
    """Something that documents name by a type."""

    @property
    def names(self) -> tuple[str, ...]:
        """The type, then its other names."""
        ...


D = TypeVar("D", bound=Declared)


class TypeCatalog(Mapping[str, D]):
    """Declarations by name, in any case; iteration gives each type once."""

    NOUN: ClassVar[str]
    """What they are, in the plural."""

    def __init__(self, declared: tuple[D, ...]) -> None:
        self._by_name: dict[str, D] = {}
        for each in declared:
            for name in each.names:
                if self._by_name.setdefault(name.casefold(), each) is not each:
                    raise ValueError(f"two {self.NOUN} have the type {name!r}")
        self._types = tuple(sorted(each.names[0] for each in declared))

    def __getitem__(self, type: str) -> D:
        return self._by_name[type.casefold()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._types)

    def __len__(self) -> int:
        return len(self._types)


def collect(package: str | ModuleType, kind: type[D]) -> tuple[D, ...]:
    """Every declaration of a kind in the files of a package."""
    root = importlib.import_module(package) if isinstance(package, str) else package
    found: dict[int, D] = {}
    for info in pkgutil.iter_modules(root.__path__, root.__name__ + "."):
        for value in vars(importlib.import_module(info.name)).values():
            if isinstance(value, kind):
                found[id(value)] = value
    return tuple(found.values())
