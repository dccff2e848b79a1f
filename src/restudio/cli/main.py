"""The command line. Only the module of the command that was asked for is imported: all of them take half a second."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module

import typer

COMMANDS: Mapping[str, str] = {
    "serve": "serve",
    "demo": "demo",
    "doctor": "doctor",
    "login": "login",
    "audit": "login",
    "experiments": "experiments",
    "services": "services",
    "endpoints": "endpoints",
    "jobs": "jobs",
    "factory": "factory_triggers",  # which adds to the commands of ``factory``
    "pipelines": "pipelines",
    "data-stores": "data_stores",
    "datasets": "datasets",
    "models": "models",
    "modules": "modules",
    "users": "users",
    "renew": "renew",
    "programs": "programs",
}
"""Each word after ``restudio``, in the order of the help text, and the module here whose ``app`` declares it: as the
one command of that name, or as a group of commands."""


def build_app(asked: Sequence[str] = ()) -> typer.Typer:
    """The commands: of ``asked`` (what was typed after ``restudio``) only the one that it begins with, or all of them
    when it begins with none."""
    app = typer.Typer(
        name="restudio",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        help="An open, self-hosted machine-learning studio.",
    )
    app.callback()(_restudio)
    for name in asked[:1] if asked and asked[0] in COMMANDS else COMMANDS:
        declared: typer.Typer = import_module(f"restudio.cli.{COMMANDS[name]}").app
        alone = [command for command in declared.registered_commands if command.name == name]
        if alone:
            app.registered_commands += alone
        else:
            app.add_typer(declared, name=name)
    return app


def _restudio() -> None:
    """Keeps the name of a command in front of its options where only one is declared."""


def main() -> None:
    """Entry of ``restudio`` and ``python -m restudio``."""
    build_app(sys.argv[1:])()
