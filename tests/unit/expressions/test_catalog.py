"""What is declared, and what is said of it."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from restudio.expressions import functions as package
from restudio.expressions.catalog import families, find_function, functions
from restudio.expressions.declaration import Function, function, parameter, repeated
from restudio.expressions.help import functions_page
from restudio.expressions.scope import Scope
from restudio.expressions.template import compile_anew

ALL = [each for family in families().values() for each in family]
CASES = "".join(path.read_text(encoding="utf-8") for path in (Path(__file__).parent / "cases").glob("*.yaml")).lower()


SOURCE = """
'''Functions from elsewhere.'''

from restudio.expressions.declaration import STRING, function, parameter


@function("shout", parameter("text", STRING), extra=True)
def shout(text):
    '''A text in upper case with an exclamation mark.'''
    return text.upper() + "!"
"""


@pytest.mark.parametrize("each", ALL, ids=lambda each: each.name)
def test_declaration_fits_the_function(each: Function) -> None:
    taken = list(inspect.signature(each.run).parameters.values())[each.scoped :]
    assert len(taken) == len(each.parameters)
    assert [p.default is not inspect.Parameter.empty for p in taken if p.kind is not p.VAR_POSITIONAL] == [
        p.optional for p in each.parameters if not p.repeated
    ]
    assert each.help


@pytest.mark.parametrize("name", sorted({name for each in ALL for name in (each.name, *each.aliases)}))
def test_every_name_has_a_case(name: str) -> None:
    assert f"{name.lower()}(" in CASES


def test_names_in_any_case() -> None:
    assert find_function("UTCNOW") is functions()["utcnow"]
    assert find_function("nope") is None


@pytest.fixture
def another_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "shouting.py").write_text(SOURCE)
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    _forget()
    yield
    monkeypatch.undo()
    sys.modules.pop(f"{package.__name__}.shouting")
    _forget()


def _forget() -> None:
    families.cache_clear()
    functions.cache_clear()


@pytest.mark.usefixtures("another_file")
def test_a_new_function_is_one_new_file(scope: Scope) -> None:
    assert compile_anew("@SHOUT('a')").evaluate(scope) == "A!"
    assert "`shout(text)` + | A text in upper case with an exclamation mark. |" in functions_page()


def test_only_the_last_parameter_repeats() -> None:
    with pytest.raises(ValueError, match="only its last parameter repeats"):
        function("f", repeated("a"), parameter("b"))


def test_the_page_of_the_functions_is_up_to_date() -> None:
    page = Path(__file__).parents[3] / "docs" / "factory" / "functions.md"
    assert page.read_text(encoding="utf-8") == functions_page(), "run scripts/write_functions_page.py"
