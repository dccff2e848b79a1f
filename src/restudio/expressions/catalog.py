"""All functions of the language, collected from the package that they stand in."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from restudio.core.registry import iter_modules
from restudio.expressions.declaration import Function


@lru_cache(maxsize=1)
def families() -> Mapping[str, tuple[Function, ...]]:
    """Module of ``restudio.expressions.functions`` → its functions as declared, in order."""
    from restudio.expressions import functions

    return MappingProxyType(
        {
            module.__name__.rpartition(".")[2]: found
            for module in iter_modules(functions)
            if (found := tuple(each for each in vars(module).values() if isinstance(each, Function)))
        }
    )


@lru_cache(maxsize=1)
def functions() -> Mapping[str, Function]:
    """Name or further name, in lower case → function."""
    found: dict[str, Function] = {}
    for family in families().values():
        for each in family:
            for name in (each.name, *each.aliases):
                if found.setdefault(name.lower(), each) is not each:
                    raise ValueError(f"two functions are called {name!r}")
    return MappingProxyType(found)


def find_function(name: str) -> Function | None:
    """By name in any case."""
    return functions().get(name.lower())
