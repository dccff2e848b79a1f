"""R Language Modules: Execute R Script (modules reference, 115)."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from restudio.core.errors import ModuleError
from restudio.core.params import choice, integer, script
from restudio.core.spec import Port, PortKind, module, table_in, table_out
from restudio.modules.r_driver import MARK
from restudio.modules.scripts import device_table, returned_table
from restudio.seams.context import Context, ScriptResult
from restudio.tables.ipc import write_table
from restudio.tables.table import Table

_TEMPLATE = """# Input ports are mapped to data frames by number.
dataset1 <- maml.mapInputPort(1)
# The data frame of this name goes to the output port.
maml.mapOutputPort("dataset1")
"""
_DRIVER = Path(__file__).with_name("r_driver.py")
_RUNNER = Path(__file__).with_name("r_runner.R")
_PROGRAM = "Rscript"


@dataclass(frozen=True, slots=True, kw_only=True)
class RScriptParams:
    source: str = script("R Script", _TEMPLATE, help="A program that calls maml.mapOutputPort or has azureml_main.")
    seed: int | None = integer("Random Seed", None, ge=0, help="Given to set.seed before the script runs.")
    version: str = choice(
        "R Version",
        ("CRAN R 3.1.0", "Microsoft R Open 3.2.2", "Microsoft R Open 3.4.4"),
        help="Kept for old experiments; every script runs in the R of this server.",
    )


@module(
    id="execute-r-script",
    name="Execute R Script",
    category="R Language Modules",
    inputs=(
        table_in("Dataset1", optional=True),
        table_in("Dataset2", optional=True),
        Port("Script Bundle", PortKind.ZIP, optional=True),
    ),
    outputs=(table_out("Result Dataset"), table_out("R Device"), table_out("Result Dataset2")),
    params=RScriptParams,
    known_by_running="The script decides.",
    errors=("0063", "0102"),
)
def execute_r_script(
    p: RScriptParams, first: Table | None, second: Table | None, bundle: Path | None, *, ctx: Context
) -> tuple[Table, Table, Table]:
    """Runs an R script over up to two datasets, where R is installed beside the server.

    The script reads its inputs with ``maml.mapInputPort(1)`` and sends a data frame with
    ``maml.mapOutputPort("name")``, or defines ``azureml_main(dataframe1, dataframe2)`` and returns
    ``list(dataset1 = ..., dataset2 = ...)``. Factors are categorical columns. The files of a script bundle are in
    ``src/``. Console text and plots come out of **R Device**. It runs in a process of its own, with limits on memory,
    time and network.

    Example:
      parameters:
        R Script: |
          people <- maml.mapInputPort(1)
          people$double <- people$age * 2L
          maml.mapOutputPort("people")
      Dataset1: {age: [41, 32]}
      Result Dataset: {age: [41, 32], double: [82, 64]}
    """
    result = run_r(p.source, (first, second), ctx, seed=p.seed, bundle=bundle)
    return r_table(result, "result1"), device_table(result.log, result.images), r_table(result, "result2")


def r_table(result: ScriptResult, name: str) -> Table:
    """An output of :func:`run_r`; error 0063 for a damaged one."""
    try:
        return returned_table(result, name)
    except ModuleError as error:
        raise _as_r_error(error) from error


def find_program() -> str:
    """Where R is; error 0063 when it is not installed."""
    program = shutil.which(_PROGRAM)
    if program is None:
        raise ModuleError(
            "0063",
            f"R is not installed on this server: '{_PROGRAM}' was not found. Install R, or use Execute Python Script.",
        )
    return program


def run_r(
    source: str,
    tables: Sequence[Table | None],
    ctx: Context,
    *,
    seed: int | None = None,
    bundle: Path | None = None,
) -> ScriptResult:
    """Run an R script over up to two tables; what it prints goes to the log. Error 0063 with what R said."""
    program = find_program()
    inputs: dict[str, Path] = {}
    for name, table in zip(("dataframe1", "dataframe2"), tables, strict=False):
        if table is not None:
            inputs[name] = ctx.scratch / f"{name}.arrow"
            write_table(table, inputs[name])
    try:
        result = ctx.run_script(
            "Python", driver(program, RScriptParams(source=source, seed=seed)), inputs, bundle=bundle
        )
    except ModuleError as error:
        raise _as_r_error(error) from error
    for line in result.log.splitlines():
        ctx.log(line)
    return result


def driver(program: str, p: RScriptParams) -> str:
    """The Python program that starts R with the user's script."""
    runner = _RUNNER.read_text(encoding="utf-8")
    settings = {"RSCRIPT": program, "SCRIPT": p.source, "RUNNER": runner, "SEED": p.seed}
    written = "".join(f"{name} = {value!r}\n" for name, value in settings.items())
    return f"{_DRIVER.read_text(encoding='utf-8')}\n\n{written}"


def _as_r_error(error: ModuleError) -> ModuleError:
    """What R said, without the Python around it; other failures of the sandbox as they are."""
    if error.number != "0085":
        return error
    _, marked, said = error.text.rpartition(MARK)
    return ModuleError("0063", f"The R script failed.\n{said.strip() if marked else error.text}")
