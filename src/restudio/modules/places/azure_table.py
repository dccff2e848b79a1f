"""Azure Table: all entities of a table, and rows as entities."""

from __future__ import annotations

import base64
import binascii
import csv
import json
import math
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from restudio.core.cells import parse_datetime, text_of
from restudio.core.errors import ModuleError
from restudio.core.params import choice, columns, integer, secret, text, when
from restudio.core.schema import DType
from restudio.core.selector import Selection
from restudio.modules.places.files import ACCOUNT, PUBLIC_OR_SAS, SAS
from restudio.modules.places.selection import TABLE, Destination, Source
from restudio.modules.places.table_service import (
    MOST_BYTES,
    MOST_CHANGES,
    Entity,
    TablePlace,
    ensure_all_good,
    ensure_good,
    iter_pages,
    place_by_key,
    place_by_signature,
)
from restudio.seams.context import Context, HttpRequest
from restudio.tables.growing import GrowingTable
from restudio.tables.table import Table

TOP_N, SCAN_ALL = "TopN", "ScanAll"
PARTITION_KEY, ROW_KEY, TIMESTAMP = "PartitionKey", "RowKey", "Timestamp"
_SYSTEM = {PARTITION_KEY: DType.STRING, ROW_KEY: DType.STRING, TIMESTAMP: DType.DATETIME}
_SIGNED = when("authentication", PUBLIC_OR_SAS, also=when("source", TABLE))
_KEYED = when("authentication", ACCOUNT, also=when("source", TABLE))
_DESTINATION = when("destination", TABLE)
_TO_SIGNED = when("authentication", SAS, also=_DESTINATION)
_TO_KEYED = when("authentication", ACCOUNT, also=_DESTINATION)
_KEY_HELP = "The key, or a connection string in its place."


@dataclass(frozen=True, kw_only=True)
class TableSource(Source):
    """Parameters of :func:`read_azure_table`."""

    table_uri: str = text("Table URI", "", signed=True, when=_SIGNED, help="Address of the table, with its SAS.")
    table_scan_sas: str = choice("Rows to scan for property names via SAS", (TOP_N, SCAN_ALL), when=_SIGNED)
    table_top_sas: int = integer("Rows count for TopN via SAS", 1000, ge=1, when=_SIGNED)
    table_account: str = text("Table account name", "", when=_KEYED)
    table_key: str = secret("Table account key", "", when=_KEYED, help=_KEY_HELP)
    table_name: str = text("Table name", "", when=_KEYED)
    table_scan: str = choice(
        "Rows to scan for property names",
        (TOP_N, SCAN_ALL),
        when=_KEYED,
        help="Properties that only later rows have are left out.",
    )
    table_top: int = integer("Rows count for TopN", 1000, ge=1, when=_KEYED)


@dataclass(frozen=True, kw_only=True)
class TableDestination(Destination):
    """Parameters of :func:`write_azure_table`."""

    table_uri: str = text("SAS URI for table", "", signed=True, when=_TO_SIGNED)
    table_account: str = text("Azure table account name", "", when=_TO_KEYED)
    table_key: str = secret("Azure table account key", "", when=_TO_KEYED, help=_KEY_HELP)
    table_name: str = text("Table name", "", when=_TO_KEYED)
    partition: Selection = columns(
        "Partition key", single=True, optional=True, when=_DESTINATION, help="Blank for a new GUID in each row."
    )
    row_key: Selection = columns(
        "Azure table row key", single=True, optional=True, when=_DESTINATION, help="Blank for a new GUID in each row."
    )
    origin: Selection = columns(
        "Azure table origin columns", optional=True, when=_DESTINATION, help="What is written; blank for all columns."
    )
    names: str = text(
        "Azure table destination columns",
        "",
        when=_DESTINATION,
        help="Names of the properties in the same order, between commas; blank for the columns' own.",
    )
    table_mode: str = choice(
        "Azure table write mode",
        ("Insert", "Merge", "Replace", "InsertOrReplace", "InsertOrMerge"),
        when=_DESTINATION,
    )


