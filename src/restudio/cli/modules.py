"""``restudio modules``: the catalog."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer

from restudio.cli.command import Session, command
from restudio.cli.console import shown
from restudio.client.types import ModuleInfo

app = typer.Typer(no_args_is_help=True, help="The module catalog.")


@command(app, "list")
def list_(session: Session, word: Annotated[str, typer.Argument(help="Only those that have it.")] = "") -> None:
    """All modules by category, each with what it does."""
    wanted = word.casefold()
    found = [m for m in session.client.modules.list() if wanted in f"{m.id} {m.name} {m.category} {m.help}".casefold()]
    found.sort(key=lambda m: (m.category, m.name))
    rows = [(m.category, m.id, m.name, _first_sentence(m.help)) for m in found]
    session.out.rows(found, ("category", "id", "name", "what it does"), rows, empty="None.")


@command(app, "show")
def show(session: Session, id: str) -> None:
    """Help of one module: what it does, its ports, parameters and errors, and an example."""
    for found in session.client.modules.list():
        if id.casefold() in (found.id, found.name.casefold()):
            session.out.value(found, "\n".join(_lines(found)))
            return
    session.out.errors.print(f"There is no module '{id}'.", markup=False)
    raise typer.Exit(1)


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
