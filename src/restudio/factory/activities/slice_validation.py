"""SliceValidation: whether the data of a slice is there, and enough of it (Data Factory reference, 9.3). Written by the
translation of version 1 documents, and by nobody else."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from restudio.factory.activity import ActivityContext, Output, Property, activity
from restudio.factory.dataset import Data, FileData, TableData, open_dataset, unsupported
from restudio.factory.errors import ActivityFailed
from restudio.factory.http_call import seconds_of
from restudio.factory.properties import Json, Properties

TYPE = "SliceValidation"
MB = 1_048_576
INSUFFICIENT = "SliceValidation"
"""The code of data that is not there, or too little."""
_INTERVAL_S, _TIMEOUT_S = 60.0, 600.0


@activity(
    type=TYPE,
    control=True,
    properties=(
        Property("dataset", "reference", required=True, help="A file, a folder or a table."),
        Property("minimumSizeMB", "float", help="Megabytes that the files must have together."),
        Property("minimumRows", "int", help="Rows that the table must have."),
        Property("maximumRetry", "int", default=1, help="How often to look; after several looks it has timed out."),
        Property("retryInterval", "string", help="Pause between two looks; a minute. None for slices of the past."),
        Property("retryTimeout", "string", help="A look that takes longer has failed; ten minutes."),
        Property("sliceEnd", "string", help="When the slice ended; that is past after `maximumRetry` intervals."),
    ),
)
def slice_validation(p: Properties, ctx: ActivityContext) -> Output:
    """Looks whether the data of a slice of version 1 is there and satisfies `policy.validation` of its dataset."""
    data = open_dataset(ctx.dataset(p["dataset"]), ctx.platform, TYPE)
    looks = max(int(p.get("maximumRetry") or 1), 1)
    limit = seconds_of(p.get("retryTimeout"), "retryTimeout", _TIMEOUT_S)
    pause = _pause(p, ctx, looks)
    for number in range(1, looks + 1):
        begun = ctx.now()
        missing = _missing(data, p)
        if (ctx.now() - begun).total_seconds() > limit:
            missing = f"a look took longer than {limit:g} seconds"
        if missing is None:
            return {"exists": True, "effectiveIntegrationRuntime": "Restudio"}
        ctx.report(f"Look {number} of {looks}: {missing}")
        if number < looks:
            ctx.pause(pause)
    times = "once" if looks == 1 else f"{looks} times"
    raise ActivityFailed(INSUFFICIENT, f"Looked {times}: {missing}.", timed_out=looks > 1)


def _pause(p: Properties, ctx: ActivityContext, looks: int) -> float:
    """Seconds between two looks: none for slices of the past, whose data does not come by waiting."""
    interval = seconds_of(p.get("retryInterval"), "retryInterval", _INTERVAL_S)
    end = p.get("sliceEnd")
    if end is None:
        return interval
    try:
        ago = ctx.now() - datetime.fromisoformat(end)
    except (TypeError, ValueError):
        raise ActivityFailed.wrong_type("sliceEnd", "instant such as 2024-05-06T07:00:00Z") from None
    return 0.0 if ago > timedelta(seconds=interval * looks) else interval


def _missing(data: Data, p: Properties) -> str | None:
    """What is not as it should be; None when all is well."""
    if isinstance(data, TableData):
        return _missing_rows(data, p.get("minimumRows"))
    if not isinstance(data, FileData):
        raise unsupported(data.dataset, TYPE)
    if data.name:
        file = data.store.find_file(data.path)
        sizes = [] if file is None else [file.size]
    else:
        sizes = [each.size for each in data.store.iter_files(data.path, recursive=True)]
    if not sizes:
        return f"there is nothing at '{data.path}'"
    wanted = float(p.get("minimumSizeMB") or 0)
    if sum(sizes) >= wanted * MB:
        return None
    return f"'{data.path}' has {sum(sizes) / MB:.6g} MB, expected at least {wanted:g} MB"


def _missing_rows(data: TableData, wanted: Json) -> str | None:
    with data.place.connect() as connection:
        inspector = sa.inspect(connection)
        views = inspector.get_view_names(schema=data.schema)
        if not inspector.has_table(data.table, schema=data.schema) and data.table not in views:
            return f"there is no table '{data.table}'"
        if not wanted:
            return None
        few = sa.select(sa.literal(1)).select_from(sa.table(data.table, schema=data.schema)).limit(int(wanted))
        found = len(connection.execute(few).all())
    return None if found >= int(wanted) else f"table '{data.table}' has {found} rows, expected at least {wanted}"
