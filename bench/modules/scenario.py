"""One line of the module benchmarks: a module with its parameters and inputs, above the same work in plain libraries.

    @scenario("normalize-data", {"Columns to transform": names(*NUMBERS)})
    def z_scores(frames: Frames) -> object:
        return frames.polars("main").with_columns(...)

A scenario is a function in a file of ``bench.modules.scenarios``; the file tells the family.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa

from restudio.core.params import parse_params
from restudio.core.registry import Registry
from restudio.core.selector import Selection
from restudio.core.spec import Entry
from restudio.tables.ipc import read_table
from restudio.tables.table import Table


def names(*columns: str) -> Mapping[str, object]:
    """The parameter value that selects these columns."""
    return Selection.names(*columns).to_json()


class Frames:
    """The input tables, each read once and held in the form that is asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: dict[tuple[str, str], Any] = {}

    def table(self, name: str) -> Table:
        return self._once("table", name, lambda: read_table(self._folder / name))

    def arrow(self, name: str) -> pa.Table:
        return self.table(name).data

    def polars(self, name: str) -> pl.DataFrame:
        return self._once("polars", name, lambda: self.table(name).to_polars())

    def pandas(self, name: str) -> pd.DataFrame:
        return self._once("pandas", name, self.table(name).data.to_pandas)

    def made(self, name: str, make: Callable[[], Any]) -> Any:
        """A value of the preparation, made once; its cost is not part of the measured call."""
        return self._once("made", name, make)

    def _once(self, form: str, name: str, make: Callable[[], Any]) -> Any:
        if (form, name) not in self._held:
            self._held[form, name] = make()
        return self._held[form, name]


class Modules:
    """Runs modules of the catalog by id; ``folder`` becomes the scratch of their context."""

    def __init__(self, registry: Registry, folder: Path) -> None:
        self._registry = registry
        self.scratch = folder
        self.done = 0.0

    def run(self, module: str, raw: Mapping[str, object], *inputs: object) -> Any:
        entry = self.entry(module)
        given = inputs + (None,) * (len(entry.spec.inputs) - len(inputs))
        return entry.run(parse_params(entry.spec.params, raw), *given, ctx=self)

    def entry(self, module: str) -> Entry:
        return self._registry.get_entry(module)

    def progress(self, fraction: float, message: str = "") -> None:
        self.done = fraction

    def log(self, text: str) -> None:
        """Modules may say what they like; nobody reads along here."""


Prepare = Callable[[Frames, Modules], tuple[object, ...]]
Peer = Callable[[Frames], object]


@dataclass(frozen=True)
class Scenario:
    """``inputs`` are names of tables, or ``prepare`` makes the values of the input ports (a trained model).

    ``warm`` does for the peer what ``prepare`` does for the module. ``rows`` is set where the work is on another table
    than the large one. ``reason`` stands in the results when a ratio is above three.
    """

    module: str
    raw: Mapping[str, object]
    peer: Peer
    inputs: tuple[str, ...] = ("main",)
    prepare: Prepare | None = None
    warm: Peer | None = None
    note: str = ""
    reason: str = ""

    @property
    def name(self) -> str:
        return f"{self.module}/{self.peer.__name__}"

    def arguments(self, frames: Frames, modules: Modules) -> tuple[object, ...]:
        return self.prepare(frames, modules) if self.prepare else tuple(frames.table(name) for name in self.inputs)


def scenario(module: str, raw: Mapping[str, object] | None = None, **options: Any) -> Callable[[Peer], Scenario]:
    """Declare a scenario above its peer."""

    def declare(peer: Peer) -> Scenario:
        return Scenario(module, raw or {}, peer, **options)

    return declare


class Scenarios:
    """All scenarios of a package, in the order of files and lines."""

    def __init__(self, package: str | ModuleType = "bench.modules.scenarios") -> None:
        self._root = importlib.import_module(package) if isinstance(package, str) else package

    @cached_property
    def by_name(self) -> Mapping[str, Scenario]:
        found: dict[str, Scenario] = {}
        for info in sorted(pkgutil.iter_modules(self._root.__path__, self._root.__name__ + "."), key=lambda i: i.name):
            for value in vars(importlib.import_module(info.name)).values():
                if isinstance(value, Scenario):
                    found[value.name] = value
        return found
