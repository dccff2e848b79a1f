"""Entry of the child processes in these tests: a catalog of modules that behave in every way a module can."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from restudio.artifacts.values import Model, Transform, UntrainedModel
from restudio.core.errors import ModuleError
from restudio.core.params import NoParams, integer, text
from restudio.core.registry import Registry
from restudio.core.schema import Column, DType
from restudio.core.spec import Port, PortKind, Task, module, table_in, table_out
from restudio.engine.child import serve
from restudio.seams.context import Context, HttpRequest
from restudio.seams.objects import Objects
from restudio.storage.objects import FileObjects
from restudio.tables.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    amount: int = integer("Amount", 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    words: str = text("Words")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeded:
    rows: int = integer("Rows", 3)
    seed: int | None = integer("Random number seed", None)


@module(id="numbers", name="Numbers", category="Test", params=Seeded, outputs=(table_out("Results"),))
def numbers(p: Seeded, *, ctx: Context) -> Table:
    """Random whole numbers."""
    drawn = np.random.default_rng(p.seed).integers(0, 1_000_000, p.rows)
    return Table.from_columns({"x": drawn.tolist()})


@module(
    id="add",
    name="Add",
    category="Test",
    params=Amount,
    inputs=(table_in("Left"), table_in("Right", optional=True)),
    outputs=(table_out("Results"), table_out("Second")),
)
def add(p: Amount, left: Table, right: Table | None, *, ctx: Context) -> tuple[Table, Table]:
    """Adds to every number."""
    print("a library that prints")
    ctx.log("adding")
    ctx.progress(0.5, "half")
    values = [v + p.amount for v in left.column("x").to_pylist()]
    return Table.from_columns({"x": values}), left if right is None else right


@module(
    id="fit",
    name="Fit",
    category="Test",
    outputs=(Port("U", PortKind.UNTRAINED), Port("M", PortKind.MODEL), Port("T", PortKind.TRANSFORM)),
)
def fit(p: NoParams, *, ctx: Context) -> tuple[UntrainedModel, Model, Transform]:
    """One of each artifact."""
    column = Column("x", DType.DOUBLE)
    model = Model("fit", Task.REGRESSION, (column,), None, arrays={"w": np.array([1.5])})
    return UntrainedModel("fit", Task.REGRESSION, {"a": 1}), model, Transform("fit", (column,))


@module(
    id="use",
    name="Use",
    category="Test",
    inputs=(Port("M", PortKind.MODEL), Port("T", PortKind.TRANSFORM)),
    outputs=(table_out("Results"),),
)
def use(p: NoParams, model: Model, transform: Transform, *, ctx: Context) -> Table:
    """Reads a model and a transform."""
    return Table.from_columns({"w": model.arrays["w"].tolist(), "c": [transform.columns[0].name]})


@module(id="fail", name="Fail", category="Test", params=Words)
def fail(p: Words, *, ctx: Context) -> None:
    """Fails in the ways of modules and libraries."""
    if p.words == "module":
        raise ModuleError("0017", "Column 'a' is a text.", parameter="Words", column="a", row=7)
    if p.words == "exit":
        sys.exit(3)
    raise ValueError(f"no such file {ctx.scratch}/secret\nmore lines")


@module(id="wrong", name="Wrong", category="Test", params=Amount, outputs=(table_out("Results"),))
def wrong(p: Amount, *, ctx: Context) -> object:
    """Returns what it did not declare."""
    return 3 if p.amount == 1 else (3, 4)


@module(id="die", name="Die", category="Test", params=Words)
def die(p: Words, *, ctx: Context) -> None:
    """Takes its process down."""
    if p.words == "segfault":
        ctypes.string_at(0)
    os.kill(os.getpid(), signal.SIGKILL)


@module(id="hang", name="Hang", category="Test", params=Words)
def hang(p: Words, *, ctx: Context) -> None:
    """Tells its process id and waits for ever, as does a process that it started."""
    grandchild = os.fork()
    if grandchild:
        ctx.progress(0.1, f"{os.getpid()} {grandchild}")
    threading.Event().wait()


@module(id="hog", name="Hog", category="Test", params=Amount)
def hog(p: Amount, *, ctx: Context) -> None:
    """Uses up memory: in steps, or at once when the amount is 0."""
    kept = [np.ones(1 << 40)] if p.amount == 0 else []
    while True:
        kept.append(np.ones(1 << 20))
        threading.Event().wait(0.01)


@module(id="process", name="Process", category="Test", outputs=(table_out("Results"),))
def process(p: NoParams, *, ctx: Context) -> Table:
    """What the process looks like from inside."""
    names = sorted(os.environ)
    return Table.from_columns({"name": ["pid", *names], "value": [str(os.getpid()), *(os.environ[n] for n in names)]})


@module(id="outside", name="Outside", category="Test", params=Words, outputs=(table_out("Results"),))
def outside(p: Words, *, ctx: Context) -> Table:
    """Reads an address and writes what it read to another one."""
    found = ctx.fetch(p.words, credential="key")
    ctx.deliver("there", found.path, credential="key2")
    return Table.from_columns({"name": [found.name], "text": [found.path.read_text(encoding="utf-8")]})


@module(id="reach", name="Reach", category="Test", params=Words, outputs=(table_out("Results"),))
def reach(p: Words, *, ctx: Context) -> Table:
    """Asks an address, a host and for a file."""
    answer = ctx.exchange(HttpRequest("PUT", p.words, {"If-Match": "*"}, b"body"))
    told = [answer.headers["etag"], answer.body.read_text(encoding="utf-8"), ctx.resolve("host", 7)]
    return Table.from_columns({"told": [*told, str(ctx.open_file(Path("/data.db")))], "status": [answer.status] * 4})


@module(id="asset", name="Asset", category="Test", params=Words, outputs=(table_out("Results"),))
def asset(p: Words, *, ctx: Context) -> Table:
    """Reads a saved item."""
    return Table.from_columns({"text": [ctx.asset(p.words).read_text(encoding="utf-8")]})


def open_objects(location: Mapping[str, str]) -> Objects:
    return FileObjects(Path(location["files"]))


if __name__ == "__main__":
    serve(Registry([numbers, add, fit, use, fail, wrong, die, hang, hog, process, outside, reach, asset]), open_objects)
