"""Entry of the child processes in these tests: the real catalog, and modules that wait for a file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from restudio.core.errors import ModuleError
from restudio.core.params import text
from restudio.core.registry import Registry
from restudio.core.spec import module, table_in, table_out
from restudio.engine.child import serve
from restudio.seams.context import Context
from restudio.seams.objects import Objects
from restudio.storage.objects import FileObjects
from restudio.tables.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    path: str = text("Path")


@module(
    id="gate",
    name="Gate",
    category="Test",
    params=Gate,
    inputs=(table_in("Dataset"),),
    outputs=(table_out("Results"),),
)
def gate(p: Gate, dataset: Table, *, ctx: Context) -> Table:
    """Passes its table on when a file appears."""
    ctx.progress(0.5, f"waiting in {os.getpid()}")
    while not Path(p.path).exists():
        Event().wait(0.01)
    return dataset


@module(
    id="gate-with-effects",
    name="Gate with Effects",
    category="Test",
    params=Gate,
    inputs=(table_in("Dataset"),),
    outputs=(table_out("Results"),),
    deterministic=False,
)
def gate_with_effects(p: Gate, dataset: Table, *, ctx: Context) -> Table:
    """As the other, but nobody may assume that running it twice is running it once."""
    ctx.progress(0.5, f"waiting in {os.getpid()}")
    while not Path(p.path).exists():
        Event().wait(0.01)
    return dataset


@module(
    id="tally",
    name="Tally",
    category="Test",
    params=Gate,
    inputs=(table_in("Dataset"),),
    outputs=(table_out("Results"),),
    deterministic=False,
)
def tally(p: Gate, dataset: Table, *, ctx: Context) -> Table:
    """Has an effect outside: a line in a file every time it runs."""
    with Path(p.path).open("a", encoding="utf-8") as file:
        file.write("ran\n")
    return dataset


@module(id="refuse", name="Refuse", category="Test", inputs=(table_in("Dataset"),), outputs=(table_out("Results"),))
def refuse(p: object, dataset: Table, *, ctx: Context) -> Table:
    """Fails."""
    raise ModuleError("0017", "Not this column.", column="x")


def catalog() -> Registry:
    return Registry([*Registry.collect("restudio.modules").values(), gate, gate_with_effects, tally, refuse])


def open_objects(location: Mapping[str, str]) -> Objects:
    return FileObjects(Path(location["files"]))


if __name__ == "__main__":
    serve(catalog(), open_objects)
