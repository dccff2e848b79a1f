"""The child process: loads the catalog once, then runs module functions one after the other until told to stop.

It has no database of ours and no master key: values come from the object store, addresses outside are asked of the
parent, and databases that a user names are connected to only after the parent has allowed their address or file.
Whatever a module or library does here, the parent survives it.
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from restudio.core.errors import ModuleError, RestudioError
from restudio.core.params import parse_params
from restudio.core.registry import Registry
from restudio.core.spec import Entry
from restudio.engine.context import ChildContext
from restudio.engine.messages import Done, Fault, Hello, Location, Ready, Run, receive, send
from restudio.engine.values import ValueStore
from restudio.graph.cachekey import blank_seeds
from restudio.seams.objects import Objects
from restudio.tables.memory import release_memory

_DATA_SLACK = 2 << 30
"""Address space that libraries reserve without using it. The parent watches what is really used."""
_MESSAGE_LENGTH = 300
_SAVING_THREADS = 4


def serve(registry: Registry, open_objects: Callable[[Location], Objects]) -> None:
    """Serve executions on standard input and output until the parent closes them.

    ``open_objects`` connects to the object store at the location that the parent names.
    """
    reading, writing = _take_pipes()
    hello = receive(reading)
    if not isinstance(hello, Hello):
        return
    threading.Thread(target=_die_with_parent, args=(reading,), daemon=True, name="parent-watch").start()
    objects = open_objects(hello.objects)
    send(writing, Ready())
    while isinstance(message := receive(reading), Run):
        send(writing, _answer(message, registry, objects, reading, writing))
        release_memory()


def _take_pipes() -> tuple[int, int]:
    """Keep standard input and output for messages; whatever prints in this process goes to standard error."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C in the terminal is for the parent, which then stops us
    reading, writing = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return reading, writing


def _die_with_parent(reading: int) -> None:
    """End this process and all that it started as soon as the parent is gone, also in the middle of a module."""
    watch = select.poll()
    watch.register(reading, 0)  # hang-up is told without being asked for
    while not watch.poll():
        continue
    os.killpg(0, signal.SIGKILL)


def _answer(run: Run, registry: Registry, objects: Objects, reading: int, writing: int) -> Done | Fault:
    context = ChildContext(run, registry, ValueStore(objects, Path(run.scratch)), reading, writing)
    try:
        _limit_memory(run.memory_mb)
        return Done(_execute(run, registry.get_entry(run.module), context))
    except RestudioError as error:
        return Fault.of(error)
    except MemoryError:
        return Fault.of(ModuleError("0138", f"The module used up its memory of {run.memory_mb} MB."))
    except (Exception, SystemExit) as error:
        return Fault.of(ModuleError("1000", describe(error, run.scratch)))
    finally:
        context.close()


def describe(error: BaseException, scratch: str) -> str:
    """A library's error in one short line, without private paths."""
    first = next(iter(str(error).replace(scratch, "…").splitlines()), "")
    shown = first if len(first) <= _MESSAGE_LENGTH else first[:_MESSAGE_LENGTH] + "…"
    return f"A library failed with {type(error).__name__}{': ' + shown if shown else ''}"


def _limit_memory(megabytes: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, ((megabytes << 20) + _DATA_SLACK, hard))


def _execute(run: Run, entry: Entry, context: ChildContext) -> dict[str, int]:
    spec = entry.spec
    params = seeded(entry, json.loads(run.params), run.seed)
    inputs = [context.values.load(run.inputs[p.name], p) if p.name in run.inputs else None for p in spec.inputs]
    for port, value in zip(spec.inputs, inputs, strict=True):
        if value is None and not port.optional:
            raise ModuleError("0003", f"Input '{port.name}' is not connected.", parameter=port.name)
    returned = entry.run(params, *inputs, ctx=context)
    values = returned if isinstance(returned, tuple) else (returned,)
    if not spec.outputs:
        return {}
    if len(values) != len(spec.outputs):
        raise ModuleError("1000", f"The module returned {len(values)} values for {len(spec.outputs)} outputs.")
    ports = [(p, value) for p, value in zip(spec.outputs, values, strict=True) if p.name in run.outputs]
    # Side by side: most of the time of saving is waiting for the disk.
    with ThreadPoolExecutor(_SAVING_THREADS) as pool:
        sizes = list(pool.map(lambda kept: context.values.save(run.outputs[kept[0].name], *kept), ports))
    return {p.name: size for (p, _), size in zip(ports, sizes, strict=True)}


def seeded(entry: Entry, raw: Mapping[str, object], seed: int) -> object:
    """The parsed parameters, with the run's seed where one is left blank."""
    params: object = parse_params(entry.spec.params, raw)
    blank = blank_seeds(params)
    if blank:
        params = parse_params(entry.spec.params, {**raw, **dict.fromkeys(blank, seed)})
    return params
