"""Validation: wait until data is there (Data Factory reference, 6.7)."""

from __future__ import annotations

import sqlalchemy as sa

from restudio.factory.activity import ActivityContext, Output, Property, activity
from restudio.factory.dataset import Data, FileData, TableData, open_dataset, unsupported
from restudio.factory.errors import ActivityFailed
from restudio.factory.http_call import seconds_of
from restudio.factory.properties import Json, Properties

TYPE = "Validation"
_TIMEOUT_S = 12 * 3600.0


@activity(
    type=TYPE,
    control=True,
    properties=(
        Property("dataset", "reference", required=True, help="A file, a folder or a table."),
        Property("timeout", "string", help="How long to wait: `[d.]hh:mm:ss`; 12 hours."),
        Property("sleep", "int", default=10, help="Seconds between two looks."),
        Property("minimumSize", "int", default=0, help="Bytes that a file must have."),
        Property("childItems", "bool", help="A folder must have something in it (`true`) or nothing (`false`)."),
    ),
)
def validation(p: Properties, ctx: ActivityContext) -> Output:
    """Waits until a file, a folder or a table is there and as it should be."""
    patience = seconds_of(p.get("timeout"), "timeout", _TIMEOUT_S)
    data = open_dataset(ctx.dataset(p["dataset"]), ctx.platform, TYPE)
    since = ctx.recall("since")
    if not isinstance(since, (int, float)):
        since = ctx.now().timestamp()
        ctx.remember(since=since)
    while True:
        found = _look(data, p)
        if found is not None:
            return {"exists": True, **found, "effectiveIntegrationRuntime": "Restudio"}
        left = since + patience - ctx.now().timestamp()
        if left <= 0:
            shown = data.path if isinstance(data, FileData) else data.dataset.name
            raise ActivityFailed(
                "TimedOut", f"'{shown}' was not there as expected within {patience:g} seconds.", timed_out=True
            )
        ctx.pause(min(max(float(p.get("sleep") or 10), 0.1), left))


def _look(data: Data, p: Properties) -> dict[str, Json] | None:
    """What is told of it once it is as it should be."""
    if isinstance(data, TableData):
        with data.place.connect() as connection:
            there = sa.inspect(connection).has_table(data.table, schema=data.schema)
        return {"itemName": data.table} if there else None
    if not isinstance(data, FileData):
        raise unsupported(data.dataset, TYPE)
    file = data.store.find_file(data.path) if data.name else None
    if file is not None:
        told = {"itemName": file.name, "itemType": "File", "size": file.size}
        return told if file.size >= int(p.get("minimumSize") or 0) else None
    folder = None if data.name else data.store.find_folder(data.path)
    if folder is None:
        return None
    wanted = p.get("childItems")
    if wanted is not None:
        filled = any(True for _ in data.store.iter_files(data.path, recursive=True))
        if filled is not wanted:
            return None
    return {"itemName": folder.path.rpartition("/")[2], "itemType": "Folder"}
