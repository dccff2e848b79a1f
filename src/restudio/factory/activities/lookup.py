"""Lookup: a few rows as the output of an activity (Data Factory reference, 6.2)."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import closing

from restudio.factory.activity import ActivityContext, Output, Property, activity
from restudio.factory.dataset import open_dataset
from restudio.factory.errors import ActivityFailed
from restudio.factory.properties import Json, Properties
from restudio.factory.rows.json_value import MAX_BYTES, MAX_ROWS, json_value
from restudio.factory.rows.record import BadRecord
from restudio.factory.rows.source import Source

TYPE = "Lookup"


@activity(
    type=TYPE,
    properties=(
        Property("source", "object", required=True, help="How to read, as in Copy: a query, `storeSettings`, …"),
        Property("dataset", "reference", required=True, help="What to read."),
        Property("firstRowOnly", "bool", default=True, help="Give one row as `firstRow`, or all as `value`."),
    ),
)
def lookup(p: Properties, ctx: ActivityContext) -> Output:
    """Reads rows of a file, a table, a query or a REST answer: the first one as `firstRow`, or up to 5,000 as `value`
    with their `count`. More than 4 MB are refused."""
    source = Source(ctx, p.object("source"), open_dataset(ctx.dataset(p["dataset"]), ctx.platform, TYPE))
    first_only = p.get("firstRowOnly") is not False
    rows: list[Json] = []
    size = 0
    with closing(_rows(source)) as found:
        for row in found:
            size += len(json.dumps(row, ensure_ascii=False).encode())
            if size > MAX_BYTES:
                raise ActivityFailed(
                    "2200",
                    "ErrorCode=UserErrorLookupTooLarge: The rows have more than 4 MB. Select fewer columns or rows "
                    "in the query, or copy them instead.",
                )
            rows.append(row)
            if first_only or len(rows) == MAX_ROWS:
                break
    told: dict[str, Json] = {"effectiveIntegrationRuntime": "Restudio"}
    if first_only:
        return {**({"firstRow": rows[0]} if rows else {}), **told}
    return {"count": len(rows), "value": rows, **told}


def _rows(source: Source) -> Generator[Json]:
    with closing(source.records()) as parts:
        for path, records in parts:
            for batch in records.batches:
                for row in batch:
                    if isinstance(row, BadRecord):
                        raise ActivityFailed(
                            "2200", f"ErrorCode=UserErrorInvalidFile: Row {row.number} of '{path}': {row.reason}."
                        )
                    yield json_value(row)
