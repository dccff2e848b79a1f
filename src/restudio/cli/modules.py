"""``restudio modules``: the catalog of the server that ``--url`` names, else of what is installed: none need run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

from restudio.app.child import PACKAGES
from restudio.cli.command import Session, command
from restudio.cli.console import shown
from restudio.client.types import ModuleInfo
from restudio.core.decoding import from_builtins
from restudio.core.describe import describe
from restudio.core.errors import RestudioError
from restudio.core.registry import Registry

app = typer.Typer(invoke_without_command=True)


@app.callback()
def modules(context: typer.Context) -> None:
    """The module catalog: a list, unless a command says otherwise."""
    if context.invoked_subcommand is None:
        list_(Session())


@command(app, "list")
def list_(session: Session, word: Annotated[str, typer.Argument(help="Only those that have it.")] = "") -> None:
    """All modules by category, each with what it does."""
    wanted = word.casefold()
    found = [m for m in _catalog(session) if wanted in f"{m.id} {m.name} {m.category} {m.help}".casefold()]
    found.sort(key=lambda m: (m.category, m.name))
    rows = [(m.category, m.id, m.name, _first_sentence(m.help)) for m in found]
    session.out.rows(found, ("category", "id", "name", "what it does"), rows, empty="None.")


@command(app, "show")
def show(session: Session, id: str) -> None:
    """Help of one module: what it does, its ports, parameters and errors, and an example."""
    known = _catalog(session)
    for found in known:
        if id.casefold() in (name.casefold() for name in (found.id, found.name, *found.aliases)):
            session.out.value(found, "\n".join(_lines(found)))
            return
    raise RestudioError.not_found("ModuleNotFound", "Module", id, [m.name for m in known])


def _catalog(session: Session) -> Sequence[ModuleInfo]:
    if session.names_server:
        return session.client.modules.list()
    return from_builtins([describe(entry) for entry in Registry.collect(*PACKAGES).values()], list[ModuleInfo])


def _lines(module: ModuleInfo) -> Iterator[str]:
    yield f"{module.name} ({module.id})"
    yield module.category
    yield from ("", module.help, "")
    for side, ports in (("in", module.inputs), ("out", module.outputs)):
        for port in ports:
            yield f"{side}: {port['name']} ({port['kind']}{', optional' if port['optional'] else ''})"
    for parameter in module.parameters:
        yield f"parameter: {_parameter(parameter)}"
    if module.errors:
        yield f"errors: {', '.join(sorted(module.errors))}"
    yield f"in a web service: {_SERVING.get(module.serving) or _FAST[module.fast]}"
    if module.known_by_running:
        yield f"columns: known by running. {module.known_by_running}"
    if module.example:
        yield from ("", "example:", *(f"  {line}" for line in module.example.splitlines()))


def _parameter(parameter: dict[str, object]) -> str:
    default = parameter["default"]
    told = "" if default is None or isinstance(default, dict) else f" = {shown(default)!r}"
    choices = parameter["choices"]
    offered = f" ({', '.join(map(str, choices))})" if isinstance(choices, list) and choices else ""
    explained = f": {parameter['help']}" if parameter["help"] else ""
    return f"{parameter['name']}{told}{offered}{explained}"


def _first_sentence(help_: str) -> str:
    return " ".join(help_.split("\n\n", maxsplit=1)[0].split()).partition(". ")[0].rstrip(".")


_SERVING = {"never": "left out; a set-up web service holds what it made", "pass-through": "rows pass unchanged"}
_FAST = {True: "computed row by row, fast", False: "run as in an experiment, slower"}
