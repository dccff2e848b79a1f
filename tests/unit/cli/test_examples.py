"""The examples as files: an index without gaps, and data of the shape of what it stands for."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from tests.conftest import Written

from restudio.cli.example_loop import NO_HEADER, read_callers
from restudio.cli.examples import (
    datasets_of,
    examples_folder,
    find_real,
    load_examples,
    read_experiment,
)
from restudio.core.errors import RestudioError
from restudio.core.registry import Registry
from restudio.graph.check import check_graph

SHARED = Path(__file__).parents[4] / "shared" / "data"
CATALOG = Registry.collect("restudio.modules")
NAMES = list(load_examples())
WITHOUT_DEMO = {"census"}


def test_every_experiment_file_is_in_the_index() -> None:
    files = {path.name.removesuffix(".experiment.yaml") for path in examples_folder().glob("*.experiment.yaml")}
    assert files - WITHOUT_DEMO == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_examples_are_sound_and_their_data_is_written(name: str, written: Written) -> None:
    example = load_examples()[name]
    _, document = read_experiment(name)
    graph = check_graph(document.graph, CATALOG)
    for place in example.shows:
        node, _, port = place.partition(" / ")
        assert CATALOG[graph.node(node).module].spec.output(port) is not None
    folder = written(example, None)
    wanted = set(datasets_of(document))
    assert example.callers in wanted
    assert wanted <= {path.name for path in folder.iterdir()}
    assert read_callers(folder / example.callers)


@pytest.mark.parametrize("name", [name for name in NAMES if load_examples()[name].real])
def test_made_data_has_the_columns_and_gaps_of_the_real_one(name: str, written: Written) -> None:
    example = load_examples()[name]
    if not (SHARED / str(example.real)).exists():
        pytest.skip(f"../shared/data/{example.real} is absent")
    tables = []
    for real in (None, SHARED):
        file, header = written(example, real) / example.callers, not example.callers.endswith(NO_HEADER)
        tables.append(pl.read_csv(file, has_header=header, null_values=["", "?"], infer_schema_length=None))
    made, found = tables
    assert [(n, t.is_numeric()) for n, t in made.schema.items()] == [
        (n, t.is_numeric()) for n, t in found.schema.items()
    ]
    assert [c.name for c in made if c.null_count()] == [c.name for c in found if c.null_count()]


def test_the_real_file_is_asked_for_by_name(tmp_path: Path) -> None:
    example = load_examples()["automobile-price"]
    assert example.real == "imports-85.data"
    with pytest.raises(RestudioError, match=r"is not imports-85\.data"):
        find_real(example, tmp_path / "other.csv")
    (tmp_path / "imports-85.data").touch()
    assert find_real(example, tmp_path) == find_real(example, tmp_path / "imports-85.data") == tmp_path
    with pytest.raises(RestudioError, match="makes its own data"):
        find_real(load_examples()["iris-clusters"], tmp_path)