def read_azure_table(p: TableSource, ctx: Context) -> Table:
    """Errors 0003, 0029, 0030, 0049, 0052, 0064, 0070, 0078, 0126 and 0137 (of properties no column can hold)."""
    if p.authentication == PUBLIC_OR_SAS:
        place = place_by_signature(p.table_uri, "Table URI")
        scanned = p.table_top_sas if p.table_scan_sas == TOP_N else None
    else:
        named = ("Table account name", "Table account key", "Table name")
        place = place_by_key(p.table_account, p.table_key, p.table_name, named)
        scanned = p.table_top if p.table_scan == TOP_N else None
    growing = GrowingTable(_SYSTEM, is_strict=True)
    names = dict.fromkeys(_SYSTEM)
    for page in iter_pages(place, ctx):
        left = len(page) if scanned is None else max(0, scanned - growing.rows)
        for entity in page[:left]:
            names |= dict.fromkeys(name for name in entity if "odata." not in name)
        first = growing.rows + 1
        growing.add(
            len(page),
            {name: [_value(entity, name, row) for row, entity in enumerate(page, first)] for name in names},
        )
        ctx.progress(0.0, f"{growing.rows} rows")
    return growing.finish()


def _value(entity: Entity, name: str, row: int) -> object:
    """A property as a cell; error 0137 when it is not of the type that it says."""
    told, value = entity.get(f"{name}@odata.type"), entity.get(name)
    try:
        if value is None:
            return None
        if told == "Edm.Int64":
            return int(str(value))
        if told == "Edm.Double":
            return float(str(value))
        if told == "Edm.Binary":
            return base64.b64decode(str(value))
        if told == "Edm.DateTime" or name == TIMESTAMP:
            return parse_datetime(str(value))
    except (ValueError, binascii.Error) as cause:
        raise ModuleError(
            "0137", f"Property '{name}' of row {row} is no {told}: '{str(value)[:80]}'.", column=name, row=row
        ) from cause
    return value


def write_azure_table(p: TableDestination, dataset: Table, ctx: Context) -> None:
    """Partition after partition, each in the order of its rows: by transactions of at most 100 rows, a lone row by a
    request of its own. An error leaves what was written before its transaction.

    Errors 0001, 0003, 0027, 0029, 0052, 0057 (Insert of a key that exists), 0064, 0066, 0070 and 0078.
    """
    if p.authentication == SAS:
        place = place_by_signature(p.table_uri, "SAS URI for table")
    else:
        named = ("Azure table account name", "Azure table account key", "Table name")
        place = place_by_key(p.table_account, p.table_key, p.table_name, named)
    written = _written(p, dataset)
    partitions = _keys(dataset, p.partition, "Partition key")
    keys = _keys(dataset, p.row_key, "Azure table row key")
    cells = [dataset.column(column) for column in written.values()]

    def changes() -> Iterator[_Change]:
        for partition, rows in _rows_by_value(partitions).items():
            for row in rows:
                entity = _entity(written, (column[row - 1].as_py() for column in cells))
                request = _request(place, p.table_mode, {PARTITION_KEY: partition, ROW_KEY: keys[row - 1]}, entity)
                yield _Change(row, partition, keys[row - 1], request)

    done, together = 0, True
    for group in _transactions(changes()):
        together = _write(place, group, ctx, together=together)
        done += len(group)
        ctx.progress(done / dataset.num_rows, f"{done} of {dataset.num_rows} rows")
    ctx.log(f"{dataset.num_rows} rows were written to the table '{place.name}'.")


@dataclass(frozen=True, slots=True)
class _Change:
    """A row, numbered from 1, to be written under its keys."""

    row: int
    partition: str
    key: str
    request: HttpRequest


