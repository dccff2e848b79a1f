"""Import Data from a data store in a pipeline: what it reads, when it reads again, and how a parameter chooses it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.designer.world import OWNER, PIPELINE, WORKSPACE, World, adult

from restudio.core.errors import Kind, ManyErrors, RestudioError
from restudio.designer.types import PipelineRun
from restudio.graph.data_path import DataPath
from restudio.graph.promotion import Use
from restudio.tables.formats import get_codec
from restudio.tables.table import Table

STORE = "workspaceblobstore"
IMPORTED = PIPELINE.replace(
    "  adult:\n    module: dataset\n    linked parameters:\n      asset: data\n",
    f"  adult:\n    module: import-data\n    parameters:\n      Data source: Datastore\n      Datastore: {STORE}\n"
    "      Path: 'in/*.csv'\n",
).replace("adult / dataset", "adult / Results dataset")
IMPORTED = IMPORTED.replace("  data:\n    type: DataSource\n    default: adult.csv\n", "")


def table(world: World, run: PipelineRun) -> Table:
    view = world.wait(run)
    assert view.state == "Finished", view
    key = view.nodes["adult"].outputs["Results dataset"]
    return get_codec("Dataset").read(world.objects.local(key))  # type: ignore[arg-type]


def rows(world: World, run: PipelineRun) -> int:
    return table(world, run).num_rows


def test_what_is_at_the_path_counts(world: World) -> None:
    world.upload("in/a.csv", adult())
    world.upload("in/b.csv", adult(3))
    pipeline = world.publish(IMPORTED)
    first = world.submit(pipeline)
    assert rows(world, first) == 400
    again = world.submit(pipeline)
    assert rows(world, again) == 400
    assert all(world.reused(world.wait(again)).values())
    world.upload("in/b.csv", adult(3)[: adult(3).rindex(b"\n", 0, -1) + 1])
    changed = world.submit(pipeline)
    assert rows(world, changed) == 399
    assert not world.reused(world.wait(changed))["adult"]


def test_regenerating_reads_the_same_data_again(world: World) -> None:
    world.upload("in/a.csv", adult())
    pipeline = world.publish(IMPORTED.replace("Path:", "Regenerate output: true\n      Path:"))
    world.wait(world.submit(pipeline))
    assert not world.reused(world.wait(world.submit(pipeline)))["adult"]


def test_files_are_read_as_the_node_says(world: World) -> None:
    world.upload("in/a.txt", b"age\thours\n1\t2\n")
    world.upload("in/b.txt", b"age\thours\n3\t4\n")
    text = IMPORTED[: IMPORTED.index("  clean:")].replace("in/*.csv'", "in'\n      File format in the datastore: TSV")
    assert rows(world, world.submit(world.publish(text))) == 2
    without = text.replace("TSV", "TSV\n      Files have header row: false")
    assert rows(world, world.submit(world.publish(without))) == 4


def test_a_path_becomes_a_parameter_for_data(world: World) -> None:
    world.upload("in/a.csv", adult())
    world.upload("other/a.csv", adult()[: adult().index(b"\n", 200) + 1])
    drafts = world.designer.drafts
    draft = world.draft(IMPORTED)
    drafts.attach(OWNER, WORKSPACE, draft, Use("adult", "Path"), "training_data")
    [use] = [p for p in drafts.parameters(WORKSPACE, draft) if p.name == "training_data"]
    assert (use.kind, use.default) == ("DataSource", f"azureml://datastores/{STORE}/paths/in/*.csv")
    pipeline = world.designer.published.publish_draft(OWNER, WORKSPACE, draft).id
    assert rows(world, world.submit(pipeline)) == 200
    other = world.submit(pipeline, data_paths={"training_data": DataPath(STORE, "other")})
    assert rows(world, other) < 200
    assert other.record.parameters["training_data"] == f"azureml://datastores/{STORE}/paths/other"
    drafts.detach(OWNER, WORKSPACE, draft, Use("adult", "Path"))
    assert rows(world, world.designer.submit_draft(OWNER, WORKSPACE, draft)) == 200


@pytest.mark.parametrize(
    ("change", "detail"),
    [(("'in/*.csv'", "nothing"), "DataPathNotFound"), ((STORE, "lake"), "DataStoreNotFound")],
)
def test_a_path_to_nothing_is_refused_at_once(world: World, change: tuple[str, str], detail: str) -> None:
    draft = world.draft(IMPORTED.replace(*change))
    with pytest.raises(RestudioError) as raised:
        world.designer.submit_draft(OWNER, WORKSPACE, draft)
    assert (raised.value.kind, raised.value.detail) == (Kind.NOT_FOUND, detail)
    assert world.designer.list_runs(WORKSPACE) == []


def test_a_path_out_of_its_store_is_refused(world: World) -> None:
    draft = world.draft(IMPORTED.replace("'in/*.csv'", "../in"))
    with pytest.raises(ManyErrors, match=r"without '\.\.'"):
        world.designer.submit_draft(OWNER, WORKSPACE, draft)


def test_a_web_store_cannot_be_written_and_a_pattern_is_no_file(world: World, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"1")
    world.stores.put(OWNER, WORKSPACE, "web", "http", {"url": "https://8.8.8.8/a"})
    for path, detail in ((DataPath("web", "x"), "DataStoreReadOnly"), (DataPath(STORE, "*.csv"), "InvalidDataPath")):
        with pytest.raises(RestudioError) as raised:
            world.stores.write(WORKSPACE, path, tmp_path / "x")
        assert raised.value.detail == detail


def test_encoding_delimiter_and_types_are_as_the_node_says(world: World) -> None:
    world.upload("in/a.csv", "zip;städte;note\n01;Köln;x\n".encode("utf-16"))
    world.upload("in/b.csv", "zip;städte;note\n2;Brüssel;y\n".encode("utf-16"))
    text = IMPORTED[: IMPORTED.index("  clean:")].replace(
        "in/*.csv'",
        "in'\n      File format in the datastore: CSV\n      Encoding of the files: Unicode\n"
        "      Delimiter of the files: Semicolon\n"
        """      Column types: '{"zip": "String", "note": null}'""",
    )
    run = world.submit(world.publish(text))
    read = table(world, run)
    assert read.names == ("zip", "städte")
    assert read.data.to_pydict() == {"zip": ["01", "2"], "städte": ["Köln", "Brüssel"]}
    view = world.wait(world.submit(world.publish(text.replace('"zip"', '"zap"'))))
    assert view.failure is not None
    assert (view.failure.code, view.failure.column) == ("0001", "zap")
    view = world.wait(world.submit(world.publish(text.replace('"String"', '"Text"'))))
    assert view.failure is not None
    assert (view.failure.code, view.failure.parameter) == ("0002", "Column types")


def test_a_parameter_for_data_may_name_a_data_set_instead_of_a_path(world: World) -> None:
    world.upload("in/a.csv", adult()[: adult().index(b"\n", 200) + 1])
    drafts = world.designer.drafts
    draft = world.draft(IMPORTED)
    drafts.attach(OWNER, WORKSPACE, draft, Use("adult", "Path"), "training_data")
    pipeline = world.designer.published.publish_draft(OWNER, WORKSPACE, draft).id
    by_name = world.submit(pipeline, datasets={"training_data": "adult.csv"})
    assert rows(world, by_name) == 200
    assert by_name.record.parameters["training_data"] == "adult.csv"
    assert rows(world, world.submit(pipeline)) < 200
    again = world.submit(pipeline, datasets={"training_data": "adult.csv:1"})
    assert all(world.reused(world.wait(again)).values())
    with pytest.raises(RestudioError, match=r"'nothing\.csv'.*azureml://datastores/STORE/paths/PATH"):
        world.submit(pipeline, datasets={"training_data": "nothing.csv"})
    drafts.change(OWNER, WORKSPACE, draft, "training_data", default="adult.csv")
    drafts.detach(OWNER, WORKSPACE, draft, Use("adult", "Path"))
    assert rows(world, world.designer.submit_draft(OWNER, WORKSPACE, draft)) == 200
