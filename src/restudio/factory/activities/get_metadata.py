"""GetMetadata: what a file, a folder or a table is like (Data Factory reference, 6.3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial

import sqlalchemy as sa

from restudio.core.errors import nearest
from restudio.factory.activity import ActivityContext, Output, Property, activity
from restudio.factory.dataset import FileData, TableData, open_dataset, unsupported
from restudio.factory.documents.instant import second_text
from restudio.factory.errors import ActivityFailed
from restudio.factory.files.file_store import FileInfo, FolderInfo, join, not_found
from restudio.factory.properties import Json, Properties
from restudio.factory.rows.file_selection import Window
from restudio.factory.rows.record import Column
from restudio.factory.rows.source import Source

TYPE = "GetMetadata"
_FIELDS = (
    "itemName",
    "itemType",
    "size",
    "created",
    "lastModified",
    "childItems",
    "contentMD5",
    "structure",
    "columnCount",
    "exists",
)
MAX_CHILDREN = 50_000


@activity(
    type=TYPE,
    properties=(
        Property("dataset", "reference", required=True, help="A file, a folder or a table."),
        Property("fieldList", "array", required=True, help=f"What to tell: {', '.join(f'`{f}`' for f in _FIELDS)}."),
        Property("storeSettings", "object", help="`modifiedDatetimeStart`, `modifiedDatetimeEnd` of child items."),
        Property("formatSettings", "object", help="How to read the columns of a file."),
    ),
)
def get_metadata(p: Properties, ctx: ActivityContext) -> Output:
    """Tells what is asked of a file, a folder or a table. What is not there fails, unless `exists` is asked for. Fields
    that the thing does not have are left out."""
    fields = [_field(each) for each in p.list("fieldList")]
    if not fields:
        raise ActivityFailed.missing("fieldList")
    data = open_dataset(ctx.dataset(p["dataset"]), ctx.platform, TYPE)
    if isinstance(data, FileData):
        makers = _of_files(ctx, data, p)
    elif isinstance(data, TableData):
        makers = _of_table(data)
    else:
        raise unsupported(data.dataset, TYPE)
    told: dict[str, Json] = {"effectiveIntegrationRuntime": "Restudio", "executionDuration": 0}
    if makers is None:
        if "exists" not in fields:
            raise not_found(data.path if isinstance(data, FileData) else data.table)
        return {"exists": False, **told}
    return {**{name: makers[name]() for name in fields if name in makers}, **told}


Makers = Mapping[str, Callable[[], Json]]


def _field(given: Json) -> str:
    found = next((name for name in _FIELDS if name.casefold() == str(given).casefold()), None)
    if found is None:
        raise ActivityFailed("2104", f"'{given}' of 'fieldList' is no field.{nearest(str(given), _FIELDS, limit=10)}")
    return found


def _of_files(ctx: ActivityContext, data: FileData, p: Properties) -> Makers | None:
    file = data.store.find_file(data.path) if data.name else None
    if file is not None:
        return _of_file(ctx, data, file, p)
    folder = data.store.find_folder(data.path)
    return None if folder is None else _of_folder(data, folder, Window.of(p.object("storeSettings")))


def _of_file(ctx: ActivityContext, data: FileData, file: FileInfo, p: Properties) -> Makers:
    makers: dict[str, Callable[[], Json]] = {
        "exists": lambda: True,
        "itemName": lambda: file.name,
        "itemType": lambda: "File",
        "size": lambda: file.size,
        **_times(file),
    }
    if file.md5:
        makers["contentMD5"] = lambda: file.md5
    if data.form is not None and not data.form.is_documents:
        source = Source(ctx, Properties({"formatSettings": dict(p.object("formatSettings"))}), data)
        makers |= _columns(lambda: _read_columns(source))
    return makers


def _of_folder(data: FileData, folder: FolderInfo, window: Window) -> Makers:
    def children() -> Json:
        folders = [] if window.start or window.end else list(data.store.iter_folders(data.path))
        files = [each.name for each in data.store.iter_files(data.path, recursive=False) if window.holds(each)]
        if len(folders) + len(files) > MAX_CHILDREN:
            raise ActivityFailed("2200", f"'{data.path}' has more than {MAX_CHILDREN} child items.")
        return [
            *({"name": name, "type": "Folder"} for name in folders),
            *({"name": name, "type": "File"} for name in files),
        ]

    return {
        "exists": lambda: True,
        "itemName": lambda: folder.path.rpartition("/")[2],
        "itemType": lambda: "Folder",
        "childItems": children,
        **_times(folder),
    }


def _times(thing: FileInfo | FolderInfo) -> dict[str, Callable[[], Json]]:
    moments = {"lastModified": thing.modified, "created": thing.created}
    return {name: partial(second_text, at) for name, at in moments.items() if at is not None}


def _columns(read: Callable[[], tuple[Column, ...]]) -> dict[str, Callable[[], Json]]:
    return {
        "structure": lambda: [{"name": column.name, "type": column.type} for column in read()],
        "columnCount": lambda: len(read()),
    }


def _read_columns(source: Source) -> tuple[Column, ...]:
    with closing(source.records()) as parts:
        return next((records.columns for _, records in parts), ())


def _of_table(data: TableData) -> Makers | None:
    if not data.table:
        raise ActivityFailed.missing("table")
    with data.place.connect() as connection:
        inspector = sa.inspect(connection)
        if not (
            inspector.has_table(data.table, schema=data.schema)
            or data.table in inspector.get_view_names(schema=data.schema)
        ):
            return None
        found = inspector.get_columns(data.table, schema=data.schema)
    columns = tuple(Column(each["name"], str(each["type"])) for each in found)
    return {
        "exists": lambda: True,
        "itemName": lambda: join(data.schema or "", data.table).replace("/", "."),
        **_columns(lambda: columns),
    }
