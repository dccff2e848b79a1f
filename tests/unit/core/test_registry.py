"""Catalogs are collected, refuse clashes, and find modules by any of their names."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from restudio.core.errors import Kind, RestudioError
from restudio.core.registry import Registry
from restudio.core.spec import Entry, module, table_in


def entry(id: str, name: str, **options: object) -> Entry:
    def function() -> None:
        """Does nothing."""

    return module(id=id, name=name, category="Tests", **options)(function)  # type: ignore[arg-type]


ONE = entry("split-data", "Split Data", aliases=("Split",), family="7053")
TWO = entry("join-data", "Join Data", inputs=(table_in("Left"),))


def test_it_is_a_sorted_mapping() -> None:
    registry = Registry([ONE, TWO])
    assert list(registry) == ["join-data", "split-data"]
    assert (len(registry), registry["split-data"]) == (2, ONE)


@pytest.mark.parametrize("name", ["split-data", "Split Data", "SPLIT", "7053"])
def test_every_name_finds_it(name: str) -> None:
    assert Registry([ONE, TWO]).get_entry(name) is ONE


def test_an_unknown_module_gets_suggestions() -> None:
    with pytest.raises(RestudioError, match="Did you mean 'join-data'") as caught:
        Registry([ONE, TWO]).get_entry("join-date")
    assert (caught.value.kind, caught.value.detail) == (Kind.BAD_ARGUMENT, "UnknownModule")


@pytest.mark.parametrize(
    ("second", "said"),
    [(entry("split-data", "Other"), "two modules have the id"), (entry("other", "split"), "share the name")],
)
def test_clashes_are_refused(second: Entry, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Registry([ONE, second])


@pytest.mark.parametrize("id", ["Split", "split_data", "split--data", "1st", ""])
def test_ids_have_one_form(id: str) -> None:
    with pytest.raises(ValueError, match="lower-case words"):
        entry(id, "Name")


def test_collecting_counts_an_imported_entry_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "restudio_test_catalog"
    (package / "deep").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "deep" / "__init__.py").write_text("")
    (package / "deep" / "one.py").write_text(
        "from restudio.core.spec import module\n@module(id='one', name='One', category='Tests')\ndef one(): 'Help.'\n"
    )
    (package / "two.py").write_text("from restudio_test_catalog.deep.one import one\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    try:
        registry = Registry.collect("restudio_test_catalog")
    finally:
        for name in [n for n in sys.modules if n.startswith("restudio_test_catalog")]:
            monkeypatch.delitem(sys.modules, name)
    assert list(registry) == ["one"]
    assert registry["one"].spec.help == "Help."


def test_ports_are_found_by_name() -> None:
    assert TWO.spec.input("Left") is not None
    assert TWO.spec.input("Right") is None
    assert TWO.spec.output("Left") is None
