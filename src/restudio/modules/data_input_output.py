"""Data Input and Output: Enter Data Manually (modules reference, section 5.1)."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from restudio.core.errors import ModuleError
from restudio.core.params import boolean, choice, script, when
from restudio.core.schema import Schema
from restudio.core.spec import module, table_out
from restudio.modules.places.files import ARFF, CSV, SVMLIGHT, TSV, codec_of
from restudio.seams.context import Context
from restudio.tables.table import Table

CATEGORY = "Data Input and Output"


@dataclass(frozen=True, slots=True, kw_only=True)
class EnterDataParams:
    format: str = choice("DataFormat", (ARFF, CSV, SVMLIGHT, TSV), CSV, help="Format of the text.")
    has_header: bool = boolean(
        "HasHeader", True, when=when("format", CSV, TSV), help="The first row holds the names of the columns."
    )
    data: str = script("Data", "", help="The rows, as the format writes them.")


@module(
    id="enter-data-manually",
    name="Enter Data Manually",
    category=CATEGORY,
    outputs=(table_out("dataset"),),
    params=EnterDataParams,
    errors=("0003", "0049", "0129"),
)
def enter_data_manually(p: EnterDataParams, *, ctx: Context) -> Table:
    r"""Turns typed text into a small dataset, for trying things out and for describing the input of a web service.

    Without a header the columns are called ``Col1``, ``Col2`` and so on. SvmLight text gives ``Col1`` to ``Coln`` and
    ``Labels``.

    Example:
      parameters: {Data: "name,age\nAnn,41\nBob,32\n"}
      dataset: {name: [Ann, Bob], age: [41, 32]}
    """
    return _entered(p, ctx.scratch)


@enter_data_manually.tells_schema
def _entered_schema(p: EnterDataParams) -> Schema:
    with tempfile.TemporaryDirectory(prefix="restudio-entered-") as folder:
        return _entered(p, Path(folder)).schema


def _entered(p: EnterDataParams, folder: Path) -> Table:
    if not p.data.strip():
        raise ModuleError("0003", "No data is entered.", parameter="Data")
    path = folder / "entered"
    path.write_text(p.data, encoding="utf-8", newline="")
    return codec_of(p.format, p.has_header).read(path, name="Data")
