"""The catalog on the command line, without a server."""

from __future__ import annotations

import json

import pytest
from tests.command_line import restudio_here

from restudio.app.child import PACKAGES
from restudio.core.registry import Registry


def test_alone_it_lists_every_module_without_a_server() -> None:
    listed = restudio_here("modules")
    assert listed.returncode == 0
    assert all(entry.spec.name in listed.stdout for entry in Registry.collect(*PACKAGES).values())
    assert listed.stdout == restudio_here("modules", "list").stdout


@pytest.mark.parametrize("name", ["select-columns-in-dataset", "Select Columns in Dataset", "project columns"])
def test_a_module_is_explained_by_any_of_its_names(name: str) -> None:
    assert json.loads(restudio_here("modules", "show", name, "--json").stdout)["id"] == "select-columns-in-dataset"


def test_an_unknown_module_is_an_error_that_offers_the_nearest() -> None:
    told = restudio_here("modules", "show", "Score Modl")
    assert told.returncode == 1
    assert "'Score Modl' was not found. Did you mean 'Score Model'?" in told.stderr


def test_a_server_that_is_named_is_asked() -> None:
    told = restudio_here("modules", "list", "--url", "http://127.0.0.1:9", "--token", "t", "--workspace", "w")
    assert told.returncode == 1
    assert "127.0.0.1:9" in told.stderr
