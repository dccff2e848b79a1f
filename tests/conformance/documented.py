"""The examples that stand in docstrings: read, run, and compared with what they promise."""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from tests.conformance.examples import Examples, fits

from restudio.core.params import parse_params
from restudio.core.spec import Entry, Port, PortKind
from restudio.tables.table import Table

_PARAMETERS, _MODULE, _FILES, _OTHERS = "parameters", "module", "files", "..."


@dataclass(frozen=True, slots=True)
class Documented:
    """An example of a module: raw parameters, values of inputs, and the columns expected at outputs."""

    entry: Entry
    parameters: Mapping[str, object]
    inputs: Mapping[str, object]
    expected: Mapping[str, Mapping[str, list[object]]]


def read_example(entry: Entry) -> Documented:
    """The example of a module; an ``AssertionError`` when it is not of the form that ``restudio.core.spec`` tells."""
    members = yaml.safe_load(entry.spec.example) or {}
    assert isinstance(members, dict)
    parameters = members.pop(_PARAMETERS, {})
    inputs = {port.name for port in entry.spec.inputs}
    outputs = {port.name for port in entry.spec.outputs}
    assert set(members) <= inputs | outputs, f"neither a port nor '{_PARAMETERS}': {set(members) - inputs - outputs}"
    given = {name: value for name, value in members.items() if name in inputs}
    return Documented(entry, parameters, given, {n: v for n, v in members.items() if n not in inputs})


def run_example(documented: Documented, examples: Examples) -> dict[str, object]:
    """The outputs by port."""
    entry = documented.entry
    inputs = [_value(documented.inputs.get(port.name), port, examples) for port in entry.spec.inputs]
    params: object = parse_params(entry.spec.params, documented.parameters)
    result = entry.run(params, *inputs, ctx=examples.context())
    values = result if isinstance(result, tuple) else (result,)
    return dict(zip((port.name for port in entry.spec.outputs), values, strict=True))


def check_table(table: Table, expected: Mapping[str, list[object]]) -> None:
    """Cells as documented, to the digits that people read; ``...`` stands for columns that are not spelled out."""
    spelled = {name: [_cell(c) for c in cells] for name, cells in expected.items() if name != _OTHERS}
    names = [name for name in table.names if name in spelled or _OTHERS not in expected]
    assert names == list(spelled)
    for name, cells in spelled.items():
        assert table.column(name).to_pylist() == [_as_read(cell) for cell in cells], name


def _as_read(cell: object) -> object:
    return pytest.approx(cell, rel=1e-3, abs=1e-4, nan_ok=True) if isinstance(cell, float) else cell


def _value(given: object, port: Port, examples: Examples) -> object:
    if given is None:
        return None
    assert isinstance(given, dict)
    if _MODULE in given:
        members = dict(given)
        entry = examples.catalog.get_entry(members.pop(_MODULE))
        parameters = members.pop(_PARAMETERS, {})
        made = run_example(Documented(entry, parameters, members, {}), examples)
        return next(value for value in made.values() if fits(value, port))
    if port.kind is PortKind.ZIP:
        return _archive(given[_FILES], examples.context().scratch / "bundle.zip")
    columns = cast("Mapping[str, list[Any]]", given)
    return Table.from_columns({name: [_cell(c) for c in cells] for name, cells in columns.items()})


def _archive(files: Mapping[str, str], path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def _cell(cell: object) -> object:
    """YAML tells dates from times; columns hold times."""
    if isinstance(cell, dt.date) and not isinstance(cell, dt.datetime):
        return dt.datetime.combine(cell, dt.time())
    return cell
