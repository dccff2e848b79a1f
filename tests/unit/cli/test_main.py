"""What ``restudio`` offers, and what it imports for it."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from restudio.cli.main import COMMANDS, build_app


def test_the_help_text_names_every_command_in_order() -> None:
    shown = CliRunner().invoke(build_app(["--help"]), ["--help"]).output
    places = [shown.index(f" {name} ") for name in COMMANDS]
    assert places == sorted(places)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_alone_is_what_it_is_among_all(name: str) -> None:
    alone, all_ = (CliRunner().invoke(build_app(asked), [name, "--help"]) for asked in ([name, "--help"], []))
    assert alone.exit_code == 0
    assert alone.output == all_.output


def test_only_the_command_that_was_asked_for_is_declared() -> None:
    assert list(get_command(build_app(["models", "list"])).commands) == ["models"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("asked", [["modles"], ["--help"], []])
def test_without_a_known_command_all_are_there(asked: list[str]) -> None:
    assert set(get_command(build_app(asked)).commands) == set(COMMANDS)  # type: ignore[attr-defined]


def test_a_server_does_not_import_what_only_other_commands_use() -> None:
    told = "import sys; from restudio.cli.main import build_app; build_app(['serve']); print(*sys.modules)"
    imported = set(
        subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True).stdout.split()
    )
    assert "restudio.cli.serve" in imported
    assert not {"restudio.cli.demo", "restudio.client.client", "httpx"} & imported
