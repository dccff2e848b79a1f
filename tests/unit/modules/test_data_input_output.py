"""Enter Data Manually, Import Data, Export Data, Convert to CSV, Execute Python Script and the saved things."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import Workbook
from tests.conformance.context import FolderContext

from restudio.artifacts.container import write_artifact
from restudio.artifacts.values import Model, Transform
from restudio.core.errors import ModuleError
from restudio.core.params import parse_params
from restudio.core.registry import Registry
from restudio.core.schema import Column, DType, Role, Schema
from restudio.core.spec import Task
from restudio.modules.r_script import r_table
from restudio.modules.scripts import returned_table
from restudio.seams.context import ScriptResult
from restudio.tables.formats import get_codec
from restudio.tables.ipc import write_table
from restudio.tables.table import Table

CATALOG = Registry.collect("restudio.modules")


class Bench:
    """Runs catalog entries by id with raw parameters."""

    def __init__(self, tmp_path: Path) -> None:
        self.world = tmp_path / "world"
        self.world.mkdir()
        scratch = tmp_path / "scratch"
        scratch.mkdir()
        self.context = FolderContext(CATALOG, scratch, self.world)

    def run(self, module: str, raw: dict[str, object], *inputs: object) -> object:
        entry = CATALOG[module]
        return entry.run(parse_params(entry.spec.params, raw), *inputs, ctx=self.context)

    def table(self, module: str, raw: dict[str, object], *inputs: object) -> Table:
        result = self.run(module, raw, *inputs)
        assert isinstance(result, Table)
        return result


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.mark.parametrize(
    ("raw", "names", "rows"),
    [
        ({"Data": "a,b\n1,x\n2,y"}, ("a", "b"), [[1, "x"], [2, "y"]]),
        ({"Data": "1,x\n", "HasHeader": "False"}, ("Col1", "Col2"), [[1, "x"]]),
        ({"Data": "a\tb\n1\t\n", "DataFormat": "TSV"}, ("a", "b"), [[1, None]]),
        ({"Data": "1 2:3\n", "DataFormat": "SvmLight"}, ("Col1", "Col2", "Labels"), [[0.0, 3.0, 1.0]]),
        ({"Data": "@relation r\n@attribute a {x}\n@data\nx\n", "DataFormat": "ARFF"}, ("a",), [["x"]]),
    ],
)
def test_enter_data(bench: Bench, raw: dict[str, object], names: tuple[str, ...], rows: list[list[object]]) -> None:
    table = bench.table("enter-data-manually", raw)
    assert (table.names, [list(row.values()) for row in table.data.to_pylist()]) == (names, rows)


@pytest.mark.parametrize(("data", "number"), [(" \n", "0003"), ("a,b\n1\n", "0049")])
def test_enter_data_errors(bench: Bench, data: str, number: str) -> None:
    with pytest.raises(ModuleError, match=number):
        bench.run("enter-data-manually", {"Data": data})


CAR = "make,price\nalfa,13495\nhonda,\n"


def test_import_from_the_web(bench: Bench) -> None:
    (bench.world / "cars.csv").write_text(CAR)
    raw: dict[str, object] = {"Please Specify Data Source": "Http", "URL": "https://example.org/cars.csv"}
    assert bench.table("import-data", {**raw, "CSV or TSV has header row": "true"}).names == ("make", "price")
    assert bench.table("import-data", raw).num_rows == 3


def test_import_from_a_blob(bench: Bench) -> None:
    (bench.world / "cars.csv").write_text(CAR)
    raw: dict[str, object] = {
        "Account Name": "store", "Account Key": "a2V5", "Path to container, directory, or blob": "/data/cars.csv"
    }  # fmt: skip
    assert bench.table("import-data", raw).column("price").to_pylist() == [13495, None]
    assert bench.context.credentials == [
        "DefaultEndpointsProtocol=https;AccountName=store;AccountKey=a2V5;EndpointSuffix=core.windows.net"
    ]


def test_import_by_sas_in_another_encoding(bench: Bench) -> None:
    (bench.world / "cars.csv").write_text("make\nCitroën\n", encoding="cp1252")
    raw: dict[str, object] = {
        "Authentication type": "PublicOrSas", "URI": "https://s.example.org/c/cars.csv?sig=x",
        "File format": "CSV with encodings", "Encoding": "Western European (Windows)",
    }  # fmt: skip
    assert bench.table("import-data", raw).column("make").to_pylist() == ["Citroën"]
    with pytest.raises(ModuleError, match="0049"):
        bench.run("import-data", {**raw, "Encoding": "US-ASCII"})


def test_import_of_a_workbook(bench: Bench) -> None:
    book = Workbook()
    assert book.active is not None
    for row in (("make", "price"), ("alfa", 13495), ("honda", None)):
        book.active.append(row)
    book.save(bench.world / "cars.xlsx")
    raw: dict[str, object] = {
        "Account Name": "store", "Account Key": "a2V5", "Path to container, directory, or blob": "data/cars.xlsx",
        "Blob file format": "Excel",
    }  # fmt: skip
    assert bench.table("import-data", raw).column("price").to_pylist() == [13495, None]
    assert bench.table("import-data", {**raw, "File has header row": False}).names == ("Col1", "Col2")


@pytest.mark.parametrize(
    ("raw", "number", "said"),
    [
        ({"Data source": "Hive Query"}, "0039", "Azure SQL Database"),
        ({"Data source": "Azure Cosmos DB"}, "0039", "Data Feed Providers"),
        ({"Data source": "Http"}, "0003", "URL"),
        ({"Data source": "Http", "URL": "https://example.org/none.csv"}, "0030", "none.csv"),
        ({"Account Key": "k"}, "0003", "Path"),
        ({"Path to container, directory, or blob": "only"}, "0065", "container"),
        ({"Path to container, directory, or blob": "a/b"}, "0003", "Account key"),
        ({"Path to container, directory, or blob": "a/b", "Account key": "k"}, "0003", "Account name"),
        (
            {"Path to container, directory, or blob": "a/b", "Account name": "store", "Account key": "cut o"},
            "0052",
            "account key is no Base64",
        ),
        ({"Data source": "Fax"}, "0002", "one of"),
    ],
)
def test_import_errors(bench: Bench, raw: dict[str, object], number: str, said: str) -> None:
    with pytest.raises(ModuleError, match=said) as caught:
        bench.run("import-data", raw)
    assert caught.value.number == number


TABLE = Table.from_columns({"x": [1, 2], "s": ["a,b", None]})
EXPORT: dict[str, object] = {
    "Azure account name": "store", "Azure account key": "a2V5", "Path to blob beginning with container": "c/out.csv"
}  # fmt: skip


def test_export_by_account(bench: Bench) -> None:
    bench.run("export-data", EXPORT, TABLE)
    assert (bench.world / "out.csv").read_text() == '1,"a,b"\n2,\n'
    with pytest.raises(ModuleError, match="0057"):
        bench.run("export-data", EXPORT, TABLE)
    bench.run(
        "export-data", {**EXPORT, "Azure Blob Storage write mode": "Overwrite", "Write blob header row": True}, TABLE
    )
    assert (bench.world / "out.csv").read_text() == 'x,s\n1,"a,b"\n2,\n'


def test_export_by_sas(bench: Bench) -> None:
    raw: dict[str, object] = {
        "Please specify authentication type": "SAS", "SAS URI for blob": "https://s.example.org/c/o.arff?sig=1",
        "File format for SAS file": "ARFF",
    }  # fmt: skip
    bench.run("export-data", raw, TABLE)
    assert get_codec("ARFF").read(bench.world / "o.arff").equals(TABLE)


def test_a_key_that_can_be_none_is_told_before_anything_is_sent(bench: Bench) -> None:
    with pytest.raises(ModuleError, match=r"0052.*no Base64") as caught:
        bench.run("export-data", {**EXPORT, "Azure account key": "a2V5!"}, TABLE)
    assert (caught.value.parameter, list(bench.world.iterdir())) == ("Azure account key", [])


def test_other_destinations_are_refused(bench: Bench) -> None:
    with pytest.raises(ModuleError, match=r"0039.*Azure Blob Storage"):
        bench.run("export-data", {"Please specify data destination": "Hive Query"}, TABLE)


def test_csv_forgets_what_text_cannot_say(bench: Bench) -> None:
    schema = Schema.of([Column("x", DType.INTEGER, role=Role.LABEL), Column("s", DType.STRING, ("a,b",))])
    converted = bench.table("convert-to-csv", {}, TABLE.with_schema(schema))
    assert converted.equals(TABLE)


@pytest.mark.parametrize(("read", "number"), [(returned_table, "0085"), (r_table, "0063")])
def test_a_damaged_table_is_the_failure_of_its_script(
    read: Callable[[ScriptResult, str], Table], number: str, tmp_path: Path
) -> None:
    write_table(TABLE, tmp_path / "good.arrow")
    whole = (tmp_path / "good.arrow").read_bytes()
    (tmp_path / "cut.arrow").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModuleError, match="damaged table") as caught:
        read(ScriptResult({"result1": tmp_path / "cut.arrow"}, ""), "result1")
    assert caught.value.number == number
    assert read(ScriptResult({"result1": tmp_path / "good.arrow"}, ""), "result1").equals(TABLE)


def test_python_script(bench: Bench) -> None:
    with zipfile.ZipFile(bench.world / "b.zip", "w") as bundle:
        bundle.writestr("mine.py", "def double(x): return x * 2")
    source = (
        "import mine\n"
        "def azureml_main(dataframe1, dataframe2=None):\n"
        "    open('p.png', 'wb').write(b'png')\n"
        "    print('seen', len(dataframe1))\n"
        "    return dataframe1.assign(y=mine.double(dataframe1.x)), dataframe2"
    )
    other = Table.from_columns({"z": ["k"]})
    result = bench.run("execute-python-script", {"Python script": source}, TABLE, other, bench.world / "b.zip")
    assert isinstance(result, tuple)
    first, device, second = result
    assert first.column("y").to_pylist() == [2, 4]
    assert device.data.to_pylist()[0]["Content"] == "seen 2\n"
    assert device.data.to_pylist()[1] == {"Kind": "image/png", "Name": "p.png", "Content": "cG5n"}
    assert second.equals(other)
    assert bench.context.lines == ["seen 2"]


def test_a_failing_script_shows_its_traceback(bench: Bench) -> None:
    with pytest.raises(ModuleError, match=r"(?s)0085.*ZeroDivisionError"):
        bench.run("execute-python-script", {"Python script": "def azureml_main(): return 1 / 0"}, None, None, None)


@pytest.mark.parametrize("form", ["GenericCSV", "Dataset", "Parquet"])
def test_saved_datasets(bench: Bench, form: str) -> None:
    get_codec(form).write(TABLE, bench.world / "id1")
    assert bench.table("dataset", {"asset": "id1"}).equals(TABLE)


def test_saved_datasets_of_a_named_format(bench: Bench) -> None:
    (bench.world / "id1").write_text("1,2\n")
    assert bench.table("dataset", {"asset": "id1", "Format": "GenericCSVNoHeader"}).names == ("Col1", "Col2")


def test_saved_models_and_transforms(bench: Bench) -> None:
    model = Model("two-class-logistic-regression", Task.BINARY, (Column("x", DType.DOUBLE),), None)
    (bench.world / "m").write_bytes(write_artifact(model))
    (bench.world / "t").write_bytes(write_artifact(Transform("normalize-data", (Column("x", DType.DOUBLE),))))
    assert isinstance(bench.run("trained-model", {"asset": "m"}), Model)
    assert isinstance(bench.run("transform", {"asset": "t"}), Transform)
    for module, asset in (("trained-model", "t"), ("transform", "m"), ("dataset", ""), ("trained-model", "")):
        with pytest.raises(ModuleError, match="Error 00"):
            bench.run(module, {"asset": asset})


def test_web_service_nodes_do_nothing_in_a_run(bench: Bench, tmp_path: Path) -> None:
    write_table(TABLE, tmp_path / "t")
    assert bench.run("web-service-output", {"Name": "o"}, TABLE) == ()
    with pytest.raises(ModuleError, match="0003"):
        bench.run("web-service-input", {})