def _rows_by_value(cells: Sequence[str]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for row, cell in enumerate(cells, start=1):
        found.setdefault(cell, []).append(row)
    return found


def _transactions(changes: Iterable[_Change]) -> Iterator[list[_Change]]:
    """Changes that may be made together, as many as the service takes."""
    group: list[_Change] = []
    keys: set[str] = set()
    size = 0
    for change in changes:
        added = len(change.request.body) + len(change.request.url) + _OVERHEAD
        if group and (
            change.partition != group[0].partition
            or change.key in keys
            or len(group) == MOST_CHANGES
            or size + added > MOST_BYTES
        ):
            yield group
            group, keys, size = [], set(), 0
        group.append(change)
        keys.add(change.key)
        size += added
    if group:
        yield group


_OVERHEAD = 1024
"""More bytes than the headers of a change take."""


def _write(place: TablePlace, group: Sequence[_Change], ctx: Context, *, together: bool) -> bool:
    """Writes changes by one transaction, or each alone when they may not be ``together``; whether the next ones may."""
    if together and len(group) > 1:
        answer = ctx.exchange(place.transaction([change.request for change in group]))
        # A signature of a table need not hold for transactions: on Azurite it never does.
        together = place.key is not None or answer.status != 403
        if together:
            ensure_all_good(answer, place, [change.row for change in group])
        answer.body.unlink()
        if together:
            return True
    for change in group:
        answer = ctx.exchange(change.request)
        ensure_good(answer, place, change.row)
        answer.body.unlink()
    return together


def _written(p: TableDestination, dataset: Table) -> Mapping[str, str]:
    """Columns by the names of their properties."""
    chosen = _chosen(p.origin, dataset, "Azure table origin columns") or dataset.names
    names = next(csv.reader([p.names.strip()], skipinitialspace=True), [])
    if names and len(names) != len(chosen):
        raise ModuleError(
            "0027",
            f"{len(chosen)} columns are to be written as {len(names)} properties; name as many of both.",
            parameter="Azure table destination columns",
        )
    system = (PARTITION_KEY, ROW_KEY, TIMESTAMP)
    pairs = zip((name.strip() for name in names or chosen), chosen, strict=True)
    return {name: column for name, column in pairs if name not in system}


def _keys(dataset: Table, chosen: Selection | None, parameter: str) -> list[str]:
    found = _chosen(chosen, dataset, parameter)
    if not found:
        return [str(uuid.uuid4()) for _ in range(dataset.num_rows)]
    cells = dataset.column(found[0]).to_pylist()
    if None in cells:
        row = cells.index(None) + 1
        raise ModuleError(
            "0003", f"Column '{found[0]}' has no key in row {row}.", parameter=parameter, column=found[0], row=row
        )
    return [text_of(cell) for cell in cells]


def _chosen(selection: Selection | None, dataset: Table, parameter: str) -> tuple[str, ...]:
    if selection is None or not selection.rules:
        return ()
    return selection.resolve(dataset.schema, parameter=parameter)


def _entity(names: Iterable[str], cells: Iterable[object]) -> Entity:
    entity: Entity = {}
    for name, cell in zip(names, cells, strict=True):
        if cell is None:
            continue
        told = _EDM.get(type(cell))
        if told is not None:
            entity[f"{name}@odata.type"] = told
        entity[name] = _written_cell(cell)
    return entity


_EDM: Mapping[type, str] = {int: "Edm.Int64", float: "Edm.Double", datetime: "Edm.DateTime"}


def _written_cell(cell: object) -> object:
    if isinstance(cell, datetime):
        return cell.isoformat() + "Z"
    if isinstance(cell, bool):
        return cell
    if isinstance(cell, float):
        return cell if math.isfinite(cell) else text_of(cell)
    return text_of(cell) if isinstance(cell, (int, timedelta)) else cell


def _request(place: TablePlace, mode: str, keys: Mapping[str, str], entity: Entity) -> HttpRequest:
    body = json.dumps({**keys, **entity}, ensure_ascii=False).encode()
    if mode == "Insert":
        return place.request("POST", headers={"prefer": "return-no-content"}, body=body)
    # A quote inside a key is doubled, as in every text of OData.
    told = ",".join(f"{name}='{quote(value.replace(chr(39), chr(39) * 2), safe='')}'" for name, value in keys.items())
    must_exist = {} if mode.startswith("InsertOr") else {"if-match": "*"}
    return place.request("PATCH" if mode.endswith("Merge") else "PUT", f"({told})", headers=must_exist, body=body)
