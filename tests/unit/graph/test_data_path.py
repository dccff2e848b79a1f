from __future__ import annotations

import pytest

from restudio.core.errors import RestudioError
from restudio.graph.data_path import DataPath, make_data_path, parse_data_path


@pytest.mark.parametrize("path", ["a.csv", "a/b", "a/*.csv", "", "with blank/ü.csv", "a b/paths/c"])
def test_the_text_form_is_read_back(path: str) -> None:
    assert parse_data_path(DataPath("lake", path).uri) == DataPath("lake", path)


def test_slashes_and_dots_do_not_matter() -> None:
    assert make_data_path(" lake ", "//a/./b/") == DataPath("lake", "a/b")


@pytest.mark.parametrize(("store", "path"), [("", "a"), ("lake", "../a"), ("lake", "a/../../b"), ("lake", "a\nb")])
def test_ways_out_of_a_store_are_refused(store: str, path: str) -> None:
    with pytest.raises(RestudioError) as raised:
        make_data_path(store, path)
    assert raised.value.detail == "InvalidDataPath"


@pytest.mark.parametrize("text", ["adult.csv", "w.f.v1-default-1", "https://x/y", "azureml://datastores/lake"])
def test_other_texts_are_no_data_paths(text: str) -> None:
    assert parse_data_path(text) is None
