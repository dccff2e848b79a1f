"""Commands that the documentation tells to type: each is there, and takes the options that are typed with it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from restudio.cli.main import build_app

ROOT = Path(__file__).parents[3]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")]
_TYPED = re.compile(r"(?:`|^ {4}|\$ )restudio ([^`#\n]*)", re.MULTILINE)
_OPTION = re.compile(r"(?<!\S)--[a-z][a-z-]*")


def typed() -> Iterator[tuple[Path, str]]:
    for page in PAGES:
        for match in _TYPED.finditer(page.read_text(encoding="utf-8")):
            yield page, match[1].strip()


COMMANDS = sorted({(page.relative_to(ROOT).as_posix(), line) for page, line in typed()})


@pytest.fixture(scope="module")
def restudio() -> Any:
    return get_command(build_app())


def test_the_documentation_has_commands() -> None:
    assert len(COMMANDS) > 50


@pytest.mark.parametrize(("page", "line"), COMMANDS)
def test_a_documented_command_is_there(page: str, line: str, restudio: Any) -> None:
    found = restudio
    for word in line.split():
        if not isinstance(found, TyperGroup):
            break
        assert word in found.commands, f"{page} tells to type 'restudio {line}', but '{word}' is no command"
        found = found.commands[word]
    known = {name for parameter in found.params for name in parameter.opts + parameter.secondary_opts}
    assert set(_OPTION.findall(line)) <= {*known, "--help"}, f"{page} tells to type 'restudio {line}'"
