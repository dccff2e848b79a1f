"""Scripts: programs of users as modules (modules reference, section 5.15)."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from restudio.core.errors import ModuleError
from restudio.core.params import choice, script
from restudio.core.spec import Port, PortKind, module, table_in, table_out
from restudio.seams.context import Context, ScriptResult
from restudio.tables.ipc import read_table, write_table
from restudio.tables.table import Table
from restudio.tables.view import with_view

_TEMPLATE = """# The entry point takes up to two data frames and returns one, or a tuple of up to two.
def azureml_main(dataframe1=None, dataframe2=None):
    return dataframe1,
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonScriptParams:
    source: str = script("Python script", _TEMPLATE, help="A program that defines azureml_main.")
    version: str = choice(
        "Python Version",
        ("Anaconda 2.0/Python 2.7.7", "Anaconda 4.0/Python 2.7.11", "Anaconda 4.0/Python 3.5"),
        "Anaconda 4.0/Python 3.5",
        help="Kept for old experiments; every script runs in the Python of this server.",
    )


@module(
    id="execute-python-script",
    name="Execute Python Script",
    category="Python Language Modules",
    inputs=(
        table_in("Dataset1", optional=True),
        table_in("Dataset2", optional=True),
        Port("Script bundle", PortKind.ZIP, optional=True),
    ),
    outputs=(table_out("Results dataset"), table_out("Python device"), table_out("Result dataset2")),
    params=PythonScriptParams,
    family="cdb56f957f4c404dbde75bb972e6f232",
    known_by_running="The script decides.",
    errors=("0085", "0102"),
)
def execute_python_script(
    p: PythonScriptParams, first: Table | None, second: Table | None, bundle: Path | None, *, ctx: Context
) -> tuple[Table, Table, Table]:
    r"""Runs a Python script over up to two datasets.

    The script defines ``azureml_main(dataframe1=None, dataframe2=None)`` and returns a pandas data frame, or a tuple of
    up to two. Missing cells are NaN or None; the index of a frame is dropped. The files of a script bundle are in
    ``./Script Bundle``, from where they can be imported. Console text, figures of matplotlib that the script leaves
    open and PNG files that it saves in its working folder come out of **Python device**. The script runs in a process
    of its own, with limits on memory, time and network.

    Example:
      parameters:
        Python script: |
          def azureml_main(dataframe1=None, dataframe2=None):
              print(len(dataframe1), "rows")
              dataframe1["double"] = dataframe1["age"] * 2
              return dataframe1,
      Dataset1: {age: [41, 32]}
      Results dataset: {age: [41, 32], double: [82, 64]}
      Python device: {Kind: [text], Name: [console], Content: ["2 rows\n"]}
    """
    inputs: dict[str, Path] = {}
    for name, table in (("dataframe1", first), ("dataframe2", second)):
        if table is not None:
            inputs[name] = ctx.scratch / f"{name}.arrow"
            write_table(table, inputs[name])
    result = ctx.run_script("Python", p.source, inputs, bundle=bundle)
    for line in result.log.splitlines():
        ctx.log(line)
    return returned_table(result, "result1"), device_table(result.log, result.images), returned_table(result, "result2")


def returned_table(result: ScriptResult, name: str) -> Table:
    """An output of the script; a table without columns where the script gave none. Error 0085 for a damaged one."""
    path = result.outputs.get(name)
    if path is None:
        return Table.from_arrow(pa.table({}))
    try:
        table = read_table(path, name=name)
        # The file comes from the user's process; Arrow's functions trust their inputs.
        table.data.validate(full=True)
    except (pa.ArrowInvalid, ModuleError) as cause:
        raise ModuleError("0085", f"The script returned a damaged table: {cause}.") from cause
    return table


def device_table(log: str, images: Sequence[Path]) -> Table:
    """Console text and images, one a row; images are PNG in base64."""
    rows = [("text", "console", log)]
    rows += [("image/png", image.name, base64.b64encode(image.read_bytes()).decode()) for image in images]
    kinds, names, contents = zip(*rows, strict=True)
    table = Table.from_columns({"Kind": kinds, "Name": names, "Content": contents})
    return with_view(table, {"kind": "console", "text": log, "images": [image.name for image in images]})
